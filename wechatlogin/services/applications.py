"""Applications: the programs that log people in through us.

create    its settings are verified, and its credentials shown once
change    any setting, verified as at creation
remove    and all that is its own: sessions, codes, consents, keys, whom it knows
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import SecretStr
from sqlalchemy import bindparam, delete, func, select, update

from wechatlogin.errors import ApplicationUnknown, SettingRefused
from wechatlogin.extensions import db
from wechatlogin.i18n import msgid
from wechatlogin.models import Application, ApplicationUser, AuditTag, Consent
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import (
    api_keys,
    application_settings,
    audit,
    client_secrets,
    logout_notices,
    paging,
    sessions,
)
from wechatlogin.services.application_settings import ApplicationSettings
from wechatlogin.services.audit import COMMAND_LINE, Actor, Hidden
from wechatlogin.services.paging import Page, Place
from wechatlogin.vault import Vault

_BY_CLIENT_ID = select(Application).where(Application.client_id == bindparam("client_id"))
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
#: How many numbers there are for new user domains, all of the same length.
USER_DOMAINS = 10**12


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
class NewApplication(ApplicationSettings):
    """What an operator enters for a new application: its settings, and what never changes."""

    #: Both are chosen by us where they are not given; an owner who comes from another system keeps
    #: those that the programs and their tokens' readers have already.
    client_id: str | None = None
    client_secret: SecretStr | None = None
    #: Its secret is kept readable (sealed), because a scheme signs tokens with it.
    keeps_secret: bool = False


def get(client_id: str) -> Application | None:
    """Return the application with this client id."""
    if not _CLIENT_ID.fullmatch(client_id):
        # Not every database takes every character.
        return None
    return db.session.scalar(_BY_CLIENT_ID, {"client_id": client_id})


def verify(client_id: str) -> Application:
    """Return the application with this client id.

    :raise ApplicationUnknown: if there is none.
    """
    application = get(client_id)
    if application is None:
        raise ApplicationUnknown
    return application


def get_all() -> list[Application]:
    """Return all applications, the first made first."""
    return list(db.session.scalars(select(Application).order_by(Application.id)))


def get_page(*, after: Place | None) -> Page[Application]:
    """Return some of the applications, the last made first."""
    query = select(Application)
    return paging.get_page(query, Application.created_at, Application.id, after=after)


def count_people(application: Application) -> int:
    """Return how many people an application knows."""
    query = select(func.count(ApplicationUser.id))
    return db.session.scalar(query.where(ApplicationUser.application_id == application.id)) or 0


def count_consents(application: Application) -> int:
    """Return how many people have permitted it to know of them."""
    query = select(func.count()).select_from(Consent)
    return db.session.scalar(query.where(Consent.application_id == application.id)) or 0


def get_by_user_domain(user_domain: str) -> Application | None:
    """Return the application that has this user domain."""
    return db.session.scalar(select(Application).where(Application.user_domain == user_domain))


def check_origin(origin: str) -> bool:
    """Tell whether an application has registered exactly this origin, whichever it is."""
    live = select(Application.origins).where(Application.is_disabled.is_(False))
    return any(origin in origins for origins in db.session.scalars(live))


@repeatable
def create(
    vault: Vault, new: NewApplication, *, now: datetime, by: Actor = COMMAND_LINE
) -> Credentials:
    """Write an application down and return its credentials.

    :raise SettingRefused: if a setting cannot be so, the client id is odd or taken, or the secret
        is none that an application can have.
    """
    settings = application_settings.verify(new)
    _verify_client_id(new.client_id)
    secret = _verify_secret(new)
    user_domain_secret = secrets.token_urlsafe(32)
    with write() as session:
        application = Application(
            client_id=new.client_id or secrets.token_hex(16),
            user_domain=_new_user_domain(),
            sealed_user_domain_secret=vault.seal(user_domain_secret),
            subject_salt=secrets.token_hex(32),
            created_at=now,
            **application_settings.get_columns(settings),
        )
        session.add(application)
        session.flush()
        if secret is not None:
            client_secrets.add(vault, application, secret, is_kept=new.keeps_secret, now=now)
        _record(application, None, _facts(settings, secret), by=by, now=now)
        return Credentials(
            client_id=application.client_id,
            client_secret=secret.get_secret_value() if secret else None,
            api_key=api_keys.issue(application, "first", now=now, by=by).get_secret_value(),
            user_domain=application.user_domain or "",
            user_domain_secret=user_domain_secret,
        )


@repeatable
def change(
    application: Application,
    wanted: ApplicationSettings,
    *,
    now: datetime,
    by: Actor = COMMAND_LINE,
) -> None:
    """Change the settings that differ from those that the application has been read with.

    One that becomes a public client loses its secrets.

    :raise SettingRefused: if a setting cannot be so, or not any more.
    """
    before = application_settings.get_columns(application_settings.of(application))
    after = application_settings.get_columns(application_settings.verify(wanted))
    changes = {name: value for name, value in after.items() if value != before[name]}
    if not changes:
        return
    which = Application.id == application.id
    with write() as session:
        session.execute(select(Application.id).where(which).with_for_update())
        if "subject_type" in changes and _check_known_to(application):
            message = msgid("已经有人登录过这个应用，他们的 sub 不能再变。")
            raise SettingRefused("subject_type", message)
        session.execute(update(Application).where(which).values(changes))
        if wanted.is_public:
            client_secrets.remove_all(application)
        _record(application, before, after, by=by, now=now)


@repeatable
def save_disabled(
    application: Application, *, is_disabled: bool, now: datetime, by: Actor = COMMAND_LINE
) -> None:
    """Disable an application, or enable it again; disabling ends the sessions of its tokens."""
    with write() as session:
        # The update writes through to the row that was read.
        before = {"is_disabled": application.is_disabled}
        which = update(Application).where(Application.id == application.id)
        session.execute(which.values(is_disabled=is_disabled))
        if is_disabled:
            sessions.end_all_of_application(application.id, now=now)
        _record(application, before, {"is_disabled": is_disabled}, by=by, now=now)


@repeatable
def remove(application: Application, *, now: datetime, by: Actor = COMMAND_LINE) -> None:
    """Remove an application for good; whom it knew stay users of the installation.

    Its server is still told of the sessions that end with it.
    """
    with write() as session:
        before = application_settings.get_columns(application_settings.of(application))
        sessions.end_all_of_application(application.id, now=now)
        logout_notices.keep_beyond(application)
        _record(application, before, None, by=by, now=now)
        session.execute(delete(Application).where(Application.id == application.id))
    db.session.expire_all()


def _record(
    application: Application,
    before: Mapping[str, object] | None,
    after: Mapping[str, object] | None,
    *,
    by: Actor,
    now: datetime,
) -> None:
    tag = AuditTag.APPLICATION_REMOVED if after is None else AuditTag.APPLICATION_SAVED
    audit.record_change(tag, by, before=before, after=after, detail=application.client_id, now=now)


def _facts(settings: ApplicationSettings, secret: SecretStr | None) -> dict[str, object]:
    """Return what the audit says of a new application."""
    given = Hidden.NONE if secret is None else Hidden.SET
    return {**application_settings.get_columns(settings), "client_secret": given}


def _new_user_domain() -> str:
    """Return a name in the form that clients of the end-user API may check."""
    return f"C.DM.{secrets.randbelow(USER_DOMAINS) + USER_DOMAINS}.1"


def _check_known_to(application: Application) -> bool:
    query = select(ApplicationUser.id).where(ApplicationUser.application_id == application.id)
    return db.session.scalar(query.limit(1)) is not None


def _verify_client_id(client_id: str | None) -> None:
    if client_id is None:
        return
    if not _CLIENT_ID.fullmatch(client_id) or get(client_id) is not None:
        message = msgid("client id 是 8 到 64 个字母、数字、- 或 _，而且没有别的应用在用。")
        raise SettingRefused("client_id", message, client_id)


def _verify_secret(new: NewApplication) -> SecretStr | None:
    given = new.client_secret
    if new.is_public and (given is not None or new.keeps_secret):
        field = "keeps_secret" if given is None else "client_secret"
        raise SettingRefused(field, client_secrets.NONE_IF_PUBLIC)
    if new.is_public:
        return None
    return client_secrets.verify_given(given) if given else client_secrets.new()
