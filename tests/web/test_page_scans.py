"""`/api/scan` over HTTP: which pages may ask, what they may read, what servers are told."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import zxingcpp
from PIL import Image, ImageDraw

from tests.conftest import Installation
from tests.flows.bookshop import register
from tests.flows.desktops import confirm_link
from tests.flows.phones import DESKTOP, Phone
from wechatlogin.config import ConfirmPolicy
from wechatlogin.services.applications import Credentials

ORIGIN = "https://shop.example.com"
CORS = "Access-Control-Allow-Origin"


@pytest.fixture(scope="module")
def shop(installation: Installation) -> Credentials:
    return register(installation, ORIGIN, confirm=ConfirmPolicy.TAP)


@pytest.fixture
def browser_of_a_page() -> Iterator[requests.Session]:
    session = requests.Session()
    session.trust_env = False
    session.headers.update(
        {"Origin": ORIGIN, "Sec-Fetch-Site": "cross-site", "User-Agent": DESKTOP}
    )
    yield session
    session.close()


class Asker:
    """A page of the shop."""

    def __init__(
        self, installation: Installation, shop: Credentials, session: requests.Session
    ) -> None:
        self.installation, self.shop, self.session = installation, shop, session
        self.api = f"{installation.url}/api/scan"

    def begin(self, *, origin: str | None = ORIGIN, **form: str) -> requests.Response:
        """Begin a scan."""
        body = {"client_id": self.shop.client_id, **form}
        return self.session.post(self.api, data=body, headers={"Origin": origin}, timeout=20)

    def ask(self, path: str, *, origin: str | None = ORIGIN, **query: str) -> requests.Response:
        """Ask how a scan stands."""
        headers = {"Origin": origin}
        return self.session.get(f"{self.api}/{path}", params=query, headers=headers, timeout=40)

    def claim(self, scan_id: str, origin: str | None = ORIGIN) -> requests.Response:
        """Ask for the ticket."""
        return self.session.post(
            f"{self.api}/{scan_id}/claim", headers={"Origin": origin}, timeout=20
        )

    def exchange(self, ticket: str, api_key: str | None = None) -> requests.Response:
        """Ask who it is, as the shop's server."""
        bearer = {"Authorization": f"Bearer {api_key or self.shop.api_key}"}
        return requests.post(
            f"{self.api}/ticket", data={"ticket": ticket}, headers=bearer, timeout=20
        )

    def confirm(self, qr: str) -> None:
        """Let somebody scan the code and confirm."""
        person = self.installation.simulator.add_person()
        content = read_svg(qr)
        scanned = self.installation.simulator.scan(person, content, follow=True)
        phone = Phone(person)
        phone.submit(phone.open(confirm_link(scanned)), decision="confirm")


@pytest.fixture
def page(
    installation: Installation, shop: Credentials, browser_of_a_page: requests.Session
) -> Asker:
    return Asker(installation, shop, browser_of_a_page)


def read_svg(svg: str) -> str:
    """Read a code from its drawing, which is made of rectangles."""
    size = int(re.findall(r'viewBox="0 0 (\d+)', svg)[0])
    picture = Image.new("L", (size * 4, size * 4), 255)
    draw = ImageDraw.Draw(picture)
    [path] = re.findall(r'<path d="([^"]+)"', svg)
    for found in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)", path):
        left, top, width, height = (int(number) * 4 for number in found)
        draw.rectangle((left, top, left + width - 1, top + height - 1), fill=0)
    read = zxingcpp.read_barcode(picture)
    assert read is not None
    return str(read.text)


