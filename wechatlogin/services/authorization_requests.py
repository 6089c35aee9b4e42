"""Authorization requests that wait: for their person to log in, or, pushed by a client, to be used.

    store      the request of a browser that has to log in first; its address holds the handle
    push       the same, sent ahead by the client's server (RFC 9126); the handle is a `request_uri`
    take       the browser comes with a pushed one: from now on it waits for the person

A handle opens nothing: whoever has it can do what the authorization endpoint lets anybody do.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from wechatlogin.errors import AuthorizationRequestUnknown
from wechatlogin.extensions import db
from wechatlogin.models import Application, AuthorizationRequest
from wechatlogin.models.transaction import count_changed, repeatable, write
from wechatlogin.vault import sha256_hex

#: As long as a login may take.
LIFETIME = timedelta(minutes=30)
PUSHED_LIFETIME = timedelta(seconds=90)
REQUEST_URI_PREFIX = "urn:ietf:params:oauth:request_uri:"


@dataclass(frozen=True)
class Stored:
    """A request that waits, and the handle that finds it."""

    handle: str = field(repr=False)
    row: AuthorizationRequest

    @property
    def request_uri(self) -> str:
        """What a client names a pushed request by."""
        return REQUEST_URI_PREFIX + self.handle


def store(application: Application, parameters: Mapping[str, str], *, now: datetime) -> Stored:
    """Keep the request of a browser while its person logs in."""
    return _add(application, parameters, is_pushed=False, expires_at=now + LIFETIME, now=now)


def push(application: Application, parameters: Mapping[str, str], *, now: datetime) -> Stored:
    """Keep the request that a client's server sends ahead of the browser."""
    return _add(application, parameters, is_pushed=True, expires_at=now + PUSHED_LIFETIME, now=now)


@repeatable
def take(application: Application, request_uri: str, *, now: datetime) -> Stored:
    """Return a pushed request, which then waits as if a browser had brought it.

    :raise AuthorizationRequestUnknown: if it is not this application's, was taken, or is too old.
    """
    handle = request_uri.removeprefix(REQUEST_URI_PREFIX)
    theirs = update(AuthorizationRequest).where(
        AuthorizationRequest.handle_hash == sha256_hex(handle),
        AuthorizationRequest.application_id == application.id,
        AuthorizationRequest.is_pushed.is_(True),
        AuthorizationRequest.expires_at > now,
    )
    with write():
        # Whoever logs in for it does so from now on.
        values = {"is_pushed": False, "created_at": now, "expires_at": now + LIFETIME}
        if not count_changed(theirs.values(values)):
            raise AuthorizationRequestUnknown
    return Stored(handle, verify(handle, now=now))


def verify(handle: str, *, now: datetime) -> AuthorizationRequest:
    """Return the request that waits under a handle.

    :raise AuthorizationRequestUnknown: if there is none, or no longer.
    """
    query = select(AuthorizationRequest).where(
        AuthorizationRequest.handle_hash == sha256_hex(handle),
        AuthorizationRequest.is_pushed.is_(False),
        AuthorizationRequest.expires_at > now,
    )
    row = db.session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise AuthorizationRequestUnknown
    return row


@repeatable
def note_asked_profile(row: AuthorizationRequest) -> None:
    """Note that the person has been asked for name and picture, so that it is done but once."""
    which = update(AuthorizationRequest).where(AuthorizationRequest.id == row.id)
    with write() as session:
        session.execute(which.values(has_asked_profile=True))


@repeatable
def _add(
    application: Application,
    parameters: Mapping[str, str],
    *,
    is_pushed: bool,
    expires_at: datetime,
    now: datetime,
) -> Stored:
    handle = secrets.token_urlsafe(24)
    row = AuthorizationRequest(
        handle_hash=sha256_hex(handle),
        application_id=application.id,
        parameters=dict(parameters),
        is_pushed=is_pushed,
        created_at=now,
        expires_at=expires_at,
    )
    with write() as session:
        session.execute(delete(AuthorizationRequest).where(AuthorizationRequest.expires_at < now))
        session.add(row)
    return Stored(handle, row)
