"""A service that is written with wechatpy alone, and what the simulator pushes to it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidSignatureException
from wechatpy.messages import BaseMessage
from wechatpy.replies import create_reply
from wechatpy.utils import check_signature

from tests.sdks.stories import paths_called
from tests.servers import TEMPLATE_ID, Account, Simulator
from tests.simulator.receiver import Answer, Received, Receiver
from wechatlogin.wechat.app import MessageMode

OUT_OF_ORDER = "该公众号提供的服务出现故障，请稍后再试"


@dataclass
class WechatpyService:
    """Reads each push with wechatpy and answers what `reply` says, sealed where WeChat sealed."""

    account: Account
    token: str
    reply: str = ""
    messages: list[BaseMessage] = field(default_factory=list)

    @property
    def _crypto(self) -> WeChatCrypto:
        return WeChatCrypto(self.token, self.account.aes_key, self.account.appid)

    def answer(self, got: Received) -> Answer:
        """Answer a URL check or a push; a signature that is wrong gets a 403."""
        try:
            return Answer(self._read(got).encode())
        except InvalidSignatureException:
            return Answer(b"", status=403)

    def _read(self, got: Received) -> str:
        query = got.query
        signed = (query["timestamp"], query["nonce"])
        check_signature(self.token, query["signature"], *signed)
        if got.method == "GET":
            return query["echostr"]
        sealed = query.get("encrypt_type") == "aes"
        text = got.body.decode()
        if sealed:
            text = self._crypto.decrypt_message(text, query["msg_signature"], *signed)
        message = parse_message(text)
        self.messages.append(message)
        written = create_reply(self.reply, message).render()
        if sealed and written:
            return str(self._crypto.encrypt_message(written, query["nonce"], query["timestamp"]))
        return str(written)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.stop()


@pytest.fixture(params=MessageMode)
def service(
    request: pytest.FixtureRequest, simulator: Simulator, receiver: Receiver
) -> WechatpyService:
    """The service behind an account, in each of the three modes."""
    account = Account()
    service = WechatpyService(account, account.token)
    receiver.answer = service.answer
    simulator.add_app(
        account, host="shop.example", callback_url=f"{receiver.url}/push", mode=request.param.value
    )
    return service


def test_it_passes_the_url_check(service: WechatpyService, receiver: Receiver) -> None:
    (checked,) = receiver.received

    assert checked.method == "GET"
    assert "encrypt_type" not in checked.query


def test_it_reads_what_a_newcomer_does_and_its_answers_reach_the_chat(
    service: WechatpyService, simulator: Simulator
) -> None:
    appid = service.account.appid
    person = simulator.add_person()
    service.reply = '请点 <a href="http://shop.example/confirm">这里</a> & 继续'
    simulator.follow(person, appid)
    simulator.send(person, appid, "登录 <b> ]]> 🌈")

    followed, wrote = service.messages

    assert (followed.type, followed.event) == ("event", "subscribe")
    assert (wrote.type, wrote.content) == ("text", "登录 <b> ]]> 🌈")
    assert wrote.source == followed.source == simulator.openid(person, appid)
    assert wrote.target == service.account.gh_id
    assert wrote.id > 2**53
    chat = [(one["from"], one["kind"], one["text"]) for one in simulator.chat(person, appid)]
    assert chat == [
        ("account", "passive", service.reply),
        ("person", "sent", "登录 <b> ]]> 🌈"),
        ("account", "passive", service.reply),
    ]


def test_it_reads_a_scan_of_a_newcomer_and_of_a_follower(
    service: WechatpyService, simulator: Simulator, token_of_account: str
) -> None:
    person = simulator.add_person()
    made = simulator.call(
        "POST",
        f"/cgi-bin/qrcode/create?access_token={token_of_account}",
        {"action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": "login_1"}}},
    )
    simulator.scan(person, made["url"], follow=True)
    simulator.scan(person, made["url"])

    newcomer, follower = service.messages

    assert (newcomer.event, newcomer.scene_id) == ("subscribe_scan", "login_1")
    assert (follower.event, follower.scene_id) == ("scan", "login_1")
    assert newcomer.ticket == follower.ticket == made["ticket"]
    # Nothing to say is an empty body, which needs no encryption.
    assert simulator.chat(person, service.account.appid) == []


def test_it_reads_the_receipt_of_a_template_message(
    service: WechatpyService, simulator: Simulator, token_of_account: str
) -> None:
    appid = service.account.appid
    person = simulator.add_person()
    simulator.follow(person, appid)
    sent = simulator.call(
        "POST",
        f"/cgi-bin/message/template/send?access_token={token_of_account}",
        {
            "touser": simulator.openid(person, appid),
            "template_id": TEMPLATE_ID,
            "data": {"character_string1": {"value": "482915"}, "thing2": {"value": "5"}},
        },
    )
    simulator.call("POST", "/simulator/settle", {})

    receipt = service.messages[-1]

    assert (receipt.event, receipt.status) == ("templatesendjobfinish", "success")
    assert receipt.id == sent["msgid"]
    assert "/cgi-bin/message/template/send" in paths_called(simulator)


def test_a_reply_that_wechat_would_not_take_is_told_to_the_person(
    service: WechatpyService, simulator: Simulator, receiver: Receiver
) -> None:
    person = simulator.add_person()
    simulator.follow(person, service.account.appid)
    receiver.answer = lambda got: Answer(b'{"text": "hello"}')

    simulator.send(person, service.account.appid, "登录")

    assert simulator.chat(person, service.account.appid)[-1]["text"] == OUT_OF_ORDER


def test_it_believes_nobody_who_has_another_token(
    service: WechatpyService, simulator: Simulator
) -> None:
    service.token = "another" * 4
    person = simulator.add_person()

    simulator.follow(person, service.account.appid)

    assert service.messages == []
    assert simulator.chat(person, service.account.appid)[-1]["text"] == OUT_OF_ORDER


@pytest.fixture
def token_of_account(service: WechatpyService, simulator: Simulator) -> str:
    """The account's stable token."""
    body = {
        "grant_type": "client_credential",
        "appid": service.account.appid,
        "secret": service.account.secret,
    }
    return str(simulator.call("POST", "/cgi-bin/stable_token", body)["access_token"])
