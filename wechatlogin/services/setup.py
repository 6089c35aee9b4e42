"""Setting a WeChat app up: whether WeChat takes its secret, and how far the owner has come.

Nothing is kept for it: each step's state follows from what is configured and from what WeChat's
side has shown since, so that a set-up can be left and resumed anywhere.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select

from wechatlogin.extensions import db
from wechatlogin.models import (
    AccountHealth,
    Attempt,
    PlatformToken,
    ReceivedMessage,
    VerificationFile,
    WeChatAppRow,
)
from wechatlogin.services import push_refusals, verification_files, wechat_apps
from wechatlogin.services.pauses import Pauses
from wechatlogin.services.site import Site
from wechatlogin.wechat.access_token import fetch_stable_token
from wechatlogin.wechat.app import Right, WeChatApp, rights_of
from wechatlogin.wechat.errors import LoginMustRestart, PlatformError
from wechatlogin.wechat.oauth import exchange_code

#: By which WeChat says that our address is not on an account's white list.
WHITE_LIST_ERRCODES = frozenset({40164, 61004})
#: No code that WeChat has given: what it says to it tells whether it would take a real one.
_NO_CODE = "0" * 32
#: Open pages ask every two seconds, and must not read every login there ever was.
LATELY = timedelta(days=7)


@dataclass(frozen=True)
class Progress:
    """What has been shown to work."""

    #: WeChat has given a token for the secret.
    has_token: bool
    #: When WeChat last checked the callback URL, or sent a push that was taken.
    heard_at: datetime | None
    #: When a push was refused, unless one was taken since.
    refused_at: datetime | None
    files: tuple[VerificationFile, ...]
    #: The last login of `LATELY`.
    last_login_at: datetime | None


def verify_credentials(site: Site, app: WeChatApp) -> None:
    """Ask WeChat whether appid and secret are right; no token that is in use dies of it.

    :raise OperatorNeeded: if they are not, or our address is not on the white list.
    :raise PlatformError: see its subclasses.
    """
    if Right.ACCESS_TOKEN in rights_of(app.kind):
        # Without force it is the token in force that comes back.
        fetch_stable_token(site.http, app)
        return
    with suppress(LoginMustRestart):
        exchange_code(site.http, app, _NO_CODE)


def keep_token(site: Site, row: WeChatAppRow) -> None:
    """Store the token of an account whose secret WeChat takes."""
    # What was refused a moment ago may still be paused, and is mended now.
    asking = replace(site, pauses=Pauses())
    with suppress(PlatformError):
        if row.has(Right.ACCESS_TOKEN):
            wechat_apps.access_tokens(asking, row).get()


def get_progress(row: WeChatAppRow, *, now: datetime) -> Progress:
    """Return what has been shown to work with an app."""
    token = db.session.get(PlatformToken, row.appid)
    health = db.session.get(AccountHealth, row.appid)
    push = select(func.max(ReceivedMessage.received_at)).where(ReceivedMessage.appid == row.appid)
    login = select(func.max(Attempt.claimed_at)).where(
        Attempt.claimed_at > now - LATELY, Attempt.appid == row.appid
    )
    heard_at = _latest(health.verified_at if health else None, db.session.scalar(push))
    is_telling = health is not None and push_refusals.check_telling(health.refused_reason or "")
    refused_at = health.refused_at if health and is_telling else None
    if heard_at is not None and refused_at is not None and refused_at <= heard_at:
        refused_at = None
    return Progress(
        has_token=token is not None and token.sealed_token is not None,
        heard_at=heard_at,
        refused_at=refused_at,
        files=tuple(verification_files.get_all_of(row)),
        last_login_at=db.session.scalar(login),
    )


def _latest(*moments: datetime | None) -> datetime | None:
    known = [moment for moment in moments if moment is not None]
    return max(known, default=None)
