"""Authing's scan login: drawn on a page of another site, confirmed on the phone, exchanged once."""

from datetime import timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import update

from tests.compat.authing import (
    ORIGIN,
    Program,
    a_random,
    confirm,
    read_picture,
    validator,
)
from tests.conftest import Installation, Installer
from tests.flows.phones import Browser, Phone
from wechatlogin import clock
from wechatlogin.config import ConfirmPolicy
from wechatlogin.extensions import db
from wechatlogin.models import Attempt
from wechatlogin.models.transaction import write
from wechatlogin.wechat.app import AppKind

HEADERS = (
    "authorization,content-type,x-authing-app-id,x-authing-app-tenant-id,x-authing-lang,"
    "x-authing-request-from,x-authing-sdk-version,x-authing-userpool-id"
)


@pytest.fixture(scope="module")
def shop(installation: Installation) -> Program:
    return Program(installation)


def change(program: Program, random: str, **values: object) -> None:
    """Change the row of a scan, as time would."""
    with program.installation.app.app_context():
        with write() as session:
            session.execute(update(Attempt).where(Attempt.id == random[:32]).values(**values))
        db.session.remove()


def test_a_scan_goes_from_waiting_to_scanned_to_authorised_and_is_exchanged(
    shop: Program, person: str
) -> None:
    made = shop.generate()
    before = shop.check(made["random"])
    random, link = shop.scan(person)
    scanned = shop.check(random)
    confirm(person, link)
    done = shop.check(random)
    exchanged = shop.exchange(done["ticket"])

    user = exchanged.json()["data"]
    validator("user").validate(user)
    simulator, appid = shop.installation.simulator, shop.installation.account.appid
    assert (before["status"], before["ticket"], before["userInfo"]) == (0, None, {})
    assert (scanned["status"], scanned["ticket"]) == (1, None)
    assert done["status"] == 2
    assert done["scannedUserId"] == user["id"]
    assert user["openid"] == simulator.openid(person, appid)
    assert made["expiresIn"] == 120
    assert shop.introspect(user["token"])["active"] is True


def test_the_page_is_told_who_has_scanned_as_far_as_we_know_them(
    shop: Program, person: str
) -> None:
    shop.log_in(person)
    random, _ = shop.scan(person)

    assert shop.check(random)["userInfo"]["nickname"] == "林小满"


def test_check_never_carries_a_token(shop: Program, person: str) -> None:
    random, link = shop.scan(person)
    confirm(person, link)

    for _ in range(2):
        assert "eyJ" not in str(shop.check(random))


def test_the_picture_may_be_drawn_on_a_canvas_of_any_page(shop: Program) -> None:
    made = shop.generate()

    shown = requests.get(made["url"], headers={"Origin": ORIGIN}, timeout=20)

    assert shown.headers["Access-Control-Allow-Origin"] == "*"
    assert shown.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert made["random"] not in made["url"]
    assert read_picture(made["url"]).startswith("http")


def test_a_picture_of_nothing_is_not_there(shop: Program, person: str) -> None:
    random, _ = shop.scan(person)
    scanned = shop.generate()["url"]
    change(shop, random, expires_at=clock.now() - timedelta(seconds=1))

    unknown = scanned[: -len("0" * 32 + ".png")] + "0" * 32 + ".png"
    assert requests.get(unknown, timeout=20).status_code == 404


@pytest.mark.parametrize(
    "policy", [ConfirmPolicy.NUMBER, ConfirmPolicy.FIRST_TIME, ConfirmPolicy.TAP]
)
def test_the_phone_names_the_application_and_asks_for_a_tap(
    installation: Installation, person: str, policy: ConfirmPolicy
) -> None:
    program = Program(installation, confirm=policy)

    for _ in range(2):
        random, link = program.scan(person)
        page = Phone(person).open(link)
        assert "书店 App" in page.text
        assert 'name="number"' not in page.text
        assert program.check(random)["status"] == 1
        confirm(person, link)
        assert program.check(random)["status"] == 2


def test_where_the_owner_wants_no_confirmation_a_scan_is_enough(
    installation: Installation, person: str
) -> None:
    program = Program(installation, confirm=ConfirmPolicy.NEVER)
    made = program.generate()
    installation.simulator.scan(person, read_picture(made["url"]), follow=True)

    assert program.check(made["random"])["status"] == 2


