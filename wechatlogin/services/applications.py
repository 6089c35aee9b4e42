"""Applications: the programs that log people in through us, and their credentials."""

import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from pydantic import SecretStr
from sqlalchemy import delete, select, update

from wechatlogin.config import ConfirmPolicy, FollowPolicy
from wechatlogin.errors import ApplicationUnknown, InvalidRequest, NotConfigured
from wechatlogin.extensions import db
from wechatlogin.models import (
    Algorithm,
    ApiKey,
    Application,
    AuditTag,
    Session,
    SubjectType,
)
from wechatlogin.models.transaction import count_changed, write
from wechatlogin.services import audit, client_secrets, wechat_apps
from wechatlogin.vault import Vault, sha256_hex

LONGEST_NAME = 64
#: What an application may be granted unless its operator says otherwise.
SCOPES = ("openid", "profile", "email", "offline_access")
#: An address that no mail can reach (RFC 2606), for programs that insist on one.
EMAIL_TEMPLATE = "{sub}@wechat.invalid"
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
#: How many numbers there are for new user domains, all of the same length.
USER_DOMAINS = 10**12
#: The use of a key is written down at most this often.
USE_INTERVAL = timedelta(minutes=1)


@dataclass(frozen=True)
class Credentials:
    """An application's secrets, shown once when they are made."""

    client_id: str
    #: None for a public client.
    client_secret: str | None = field(repr=False)
    api_key: str = field(repr=False)
    user_domain: str
    user_domain_secret: str = field(repr=False)


@dataclass(frozen=True)
class NewApplication:
    """What an operator enters for an application."""

    name: str
    #: Both are chosen by us where they are not given; an owner who comes from another system keeps
    #: those that the programs and their tokens' readers have already.
    client_id: str | None = None
    client_secret: SecretStr | None = None
    #: It runs in a browser or on a phone, where no secret can be kept.
    is_public: bool = False
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None
    origins: tuple[str, ...] = ()
    #: Its WeChat apps, the preferred one first; none means all there are.
    appids: tuple[str, ...] = ()
    #: Its secret is kept readable (sealed), because a scheme signs tokens with it.
    keeps_secret: bool = False
    #: Mobile country codes that its user domain serves; none means all.
    mccs: tuple[int, ...] = ()
    confirm: ConfirmPolicy = ConfirmPolicy.NUMBER
    follow: FollowPolicy = FollowPolicy.NEVER
    #: The ways that its login page offers; none means all there are.
    ways: tuple[str, ...] = ()
    scopes: tuple[str, ...] = SCOPES
    requires_pkce: bool = True
    is_first_party: bool = False
    subject_type: SubjectType = SubjectType.PUBLIC
    email_template: str | None = EMAIL_TEMPLATE
    id_token_algorithm: Algorithm = Algorithm.RS256
    access_seconds: int = 3600
    refresh_seconds: int = 30 * 86_400


def get(client_id: str) -> Application | None:
    """Return the application with this client id."""
    if not _CLIENT_ID.fullmatch(client_id):
        # Not every database takes every character.
        return None
    return db.session.scalar(select(Application).where(Application.client_id == client_id))


def verify(client_id: str) -> Application:
    """Return the application with this client id.

    :raise ApplicationUnknown: if there is none.
    """
    application = get(client_id)
    if application is None:
        raise ApplicationUnknown
    return application


def check_origin(origin: str) -> bool:
    """Tell whether an application has registered exactly this origin, whichever it is."""
    live = select(Application.origins).where(Application.is_disabled.is_(False))
    return any(origin in origins for origins in db.session.scalars(live))


def create(vault: Vault, new: NewApplication, *, now: datetime) -> Credentials:
    """Write an application down and return its credentials.

    :raise InvalidRequest: if a client id is odd or taken, a secret has less than 32 characters,
        a redirect URI or an origin cannot be compared exactly, or a WeChat
        app is not one of ours.
    """
    _verify(new)
    made = Credentials(
        client_id=new.client_id or secrets.token_hex(16),
        client_secret=None if new.is_public else _secret_of(new),
        api_key=secrets.token_urlsafe(32),
        user_domain=_new_user_domain(),
        user_domain_secret=secrets.token_urlsafe(32),
    )
    with write() as session:
        application = Application(
            client_id=made.client_id,
            name=new.name,
            is_public=new.is_public,
            user_domain=made.user_domain,
            sealed_user_domain_secret=vault.seal(made.user_domain_secret),
            mccs=list(new.mccs),
            redirect_uris=list(new.redirect_uris),
            post_logout_redirect_uris=list(new.post_logout_redirect_uris),
            backchannel_logout_uri=new.backchannel_logout_uri,
            origins=list(new.origins),
            appids=list(new.appids),
            confirm=new.confirm,
            follow=new.follow,
            ways=list(new.ways),
            scopes=list(new.scopes),
            requires_pkce=new.requires_pkce,
            is_first_party=new.is_first_party,
            subject_type=new.subject_type,
            subject_salt=secrets.token_hex(32),
            email_template=new.email_template,
            id_token_algorithm=new.id_token_algorithm,
            access_seconds=new.access_seconds,
            refresh_seconds=new.refresh_seconds,
            created_at=now,
        )
        session.add(application)
        session.flush()
        if made.client_secret is not None:
            secret = SecretStr(made.client_secret)
            client_secrets.add(vault, application, secret, is_kept=new.keeps_secret, now=now)
        _add_api_key(application.id, "first", made.api_key, now=now)
        audit.record(AuditTag.APPLICATION_SAVED, detail=made.client_id, now=now)
    return made


