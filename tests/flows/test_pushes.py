"""What WeChat pushes: checked before it is read, worked on once, answered alike."""

import hashlib
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
import requests

from tests.conftest import Installation
from tests.flows.phones import Phone
from wechatlogin.extensions import db
from wechatlogin.models import Identity, ReceivedMessage, SendState, SentMessage, User
from wechatlogin.wechat import crypto


@dataclass(frozen=True)
class Wechat:
    """WeChat's servers, signing and sealing as they do."""

    installation: Installation

    @property
    def url(self) -> str:
        return f"{self.installation.url}/api/wechat/{self.installation.account.appid}"

    def check(self, echo: str, token: str | None = None) -> requests.Response:
        stamp = {"timestamp": str(int(time.time())), "nonce": "1514711492"}
        token = token or self.installation.account.token
        signature = crypto.sign(token, *stamp.values())
        query = {**stamp, "signature": signature, "echostr": echo}
        return requests.get(self.url, params=query, timeout=10)

    def push(self, inner: str, **query: str) -> requests.Response:
        return self.post(*self.seal(inner), **query)

    def seal(self, inner: str) -> tuple[dict[str, str], bytes]:
        account = self.installation.account
        box = crypto.MessageCrypto(account.token, account.aes_key, account.appid)
        encrypted = box.encrypt(inner.encode())
        stamp = {"timestamp": str(int(time.time())), "nonce": str(time.monotonic_ns())[-10:]}
        query = {
            **stamp,
            "signature": crypto.sign(account.token, *stamp.values()),
            "encrypt_type": "aes",
            "msg_signature": crypto.sign(account.token, *stamp.values(), encrypted),
        }
        body = (
            f"<xml><ToUserName><![CDATA[{account.gh_id}]]></ToUserName>"
            f"<Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        )
        return query, body.encode()

    def post(self, query: dict[str, str], body: bytes, **more: str) -> requests.Response:
        return requests.post(self.url, params={**query, **more}, data=body, timeout=10)

    def message(self, openid: str, parts: str, created: int | None = None) -> str:
        return (
            f"<xml><ToUserName><![CDATA[{self.installation.account.gh_id}]]></ToUserName>"
            f"<FromUserName><![CDATA[{openid}]]></FromUserName>"
            f"<CreateTime>{created or int(time.time())}</CreateTime>{parts}</xml>"
        )

    def event(self, openid: str, event: str, more: str = "", created: int | None = None) -> str:
        parts = f"<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{event}]]></Event>{more}"
        return self.message(openid, parts, created)


@pytest.fixture
def wechat(installation: Installation) -> Wechat:
    return Wechat(installation)


def a_known_person(installation: Installation) -> tuple[str, str]:
    person = installation.simulator.add_person(nickname="待删除的昵称")
    page = Phone(person).open(f"{installation.url}/login")
    assert page.url.endswith("/account")
    return person, installation.simulator.openid(person, installation.account.appid)


def identity(installation: Installation, openid: str) -> Identity | None:
    with installation.app.app_context():
        found = db.session.scalar(db.select(Identity).where(Identity.openid == openid))
        db.session.remove()
        return found


def test_the_url_check_is_answered_with_the_echo_alone(wechat: Wechat) -> None:
    answer = wechat.check("4375120948345356249")

    assert answer.status_code == 200
    assert answer.content == b"4375120948345356249"
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_a_url_check_with_a_wrong_signature_is_refused_without_the_echo(wechat: Wechat) -> None:
    answer = wechat.check("4375120948345356249", token="another")

    assert answer.status_code == 403
    assert b"4375120948345356249" not in answer.content


def test_the_address_without_appid_serves_the_same_account(wechat: Wechat) -> None:
    openid = "o" + "b" * 27
    query, body = wechat.seal(wechat.event(openid, "VIEW"))

    answer = requests.post(
        f"{wechat.installation.url}/api/wechat", params=query, data=body, timeout=10
    )

    assert (answer.status_code, answer.text) == (200, "success")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda query, body: ({**query, "msg_signature": "0" * 40}, body),
        lambda query, body: ({**query, "timestamp": "1300000000"}, body),
        lambda query, body: ({k: v for k, v in query.items() if k != "encrypt_type"}, body),
        lambda query, body: (query, body.replace(b"<Encrypt><![CDATA[", b"<Encrypt><![CDATA[A")),
        lambda query, body: ({}, body),
        lambda query, body: (query, b""),
        lambda query, body: (query, b"<!DOCTYPE x>" + body),
    ],
    ids=["signature", "old", "plain", "one byte", "unsigned", "empty", "doctype"],
)
def test_a_push_that_wechat_cannot_have_sent_changes_nothing(wechat: Wechat, spoil: object) -> None:
    _, openid = a_known_person(wechat.installation)
    query, body = wechat.seal(wechat.event(openid, "unsubscribe"))

    answer = wechat.post(*spoil(query, body))  # type: ignore[operator]

    known = identity(wechat.installation, openid)
    assert answer.status_code == 403
    assert known is not None
    assert known.follows is not False