def error(answer: requests.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json()["error"]


def test_a_page_is_told_what_to_draw_and_may_read_it(page: Asker) -> None:
    begun = page.begin()

    answer = begun.json()
    assert answer.keys() == {"id", "qr", "expires_in", "max_wait", "words"}
    assert re.fullmatch(r"[0-9a-f]{64}", answer["id"])
    assert 100 < answer["expires_in"] <= 120
    assert begun.headers[CORS] == ORIGIN
    assert "Origin" in begun.headers["Vary"]
    assert begun.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Credentials" not in begun.headers
    assert "Set-Cookie" not in begun.headers


def test_a_scan_from_the_code_to_the_person(page: Asker) -> None:
    begun = page.begin().json()
    pending = page.ask(begun["id"])
    early = page.claim(begun["id"])
    page.confirm(begun["qr"])
    confirmed = page.ask(begun["id"], known="pending", wait="20")
    claimed = page.claim(begun["id"])
    person = page.exchange(claimed.json()["ticket"])

    assert pending.json()["status"] == "pending"
    assert error(early) == (409, "attempt_not_ready")
    assert confirmed.json()["status"] == "confirmed"
    assert {answer.headers[CORS] for answer in (pending, early, confirmed, claimed)} == {ORIGIN}
    assert claimed.json().keys() == {"ticket", "expires_in", "nickname", "avatar_url"}
    assert person.json().keys() == {"id", "nickname", "avatar_url"}
    assert CORS not in person.headers
    assert error(page.exchange(claimed.json()["ticket"])) == (400, "ticket_invalid")


def test_a_page_that_waits_may_read_the_answer_when_it_comes(page: Asker) -> None:
    begun = page.begin().json()

    answer = page.ask(begun["id"], known="pending", wait="1")

    assert answer.json()["status"] == "pending"
    assert answer.headers[CORS] == ORIGIN


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ORIGIN + ".evil.example", None])
def test_another_origin_is_refused_and_may_not_even_read_why(
    page: Asker, origin: str | None
) -> None:
    begun = page.begin().json()

    refused = [
        page.begin(origin=origin),
        page.ask(begun["id"], origin=origin),
        page.claim(begun["id"], origin=origin),
    ]

    assert [error(answer) for answer in refused] == [
        (403, "origin_unknown"),
        (404, "attempt_not_found"),
        (404, "attempt_not_found"),
    ]
    assert not [answer for answer in refused if CORS in answer.headers]
    assert all("Origin" in answer.headers["Vary"] for answer in refused)


@pytest.mark.parametrize("path", ["", "/ticket", "/" + "0" * 64, "/" + "0" * 64 + "/claim"])
def test_a_preflight_is_promised_nothing(page: Asker, path: str) -> None:
    headers = {"Access-Control-Request-Method": "POST", "Origin": ORIGIN}

    answer = page.session.options(page.api + path, headers=headers, timeout=20)

    assert not [name for name in answer.headers if name.startswith("Access-Control-Allow")]


def test_a_request_that_is_none_is_told_so(page: Asker) -> None:
    begun = page.begin().json()

    assert error(page.begin(client_id="nobody")) == (400, "application_unknown")
    assert error(page.begin(client_id="")) == (400, "parameter_missing")
    assert error(page.ask(begun["id"], known="asleep")) == (400, "invalid_request")
    assert error(page.ask("0" * 64)) == (404, "attempt_not_found")
    assert error(page.ask("%00" * 20)) == (404, "attempt_not_found")


def test_only_a_server_with_its_key_is_told_who_it_is(
    installation: Installation, page: Asker
) -> None:
    begun = page.begin().json()
    page.confirm(begun["qr"])
    ticket = page.claim(begun["id"]).json()["ticket"]
    other = register(installation, "https://other.example.com")

    assert error(page.exchange(ticket, api_key="none")) == (401, "api_key_wrong")
    assert error(page.exchange(ticket, api_key=other.api_key)) == (400, "ticket_invalid")
    assert error(page.exchange("")) == (400, "parameter_missing")
    assert page.exchange(ticket).ok


def test_the_words_are_in_the_language_of_the_page(page: Asker) -> None:
    english = {"Accept-Language": "en", "Origin": ORIGIN}

    chinese = page.begin().json()["words"]
    answer = page.session.post(
        page.api, data={"client_id": page.shop.client_id}, headers=english, timeout=20
    )

    assert chinese["expired"] == "二维码已过期"
    assert answer.json()["words"].keys() == chinese.keys()
    assert answer.json()["words"]["expired"] != chinese["expired"]


def test_the_phone_is_told_which_site_and_which_browser_it_is(page: Asker) -> None:
    begun = page.begin().json()
    person = page.installation.simulator.add_person()

    scanned = page.installation.simulator.scan(person, read_svg(begun["qr"]), follow=True)
    asked = Phone(person).open(confirm_link(scanned)).text

    assert "林记书店" in asked
    assert "Windows · Edge" in asked


def test_pages_of_any_site_may_load_this_one_script(installation: Installation) -> None:
    def headers(name: str) -> Any:
        return requests.get(f"{installation.url}/static/js/{name}", timeout=20).headers

    assert headers("wechatlogin.js")["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert headers("wechatlogin.js")[CORS] == "*"
    assert headers("login.js")["Cross-Origin-Resource-Policy"] == "same-origin"
    assert CORS not in headers("login.js")
