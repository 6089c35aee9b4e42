"""What is kept no longer goes, and nothing else; people, addresses and WeChats that unfollowed."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.stories import (
    a_browser,
    a_program,
    a_user,
    an_account,
    an_identity,
    settings_of,
    start_attempt,
)
from wechatlogin.config import UnfollowPolicy
from wechatlogin.extensions import Base, db
from wechatlogin.models import (
    Attempt,
    AuditEntry,
    AuditTag,
    AuthorizationRequest,
    Channel,
    Code,
    Identity,
    LogoutNotice,
    PlatformErrorCount,
    ReceivedMessage,
    RefreshToken,
    SendState,
    SentMessage,
    Session,
    User,
)
from wechatlogin.services import accounts, audit, bans, retention, sessions, timers, unfollowing
from wechatlogin.services.pace import FIRST
from wechatlogin.services.retention import RULES
from wechatlogin.services.site import Site

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
OLD = NOW - timedelta(days=2000)
YESTERDAY = NOW - timedelta(days=1)
#: So many that several units of writes are needed.
MANY = 4 * FIRST + 3


def add(*rows: Base) -> None:
    db.session.add_all(rows)
    db.session.commit()


def count(model: type[Base]) -> int:
    return db.session.scalar(db.select(db.func.count()).select_from(model)) or 0


def purged(site: Site, now: datetime = NOW) -> dict[str, int]:
    """Purge, and return what has gone; a dry run said the same before, but of addresses."""
    foretold = retention.count_due(site, now=now)
    done = retention.purge(site, now=now)
    assert [(one.name, one.count) for one in foretold[:-1]] == [
        (one.name, one.count) for one in done[:-1]
    ]
    return {one.name: one.count for one in done if one.count}


def a_session(user_id: str, *, at: datetime, days: int = 7, ip: str | None = None) -> Session:
    return sessions.start(
        secrets.token_urlsafe(8),
        sessions.Owner(user_id=user_id),
        browser=a_browser(ip=ip),
        way="scan",
        lifetime=timedelta(days=days),
        now=at,
    )


def a_message(at: datetime) -> ReceivedMessage:
    names = {name: secrets.token_hex(8) for name in ("dedupe_key", "signature", "body_hash")}
    return ReceivedMessage(appid="wx", kind="TextMessage", received_at=at, **names)


def a_sent_message(at: datetime) -> SentMessage:
    return SentMessage(
        appid="wx", channel=Channel.TEMPLATE, state=SendState.FAILED, created_at=at, updated_at=at
    )


def an_error(at: datetime) -> PlatformErrorCount:
    return PlatformErrorCount(
        appid="wx", hour=at, path="/x", code="x", errcode=0, count=1, first_at=at, last_at=at
    )


@pytest.mark.fault("C-34")
def test_of_everything_the_old_goes_and_the_young_stays(storage: Site) -> None:
    program, _ = a_program(storage, now=NOW)
    identity = an_identity(an_account(storage, now=NOW), "o-lin", now=NOW)
    db.session.execute(db.delete(AuditEntry))
    for at in (OLD, YESTERDAY):
        start_attempt(now=at)
        a_session(identity.user_id, at=at)
        audit.record(AuditTag.USER_LOGIN, user_id=identity.user_id, now=at)
        request = AuthorizationRequest(
            handle_hash=str(at),
            application_id=program.id,
            parameters={},
            is_pushed=False,
            created_at=at,
            expires_at=at + timedelta(minutes=30),
        )
        code = Code(
            purpose="login", identity_id=identity.id, nonce="n", created_at=at, expires_at=at
        )
        add(request, code, a_message(at), a_sent_message(at), an_error(at))
        for state in ({"delivered_at": at}, {"next_try_at": None}):
            names = {"subject": "s", "sid": secrets.token_hex(8)}
            notice = LogoutNotice(
                application_id=program.id, created_at=at, tries=5, **names, **state
            )
            add(notice)

    gone = purged(storage)

    assert gone == {
        "attempts": 1,
        "authorization_requests": 1,
        "sessions": 1,
        "codes": 1,
        "received_messages": 1,
        "sent_messages": 1,
        "audit": 1,
        "logout_notices": 2,
        "platform_errors": 1,
    }
    assert purged(storage) == {}


def test_a_notice_that_is_still_tried_stays(storage: Site) -> None:
    program, _ = a_program(storage, now=NOW)
    add(
        LogoutNotice(
            application_id=program.id,
            subject="s",
            sid="s",
            created_at=OLD,
            tries=1,
            next_try_at=NOW,
        )
    )

    assert purged(storage) == {}


def test_refresh_tokens_go_with_their_session_or_before(storage: Site) -> None:
    _, session = a_program(storage, now=YESTERDAY)
    for at in (OLD, NOW + timedelta(days=1)):
        add(
            RefreshToken(
                token_hash=str(at),
                session_key=session.key_hash,
                scope="openid",
                created_at=OLD,
                expires_at=at,
            )
        )

    assert purged(storage) == {"refresh_tokens": 1}
    retention.purge(storage, now=NOW + timedelta(days=60))
    assert count(RefreshToken) == 0


@pytest.mark.fault("C-35")
def test_more_than_one_batch_goes(storage: Site) -> None:
    add(*[a_message(OLD + timedelta(seconds=number)) for number in range(MANY)])

    assert purged(storage) == {"received_messages": MANY}


def test_zero_days_keep_everything(storage: Site) -> None:
    forever = settings_of(storage, **{rule.setting: 0 for rule in RULES}, ip_days=0)
    start_attempt(now=OLD)
    add(a_message(OLD))

    assert purged(forever) == {}


@pytest.mark.parametrize("days", [0, 400])
def test_people_are_deleted_only_if_the_owner_wants_it(storage: Site, days: int) -> None:
    row = an_account(storage, now=NOW)
    absent = an_identity(row, "o-absent", now=OLD).user_id
    accounts.note_login(absent, way="scan", ip=None, now=OLD)
    never = an_identity(row, "o-never", now=OLD).user_id
    recent = an_identity(row, "o-recent", now=OLD).user_id
    accounts.note_login(recent, way="scan", ip=None, now=YESTERDAY)
    visiting = an_identity(row, "o-visiting", now=OLD).user_id
    accounts.note_login(visiting, way="scan", ip=None, now=OLD)
    session = a_session(visiting, at=OLD, days=4000)
    session.last_seen_at = YESTERDAY
    banned = an_identity(row, "o-banned", now=OLD).user_id
    bans.ban(banned, by=audit.COMMAND_LINE, now=OLD)
    db.session.commit()

    retention.purge(settings_of(storage, people_days=days), now=NOW)

    left = set(db.session.scalars(db.select(User.id)))
    assert {recent, visiting, banned} <= left
    assert ({absent, never} & left == set()) is bool(days)


def an_unfollower(storage: Site, policy: UnfollowPolicy, at: datetime) -> tuple[Site, Identity]:
    site = settings_of(storage, unfollowed=policy)
    row = an_account(storage, now=OLD)
    identity = an_identity(row, "o-lin", now=OLD)
    a_session(identity.user_id, at=NOW)
    unfollowing.note(site, row, "o-lin", at=at, now=at)
    return site, identity


@pytest.mark.parametrize("policy", list(UnfollowPolicy))
def test_whoever_unfollows_is_logged_out_unless_they_are_kept(
    storage: Site, policy: UnfollowPolicy
) -> None:
    an_unfollower(storage, policy, YESTERDAY)

    assert count(Session) == (1 if policy is UnfollowPolicy.KEEP else 0)


@pytest.mark.parametrize("policy", list(UnfollowPolicy))
def test_whoever_has_not_come_back_is_erased_where_the_owner_wants_it(
    storage: Site, policy: UnfollowPolicy
) -> None:
    site, _ = an_unfollower(storage, policy, NOW - timedelta(days=31))

    retention.purge(site, now=NOW)

    assert count(User) == (0 if policy is UnfollowPolicy.ERASE else 1)


def test_whoever_unfollowed_lately_or_follows_again_stays(storage: Site) -> None:
    site, identity = an_unfollower(storage, UnfollowPolicy.ERASE, NOW - timedelta(days=29))
    retention.purge(site, now=NOW)
    assert count(User) == 1

    accounts.note_follow_event(
        identity.appid, "o-lin", follows=True, at=NOW, now=NOW + timedelta(days=1)
    )
    retention.purge(site, now=NOW + timedelta(days=6))
    assert count(Identity) == 1


def test_whoever_an_answer_says_has_left_has_the_same_time(storage: Site) -> None:
    site = settings_of(storage, unfollowed=UnfollowPolicy.ERASE)
    row = an_account(storage, now=OLD)
    an_identity(row, "o-lin", now=OLD)
    accounts.note_follow_event(row.appid, "o-lin", follows=True, at=OLD, now=OLD)
    # The event of the unfollowing was lost.
    accounts.note_follow_answer(row.appid, "o-lin", follows=False, now=NOW)

    retention.purge(site, now=NOW + timedelta(days=29))
    assert count(User) == 1

    retention.purge(site, now=NOW + timedelta(days=31))
    assert count(User) == 0


@pytest.mark.fault("C-11")
def test_an_event_that_comes_late_logs_nobody_out(storage: Site) -> None:
    row = an_account(storage, now=OLD)
    identity = an_identity(row, "o-lin", now=OLD)
    accounts.note_follow_event(row.appid, "o-lin", follows=True, at=NOW, now=NOW)
    a_session(identity.user_id, at=NOW)

    site = settings_of(storage, unfollowed=UnfollowPolicy.LOG_OUT)
    unfollowing.note(site, row, "o-lin", at=YESTERDAY, now=NOW)

    assert count(Session) == 1


def test_work_is_done_by_one_of_all_once_in_a_while(storage: Site) -> None:
    hour = timedelta(hours=1)

    claims = [
        timers.claim("purge", every=hour, now=NOW + late)
        for late in (timedelta(), timedelta(minutes=59), hour, hour)
    ]

    assert claims == [True, False, True, False]
    assert timers.get_done_at("purge") is None
    timers.note_done("purge", now=NOW)
    assert timers.get_done_at("purge") == NOW


def ips(model: type[Any]) -> list[str | None]:
    return sorted(db.session.scalars(db.select(model.ip)), key=str)


def test_old_addresses_lose_their_last_part_and_young_ones_do_not(storage: Site) -> None:
    user_id, old = a_user(NOW), NOW - timedelta(days=31)
    addresses = ("203.0.113.7", "2001:db8:1:2::3", "198.51.100.9", None)
    for at in (old, YESTERDAY):
        for ip in addresses:
            start_attempt(now=at, ip=ip)
            a_session(user_id, at=at, days=90, ip=ip)
            audit.record(AuditTag.USER_LOGIN, user_id=user_id, ip=ip, now=at)

    gone = retention.purge(storage, now=NOW)

    assert gone[-1].count == 9
    shortened = ["198.51.100.0", "2001:db8:1::", "203.0.113.0", None]
    for model in (Attempt, Session, AuditEntry):
        assert ips(model) == sorted([*addresses, *shortened], key=str)


def test_shortening_goes_on_where_it_stopped(storage: Site) -> None:
    old = NOW - timedelta(days=31)
    for number in range(MANY):
        audit.record(AuditTag.USER_LOGIN, ip=f"203.0.{number % 256}.7", now=old)
    retention.purge(storage, now=NOW)
    assert not [ip for ip in ips(AuditEntry) if str(ip).endswith(".7")]

    later = NOW + timedelta(days=1)
    # Written by hand where the purge has been: it does not look there again.
    audit.record(AuditTag.USER_LOGIN, ip="192.0.2.7", now=old)
    audit.record(AuditTag.USER_LOGIN, ip="192.0.2.8", now=NOW - timedelta(days=29, hours=12))
    retention.purge(storage, now=later)

    assert {"192.0.2.7", "192.0.2.0"} <= set(ips(AuditEntry))
