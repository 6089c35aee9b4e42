"""Every code of WeChat's in the middle of a login: what the person reads, and the operator."""

import pytest

from tests.conftest import Installation, Installer
from tests.flows.phones import Browser, Phone
from tests.wechat.error_table import CASES, IDS, Row
from wechatlogin.wechat import errors
from wechatlogin.wechat.oauth import TOKEN_PATH
from wechatlogin.wechat.profile import PATH as PROFILE_PATH

OPERATOR = "微信登录的设置有问题，请联系网站管理员。"
# What the person reads when the code is exchanged; nobody but the operator can do more about it.
WORDS = {
    errors.WeChatBusy: "微信现在很忙，请稍后再试。",
    errors.AccessTokenRejected: OPERATOR,
    errors.OperatorNeeded: OPERATOR,
    errors.QuotaExhausted: errors.QuotaExhausted.message,
    errors.LoginMustRestart: errors.LoginMustRestart.message,
    errors.RecipientUnreachable: errors.RecipientUnreachable.message,
    errors.AccountRestricted: "你的微信帐号目前受限，无法完成登录。",
    errors.RequestRejected: errors.RequestRejected.message,
    errors.UnknownErrcode: errors.UnknownErrcode.message,
}
RESTARTING = [
    pytest.param(code, id=name)
    for (row, code), name in zip(CASES, IDS, strict=True)
    if row.kind is errors.LoginMustRestart
]


def calls(installation: Installation, path: str) -> int:
    return len(installation.simulator.calls(path))


@pytest.fixture(autouse=True)
def _no_calls_yet(installation: Installation) -> None:
    installation.simulator.call("DELETE", "/simulator/calls")


@pytest.mark.parametrize("code", RESTARTING)
def test_a_code_that_is_used_up_starts_the_login_again(
    installation: Installation, code: int
) -> None:
    installation.simulator.fault(TOKEN_PATH, "errcode", errcode=code, times=1)

    page = Phone("lin").open(f"{installation.url}/login")

    assert page.url == f"{installation.url}/account"
    assert calls(installation, TOKEN_PATH) == 2


@pytest.mark.parametrize(("row", "code"), CASES, ids=IDS)
def test_whatever_wechat_says_to_a_code_the_person_reads_why_and_the_operator_the_number(
    installation: Installation, row: Row, code: int
) -> None:
    installation.simulator.fault(TOKEN_PATH, "errcode", errcode=code)
    log = installation.service.log_path
    written = len(log.read_text())

    page = Phone("lin").open(f"{installation.url}/login")

    told = log.read_text()[written:]
    may_restart = row.kind is errors.LoginMustRestart
    assert page.status_code >= 400
    assert WORDS[row.kind] in page.text
    assert str(code) in told
    assert "rid=" in told
    assert (calls(installation, TOKEN_PATH) == 1) != may_restart


@pytest.mark.parametrize(("row", "code"), CASES, ids=IDS)
def test_a_profile_is_asked_for_again_only_where_that_helps(
    installation: Installation, row: Row, code: int
) -> None:
    installation.simulator.fault(PROFILE_PATH, "errcode", errcode=code, times=1)

    page = Phone("lin").open(f"{installation.url}/login")

    # A dead user token and a consent that was taken back begin anew; so does nothing else.
    is_dead = row.kind in {errors.LoginMustRestart, errors.AccessTokenRejected}
    succeeds = row.name == "transient" or is_dead
    assert (page.url == f"{installation.url}/account") == succeeds
    assert calls(installation, PROFILE_PATH) == (2 if succeeds else 1)
    assert calls(installation, TOKEN_PATH) == (2 if is_dead else 1)


@pytest.mark.fault("C-08")
def test_a_secret_that_was_changed_is_not_tried_at_every_visit(install: Installer) -> None:
    installation = install()
    installation.simulator.fault("/cgi-bin/stable_token", "errcode", errcode=40125)
    person = installation.simulator.add_person()
    installation.simulator.follow(person, installation.account.appid)

    for _ in range(3):
        desktop = Browser().open(f"{installation.url}/login")
        phone = Phone(person).open(f"{installation.url}/api/wechat/auth?state=code")

    assert (desktop.status_code, phone.status_code) == (503, 200)
    assert OPERATOR in desktop.text
    assert calls(installation, "/cgi-bin/stable_token") == 1


@pytest.mark.fault("C-07")
def test_a_day_whose_messages_are_used_up_is_over_for_that_kind_of_message_alone(
    install: Installer,
) -> None:
    installation = install()
    path = "/cgi-bin/message/template/send"
    installation.simulator.fault(path, "errcode", errcode=45009)
    people = [installation.simulator.add_person() for _ in range(3)]
    for person in people:
        installation.simulator.follow(person, installation.account.appid)

        page = Phone(person).open(f"{installation.url}/api/wechat/auth?state=code")

        kinds = [
            one["kind"] for one in installation.simulator.chat(person, installation.account.appid)
        ]
        assert "验证码已发送到微信" in page.text
        assert kinds[-1] == "custom"

    assert calls(installation, path) == 1
