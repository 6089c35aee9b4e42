"""The end users of an application: people whom its own servers or apps log in through us.

The program takes the code that WeChat gave it for one of its WeChat apps, signs it with the secret
of its user domain, and is given a token pair. What it calls a person, the uid, is good in its own
user space alone.

    log_in        the domain, the country, the signature; then the code, in one try; a new session
    refresh       a spent refresh token ends the session (`services/refresh_tokens.py`)
    get_profile   what we know of the person in the WeChat apps that the application uses
    log_out       the session ends, and with it both tokens and all that came of them
"""

import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from wechatlogin.errors import (
    ApplicationDisabled,
    ApplicationUnknown,
    CountryNotServed,
    CountryUnknown,
    NotConfigured,
    SignatureWrong,
    TokenInvalid,
    UserDomainMalformed,
    UserUnknown,
)
from wechatlogin.extensions import db
from wechatlogin.models import Application, AuditTag, Identity, Way, WeChatAppRow
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import (
    accounts,
    application_users,
    applications,
    audit,
    code_exchange,
    end_user_tokens,
    sessions,
    users,
    wechat_apps,
)
from wechatlogin.services.accounts import Sighting
from wechatlogin.services.end_user_tokens import REFRESH_LIFETIME, EndUser, Kind, TokenPair
from wechatlogin.services.site import Browser, Site
from wechatlogin.vault import equal, sha256_hex
from wechatlogin.wechat.app import Right

USER_DOMAIN = re.compile(r"[A-Z]\.[A-Z]{2}\.[0-9]+(\.[0-9]+)?")
#: What one may have been called before there was a pattern.
_STORABLE = re.compile(r"[!-~]{1,64}")
_COUNTRY = re.compile(r"-?[0-9]{1,10}")


@dataclass(frozen=True)
class SignedLogin:
    """What a program sends to log somebody in."""

    user_domain: str
    appid: str
    #: Of the authorize page, or of a mini program's `wx.login`; `right` says which.
    code: str = field(repr=False)
    signature: str
    right: Right
    #: The mobile country code that the person is in, as it was written.
    country: str | None = None


@dataclass(frozen=True)
class EndUserProfile:
    """A person as an application sees them; None where we do not know."""

    uid: str
    nickname: str | None
    avatar_url: str | None
    language: str | None
    official_account_openid: str | None
    mini_program_openid: str | None
    unionid: str | None
    registered_at: datetime
    last_login_at: datetime


def log_in(site: Site, request: SignedLogin, *, ip: str | None, now: datetime) -> TokenPair:
    """Log in the person whom a signed code stands for.

    :raise UserDomainMalformed: if the domain cannot be one.
    :raise ApplicationUnknown: if there is no such domain.
    :raise ApplicationDisabled: if its application is disabled.
    :raise CountryUnknown: if the country is not a number.
    :raise CountryNotServed: if the domain serves other countries.
    :raise SignatureWrong: if it is not SHA256(appid + code + the domain's secret) in hex.
    :raise NotConfigured: if the appid is not a WeChat app of the application's that may do this.
    :raise SnapshotUser: if WeChat showed a snapshot page; `SnapshotSuspected` says the same.
    :raise WeChatError: if WeChat refuses the code or gives no answer.
    """
    application = _verify_domain(request.user_domain)
    _verify_country(application, request.country)
    _verify_signature(site, application, request)
    row = _verify_wechat_app(application, request)
    identity = _identify(site, row, request, now)
    return _start(site, application, identity, ip=ip, now=now)


def refresh(site: Site, token: str, *, now: datetime) -> TokenPair:
    """Spend a refresh token and return a new pair.

    :raise TokenInvalid: if it is none, or was spent before: then its session ends.
    """
    return end_user_tokens.rotate(site, token, now=now)


def get_profile(token: str, *, now: datetime) -> EndUserProfile:
    """Return the person of an access token.

    :raise TokenInvalid: if it is none, or its session has ended.
    :raise UserUnknown: if the person has been erased.
    """
    end_user = _verify(token, now)
    apps = wechat_apps.get_for(end_user.application)
    theirs = _identities(end_user.known.user_id, apps)
    talks = {row.appid for row in apps if row.has(Right.CHAT)}
    programs = {row.appid for row in apps if row.has(Right.MINI_PROGRAM_LOGIN)}
    return EndUserProfile(
        uid=end_user_tokens.uid(end_user.known),
        nickname=next((one.nickname for one in theirs if one.nickname), None),
        avatar_url=next((one.avatar_url for one in theirs if one.avatar_url), None),
        language=next((one.language for one in theirs if one.language), None),
        official_account_openid=next((one.openid for one in theirs if one.appid in talks), None),
        mini_program_openid=next((one.openid for one in theirs if one.appid in programs), None),
        unionid=next((one.unionid for one in theirs if one.unionid), None),
        registered_at=end_user.known.first_login_at,
        last_login_at=end_user.known.last_login_at,
    )


