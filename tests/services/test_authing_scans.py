"""Scans of Authing's SDKs, on each database: a ticket is one person's session, and only one."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from tests.stories import a_browser, an_account, an_identity
from wechatlogin.errors import AttemptNotFound, TicketInvalid
from wechatlogin.extensions import db
from wechatlogin.models import Application, Attempt, Session, Status, Way
from wechatlogin.services import applications, attempts, authing_scans, authing_tokens
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.authing_scans import ScanStatus
from wechatlogin.services.errand import Errand
from wechatlogin.services.site import Browser, Site
from wechatlogin.vault import sha256_hex

NOW = datetime(2026, 11, 21, 3, 4, 5, tzinfo=UTC)
SECRET = "5" * 32
HERE = Browser(binding="", is_bound=True, name="Windows · Edge", ip="203.0.113.7")


@pytest.fixture
def application(storage: Site) -> Application:
    new = NewApplication("书店", keeps_secret=True)
    return applications.verify(applications.create(storage.vault, new, now=NOW).client_id)


@pytest.fixture
def random(storage: Site, application: Application) -> str:
    """What a page asks by, of a scan that its person has confirmed."""
    row = an_account(storage, now=NOW)
    identity = an_identity(row, "o-lin", now=NOW)
    binding = storage.vault.derive_token("authing scan", application.client_id, SECRET)
    attempt = attempts.start(
        attempts.NewAttempt(
            way=Way.SCAN,
            errand=Errand(application=application),
            binding_hash=sha256_hex(binding),
            browser=HERE.name,
            ip=HERE.ip,
            lifetime=timedelta(seconds=120),
            scene=attempts.new_scene(),
            appid=row.appid,
        ),
        now=NOW,
    )
    attempts.confirm(attempt.id, identity.openid, user_id=identity.user_id, now=NOW)
    return attempt.id + SECRET


def ticket_of(site: Site, application: Application, random: str, now: datetime = NOW) -> str:
    ticket = authing_scans.look(site, application, random, now=now).ticket
    assert ticket is not None
    return ticket.get_secret_value()


def count_sessions() -> int:
    return db.session.scalar(select(func.count()).select_from(Session)) or 0


def test_a_ticket_becomes_one_session_of_the_program(
    storage: Site, application: Application, random: str
) -> None:
    ticket = ticket_of(storage, application, random)
    before = count_sessions()

    user = authing_scans.exchange(storage, application, ticket, browser=HERE, now=NOW)
    with pytest.raises(TicketInvalid):
        authing_scans.exchange(storage, application, ticket, browser=HERE, now=NOW)

    [session] = db.session.scalars(select(Session))
    verified = authing_tokens.verify(storage, user.token.get_secret_value(), now=NOW)
    assert before == 0
    assert session.application_id == application.id
    assert session.expires_at == NOW + timedelta(days=15)
    assert verified.user_id == user.user_id == session.user_id
    assert user.logins_count == 1


def test_a_token_sleeps_up_to_its_end_and_no_longer(
    storage: Site, application: Application, random: str
) -> None:
    ticket = ticket_of(storage, application, random)
    user = authing_scans.exchange(storage, application, ticket, browser=HERE, now=NOW)
    token, ends = user.token.get_secret_value(), NOW + timedelta(days=15)

    assert authing_tokens.verify(storage, token, now=ends - timedelta(seconds=1))
    with pytest.raises(Exception, match="登录凭证无效"):
        authing_tokens.verify(storage, token, now=ends)


def test_a_confirmation_in_the_last_second_is_still_good(
    storage: Site, application: Application, random: str
) -> None:
    later = NOW + timedelta(seconds=125)

    ticket = ticket_of(storage, application, random, later)

    much_later = later + timedelta(seconds=299)
    assert authing_scans.exchange(storage, application, ticket, browser=HERE, now=much_later)


def test_what_the_page_did_not_ask_for_in_time_has_expired(
    storage: Site, application: Application, random: str
) -> None:
    known = authing_scans.look(storage, application, random, now=NOW + timedelta(seconds=131))

    assert (known.status, known.ticket) == (ScanStatus.EXPIRED, None)


def test_a_failure_says_why(storage: Site, application: Application, random: str) -> None:
    attempt = db.session.get(Attempt, random[:32])
    assert attempt is not None
    attempt.status, attempt.failure = Status.FAILED, "follow_unknowable"
    db.session.commit()

    known = authing_scans.look(storage, application, random, now=NOW)

    assert (known.status, known.reason) == (ScanStatus.FAILED, "follow_unknowable")


def test_the_attempt_of_a_browser_is_not_one_of_a_page(
    storage: Site, application: Application, random: str
) -> None:
    browser = a_browser()
    attempt = attempts.start(
        attempts.NewAttempt(
            way=Way.SCAN,
            errand=Errand(application=application),
            binding_hash=browser.binding_hash,
            browser=browser.name,
            ip=None,
            lifetime=timedelta(seconds=120),
            scene=attempts.new_scene(),
        ),
        now=NOW,
    )

    with pytest.raises(AttemptNotFound):
        authing_scans.look(storage, application, attempt.id + SECRET, now=NOW)