def test_a_body_that_is_too_large_or_of_unknown_length_is_refused(wechat: Wechat) -> None:
    query, _ = wechat.seal("x")

    large = wechat.post(query, b"x" * (64 * 1024 + 1))
    chunked = requests.post(wechat.url, params=query, data=iter([b"x" * 1000]), timeout=10)

    assert (large.status_code, chunked.status_code) == (413, 411)


def test_a_connection_on_which_a_body_stays_unread_is_not_offered_again(wechat: Wechat) -> None:
    query, _ = wechat.seal("x")

    read = wechat.post(query, b"x" * 1000)
    large = wechat.post(query, b"x" * (64 * 1024 + 1))
    chunked = requests.post(wechat.url, params=query, data=iter([b"x" * 1000]), timeout=10)

    said = [answer.headers["Connection"] for answer in (read, large, chunked)]
    assert said == ["keep-alive", "close", "close"]


@pytest.mark.fault("C-10")
def test_three_deliveries_of_one_scan_are_answered_with_the_same_link(wechat: Wechat) -> None:
    desktop = Phone("lin")
    desktop.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) Chrome/142.0 Safari/537.36"
    page = desktop.open(f"{wechat.installation.url}/login")
    assert "data-login" in page.text
    scene = newest_scene(wechat.installation)
    inner = wechat.event("o" + "c" * 27, "SCAN", f"<EventKey><![CDATA[{scene}]]></EventKey>")

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: wechat.push(inner), range(3)))

    links = {decrypted_link(wechat, answer.text) for answer in answers}
    assert len(links) == 1
    assert None not in links


def newest_scene(installation: Installation) -> str:
    calls = installation.simulator.calls("/cgi-bin/qrcode/create")
    mine = [call for call in calls if call["appid"] == installation.account.appid]
    body = mine[-1]["body"]
    return str(body["action_info"]["scene"]["scene_str"])


def decrypted_link(wechat: Wechat, reply: str) -> str | None:
    account = wechat.installation.account
    box = crypto.MessageCrypto(account.token, account.aes_key, account.appid)
    encrypted = re.search(r"<Encrypt><!\[CDATA\[([^\]]+)", reply)
    assert encrypted, reply
    found = re.search(r'href="([^"]+)"', box.decrypt(encrypted[1]).decode())
    return found[1] if found else None


def test_an_unknown_event_is_answered_with_success(wechat: Wechat) -> None:
    answer = wechat.push(wechat.event("o" + "d" * 27, "LOCATION", "<Latitude>1</Latitude>"))

    assert (answer.status_code, answer.text) == (200, "success")


@pytest.mark.fault("C-11")
def test_a_late_follow_event_does_not_undo_a_later_unfollow(wechat: Wechat) -> None:
    _, openid = a_known_person(wechat.installation)
    now = int(time.time())
    wechat.push(wechat.event(openid, "unsubscribe", created=now))

    wechat.push(wechat.event(openid, "subscribe", created=now - 60))

    known = identity(wechat.installation, openid)
    assert known is not None
    assert known.follows is False


@pytest.mark.parametrize(
    ("event", "more"),
    [
        ("user_info_modified", ""),
        ("user_authorization_revoke", "<RevokeInfo><![CDATA[205]]></RevokeInfo>"),
    ],
)
def test_taking_back_the_profile_clears_it_for_the_person_in_openid(
    wechat: Wechat, event: str, more: str
) -> None:
    _, openid = a_known_person(wechat.installation)
    parts = f"<OpenID><![CDATA[{openid}]]></OpenID><AppID><![CDATA[x]]></AppID>{more}"

    wechat.push(wechat.event("o-the-push-service-of-wechat", event, parts))

    known = identity(wechat.installation, openid)
    assert known is not None
    assert (known.nickname, known.avatar_url) == (None, None)


