"""The doctor on what WeChat sends to us: the callback URL, the pushes and their mode."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from tests.servers import Account, Simulator, free_port
from tests.services import clinic
from tests.services.clinic import Clinic
from wechatlogin import clock
from wechatlogin.models.transaction import write
from wechatlogin.services import doctor
from wechatlogin.services.doctor import State, Step
from wechatlogin.services.site import Site
from wechatlogin.services.verification_files import NewVerificationFile
from wechatlogin.wechat.app import AppKind, MessageMode

CHECK_PATH = "/cgi-bin/callback/check"
FILE = NewVerificationFile("MP_verify_bU7m2R3kQ0r1oQdB.txt", "bU7m2R3kQ0r1oQdB")
LOCAL = "127.0.0.1"


@pytest.fixture
def ready(storage: Site, simulator: Simulator) -> Clinic:
    return clinic.set_up(storage, simulator)


@contextmanager
def switched(simulator: Simulator, **switches: str) -> Iterator[None]:
    """Let WeChat see the callback URL otherwise as long as the block does."""
    before = simulator.call("GET", "/simulator/switches")
    simulator.call("POST", "/simulator/switches", switches)
    try:
        yield
    finally:
        simulator.call("POST", "/simulator/switches", {name: before[name] for name in switches})


def test_a_callback_url_that_answers_is_right_and_no_sign_of_wechats(ready: Clinic) -> None:
    with clinic.front() as front:
        found = ready.with_settings(public_url=front.url).examine(Step.CALLBACK)

    assert found.state is State.OK
    assert f"{front.url}/api/wechat/{ready.row.appid}" in found.reason


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((403, b"", {}), "另一个令牌"),
        ((302, b"", {"Location": "https://sso.example.com/login"}), "https://sso.example.com"),
        ((200, b"<html>welcome", {}), "echostr"),
        ((404, b"", {}), "HTTP 404"),
    ],
)
def test_a_callback_url_that_answers_otherwise_is_wrong(
    ready: Clinic, answer: tuple[int, bytes, dict[str, str]], words: str
) -> None:
    with clinic.front(lambda path, query: answer) as front:
        found = ready.with_settings(public_url=front.url).examine(Step.CALLBACK)

    assert found.state is State.WRONG
    assert words in found.reason


def test_a_callback_url_where_nobody_listens_is_wrong(ready: Clinic) -> None:
    nobody = ready.with_settings(public_url=f"http://localhost:{free_port()}")

    found = nobody.examine(Step.CALLBACK)

    assert found.state is State.WRONG
    assert "从公开地址打不开回调地址" in found.reason
    assert "公开地址" in (found.remedy or "")


def test_an_account_without_a_token_cannot_be_pushed_to(ready: Clinic) -> None:
    with write():
        ready.row.sealed_token = None

    found = ready.examine(Step.CALLBACK)

    assert found.state is State.WRONG
    assert "令牌" in found.reason


def test_wechats_own_check_of_the_callback_url_is_told(storage: Site, simulator: Simulator) -> None:
    url = "http://127.0.0.1:9/api/wechat/x"
    ready = clinic.set_up(storage, simulator, callback_url=url, skip_url_check=True)

    found = ready.examine(Step.WECHAT_CHECK)

    assert found.state is State.OK
    assert LOCAL in found.reason


def test_a_callback_url_that_wechat_loses_packets_to_is_wrong(
    storage: Site, simulator: Simulator
) -> None:
    url = "http://127.0.0.1:9/api/wechat/x"
    ready = clinic.set_up(storage, simulator, callback_url=url, skip_url_check=True)
    with switched(simulator, callback_loss="100%"):
        found = ready.examine(Step.WECHAT_CHECK)

    assert found.state is State.WRONG
    assert "丢包率 100%" in found.reason


def test_a_callback_url_whose_name_wechat_cannot_resolve_is_wrong(
    storage: Site, simulator: Simulator
) -> None:
    url = "http://127.0.0.1:9/api/wechat/x"
    ready = clinic.set_up(storage, simulator, callback_url=url, skip_url_check=True)
    with switched(simulator, callback_dns="none"):
        found = ready.examine(Step.WECHAT_CHECK)

    assert (found.state, found.reason) == (State.WRONG, "微信解析不到回调地址的域名。")
    assert "DNS" in (found.remedy or "")


def test_a_console_without_a_callback_url_is_told(ready: Clinic) -> None:
    found = ready.examine(Step.WECHAT_CHECK)

    assert (found.state, found.errcode) == (State.WRONG, 40201)
    assert "服务器配置" in (found.remedy or "")


def test_without_a_push_it_cannot_be_told_and_says_what_to_press(ready: Clinic) -> None:
    found = ready.examine(Step.PUSH)

    assert found.state is State.UNKNOWN
    assert "点「提交」" in (found.remedy or "")
    assert ready.examine(Step.MODE).state is State.UNKNOWN


def test_a_check_of_wechats_is_a_sign_and_a_push_a_better_one(ready: Clinic) -> None:
    clinic.note_signs(ready, verified_at=clock.now() - timedelta(minutes=1))
    checked = ready.examine(Step.PUSH)
    clinic.note_push(ready)
    pushed = ready.examine(Step.PUSH)

    assert (checked.state, pushed.state) == (State.OK, State.OK)
    assert checked.remedy is not None
    assert pushed.remedy is None
    assert ready.examine(Step.MODE).state is State.OK


def test_only_what_came_since_counts_for_whoever_waits(ready: Clinic) -> None:
    clinic.note_push(ready)
    now = clock.now()

    later = doctor.look_for_push(ready.site, ready.row, since=now + timedelta(minutes=1), now=now)
    before = doctor.look_for_push(ready.site, ready.row, since=now - timedelta(minutes=1), now=now)

    assert later is not None
    assert later.state is State.UNKNOWN
    assert before is not None
    assert before.state is State.OK


@pytest.mark.parametrize(
    ("reason", "step", "words"),
    [
        ("wrong signature", Step.PUSH, "令牌(Token)"),
        ("plain in safe mode", Step.MODE, "消息加解密方式"),
        ("encrypted in plain mode", Step.PUSH, "选择明文模式"),
        ("does not decrypt", Step.MODE, "EncodingAESKey"),
        ("timestamp too far from now", Step.PUSH, "时钟"),
        ("for another account", Step.PUSH, "原始 ID"),
    ],
)
def test_a_refused_push_is_told_with_what_helps(
    ready: Clinic, reason: str, step: Step, words: str
) -> None:
    clinic.note_signs(ready, refused_at=clock.now(), refused_reason=reason)

    found = ready.examine(step)

    assert found.state is State.WRONG
    assert reason in found.reason
    assert words in (found.remedy or "")


@pytest.mark.parametrize("reason", ["timestamp is not 10 digits", "odd nonce", "too large"])
def test_nonsense_that_anybody_can_send_is_no_fault_of_the_set_up(
    ready: Clinic, reason: str
) -> None:
    clinic.note_signs(ready, refused_at=clock.now(), refused_reason=reason)

    assert ready.examine(Step.PUSH).state is State.UNKNOWN
    assert ready.examine(Step.MODE).state is State.UNKNOWN


def test_another_token_forgets_that_wechat_has_checked_the_address(ready: Clinic) -> None:
    clinic.note_signs(ready, verified_at=clock.now() - timedelta(minutes=1))
    before = ready.examine(Step.PUSH)
    clinic.enter(ready, token=Account().token)

    assert (before.state, ready.examine(Step.PUSH).state) == (State.OK, State.UNKNOWN)


def test_a_push_that_was_taken_after_a_refusal_makes_it_good(ready: Clinic) -> None:
    clinic.note_signs(
        ready, refused_at=clock.now() - timedelta(minutes=1), refused_reason="plain in safe mode"
    )
    clinic.note_push(ready)

    assert ready.examine(Step.PUSH).state is State.OK
    assert ready.examine(Step.MODE).state is State.OK


def test_encryption_without_its_key_is_wrong(storage: Site, simulator: Simulator) -> None:
    ready = clinic.set_up(storage, simulator, mode=MessageMode.SAFE)

    found = ready.examine(Step.MODE)

    assert found.state is State.WRONG
    assert "EncodingAESKey" in found.reason


def test_a_test_account_knows_plain_mode_alone(storage: Site, simulator: Simulator) -> None:
    ready = clinic.set_up(storage, simulator, kind=AppKind.TEST, mode=MessageMode.COMPATIBLE)

    assert "明文模式" in ready.examine(Step.MODE).reason
