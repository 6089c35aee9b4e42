"""Tokens of the WeChat channel: who a person is, for a program that logged them in by its API key.

A token is a JWT (HS256) under a key of its application's own, which only we know; to its holder it
is opaque. It lives as long as the session that its `sid` names: when that is ended, by its owner,
by an operator, or because the application is disabled, the token is worth nothing.

    sub       the person        openid    what the account knows them by
    channel   "wechat"          iat, exp  seconds
    sid       the session       aud       the application's client id
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import SecretStr
from sqlalchemy import select, update

from wechatlogin.errors import AttemptSpent, OpenidUnknown, RightMissing, TokenInvalid
from wechatlogin.extensions import db
from wechatlogin.models import Application, Identity
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import applications, jwts, sessions, wechat_apps
from wechatlogin.services.logins import Login
from wechatlogin.services.site import Site
from wechatlogin.wechat.app import Right
from wechatlogin.wechat.errors import RecipientUnreachable

CHANNEL = "wechat"
#: What WeChat said of a person's following is repeated this long; a push tells of changes anyway.
FRESH = timedelta(minutes=1)

_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Holder:
    """Whom a token speaks of."""

    user_id: str
    openid: str = field(repr=False)


def issue(site: Site, application: Application, login: Login, *, now: datetime) -> SecretStr:
    """Return the token of a login; the same login is always given the same token.

    :raise AttemptSpent: if its session has been ended meanwhile.
    """
    idle = _idle(site)
    session = sessions.get(login.session_token.get_secret_value(), idle=idle, now=now)
    if session is None:
        raise AttemptSpent
    # A program may hold a token without ever showing it to us, so there is no visit to go by.
    expires_at = min(session.expires_at, session.created_at + idle)
    claims = {
        "sub": session.user_id,
        "openid": login.attempt.openid,
        "channel": CHANNEL,
        "aud": application.client_id,
        "sid": session.public_id,
        "iat": int(session.created_at.timestamp()),
        "exp": int(expires_at.timestamp()),
    }
    secret = _secrets(site, application.client_id)[0]
    return SecretStr(jwts.sign_with_secret(secret, claims, kid=application.client_id))


def verify(site: Site, token: str, *, now: datetime) -> Holder:
    """Return whom a token speaks of.

    :raise TokenInvalid: if it is not a token of this channel, or its session has ended.
    """
    claims = jwts.verify_with_secret_of(token, lambda kid: _secrets_of(site, kid), now=now)
    application = applications.get(str(claims.get("aud")))
    openid = claims.get("openid")
    if application is None or claims.get("channel") != CHANNEL or not isinstance(openid, str):
        raise TokenInvalid
    session = sessions.get_of_application(
        application.id, str(claims.get("sid")), idle=_idle(site), now=now
    )
    if session is None or session.user_id is None:
        raise TokenInvalid
    return Holder(session.user_id, openid)


def check_following(site: Site, holder: Holder, *, now: datetime) -> bool:
    """Tell whether the person follows the account now, as far as WeChat says.

    :raise OpenidUnknown: if the openid is not the person's any more, or not the account's.
    :raise RightMissing: if the account may not ask.
    :raise WeChatError: if WeChat gives no answer.
    """
    identity = _get_identity(holder)
    if identity is None:
        raise OpenidUnknown
    checked_at = identity.follows_checked_at
    if identity.follows is not None and checked_at is not None and now - checked_at < FRESH:
        return identity.follows
    row = wechat_apps.verify(identity.appid)
    if not row.has(Right.USER_INFO):
        raise RightMissing
    try:
        follower = wechat_apps.client(site, row).get_follower(identity.openid)
    except RecipientUnreachable as err:
        raise OpenidUnknown from err
    _note_follows(identity.id, follower.follows, now)
    return follower.follows


@repeatable
def _note_follows(identity_id: int, follows: bool, now: datetime) -> None:
    which = update(Identity).where(Identity.id == identity_id)
    with write() as session:
        session.execute(which.values(follows=follows, follows_checked_at=now))


def _get_identity(holder: Holder) -> Identity | None:
    query = select(Identity).where(
        Identity.user_id == holder.user_id, Identity.openid == holder.openid
    )
    return db.session.scalar(query.execution_options(populate_existing=True))


def _secrets_of(site: Site, client_id: str) -> list[str]:
    return [*_secrets(site, client_id)] if _CLIENT_ID.fullmatch(client_id) else []


def _secrets(site: Site, client_id: str) -> tuple[str, ...]:
    return site.vault.derive_tokens("channel token", client_id)


def _idle(site: Site) -> timedelta:
    return timedelta(seconds=site.settings.session_idle_seconds)
