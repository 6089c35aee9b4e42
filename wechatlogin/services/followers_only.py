"""Logins of applications that require a follower.

Whoever is not known to follow stays scanned (`attempts.await_follow`) until an event, a message to
the account or an answer of WeChat's shows that they do; then the login goes on by itself.

    find_out        before: what WeChat says, as nobody is asked while something is written
    confirm         confirmed, or waiting for the following
    note_presence   the account heard from the person: what waits is confirmed
    look_again      the same, when the person says so

The account is the one of the login itself. A website app has no followers: there it is the
application's first account in the same open-platform group that may ask, which finds the person
by the unionid.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, select

from wechatlogin.config import FollowPolicy
from wechatlogin.errors import FollowUnknowable
from wechatlogin.extensions import db
from wechatlogin.models import Application, Attempt, Identity, Status, User, WeChatAppRow
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import accounts, attempts, following, users, wechat_apps
from wechatlogin.services.accounts import Sighting
from wechatlogin.services.errand import Errand, get_application
from wechatlogin.services.site import Site
from wechatlogin.wechat.app import Right

#: What is known of a person who says that they have just followed is good for so long.
JUST_NOW = timedelta(seconds=3)
#: No attempt is open for longer, whatever the settings and however often it is given more time.
LONGEST_LIFETIME = timedelta(hours=3)


def get_account_of(attempt: Attempt) -> WeChatAppRow | None:
    """Return the account whose followers count for an attempt; None where there is none."""
    row = wechat_apps.get(attempt.appid or "")
    return following.get_account(get_application(attempt), row) if row else None


def find_out(
    site: Site, attempt: Attempt, row: WeChatAppRow, openid: str, *, now: datetime
) -> bool | None:
    """Find out, before an attempt is confirmed as this person, whether they follow.

    WeChat is asked only where the application requires a follower. No unit of writes may be open.

    :raise FollowUnknowable: if there is no account that could know.
    """
    application = get_application(attempt)
    if not _is_required(application):
        return None
    account = following.get_account(application, row)
    if account is None:
        attempts.fail(attempt.id, reason=FollowUnknowable.code, now=now)
        site.bus.wake(attempt.id)
        raise FollowUnknowable
    identity = accounts.get_identity(row.appid, openid)
    if account.id != row.id:
        identity = following.get_identity_of(identity.user_id, account) if identity else None
    elif identity is None:
        return following.ask(site, account, openid, now=now)
    return following.renew(site, account, identity, now=now).follows if identity else None


@repeatable
def confirm(attempt: Attempt, identity: Identity, *, now: datetime) -> Attempt:
    """Confirm an attempt, or let it await the following that its application requires.

    What is known counts, so `find_out` comes first; the bus is to be woken afterwards.

    :raise AttemptError: as the state demands.
    """
    application = get_application(attempt)
    row = wechat_apps.get(identity.appid) if _is_required(application) else None
    account = following.get_account(application, row) if row else None
    with write():
        if account is None or _check_follower_for_good(identity.user_id, account):
            return attempts.confirm(attempt.id, identity.openid, user_id=identity.user_id, now=now)
        return attempts.await_follow(attempt.id, identity, now=now)


def look_again(
    site: Site, attempt: Attempt, *, now: datetime, max_age: timedelta = JUST_NOW
) -> Attempt:
    """Confirm an attempt that awaits a following, if the person is known to follow by now.

    No unit of writes may be open.
    """
    account = get_account_of(attempt)
    is_open = attempt.awaits_follow and attempts.status_at(attempt, now) == Status.SCANNED
    user = db.session.get(User, attempt.user_id) if is_open and attempt.user_id else None
    if account is None or user is None:
        return attempt
    if following.get_following(site, user, account, now=now, max_age=max_age).follows:
        _confirm_all(site, user.id, account, now)
    return attempts.get(attempt.id) or attempt


def note_presence(
    site: Site, row: WeChatAppRow, openid: str, *, at: datetime, now: datetime
) -> None:
    """Note that somebody follows: they just did so, wrote to the account or scanned its QR.

    What waits for that is confirmed. A stranger may be somebody who waits: a website app knows
    them by another openid, so WeChat is asked for the unionid. `at` is WeChat's time of the event;
    no unit of writes may be open.
    """
    identity = accounts.get_identity(row.appid, openid)
    if identity is not None and identity.follows is not True:
        accounts.note_follow_event(row.appid, openid, follows=True, at=at, now=now)
    if identity is None:
        identity = _recognize(site, row, openid, now)
    # The event may be older than one that said the opposite.
    if identity is not None and _is_known_follower(identity.user_id, row):
        _confirm_all(site, identity.user_id, row, now)


def check_news(row: WeChatAppRow, identity: Identity | None, *, now: datetime) -> bool:
    """Tell whether `note_presence` may have something to do for whoever this is."""
    if identity is None:
        return _check_may_recognize(row, now)
    return identity.follows is not True or (
        db.session.scalar(_waiting_for(identity.user_id, now).limit(1)) is not None
    )


def _is_required(application: Application | None) -> bool:
    return Errand(application=application).follow_policy is FollowPolicy.REQUIRE


def _check_follower_for_good(user_id: str, account: WeChatAppRow) -> bool:
    # Locked, so that an event is either seen here, or comes after us and sees what we write.
    living = users.lock(user_id) or user_id
    return True in db.session.scalars(_follows(living, account).with_for_update()).all()


def _is_known_follower(user_id: str, account: WeChatAppRow) -> bool:
    return True in db.session.scalars(_follows(user_id, account)).all()


def _follows(user_id: str, account: WeChatAppRow) -> Select[bool | None]:
    return select(Identity.follows).where(
        Identity.user_id == user_id, Identity.appid == account.appid
    )


def _recognize(site: Site, row: WeChatAppRow, openid: str, now: datetime) -> Identity | None:
    """Return the identity of a stranger who is somebody that waits, once WeChat has told."""
    if not _check_may_recognize(row, now):
        return None
    follower = following.get_follower(site, row, openid, now=now)
    if follower is None or follower.unionid not in _get_awaited_unionids(row, now):
        return None
    sighting = Sighting(openid, unionid=follower.unionid, follows=follower.follows)
    return accounts.find_or_create_identity(row, sighting, now=now)


def _check_may_recognize(row: WeChatAppRow, now: datetime) -> bool:
    can_ask = row.open_platform_group is not None and row.has(Right.USER_INFO)
    return can_ask and bool(_get_awaited_unionids(row, now))


def _get_awaited_unionids(row: WeChatAppRow, now: datetime) -> set[str]:
    query = (
        select(Identity.unionid)
        .join(Attempt, Attempt.user_id == Identity.user_id)
        .where(*_awaiting(now), Identity.open_platform_group == row.open_platform_group)
    )
    return {unionid for unionid in db.session.scalars(query) if unionid}


def _awaiting(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        # By this the few that may still wait are found among all that there ever were.
        Attempt.created_at > now - LONGEST_LIFETIME,
        Attempt.status == Status.SCANNED,
        Attempt.expires_at > now,
        Attempt.awaits_follow.is_(True),
    )


def _waiting_for(user_id: str, now: datetime) -> Select[Attempt]:
    return select(Attempt).where(Attempt.user_id == user_id, *_awaiting(now))


def _confirm_all(site: Site, user_id: str, account: WeChatAppRow, now: datetime) -> None:
    """Confirm what waits for this person to follow this account."""
    waiting = db.session.scalars(_waiting_for(user_id, now))
    for attempt in waiting.all():
        wanted = get_account_of(attempt)
        if wanted is not None and wanted.id == account.id:
            attempts.confirm_follower(attempt.id, user_id=user_id, now=now)
            site.bus.wake(attempt.id)
