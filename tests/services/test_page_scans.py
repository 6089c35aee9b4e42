"""A scan on another site's page, moment by moment, on each of the three databases."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import select

from tests.servers import Account, Simulator
from tests.stories import a_browser
from wechatlogin.config import ConfirmPolicy
from wechatlogin.errors import (
    ApplicationDisabled,
    ApplicationUnknown,
    AttemptDeclined,
    AttemptNotFound,
    AttemptNotReady,
    OriginUnknown,
    RightMissing,
    TicketInvalid,
)
from wechatlogin.extensions import db
from wechatlogin.models import Application, AuditEntry, AuditTag, Session, Status, WeChatAppRow
from wechatlogin.services import (
    accounts,
    application_users,
    applications,
    attempts,
    confirmations,
    logins,
    page_scans,
    qr_scans,
    scan_tickets,
    wechat_apps,
)
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.page_scans import OwnScan, ScanBegun
from wechatlogin.services.site import Site
from wechatlogin.services.wechat_apps import NewWeChatApp
from wechatlogin.wechat.app import AppKind, Platform
from wechatlogin.wechat.http import WeChatHTTP

NOW = datetime(2026, 11, 21, 3, 4, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ORIGIN = "https://shop.example.com"
OPENID = "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"


@pytest.fixture
def site(storage: Site, simulator: Simulator) -> Site:
    """The site on each database, with the simulator for WeChat."""
    platform = Platform(open_url=simulator.url, api_url=simulator.url, mp_url=simulator.url)
    return dataclasses.replace(storage, http=WeChatHTTP(platform))


@pytest.fixture
def row(site: Site, simulator: Simulator) -> WeChatAppRow:
    account = Account()
    nowhere = "http://127.0.0.1:9/"
    simulator.add_app(account, host="a.example", callback_url=nowhere, skip_url_check=True)
    secret = SecretStr(account.secret)
    new = NewWeChatApp(account.appid, secret, AppKind.SERVICE, "晨光书店")
    return wechat_apps.save(site.vault, new, now=NOW)


@pytest.fixture
def shop(site: Site, row: WeChatAppRow) -> Application:
    return an_application(site)


def an_application(site: Site, confirm: ConfirmPolicy = ConfirmPolicy.TAP) -> Application:
    new = NewApplication("书店", origins=(ORIGIN,), confirm=confirm)
    return applications.verify(applications.create(site.vault, new, now=NOW).client_id)


def begin(site: Site, shop: Application, now: datetime = NOW) -> ScanBegun:
    return page_scans.begin(site, shop, ORIGIN, browser=a_browser("", name="macOS"), now=now)


def look(site: Site, begun: ScanBegun, now: datetime = NOW, origin: str = ORIGIN) -> OwnScan:
    return page_scans.verify_own(site, db.engine, begun.scan_id, origin, now=now)


def scan(site: Site, row: WeChatAppRow, begun: ScanBegun, now: datetime = NOW) -> str:
    attempt = attempts.get(begun.scan_id[:32])
    assert attempt is not None
    scanned = qr_scans.scanned_by_push(site, row, scene=attempt.scene, openid=OPENID, now=now)
    assert scanned.confirm_url is not None
    return scanned.confirm_url.rsplit("/", 1)[1]


def get_ticket(site: Site, row: WeChatAppRow, shop: Application) -> str:
    """Return a ticket that was claimed at `NOW`."""
    begun = begin(site, shop)
    confirmations.choose(site, scan(site, row, begun), None, now=NOW)
    return page_scans.claim(site, look(site, begun), now=NOW).ticket.get_secret_value()


def test_from_the_qr_to_the_person(site: Site, row: WeChatAppRow, shop: Application) -> None:
    begun = begin(site, shop)
    before = look(site, begun).status.status
    token = scan(site, row, begun)
    scanned = look(site, begun).status.status
    confirmations.choose(site, token, None, now=NOW)
    confirmed = look(site, begun).status.status

    claimed = page_scans.claim(site, look(site, begun), now=NOW)
    ticket = claimed.ticket.get_secret_value()
    visitor = page_scans.exchange(site, shop, ticket, now=NOW)

    assert (before, scanned, confirmed) == (Status.PENDING, Status.SCANNED, Status.CONFIRMED)
    assert begun.lifetime == timedelta(seconds=site.settings.scan_seconds)
    assert claimed.lifetime == scan_tickets.LIFETIME
    identity = accounts.get_identity(row.appid, OPENID)
    assert identity is not None
    assert visitor.user_id == identity.user_id
    assert application_users.get(shop.id, visitor.user_id) is not None
    tags = list(db.session.scalars(select(AuditEntry.tag)))
    assert tags.count(AuditTag.USER_LOGIN) == 1
    assert list(db.session.scalars(select(Session))) == []


def test_the_number_is_kept_since_the_page_can_show_it(site: Site, row: WeChatAppRow) -> None:
    begun = begin(site, an_application(site, ConfirmPolicy.NUMBER))
    token = scan(site, row, begun)

    number = look(site, begun).status.number

    assert number is not None
    with pytest.raises(AttemptDeclined):
        confirmations.choose(site, token, number + 1, now=NOW)


def test_a_ticket_is_good_for_300_seconds(site: Site, row: WeChatAppRow, shop: Application) -> None:
    first, second = get_ticket(site, row, shop), get_ticket(site, row, shop)

    page_scans.exchange(site, shop, first, now=NOW + 299 * SECOND)

    with pytest.raises(TicketInvalid):
        page_scans.exchange(site, shop, second, now=NOW + 300 * SECOND)


def test_a_ticket_is_good_once_however_many_show_it_at_the_same_time(
    site: Site, row: WeChatAppRow, shop: Application, stored_app: Flask
) -> None:
    ticket, client_id = get_ticket(site, row, shop), shop.client_id
    db.session.commit()

    def exchange(_: int) -> bool:
        with stored_app.app_context():
            try:
                page_scans.exchange(site, applications.verify(client_id), ticket, now=NOW)
            except TicketInvalid:
                return False
            finally:
                db.session.remove()
            return True

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(exchange, range(8)))

    assert outcomes.count(True) == 1


def test_the_page_whose_answer_was_lost_is_given_the_same_ticket_for_a_minute(
    site: Site, row: WeChatAppRow, shop: Application
) -> None:
    begun = begin(site, shop)
    confirmations.choose(site, scan(site, row, begun), None, now=NOW)

    first = page_scans.claim(site, look(site, begun), now=NOW)
    again = page_scans.claim(site, look(site, begun), now=NOW + 59 * SECOND)

    assert again.ticket == first.ticket
    assert first.lifetime - again.lifetime == 59 * SECOND


def test_nobody_is_handed_over_before_the_phone_has_confirmed(
    site: Site, row: WeChatAppRow, shop: Application
) -> None:
    begun = begin(site, shop)
    with pytest.raises(AttemptNotReady):
        page_scans.claim(site, look(site, begun), now=NOW)
    token = scan(site, row, begun)
    with pytest.raises(AttemptNotReady):
        page_scans.claim(site, look(site, begun), now=NOW)
    confirmations.decline(site, token, now=NOW)

    with pytest.raises(AttemptDeclined):
        page_scans.claim(site, look(site, begun), now=NOW)


def test_another_application_cannot_use_a_ticket_and_does_not_spend_it(
    site: Site, row: WeChatAppRow, shop: Application
) -> None:
    ticket, other = get_ticket(site, row, shop), an_application(site)

    with pytest.raises(TicketInvalid):
        page_scans.exchange(site, other, ticket, now=NOW)

    assert page_scans.exchange(site, shop, ticket, now=NOW).user_id


def test_an_id_is_worth_nothing_to_another_origin(
    site: Site, row: WeChatAppRow, shop: Application
) -> None:
    begun = begin(site, shop)
    forged = dataclasses.replace(begun, scan_id=begun.scan_id[:32] + "0" * 32)

    for one, origin in ((begun, f"{ORIGIN}:8443"), (begun, "null"), (forged, ORIGIN)):
        with pytest.raises(AttemptNotFound):
            look(site, one, origin=origin)


def test_the_id_opens_no_session_of_ours(site: Site, row: WeChatAppRow, shop: Application) -> None:
    begun = begin(site, shop)
    confirmations.choose(site, scan(site, row, begun), None, now=NOW)
    attempt_id, secret = begun.scan_id[:32], begun.scan_id[32:]

    for cookie in (secret, begun.scan_id):
        with pytest.raises(AttemptNotFound):
            logins.claim(site, attempt_id, a_browser(cookie), now=NOW)


def test_whose_pages_may_begin(site: Site, shop: Application) -> None:
    assert page_scans.verify_application(shop.client_id, ORIGIN).id == shop.id

    with pytest.raises(ApplicationUnknown):
        page_scans.verify_application("nobody-knows-it", ORIGIN)
    for origin in ("", "null", ORIGIN + "/", ORIGIN.upper(), "http://shop.example.com"):
        with pytest.raises(OriginUnknown):
            page_scans.verify_application(shop.client_id, origin)
    applications.save_disabled(shop, is_disabled=True, now=NOW)
    with pytest.raises(ApplicationDisabled):
        page_scans.verify_application(shop.client_id, ORIGIN)


def test_an_account_that_has_only_a_chat_has_no_code_to_show(site: Site) -> None:
    secret = SecretStr("s" * 32)
    new = NewWeChatApp("wx0000000000000001", secret, AppKind.PERSONAL, "晨光书店")
    wechat_apps.save(site.vault, new, now=NOW)

    with pytest.raises(RightMissing):
        begin(site, an_application(site))


def test_a_person_who_is_gone_is_not_handed_over(
    site: Site, row: WeChatAppRow, shop: Application
) -> None:
    ticket = get_ticket(site, row, shop)
    accounts.erase_identity(row.appid, OPENID, now=NOW)

    with pytest.raises(TicketInvalid):
        page_scans.exchange(site, shop, ticket, now=NOW)


@pytest.fixture(scope="module")
def empty(stored_app: Flask) -> Flask:
    return stored_app


@given(text=st.text() | st.from_regex(r"[0-9a-f]{32}[A-Za-z0-9_-]{43}", fullmatch=True))
def test_what_is_no_ticket_is_refused_whatever_it_is(empty: Flask, text: str) -> None:
    with empty.app_context():
        site: Site = empty.extensions["wechatlogin"]
        with pytest.raises(TicketInvalid):
            page_scans.exchange(site, Application(id=1), text, now=NOW)
        with pytest.raises(AttemptNotFound):
            page_scans.verify_own(site, db.engine, text, ORIGIN, now=NOW)