@repeatable
def log_out(token: str, *, ip: str | None, now: datetime) -> None:
    """End the session of an access token.

    :raise TokenInvalid: if it is none, or its session has ended.
    :raise UserUnknown: if the person has been erased.
    """
    session = _verify(token, now).session
    with write():
        if session.user_id and sessions.end_one(session.user_id, session.public_id, now=now):
            audit.record(AuditTag.SESSION_ENDED, user_id=session.user_id, ip=ip, now=now)


def _verify(token: str, now: datetime) -> EndUser:
    claims = end_user_tokens.read(token, Kind.ACCESS, now=now)
    end_user = end_user_tokens.get_end_user(claims, now=now)
    if end_user is not None:
        return end_user
    raise TokenInvalid if application_users.check_known(claims.number) else UserUnknown


def _verify_domain(user_domain: str) -> Application:
    application = None
    if _STORABLE.fullmatch(user_domain):
        application = applications.get_by_user_domain(user_domain)
    if application is None:
        raise ApplicationUnknown if USER_DOMAIN.fullmatch(user_domain) else UserDomainMalformed
    if application.is_disabled:
        raise ApplicationDisabled
    return application


def _verify_country(application: Application, country: str | None) -> None:
    if country is None:
        return
    if not _COUNTRY.fullmatch(country):
        raise CountryUnknown
    if application.mccs and int(country) not in application.mccs:
        raise CountryNotServed


def _verify_signature(site: Site, application: Application, request: SignedLogin) -> None:
    sealed = application.sealed_user_domain_secret
    if sealed is None:
        raise SignatureWrong
    expected = sha256_hex(request.appid + request.code + site.vault.open(sealed))
    if not equal(request.signature.lower(), expected):
        raise SignatureWrong


def _verify_wechat_app(application: Application, request: SignedLogin) -> WeChatAppRow:
    for row in wechat_apps.get_for(application):
        if row.appid == request.appid and row.has(request.right):
            return row
    raise NotConfigured


def _identify(site: Site, row: WeChatAppRow, request: SignedLogin, now: datetime) -> Identity:
    if request.right is not Right.MINI_PROGRAM_LOGIN:
        return code_exchange.identify(site, row, request.code, now=now)
    grant = wechat_apps.client(site, row).exchange_js_code(request.code)
    sighting = Sighting(openid=grant.openid, unionid=grant.unionid)
    return accounts.find_or_create_identity(row, sighting, now=now)


@repeatable
def _start(
    site: Site, application: Application, identity: Identity, *, ip: str | None, now: datetime
) -> TokenPair:
    caller = _caller(application, ip)
    with write() as database:
        user_id = users.lock(identity.user_id)
        if user_id is None:
            # Erased since WeChat told who it is.
            raise UserUnknown
        known = application_users.find_or_create(application.id, user_id, now=now)
        # The program never sees this token; its own stand for the session by another name.
        session = sessions.start(
            secrets.token_urlsafe(32),
            sessions.Owner(user_id=user_id),
            browser=caller,
            way=Way.IN_WECHAT,
            lifetime=REFRESH_LIFETIME,
            application_id=application.id,
            now=now,
        )
        database.flush()
        accounts.note_login(user_id, way=Way.IN_WECHAT, ip=ip, now=now)
        return end_user_tokens.issue(site, EndUser(application, known, session), now=now)


def _caller(application: Application, ip: str | None) -> Browser:
    """Return the program in the place of a browser: its person sees its name among the sessions."""
    return Browser(binding="", is_bound=False, name=application.name, ip=ip)


def _identities(user_id: str, apps: list[WeChatAppRow]) -> list[Identity]:
    """Return a person's identities in these apps, in their order."""
    order = {row.appid: place for place, row in enumerate(apps)}
    query = select(Identity).where(Identity.user_id == user_id, Identity.appid.in_(order))
    return sorted(db.session.scalars(query), key=lambda one: order[one.appid])
