"""Beginnings of stories about one person whom two WeChat apps know."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy import func, select, update

from tests.stories import a_browser, an_account, start_attempt
from wechatlogin.config import ConfirmPolicy
from wechatlogin.extensions import db
from wechatlogin.models import (
    Application,
    Attempt,
    AuditEntry,
    Identity,
    Merge,
    Purpose,
    Way,
    WeChatAppRow,
)
from wechatlogin.models.transaction import write
from wechatlogin.services import (
    accounts,
    applications,
    attempts,
    confirmations,
    logins,
    merge_records,
    qr_scans,
)
from wechatlogin.services.accounts import Sighting
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.audit import Actor
from wechatlogin.services.logins import Login
from wechatlogin.services.site import Browser, Site

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
MUCH_LATER = NOW + timedelta(days=30)
UNIONID = "o-one-person"
#: An operator.
LI = Actor("li", "198.51.100.9")


def an_app(site: Site, number: int, *, group: str | None = "shop") -> WeChatAppRow:
    row = an_account(site, now=NOW, appid=f"wx{number:016d}")
    with write() as session:
        session.execute(
            update(WeChatAppRow).where(WeChatAppRow.id == row.id).values(open_platform_group=group)
        )
    return row


def see(
    row: WeChatAppRow, openid: str, unionid: str | None = UNIONID, *, now: datetime = NOW
) -> Identity:
    return accounts.find_or_create_identity(row, Sighting(openid, unionid=unionid), now=now)


def log_in(
    site: Site,
    identity: Identity,
    *,
    application: Application | None = None,
    now: datetime = NOW,
    secret: str = "a browser",
) -> str:
    """Log an identity in and return the session's token."""
    browser = a_browser(secret)
    attempt = start_attempt(
        binding_hash=browser.binding_hash, appid=identity.appid, application=application, now=now
    )
    attempts.confirm(attempt.id, identity.openid, user_id=identity.user_id, now=now)
    return logins.claim(site, attempt.id, browser, now=now).session_token.get_secret_value()


def an_application(site: Site, name: str = "shop") -> Application:
    made = applications.create(site.vault, NewApplication(name), now=NOW)
    return applications.verify(made.client_id)


def two_users(service: WeChatAppRow, website: WeChatAppRow) -> tuple[Identity, Identity]:
    """Return two identities of one person, whose unionid is not known yet."""
    return see(service, "o-s", None), see(website, "o-w", None, now=LATER)


def proposed(site: Site, service: WeChatAppRow, website: WeChatAppRow) -> Merge:
    """Return a merge that waits, because an application knows both users."""
    application = an_application(site)
    for identity in two_users(service, website):
        log_in(site, identity, application=application)
    see(service, "o-s")
    see(website, "o-w")
    return merge_records.get_waiting()[0]


def merged(site: Site, service: WeChatAppRow, website: WeChatAppRow) -> Merge:
    """Return a merge of the website's user into the service account's, who has logged in."""
    first, _ = two_users(service, website)
    log_in(site, first)
    see(service, "o-s")
    see(website, "o-w", now=LATER)
    return db.session.scalars(select(Merge)).one()


def count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def tags() -> list[str]:
    return list(db.session.scalars(select(AuditEntry.tag).order_by(AuditEntry.id)))


def logged_in(site: Site, identity: Identity, secret: str = "lin's desktop") -> Browser:
    """Log a person in and return their browser."""
    token = log_in(site, identity, secret=secret)
    return a_browser(secret, session_token=token)


def start_adding(browser: Browser, user_id: str, row: WeChatAppRow) -> Attempt:
    return start_attempt(
        way=Way.SCAN,
        purpose=Purpose.LINK,
        link_user_id=user_id,
        next_path="/account",
        confirm=ConfirmPolicy.TAP,
        binding_hash=browser.binding_hash,
        appid=row.appid,
        now=LATER,
    )


def confirm_on_phone(site: Site, row: WeChatAppRow, attempt: Attempt, openid: str) -> None:
    scanned = qr_scans.pin(site, row, attempt, sighting=Sighting(openid, follows=True), now=LATER)
    token = str(scanned.confirm_url).rsplit("/", 1)[1]
    confirmations.choose(site, token, None, now=LATER)


def add(site: Site, browser: Browser, user_id: str, row: WeChatAppRow, openid: str) -> Login:
    """Add the WeChat that this app knows by this openid."""
    attempt = start_adding(browser, user_id, row)
    confirm_on_phone(site, row, attempt, openid)
    return logins.claim(site, attempt.id, browser, now=LATER)


def openids(user_id: str) -> set[str]:
    return set(db.session.scalars(select(Identity.openid).where(Identity.user_id == user_id)))


def run_at_once(app: Flask, jobs: list[Callable[[], object]]) -> None:
    """Run each in a thread with an application context, and raise what one of them raises."""

    def run(job: Callable[[], object]) -> None:
        with app.app_context():
            job()
            db.session.remove()

    with ThreadPoolExecutor(len(jobs)) as pool:
        list(pool.map(run, jobs))
    db.session.expire_all()
