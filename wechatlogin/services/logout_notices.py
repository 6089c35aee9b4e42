"""Telling applications that a person has logged out (OpenID Connect Back-Channel Logout 1.0).

    write_down     with the end of the session, in its unit of writes: nothing is lost
    deliver_next   once that is over: one notice that is due is claimed, signed, posted
        200, 204   delivered
        else       due again after 10 seconds, a minute, ten minutes, an hour; then given up

Whoever claims a notice has it to itself until it is due again, which is later than any try ends.
Of an application that is removed the notice keeps what it takes to tell it (`keep_beyond`).
"""

import logging
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update

from wechatlogin import metrics
from wechatlogin.errors import NoticeNotTaken
from wechatlogin.extensions import db
from wechatlogin.models import Algorithm, Application, LogoutNotice
from wechatlogin.models.transaction import count_changed, repeatable, write
from wechatlogin.services import application_users, jwts, keys
from wechatlogin.services.site import Site

log = logging.getLogger(__name__)

#: How long after a try the next one is due.
PAUSES = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
)
LIFETIME = timedelta(minutes=2)
TYPE = "logout+jwt"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
#: Under this name the database's session counts the notices that were written in it.
_WRITTEN = "logout notices"


@dataclass(frozen=True)
class Ended:
    """A session that has just been ended."""

    public_id: str
    application_id: int | None
    user_id: str | None


@dataclass(frozen=True)
class Receiver:
    """Who is told, where, and what the token is signed with."""

    client_id: str
    uri: str
    algorithm: str


@repeatable
def write_down(ended: Iterable[Ended], *, now: datetime) -> None:
    """Write a notice for each session of an application that wants to hear of its end."""
    for session in ended:
        if session.application_id is None or session.user_id is None:
            continue
        application = db.session.get(Application, session.application_id)
        if application is not None and application.backchannel_logout_uri:
            with write() as database:
                database.add(_notice(session, application, session.user_id, now))
                database.flush()
            db.session.info[_WRITTEN] = db.session.info.get(_WRITTEN, 0) + 1


@repeatable
def keep_beyond(application: Application) -> None:
    """Let an application's notices be delivered though it is removed in this unit of writes."""
    theirs = update(LogoutNotice).where(
        LogoutNotice.application_id == application.id, LogoutNotice.delivered_at.is_(None)
    )
    with write() as database:
        database.execute(
            theirs.values(
                former_client_id=application.client_id,
                former_uri=application.backchannel_logout_uri,
                former_algorithm=application.id_token_algorithm,
            )
        )


def count_written() -> int:
    """Return how many notices were written since this was last asked, in this context."""
    written: int = db.session.info.pop(_WRITTEN, 0)
    return written


def deliver_next(site: Site, *, now: datetime) -> bool:
    """Deliver the notice that has been due for longest; False when none is due.

    No unit of writes may be open around it. One that is not taken stays for later.
    """
    notice = _claim(now)
    if notice is None:
        return False
    receiver = _get_receiver(notice)
    if receiver is None:
        # It does not want to hear of it any more.
        _save(notice, next_try_at=None)
        return True
    token = _token(site, receiver, notice, now)
    # No connection is held while the other server is waited for.
    db.session.commit()
    try:
        site.poster.post(receiver.uri, {"logout_token": token})
    except NoticeNotTaken as err:
        log.warning("%s was not told of a log-out: %s", receiver.client_id, err.reason)
        metrics.NOTICES.labels("logout", "failed").inc()
    else:
        metrics.NOTICES.labels("logout", "delivered").inc()
        _save(notice, delivered_at=now, next_try_at=None)
    return True


def _get_receiver(notice: LogoutNotice) -> Receiver | None:
    if notice.application_id is None:
        former = (notice.former_client_id, notice.former_uri, notice.former_algorithm)
        return Receiver(*map(str, former)) if all(former) else None
    application = db.session.get(Application, notice.application_id, populate_existing=True)
    if application is None or not application.backchannel_logout_uri:
        return None
    return Receiver(
        application.client_id,
        application.backchannel_logout_uri,
        application.id_token_algorithm,
    )


def _notice(session: Ended, application: Application, user_id: str, now: datetime) -> LogoutNotice:
    known = application_users.get(application.id, user_id)
    subject = known.subject if known else application_users.subject_of(application.id, user_id)
    return LogoutNotice(
        application_id=application.id,
        subject=subject,
        sid=session.public_id,
        created_at=now,
        next_try_at=now,
    )


@repeatable
def _claim(now: datetime) -> LogoutNotice | None:
    """Return a notice that is due, which is nobody else's until it is due again."""
    due = select(LogoutNotice).where(
        LogoutNotice.delivered_at.is_(None), LogoutNotice.next_try_at <= now
    )
    due = due.order_by(LogoutNotice.next_try_at, LogoutNotice.id).limit(1)
    while (notice := db.session.scalar(due.execution_options(populate_existing=True))) is not None:
        tries = notice.tries
        again_at = now + PAUSES[tries] if tries < len(PAUSES) else None
        ours = update(LogoutNotice).where(
            LogoutNotice.id == notice.id,
            LogoutNotice.tries == tries,
            LogoutNotice.delivered_at.is_(None),
        )
        with write():
            if count_changed(ours.values(tries=tries + 1, next_try_at=again_at)):
                return notice
    return None


@repeatable
def _save(notice: LogoutNotice, **values: datetime | None) -> None:
    with write() as database:
        database.execute(update(LogoutNotice).where(LogoutNotice.id == notice.id).values(**values))


def _token(site: Site, receiver: Receiver, notice: LogoutNotice, now: datetime) -> str:
    """Return the logout token (Back-Channel Logout, 2.4): never an ID token, so without a nonce."""
    signer = keys.find_or_create_current(site, Algorithm(receiver.algorithm), now=now)
    claims = {
        "iss": site.issuer,
        "aud": receiver.client_id,
        "iat": int(now.timestamp()),
        "exp": int((now + LIFETIME).timestamp()),
        "jti": secrets.token_urlsafe(16),
        "sub": notice.subject,
        "sid": notice.sid,
        "events": {EVENT: {}},
    }
    return jwts.sign(signer, claims, type_=TYPE)