def test_who_declines_cancels(shop: Program, person: str) -> None:
    random, link = shop.scan(person)
    confirm(person, link, "decline")

    assert shop.check(random)["status"] == 3


def test_a_qr_that_nobody_scanned_expires(shop: Program) -> None:
    random = shop.generate()["random"]
    change(shop, random, expires_at=clock.now() - timedelta(minutes=1))

    assert shop.check(random)["status"] == -1


def test_an_unknown_random_is_authings_2241(shop: Program) -> None:
    for unknown in (a_random(), "x", "", "%00" * 64, "7" * 65):
        answer = shop.call("GET", f"check?random={unknown}")
        assert answer.status_code == 200
        assert answer.json()["code"] == 2241
        assert answer.json()["message"] == "二维码不存在"


def test_the_scan_of_another_application_does_not_exist(
    installation: Installation, shop: Program, person: str
) -> None:
    other = Program(installation)
    random, link = shop.scan(person)
    confirm(person, link)
    ticket = shop.check(random)["ticket"]

    assert other.call("GET", f"check?random={random}").json()["code"] == 2241
    assert other.exchange(ticket).json()["data"] == {"error": "ticket_invalid"}
    assert shop.exchange(ticket).json()["code"] == 200


def test_the_id_without_its_secret_is_worth_nothing(shop: Program, person: str) -> None:
    random, link = shop.scan(person)
    confirm(person, link)

    assert shop.call("GET", f"check?random={random[:32]}{a_random()[:32]}").json()["code"] == 2241


def test_a_ticket_is_good_once(shop: Program, person: str) -> None:
    random, link = shop.scan(person)
    confirm(person, link)
    ticket = shop.check(random)["ticket"]
    again = shop.check(random)["ticket"]

    first, second = shop.exchange(ticket), shop.exchange(ticket)

    assert again == ticket
    assert first.json()["code"] == 200
    assert second.json()["data"] == {"error": "ticket_invalid"}
    assert shop.check(random)["ticket"] is None


def test_a_ticket_is_good_for_300_seconds(shop: Program, person: str) -> None:
    random, link = shop.scan(person)
    confirm(person, link)
    ticket = shop.check(random)["ticket"]
    change(shop, random, claimed_at=clock.now() - timedelta(seconds=299))
    assert shop.check(random)["ticket"] == ticket
    change(shop, random, claimed_at=clock.now() - timedelta(seconds=301))

    assert shop.check(random)["status"] == -1
    assert shop.exchange(ticket).json()["data"] == {"error": "ticket_invalid"}


@pytest.mark.parametrize("ticket", ["", "x", None, 7, ["x"], "0" * 75, "\ud800"])
def test_a_ticket_that_nobody_was_given_is_refused(shop: Program, ticket: Any) -> None:
    answer = shop.exchange(ticket)

    assert answer.status_code == 200
    assert answer.json()["code"] in {400, 401}


def test_the_ticket_and_the_random_open_no_door_of_ours(shop: Program, person: str) -> None:
    random, link = shop.scan(person)
    confirm(person, link)
    watcher = Browser()

    claimed = watcher.post(
        f"{shop.url}/login/attempts/{random[:32]}/claim",
        headers={"X-Requested-With": "wechatlogin"},
        timeout=20,
    )

    assert watcher.get(f"{shop.url}/login/attempts/{random[:32]}", timeout=20).status_code == 404
    assert claimed.status_code == 404


