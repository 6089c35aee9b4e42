"""How a scan is confirmed, and what is asked of WeChat, as the installation wants it."""

import re

import pytest
import requests

from tests.conftest import Installation, Installer
from tests.flows.phones import Browser, Phone


class Desktop(Browser):
    """A desktop that waits for a scan, without a screen."""

    def __init__(self, installation: Installation) -> None:
        super().__init__()
        self.installation = installation

    def show_code(self) -> str:
        """Open the login page and return the text of its QR."""
        self.page = self.open(f"{self.installation.url}/login").text
        newest = self.installation.simulator.call("GET", "/simulator/qrcodes/newest")
        assert newest["appid"] == self.installation.account.appid
        return str(newest["content"])

    def state(self) -> dict[str, object]:
        """Return how the login stands."""
        url = re.search(r'data-status-url="([^"]+)"', self.page)
        assert url
        return dict(self.get(self.installation.url + url[1], timeout=10).json())

    def claim(self) -> requests.Response:
        """Claim the login."""
        url = re.search(r'data-claim-url="([^"]+)"', self.page)
        assert url
        headers = {"X-Requested-With": "wechatlogin"}
        return self.post(self.installation.url + url[1], headers=headers, timeout=10)


def a_follower(installation: Installation) -> str:
    person = installation.simulator.add_person()
    installation.simulator.follow(person, installation.account.appid)
    return person


def link_in(scanned: dict[str, object]) -> str:
    found = re.search(r'href="([^"]+)"', str(scanned["replies"]))
    assert found, scanned
    return found[1]


def test_one_tap_is_enough_where_the_installation_says_so(install: Installer) -> None:
    installation = install(confirm="tap")
    desktop, person = Desktop(installation), a_follower(installation)
    scanned = installation.simulator.scan(person, desktop.show_code())
    page = Phone(person).open(link_in(scanned))
    assert 'name="number"' not in page.text
    assert desktop.state()["number"] is None

    Phone(person).submit(page, decision="confirm")

    assert desktop.state()["status"] == "confirmed"
    assert desktop.claim().status_code == 200


def test_the_scan_alone_is_enough_where_the_installation_says_so(install: Installer) -> None:
    installation = install(confirm="never")
    desktop, person = Desktop(installation), a_follower(installation)

    scanned = installation.simulator.scan(person, desktop.show_code())

    assert "已登录晨光书店" in str(scanned["replies"])
    assert desktop.state()["status"] == "confirmed"


def test_only_the_first_time_in_a_browser_is_asked_where_the_installation_says_so(
    install: Installer,
) -> None:
    installation = install(confirm="first_time")
    desktop, person = Desktop(installation), a_follower(installation)
    scanned = installation.simulator.scan(person, desktop.show_code())
    Phone(person).submit(Phone(person).open(link_in(scanned)), decision="confirm")
    desktop.claim()
    desktop.cookies.pop("wechatlogin-session")

    known = installation.simulator.scan(person, desktop.show_code())
    assert "已登录" in str(known["replies"])
    elsewhere = Desktop(installation)
    asked = installation.simulator.scan(person, elsewhere.show_code())

    assert "/confirm/" in str(asked["replies"])


def test_without_the_number_nothing_is_confirmed(installation: Installation) -> None:
    desktop, person = Desktop(installation), a_follower(installation)
    scanned = installation.simulator.scan(person, desktop.show_code())

    Phone(person).submit(Phone(person).open(link_in(scanned)), decision="confirm")

    assert desktop.state()["status"] == "declined"


@pytest.mark.parametrize("number", ["", "abc", "４７", "-1", "9" * 40])
def test_an_odd_number_confirms_nothing(installation: Installation, number: str) -> None:
    desktop, person = Desktop(installation), a_follower(installation)
    scanned = installation.simulator.scan(person, desktop.show_code())

    answer = Phone(person).post(link_in(scanned), data={"number": number}, timeout=10)

    assert answer.status_code == 200
    assert desktop.state()["status"] == "declined"
    assert desktop.claim().status_code == 409


def test_claiming_before_the_confirmation_is_refused(installation: Installation) -> None:
    desktop, person = Desktop(installation), a_follower(installation)
    installation.simulator.scan(person, desktop.show_code())

    answer = desktop.claim()

    assert answer.status_code == 409
    assert desktop.step(f"{installation.url}/account").status_code == 302


def test_a_lost_answer_to_the_claim_can_be_asked_for_again(installation: Installation) -> None:
    desktop, person = Desktop(installation), a_follower(installation)
    scanned = installation.simulator.scan(person, desktop.show_code())
    number = str(desktop.state()["number"])
    Phone(person).submit(Phone(person).open(link_in(scanned)), number=number)
    first = desktop.claim().cookies["wechatlogin-session"]
    desktop.cookies.pop("wechatlogin-session")

    again = desktop.claim()

    assert again.status_code == 200
    assert again.cookies["wechatlogin-session"] == first


def test_what_was_logged_out_is_not_claimed_again(installation: Installation) -> None:
    desktop, person = Desktop(installation), a_follower(installation)
    scanned = installation.simulator.scan(person, desktop.show_code())
    number = str(desktop.state()["number"])
    Phone(person).submit(Phone(person).open(link_in(scanned)), number=number)
    desktop.claim()
    account = desktop.open(f"{installation.url}/account")
    form = re.search(r'(?s)<form[^>]*action="/logout".*?value="([^"]+)"', account.text)
    assert form
    desktop.post(f"{installation.url}/logout", data={"csrf_token": form[1]}, timeout=10)

    answer = desktop.claim()

    assert answer.status_code == 409
    assert desktop.step(f"{installation.url}/account").status_code == 302


def test_login_inside_wechat_is_silent_where_the_installation_says_so(install: Installer) -> None:
    installation = install(login_scope="snsapi_base")
    phone = Phone(installation.simulator.add_person(nickname="不露名"))

    location = phone.step(f"{installation.url}/login").headers["Location"]
    page = phone.open(location)

    assert "scope=snsapi_base&" in location
    assert page.url == f"{installation.url}/account"
    assert "不露名" not in page.text
