"""What people have permitted an application to know of them, and taking it back.

An application of the owner's own (`is_first_party`) needs no permission. Every other needs one for
each scope that it is granted, `openid` included: without it nobody is logged in to it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from wechatlogin.errors import LoginRequired
from wechatlogin.extensions import db
from wechatlogin.models import Application, AuditTag, AuthorizationCode, Consent, Session
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import audit, users
from wechatlogin.services.session_ends import end_matching


@dataclass(frozen=True)
class Known:
    """An application that knows a person by their consent."""

    application: Application
    #: In the order in which they were granted.
    scopes: tuple[str, ...]
    since: datetime


def get_missing(
    application: Application, user_id: str, scopes: Iterable[str] | str
) -> tuple[str, ...]:
    """Return the scopes that the person has not granted yet, in their order; `scope` may be text.

    An application of the owner's own lacks none.
    """
    if application.is_first_party:
        return ()
    granted = _scopes_of(_get(application.id, user_id))
    return tuple(scope for scope in _split(scopes) if scope not in granted)


@repeatable
def grant(
    application: Application, user_id: str, scopes: Iterable[str] | str, *, now: datetime
) -> None:
    """Add scopes to what the person has granted the application; the first time stays its date.

    :raise LoginRequired: if there is no such person any more.
    """
    with write() as session:
        # Of two tabs at once the second waits here, and adds to what the first has written.
        living = users.lock(user_id)
        if living is None:
            raise LoginRequired
        consent = _get(application.id, living)
        granted = _scopes_of(consent)
        added = tuple(scope for scope in _split(scopes) if scope not in granted)
        if not added:
            return
        if consent is None:
            consent = Consent(application_id=application.id, user_id=living, granted_at=now)
        consent.scope = " ".join((*granted, *added))
        session.add(consent)
        session.flush()
        detail = f"{application.client_id} {' '.join(added)}"
        audit.record(AuditTag.CONSENT_GRANTED, user_id=living, detail=detail[:255], now=now)


def get_all(user_id: str) -> list[Known]:
    """Return the applications that know a person by consent, the latest first."""
    query = (
        select(Consent, Application)
        .join(Application, Application.id == Consent.application_id)
        .where(Consent.user_id == user_id)
        .order_by(Consent.granted_at.desc(), Consent.id.desc())
    )
    return [
        Known(application, _scopes_of(consent), consent.granted_at)
        for consent, application in db.session.execute(query)
    ]


def get(user_id: str, client_id: str) -> Known | None:
    """Return what the application with this client id knows of a person by consent."""
    theirs = (known for known in get_all(user_id) if known.application.client_id == client_id)
    return next(theirs, None)


@repeatable
def revoke(user_id: str, application_id: int, *, now: datetime) -> bool:
    """Take the consent back and end the application's sessions of the person, codes included.

    False when there was none. The application has to ask again before it knows the person anew.
    """
    with write() as session:
        living = users.lock(user_id) or user_id
        consent = _get(application_id, living)
        if consent is None:
            return False
        session.delete(consent)
        session.execute(
            delete(AuthorizationCode).where(
                AuthorizationCode.application_id == application_id,
                AuthorizationCode.user_id == living,
            )
        )
        theirs = (Session.user_id == living, Session.application_id == application_id)
        end_matching(*theirs, now=now)
        application = session.get_one(Application, application_id)
        detail = application.client_id
        audit.record(AuditTag.CONSENT_REVOKED, user_id=living, detail=detail, now=now)
    return True


def _get(application_id: int, user_id: str) -> Consent | None:
    query = select(Consent).where(
        Consent.application_id == application_id, Consent.user_id == user_id
    )
    return db.session.scalar(query.execution_options(populate_existing=True))


def _scopes_of(consent: Consent | None) -> tuple[str, ...]:
    return tuple(consent.scope.split()) if consent else ()


def _split(scopes: Iterable[str] | str) -> tuple[str, ...]:
    """Return each scope once; what has no order is put in one."""
    if isinstance(scopes, str):
        return tuple(dict.fromkeys(scopes.split()))
    ordered = sorted(scopes) if isinstance(scopes, set | frozenset) else scopes
    return tuple(dict.fromkeys(ordered))
