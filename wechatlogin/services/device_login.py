"""Logins of devices on which nobody can log in: a television, a terminal (RFC 8628).

    start      an attempt; the device keeps one code to itself and shows the other
    verify     the person has brought the shown code, or typed it: what they are asked
    confirm    the first person who says yes owns the attempt; it may still await a following
    decline    the first person who says no does, too
    poll       the device asks until it is told; once confirmed, its session begins, and once alone

What stands for a browser's cookie is the device's own code, so nobody else can claim the attempt.
The device shows no number, so a tap confirms; the page asks for a look at the code instead.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import select, update

from wechatlogin.config import ConfirmPolicy
from wechatlogin.errors import (
    ApplicationDisabled,
    AttemptDeclined,
    AttemptNotFound,
    AttemptNotReady,
    AttemptSpent,
    AttemptTaken,
    LoginRequired,
    NoticeDue,
    UserCodeWrong,
)
from wechatlogin.extensions import db
from wechatlogin.models import (
    Application,
    Attempt,
    AuditTag,
    DeviceCode,
    Identity,
    Session,
    Status,
    User,
    Way,
)
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import (
    accounts,
    application_users,
    attempts,
    audit,
    consents,
    device_codes,
    followers_only,
    privacy_notices,
    sessions,
    users,
    wechat_apps,
)
from wechatlogin.services.errand import Errand, get_application
from wechatlogin.services.oidc_tokens import OFFLINE_ACCESS
from wechatlogin.services.site import Browser, Site
from wechatlogin.vault import sha256_hex

#: How long the code on the screen is good.
LIFETIME = timedelta(minutes=10)


@dataclass(frozen=True)
class Started:
    """What the device is given; it shows the user code."""

    device_code: SecretStr
    #: As it is shown, such as `WDJB-MJHT`.
    user_code: str
    lifetime: timedelta
    interval_seconds: int = device_codes.INTERVAL


@dataclass(frozen=True)
class DeviceLogin:
    """A login that a person has the code of."""

    attempt: Attempt
    application: Application
    scope: str
    #: As it is shown.
    user_code: str


@dataclass(frozen=True)
class Granted:
    """The session that has begun on the device, and what its program may know."""

    session: Session = field(repr=False)
    scope: str


@repeatable
def start(
    application: Application, scope: str, *, name: str, ip: str | None, now: datetime
) -> Started:
    """Start an attempt of a device; `name` is what it is called on the confirm page.

    :raise ApplicationDisabled: if the application's operator has stopped it.
    """
    if application.is_disabled:
        raise ApplicationDisabled
    device_code = secrets.token_urlsafe(32)
    new = attempts.NewAttempt(
        way=Way.PAGE,
        errand=Errand(application=application),
        binding_hash=sha256_hex(device_code),
        browser=name,
        ip=ip,
        lifetime=LIFETIME,
        scene=attempts.new_scene(),
        confirm=ConfirmPolicy.TAP,
    )
    with write() as database:
        attempt = attempts.start(new, now=now)
        database.flush()
        row = device_codes.add(attempt, scope)
    return Started(SecretStr(device_code), device_codes.as_shown(row), LIFETIME)


def verify(typed: str, *, now: datetime) -> DeviceLogin:
    """Return the login that a shown code stands for, whatever has become of it.

    Whoever calls this limits the wrong guesses.

    :raise UserCodeWrong: if no device shows this code, or its time is over.
    :raise ApplicationDisabled: if its application's operator has stopped it.
    """
    row = device_codes.get_by_user_code(typed)
    attempt = attempts.get(row.attempt_id) if row else None
    application = get_application(attempt) if attempt else None
    if row is None or attempt is None or application is None:
        raise UserCodeWrong
    if attempts.status_at(attempt, now) in {Status.EXPIRED, Status.FAILED}:
        raise UserCodeWrong
    if application.is_disabled:
        raise ApplicationDisabled
    return DeviceLogin(attempt, application, row.scope, device_codes.as_shown(row))


def check_owner(login: DeviceLogin, user_id: str) -> bool:
    """Tell whether it was this person who answered."""
    attempt = login.attempt
    identity = accounts.get_identity(attempt.appid or "", attempt.openid or "")
    return identity is not None and identity.user_id == user_id


def confirm(site: Site, login: DeviceLogin, session: Session, *, now: datetime) -> None:
    """Let the device log in as the person of a browser's session, who permits all it asks for.

    Should that session end before the device has asked again, the permission ends with it. To
    confirm again, where the attempt awaits a following, asks WeChat again. No unit of writes may
    be open.

    :raise AttemptTaken: if another person has answered before.
    :raise NoticeDue: if the privacy notice has changed since they logged in here.
    :raise AttemptError: as the state demands.
    :raise LoginRequired: if the session has just ended.
    :raise UserBanned: if the operator lets the person no longer in.
    """
    identity = _identity_for(login, session)
    if login.attempt.awaits_follow and check_owner(login, identity.user_id):
        followers_only.look_again(site, login.attempt, now=now)
        return
    if privacy_notices.get_due(identity.user_id) is not None:
        raise NoticeDue(login.attempt.id)
    row = wechat_apps.verify(identity.appid)
    followers_only.find_out(site, login.attempt, row, identity.openid, now=now)
    _permit(login, session, identity, now)


@repeatable
def _permit(login: DeviceLogin, session: Session, identity: Identity, now: datetime) -> None:
    with write() as database:
        _lock(session)
        attempt = followers_only.confirm(login.attempt, identity, now=now)
        attempt.appid = identity.appid
        theirs = update(DeviceCode).where(DeviceCode.attempt_id == attempt.id)
        database.execute(theirs.values(session_key=session.key_hash))
        if not login.application.is_first_party:
            consents.grant(login.application, identity.user_id, login.scope, now=now)


@repeatable
def decline(login: DeviceLogin, session: Session, *, now: datetime) -> None:
    """End the login because the person of a browser's session refused it.

    :raise AttemptTaken: if another person has answered before.
    :raise AttemptError: as the state demands.
    :raise LoginRequired: if the session has just ended.
    """
    identity, attempt = _identity_for(login, session), login.attempt
    with write():
        _lock(session)
        owned = attempts.scan(
            attempt.id,
            identity.openid,
            # No link leads to it.
            confirm_hash=sha256_hex(secrets.token_urlsafe(32)),
            lifetime=attempt.expires_at - now,
            now=now,
            asks_number=False,
        )
        owned.appid = identity.appid
        tag = AuditTag.ATTEMPT_DECLINED
        attempts.decline(attempt.id, reason=tag.value, now=now)
        audit.record(tag, user_id=identity.user_id, ip=attempt.ip, detail=attempt.way, now=now)


@repeatable
def poll(device_code: str, application: Application, *, now: datetime) -> Granted:
    """Return the session of a device that its person has confirmed, once.

    :raise ApplicationDisabled: if the application's operator has stopped it.
    :raise AttemptNotFound: if the code is unknown, another application's, or was ended.
    :raise AttemptNotReady: if nobody has answered yet.
    :raise PolledTooSoon: the same, but the device did not wait as long as it has to.
    :raise AttemptSpent: if the session has begun before.
    :raise UserBanned: if the operator lets the person no longer in.
    :raise AttemptError: as the state demands.
    """
    if application.is_disabled:
        raise ApplicationDisabled
    row = device_codes.get_by_device_code(device_code)
    attempt = attempts.get(row.attempt_id) if row else None
    if row is None or attempt is None or attempt.application_id != application.id:
        raise AttemptNotFound
    if attempts.status_at(attempt, now) in {Status.PENDING, Status.SCANNED}:
        device_codes.note_poll(row, now=now)
        raise AttemptNotReady
    with write():
        return Granted(_claim(row, attempt, application, now), row.scope)


def _claim(row: DeviceCode, attempt: Attempt, application: Application, now: datetime) -> Session:
    user_id = users.lock(attempt.user_id) if attempt.user_id else None
    confirmed_in = _get_locked(row.session_key) if row.session_key else None
    attempt, is_first = attempts.claim(attempt.id, binding_hash=row.device_code_hash, now=now)
    if not is_first:
        raise AttemptSpent
    if user_id is None or confirmed_in is None:
        raise AttemptNotFound
    if consents.get_missing(application, user_id, row.scope):
        # Taken back meanwhile.
        raise AttemptDeclined
    keeps_on = OFFLINE_ACCESS in row.scope.split()
    seconds = application.refresh_seconds if keeps_on else application.access_seconds
    session = sessions.start(
        # Nobody is ever given this one: the program's tokens name the session by its public id.
        secrets.token_urlsafe(32),
        sessions.Owner(user_id=user_id),
        browser=Browser(binding="", is_bound=True, name=application.name, ip=attempt.ip),
        way=confirmed_in.way,
        lifetime=timedelta(seconds=seconds),
        application_id=application.id,
        now=now,
    )
    # To confirm for a device is not to show once more who one is.
    session.auth_time = confirmed_in.auth_time
    db.session.flush()
    application_users.find_or_create(application.id, user_id, now=now)
    accounts.note_login(user_id, way=confirmed_in.way, ip=attempt.ip, now=now)
    return session


def _identity_for(login: DeviceLogin, session: Session) -> Identity:
    """Return as whom a person answers: as the application's own WeChat apps know them, if at all.

    :raise AttemptTaken: if another person has answered before.
    """
    user = db.session.get(User, session.user_id or "")
    theirs = {identity.appid: identity for identity in user.identities} if user else {}
    if not theirs:
        raise LoginRequired
    if login.attempt.appid is not None:
        # An openid means nobody without its app.
        if login.attempt.appid not in theirs:
            raise AttemptTaken
        return theirs[login.attempt.appid]
    preferred = [row.appid for row in wechat_apps.get_for(login.application)]
    return next(theirs[appid] for appid in [*preferred, *theirs] if appid in theirs)


def _lock(session: Session) -> None:
    """Lock the person, and then the session, which is still there.

    :raise LoginRequired: if it is not.
    :raise UserBanned: if the operator lets the person no longer in.
    """
    user_id = users.lock(session.user_id or "")
    if user_id is None or _get_locked(session.key_hash) is None:
        raise LoginRequired
    users.verify_admitted(user_id)


def _get_locked(key_hash: str) -> Session | None:
    query = select(Session).where(Session.key_hash == key_hash).with_for_update()
    return db.session.scalar(query.execution_options(populate_existing=True))
