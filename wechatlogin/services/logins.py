"""The end of every way: a confirmed attempt becomes a session in the browser that started it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import SecretStr

from wechatlogin.errors import AttemptSpent
from wechatlogin.models import Attempt
from wechatlogin.models.transaction import write
from wechatlogin.services import accounts, attempts, sessions
from wechatlogin.services.site import Browser, Site


@dataclass(frozen=True)
class Login:
    """A person is logged in: the value for the session cookie, and the attempt it came from."""

    session_token: SecretStr
    attempt: Attempt


def claim(site: Site, attempt_id: str, browser: Browser, *, now: datetime) -> Login:
    """Claim an attempt and start its session.

    The session's token follows from the attempt and the browser's secret, so a browser whose
    answer was lost can ask again and is given the same session, unless that has been ended.

    :raise AttemptError: if it is not this browser's, not confirmed, or spent.
    """
    with write():
        attempt, is_first = attempts.claim(attempt_id, binding_hash=browser.binding_hash, now=now)
        token = site.vault.derive_token("session", attempt.id, browser.binding)
        if is_first:
            _start_session(site, attempt, token, browser=browser, now=now)
        elif sessions.get(token, idle=_idle(site), now=now) is None:
            raise AttemptSpent
    if is_first:
        site.bus.wake(attempt.id)
    return Login(SecretStr(token), attempt)


def _start_session(
    site: Site, attempt: Attempt, token: str, *, browser: Browser, now: datetime
) -> None:
    lifetime = timedelta(seconds=site.settings.session_seconds)
    owner = sessions.Owner(user_id=attempt.user_id)
    sessions.start(token, owner, browser=browser, way=attempt.way, lifetime=lifetime, now=now)
    if attempt.user_id is not None:
        accounts.note_login(attempt.user_id, way=attempt.way, ip=browser.ip, now=now)


def _idle(site: Site) -> timedelta:
    return timedelta(seconds=site.settings.session_idle_seconds)
