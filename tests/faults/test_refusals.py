"""WeChat refuses for long: a quota is used up, or the account is set up wrongly."""

import pytest

from tests.conftest import Installation, Installer
from tests.flows.phones import Browser, Phone
from tests.operator.desks import Desk
from wechatlogin.wechat.oauth import TOKEN_PATH

STABLE_TOKEN = "/cgi-bin/stable_token"
CREATE_QRCODE = "/cgi-bin/qrcode/create"
DESKTOPS = 3


def calls(installation: Installation, path: str) -> int:
    return len(installation.simulator.calls(path))


@pytest.fixture
def installation(install: Installer) -> Installation:
    """A service of its own, whose pauses are nobody else's."""
    made = install()
    made.simulator.call("DELETE", "/simulator/calls")
    return made


def log_in(installation: Installation) -> str:
    """Let somebody log in inside of WeChat, and return where that ended."""
    phone = Phone(installation.simulator.add_person())
    return phone.open(f"{installation.url}/login").url


@pytest.mark.fault("C-07")
@pytest.mark.parametrize("errcode", [45009, 45011])
def test_a_quota_that_is_used_up_is_asked_for_once_and_people_log_in_without(
    installation: Installation, errcode: int
) -> None:
    installation.simulator.fault(CREATE_QRCODE, "errcode", errcode=errcode)

    pages = [Browser().open(f"{installation.url}/login") for _ in range(DESKTOPS)]

    assert [page.status_code for page in pages] == [200] * DESKTOPS
    assert all("data-login" in page.text for page in pages)
    assert calls(installation, CREATE_QRCODE) == 1
    assert log_in(installation) == f"{installation.url}/account"
    assert str(errcode) in Desk(installation).open("/operator/status").text
    assert f"errcode={errcode}" in installation.service.log_path.read_text()


@pytest.mark.fault("C-08")
@pytest.mark.parametrize("errcode", [40164, 89503])
def test_an_address_that_is_refused_is_told_and_people_log_in_without_the_token(
    installation: Installation, errcode: int
) -> None:
    installation.simulator.fault(STABLE_TOKEN, "errcode", errcode=errcode)

    pages = [Browser().open(f"{installation.url}/login") for _ in range(DESKTOPS)]

    assert [page.status_code for page in pages] == [200] * DESKTOPS
    assert calls(installation, STABLE_TOKEN) == 1
    assert log_in(installation) == f"{installation.url}/account"
    assert str(errcode) in Desk(installation).open("/operator/status").text


@pytest.mark.fault("C-08")
def test_with_a_wrong_secret_the_login_page_says_that_it_does_not_work_just_now(
    installation: Installation,
) -> None:
    """A QR of our own would lead to a phone on which nothing can be exchanged."""
    for path in (STABLE_TOKEN, TOKEN_PATH):
        installation.simulator.fault(path, "errcode", errcode=40125)

    pages = [Browser().open(f"{installation.url}/login") for _ in range(DESKTOPS)]
    phone = Phone("lin").open(f"{installation.url}/login")

    for page in (*pages, phone):
        assert page.status_code == 503
        assert "微信登录的设置有问题，请联系网站管理员。" in page.text
    assert calls(installation, STABLE_TOKEN) == 1
    assert "AppSecret 不正确" in Desk(installation).open("/operator/status").text