def issue_api_key(application: Application, name: str, *, now: datetime) -> SecretStr:
    """Return a new key of an application, which cannot be had again.

    :raise InvalidRequest: if the name is empty or longer than 64 characters.
    """
    if not 0 < len(name) <= LONGEST_NAME:
        raise InvalidRequest
    key = secrets.token_urlsafe(32)
    with write():
        _add_api_key(application.id, name, key, now=now)
        audit.record(AuditTag.APPLICATION_SAVED, detail=application.client_id, now=now)
    return SecretStr(key)


def revoke_api_key(application: Application, key_id: int, *, now: datetime) -> bool:
    """Revoke one of an application's keys; False when it is not one of them."""
    theirs = delete(ApiKey).where(ApiKey.id == key_id, ApiKey.application_id == application.id)
    with write():
        if not count_changed(theirs):
            return False
        audit.record(AuditTag.APPLICATION_SAVED, detail=application.client_id, now=now)
    return True


def get_api_keys(application: Application) -> list[ApiKey]:
    """Return an application's keys, the oldest first."""
    query = select(ApiKey).where(ApiKey.application_id == application.id)
    return list(db.session.scalars(query.order_by(ApiKey.id)))


def get_by_api_key(key: str, *, now: datetime) -> Application | None:
    """Return the application that shows this key, and note the use."""
    row = db.session.scalar(select(ApiKey).where(ApiKey.key_hash == sha256_hex(key)))
    application = db.session.get(Application, row.application_id) if row else None
    if row is None or application is None or application.is_disabled:
        return None
    if row.last_used_at is None or now - row.last_used_at >= USE_INTERVAL:
        with write() as session:
            session.execute(update(ApiKey).where(ApiKey.id == row.id).values(last_used_at=now))
    return application


def get_by_user_domain(user_domain: str) -> Application | None:
    """Return the application that has this user domain."""
    return db.session.scalar(select(Application).where(Application.user_domain == user_domain))


def save_disabled(application: Application, *, is_disabled: bool, now: datetime) -> None:
    """Disable an application, or enable it again; disabling ends the sessions of its tokens."""
    with write() as session:
        which = update(Application).where(Application.id == application.id)
        session.execute(which.values(is_disabled=is_disabled))
        if is_disabled:
            session.execute(delete(Session).where(Session.application_id == application.id))
        audit.record(AuditTag.APPLICATION_SAVED, detail=application.client_id, now=now)


def _new_user_domain() -> str:
    """Return a name in the form that clients of the end-user API may check."""
    return f"C.DM.{secrets.randbelow(USER_DOMAINS) + USER_DOMAINS}.1"


def _add_api_key(application_id: int, name: str, key: str, *, now: datetime) -> None:
    row = ApiKey(application_id=application_id, name=name, key_hash=sha256_hex(key), created_at=now)
    with write() as session:
        session.add(row)


def _secret_of(new: NewApplication) -> str:
    return new.client_secret.get_secret_value() if new.client_secret else secrets.token_urlsafe(32)


def _verify(new: NewApplication) -> None:
    client_id = new.client_id
    if client_id is not None and (not _CLIENT_ID.fullmatch(client_id) or get(client_id)):
        raise InvalidRequest
    if new.client_secret and len(new.client_secret.get_secret_value()) < client_secrets.SHORTEST:
        raise InvalidRequest
    for uri in new.redirect_uris:
        _verify_redirect_uri(uri)
    for origin in new.origins:
        _verify_redirect_uri(origin)
        if urlsplit(origin).path or urlsplit(origin).query:
            raise InvalidRequest
    for appid in new.appids:
        if wechat_apps.get(appid) is None:
            raise NotConfigured


def _verify_redirect_uri(uri: str) -> None:
    try:
        parts = urlsplit(uri)
    except ValueError as err:
        raise InvalidRequest from err
    is_local = parts.hostname in {"127.0.0.1", "localhost"}
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_local)
    if not (is_safe and parts.hostname and uri.isascii()):
        raise InvalidRequest
    if parts.fragment or parts.username or "*" in uri or "\\" in uri:
        raise InvalidRequest