@pytest.mark.parametrize("path", ["gene", "check", "userinfo"])
def test_a_registered_origin_may_ask_and_read_with_credentials(shop: Program, path: str) -> None:
    method = "GET" if path == "check" else "POST"
    asks = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": HEADERS,
    }
    preflight = requests.options(f"{shop.url}/api/v2/qrcode/{path}", headers=asks, timeout=20)
    answer = shop.call(method, path, json={"ticket": "x", "scene": "WECHATMP_AUTH"})

    allowed = preflight.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert preflight.ok
    assert set(HEADERS.split(",")) == set(allowed)
    assert method in preflight.headers["Access-Control-Allow-Methods"]
    for response in (preflight, answer):
        assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert response.headers["Access-Control-Allow-Credentials"] == "true"
        assert "Origin" in response.headers["Vary"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        f"{ORIGIN}.evil.example",
        "https://evilshop.example",
        "http://shop.example",
        f"{ORIGIN}:8443",
        f"{ORIGIN}/",
        "HTTPS://SHOP.EXAMPLE",
        "*",
    ],
)
def test_no_other_origin_may_ask_or_read(shop: Program, person: str, origin: str) -> None:
    ticket = shop.ticket(person)
    preflight = requests.options(
        f"{shop.url}/api/v2/qrcode/gene",
        headers={"Origin": origin, "Access-Control-Request-Method": "POST"},
        timeout=20,
    )
    answers = [
        shop.call("POST", "gene", origin=origin, json={"scene": "WECHATMP_AUTH"}),
        shop.call("GET", f"check?random={a_random()}", origin=origin),
        shop.exchange(ticket, origin=origin),
    ]

    for response in (preflight, *answers):
        assert not [name for name in response.headers if name.startswith("Access-Control-")]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert shop.exchange(ticket).json()["code"] == 200


def test_an_origin_is_good_for_its_own_application_alone(
    installation: Installation, shop: Program
) -> None:
    other = Program(installation, origins=("https://other.example",))

    refused = shop.call(
        "POST", "gene", origin="https://other.example", json={"scene": "WECHATMP_AUTH"}
    )

    assert refused.status_code == 403
    assert "Access-Control-Allow-Origin" not in refused.headers
    assert other.call(
        "POST", "gene", origin="https://other.example", json={"scene": "WECHATMP_AUTH"}
    ).ok


def test_a_server_asks_without_an_origin(shop: Program, person: str) -> None:
    ticket = shop.ticket(person)

    by_pool = {"x-authing-app-id": "", "x-authing-userpool-id": shop.client_id}
    answer = shop.exchange(ticket, origin=None, headers=by_pool)

    assert answer.json()["code"] == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"scene": "APP_AUTH"}, "parameter_wrong"),
        ({"scene": "WXAPP_AUTH"}, "parameter_wrong"),
        ({}, "parameter_wrong"),
        ([], "invalid_request"),
        ({"scene": ["WECHATMP_AUTH"]}, "invalid_request"),
        ({"scene": "WECHATMP_AUTH", "extIdpConnId": "no-such"}, "appid_refused"),
    ],
)
def test_an_odd_request_is_said_in_the_envelope(shop: Program, body: Any, error: str) -> None:
    answer = shop.call("POST", "gene", json=body)

    assert (answer.status_code, answer.json()["code"]) == (200, 400)
    assert answer.json()["data"] == {"error": error}


def test_whatever_else_the_sdk_sends_along_is_taken(shop: Program) -> None:
    more = {"params": {"a": [1]}, "context": {"b": None}, "withCustomData": True}

    assert shop.generate(extIdpConnId=shop.identifier, **more)["random"]


def test_an_application_has_to_be_named(shop: Program) -> None:
    for nobody in ("", "nobody-has-it", "no such"):
        named = {"x-authing-app-id": nobody}
        by_server = shop.call("GET", "check?random=x", headers=named, origin=None)
        by_page = shop.call("GET", "check?random=x", headers=named)
        assert by_server.json()["data"] == {"error": "application_unknown"}
        assert by_page.status_code == 403


def test_an_account_without_qrs_of_its_own_is_scanned_by_our_address(install: Installer) -> None:
    installation = install()
    installation.simulator.fault("/cgi-bin/qrcode/create", "errcode", errcode=45009)
    program = Program(installation)
    person = installation.simulator.add_person()
    made = program.generate()

    phone = Phone(person)
    page = phone.open(read_picture(made["url"]))
    phone.submit(page, decision="confirm")

    assert program.check(made["random"])["status"] == 2


def test_an_account_that_has_its_chat_alone_cannot_be_scanned(install: Installer) -> None:
    installation = install(kind=AppKind.PERSONAL)
    program = Program(installation)

    answer = program.call("POST", "gene", json={"scene": "WECHATMP_AUTH"})

    assert answer.status_code == 501
    assert answer.json()["data"] == {"error": "right_missing"}
