"""Bans: at every door the same, and nothing that was issued before outlives one."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select

from tests.services.one_person import an_app
from tests.stories import BINDING, a_browser, a_user, an_account, an_identity, start_attempt
from wechatlogin.errors import UserBanned, UserUnknown
from wechatlogin.extensions import db
from wechatlogin.models import (
    AuditEntry,
    AuditTag,
    Identity,
    LogoutNotice,
    MergeReason,
    Purpose,
    Session,
    User,
    Way,
)
from wechatlogin.models.transaction import write
from wechatlogin.services import (
    applications,
    attempts,
    authing_scans,
    bans,
    code_login,
    codes,
    linking,
    logins,
    merging,
    page_scans,
    scan_tickets,
    sessions,
    wechat_server,
)
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.audit import COMMAND_LINE
from wechatlogin.services.scan_tickets import Door
from wechatlogin.services.site import Site
from wechatlogin.services.users import resolve_user_id

NOW = datetime(2026, 11, 21, 3, 4, 5, tzinfo=UTC)
WEEK = timedelta(days=7)


@pytest.fixture
def identity(storage: Site) -> Identity:
    """A person whom the only account knows."""
    return an_identity(an_account(storage, now=NOW), "o-lin", now=NOW)


def start_session(user_id: str, token: str = "token") -> Session:
    owner = sessions.Owner(user_id=user_id)
    return sessions.start(token, owner, browser=a_browser(), way="scan", lifetime=WEEK, now=NOW)


def count_sessions() -> int:
    return len(db.session.scalars(select(Session.public_id)).all())


def confirmed(identity: Identity, **more: object) -> str:
    attempt = start_attempt(now=NOW, way=Way.SCAN, appid=identity.appid, **more)
    attempts.confirm(attempt.id, identity.openid, user_id=identity.user_id, now=NOW)
    return attempt.id


def test_a_ban_ends_every_session_at_once_and_tells_the_programs(
    storage: Site, identity: Identity
) -> None:
    told_at = "https://shop.example/logout"
    new = NewApplication("书店", backchannel_logout_uri=told_at)
    made = applications.create(storage.vault, new, now=NOW)
    browser = start_session(identity.user_id)
    program = applications.verify(made.client_id)
    sessions.start_child("child", browser.key_hash, program, expires_at=NOW + WEEK, now=NOW)
    start_session(a_user(NOW), "of somebody else")

    assert bans.ban(identity.user_id, by=COMMAND_LINE, reason="spam", now=NOW)

    assert count_sessions() == 1
    notices = db.session.scalars(select(LogoutNotice)).all()
    assert [notice.application_id for notice in notices] == [program.id]
    noted = select(AuditEntry).where(AuditEntry.tag == AuditTag.USER_BANNED)
    entry = db.session.scalars(noted).one()
    assert (entry.user_id, entry.actor) == (identity.user_id, COMMAND_LINE.name)
    assert (entry.before, entry.after) == ({"banned": False}, {"banned": True})
    assert entry.detail == "spam"


def test_no_session_starts_for_a_banned_person_until_they_are_unbanned(
    storage: Site, identity: Identity
) -> None:
    bans.ban(identity.user_id, by=COMMAND_LINE, now=NOW)
    with pytest.raises(UserBanned):
        start_session(identity.user_id)

    assert bans.unban(identity.user_id, by=COMMAND_LINE, now=NOW)

    assert start_session(identity.user_id).user_id == identity.user_id


def test_a_second_ban_is_none(storage: Site, identity: Identity) -> None:
    user_id = identity.user_id

    assert not bans.unban(user_id, by=COMMAND_LINE, now=NOW)
    assert bans.ban(user_id, by=COMMAND_LINE, now=NOW)
    assert not bans.ban(user_id, by=COMMAND_LINE, now=NOW + WEEK)
    assert db.session.get_one(User, user_id, populate_existing=True).banned_at == NOW


@pytest.mark.parametrize("change", [bans.ban, bans.unban])
def test_nobody_cannot_be_banned(storage: Site, change: Callable[..., bool]) -> None:
    with pytest.raises(UserUnknown):
        change("nobody", by=COMMAND_LINE, now=NOW)


def test_a_confirmed_attempt_gives_a_banned_person_nothing(
    storage: Site, identity: Identity
) -> None:
    attempt_id = confirmed(identity)
    bans.ban(identity.user_id, by=COMMAND_LINE, now=NOW)

    with pytest.raises(UserBanned):
        logins.claim(storage, attempt_id, a_browser(), now=NOW)

    assert count_sessions() == 0
    assert db.session.get_one(User, identity.user_id).last_login_at is None


def test_a_code_logs_no_banned_person_in(storage: Site, identity: Identity) -> None:
    digits = codes.issue(storage, identity, now=NOW).digits.get_secret_value()
    bans.ban(identity.user_id, by=COMMAND_LINE, now=NOW)

    with pytest.raises(UserBanned):
        code_login.log_in(storage, a_browser(), digits, now=NOW)

    assert count_sessions() == 0


def test_a_program_is_told_no_openid_of_a_banned_person(storage: Site, identity: Identity) -> None:
    made = applications.create(storage.vault, NewApplication("one-api"), now=NOW)
    digits = codes.issue(storage, identity, now=NOW).digits.get_secret_value()
    bans.ban(identity.user_id, by=COMMAND_LINE, now=NOW)

    with pytest.raises(UserBanned):
        wechat_server.identify(storage, applications.verify(made.client_id), digits, now=NOW)


@pytest.mark.parametrize("door", [Door.OURS, Door.AUTHING], ids=["ours", "authing"])
def test_no_ticket_is_exchanged_for_a_banned_person(
    storage: Site, identity: Identity, door: Door
) -> None:
    made = applications.create(storage.vault, NewApplication("书店"), now=NOW)
    application = applications.verify(made.client_id)
    attempt_id = confirmed(identity, application=application)
    claimed, _ = attempts.claim(attempt_id, binding_hash=BINDING, now=NOW)
    ticket = scan_tickets.issue(storage, door, claimed).get_secret_value()
    exchange = {
        Door.OURS: partial(page_scans.exchange, storage, application, ticket, now=NOW),
        Door.AUTHING: partial(
            authing_scans.exchange, storage, application, ticket, browser=a_browser(), now=NOW
        ),
    }
    bans.ban(identity.user_id, by=COMMAND_LINE, now=NOW)

    with pytest.raises(UserBanned):
        exchange[door]()

    assert count_sessions() == 0


def test_a_banned_identity_is_added_to_no_account(storage: Site, identity: Identity) -> None:
    somebody = a_user(NOW)
    attempt_id = confirmed(identity, purpose=Purpose.LINK, link_user_id=somebody)
    bans.ban(identity.user_id, by=COMMAND_LINE, now=NOW)

    with write(), pytest.raises(UserBanned):
        linking.link(attempts.get(attempt_id), now=NOW)  # type: ignore[arg-type]

    assert resolve_user_id(somebody) == somebody


@pytest.mark.parametrize("is_banned_one_older", [True, False])
def test_a_merge_bans_the_person_whichever_user_was_banned(
    storage: Site, is_banned_one_older: bool
) -> None:
    first = an_identity(an_app(storage, 1), "o-1", now=NOW).user_id
    second = an_identity(an_app(storage, 2), "o-2", now=NOW + WEEK).user_id
    banned, other = (first, second) if is_banned_one_older else (second, first)
    bans.ban(banned, by=COMMAND_LINE, now=NOW)
    start_session(other)

    merge = merging.combine(first, second, reason=MergeReason.LINKED, now=NOW)

    assert merge is not None
    assert merge.state == "merged"
    assert count_sessions() == 0
    with pytest.raises(UserBanned):
        start_session(first)
    merging.undo(merge.id, by=COMMAND_LINE, now=NOW)
    for user_id in (first, second):
        with pytest.raises(UserBanned):
            start_session(user_id)


def test_whom_somebody_was_merged_into_is_banned_by_either_id(storage: Site) -> None:
    first = an_identity(an_app(storage, 1), "o-1", now=NOW).user_id
    second = an_identity(an_app(storage, 2), "o-2", now=NOW + WEEK).user_id
    merging.combine(first, second, reason=MergeReason.LINKED, now=NOW)

    bans.ban(second, by=COMMAND_LINE, now=NOW)

    with pytest.raises(UserBanned):
        start_session(first)