@pytest.mark.parametrize(
    ("event", "more"),
    [
        ("user_authorization_cancellation", ""),
        ("user_authorization_revoke", "<RevokeInfo><![CDATA[301]]></RevokeInfo>"),
    ],
)
def test_whoever_leaves_is_erased_and_logged_out(wechat: Wechat, event: str, more: str) -> None:
    installation = wechat.installation
    person = installation.simulator.add_person()
    phone = Phone(person)
    phone.open(f"{installation.url}/login")
    openid = installation.simulator.openid(person, installation.account.appid)
    known = identity(installation, openid)
    assert known is not None
    parts = f"<OpenID><![CDATA[{openid}]]></OpenID><AppID><![CDATA[x]]></AppID>{more}"

    wechat.push(wechat.event("o-the-push-service-of-wechat", event, parts))

    assert identity(installation, openid) is None
    assert phone.step(f"{installation.url}/account").status_code == 302
    with installation.app.app_context():
        assert db.session.get(User, known.user_id) is None
        db.session.remove()


def test_a_receipt_updates_the_message_it_belongs_to(installation: Installation) -> None:
    person = installation.simulator.add_person()
    installation.simulator.follow(person, installation.account.appid)
    Phone(person).open(f"{installation.url}/api/wechat/auth?state=code")

    states = wait_for_receipt(installation, person)

    assert states == [SendState.DELIVERED]


def wait_for_receipt(installation: Installation, person: str) -> list[str]:
    openid = installation.simulator.openid(person, installation.account.appid)
    query = (
        db.select(SentMessage.state)
        .join(Identity, Identity.id == SentMessage.identity_id)
        .where(Identity.openid == openid)
    )
    states: list[str] = []
    for _ in range(60):
        with installation.app.app_context():
            states = list(db.session.scalars(query))
            db.session.remove()
        if states and states != [SendState.ACCEPTED]:
            break
        time.sleep(0.1)
    return states


def test_a_blocked_message_is_noted_as_blocked(wechat: Wechat) -> None:
    installation = wechat.installation
    person = installation.simulator.add_person()
    installation.simulator.follow(person, installation.account.appid)
    Phone(person).open(f"{installation.url}/api/wechat/auth?state=code")
    wait_for_receipt(installation, person)
    openid = installation.simulator.openid(person, installation.account.appid)
    with installation.app.app_context():
        query = db.select(SentMessage.msgid).join(Identity).where(Identity.openid == openid)
        msgid = db.session.scalars(query).one()
        db.session.remove()
    more = f"<MsgID>{msgid}</MsgID><Status><![CDATA[failed:user block]]></Status>"

    # A second later: what has the same number and the same second is a retry.
    later = int(time.time()) + 1
    wechat.push(wechat.event(openid, "TEMPLATESENDJOBFINISH", more, created=later))

    assert wait_for_receipt(installation, person) == [SendState.BLOCKED]


def test_what_is_kept_of_a_push_is_no_secret(wechat: Wechat) -> None:
    openid = "o" + "e" * 27
    wechat.push(wechat.event(openid, "subscribe"))

    with wechat.installation.app.app_context():
        rows = db.session.scalars(db.select(ReceivedMessage)).all()
        kept = [
            str(getattr(row, c.name)) for row in rows for c in ReceivedMessage.__table__.columns
        ]
        db.session.remove()
    assert rows
    assert not [value for value in kept if openid in value or "/confirm/" in value]


def test_a_plain_body_under_a_known_signature_is_refused(wechat: Wechat) -> None:
    """In safe mode the signature covers the ciphertext, so another body never fits it."""
    query, body = wechat.seal(wechat.event("o" + "f" * 27, "VIEW"))
    other_query, other_body = wechat.seal(wechat.event("o" + "g" * 27, "VIEW"))
    assert wechat.post(query, body).status_code == 200

    crossed = wechat.post(query, other_body)
    repeated = wechat.post(query, body)

    assert crossed.status_code == 403
    assert repeated.text == "success"
    assert hashlib.sha256(body) != hashlib.sha256(other_body)
    assert wechat.post(other_query, other_body).status_code == 200
