"""The end of every way: a confirmed attempt becomes a session in the browser that started it.

One of purpose LINK starts no session: it adds the identity to the account that the browser is
logged in to (`services/linking.py`), which stays logged in as it is.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pydantic import SecretStr

from wechatlogin.errors import AccountLeft, AttemptNotFound, AttemptSpent
from wechatlogin.models import Application, Attempt, Purpose, Session
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import accounts, application_users, attempts, linking, sessions, users
from wechatlogin.services.errand import Errand
from wechatlogin.services.linking import Outcome
from wechatlogin.services.site import Browser, Site


@dataclass(frozen=True)
class Login:
    """A person is logged in: the value for the session cookie, and the attempt it came from."""

    session_token: SecretStr
    attempt: Attempt
    #: LINK: what became of the identity.
    outcome: Outcome | None = None
    #: The session is a program's, by whose tokens it is known; no cookie carries it.
    is_of_program: bool = False


@repeatable
def claim(
    site: Site,
    attempt_id: str,
    browser: Browser,
    *,
    now: datetime,
    holder: Application | None = None,
) -> Login:
    """Claim an attempt and start its session, or add the identity to the session's account.

    The session's token follows from the attempt and the browser's secret, so a browser whose
    answer was lost can ask again and is given the same session, unless that has been ended.
    `holder` is the program that holds the session's tokens, where a server stands for a browser; a
    login that goes on to a program's page has its application as holder.

    :raise NoticeDue: if the person has yet to agree to the privacy notice. A server that stands
        for a browser shows it by itself.
    :raise AttemptError: if it is not this browser's, not confirmed, or spent.
    :raise AccountLeft: if it adds to an account that this browser is not logged in to.
    """
    attempt = attempts.get(attempt_id)
    if attempt is not None and attempt.purpose == Purpose.LINK:
        return _claim_link(site, attempt, browser, now=now)
    errand = Errand.of(attempt) if attempt is not None else Errand()
    asks_notice = holder is None
    holder = holder or (errand.application if errand.is_for_program else None)
    with write():
        # A person is locked before what is theirs; and whoever was logged in here until now.
        former = sessions.get_owner_id(browser.session_token) if browser.session_token else None
        known = attempt.user_id if attempt else None
        user_id = users.lock(known, beside=former) if known else None
        attempt, is_first = attempts.claim(
            attempt_id, binding_hash=browser.binding_hash, now=now, asks_notice=asks_notice
        )
        token = site.vault.derive_token_again(
            lambda given: sessions.get(given, idle=_idle(site), now=now) is not None,
            "session",
            attempt.id,
            browser.binding,
        )
        if is_first and user_id is None:
            raise AttemptNotFound
        if is_first:
            _start_session(site, attempt, token, browser=browser, holder=holder, now=now)
        elif sessions.get(token, idle=_idle(site), now=now) is None:
            raise AttemptSpent
    if is_first:
        site.bus.wake(attempt.id)
    return Login(SecretStr(token), attempt, is_of_program=holder is not None)


@repeatable
def _claim_link(site: Site, attempt: Attempt, browser: Browser, *, now: datetime) -> Login:
    attempt_id = attempt.id
    with write():
        session = _get_session(site, browser, now)
        linking.lock_both(attempt, session)
        attempt, is_first = attempts.claim(attempt_id, binding_hash=browser.binding_hash, now=now)
        outcome = linking.link(attempt, now=now) if is_first else linking.get_outcome(attempt)
    if is_first:
        site.bus.wake(attempt_id)
    return Login(SecretStr(browser.session_token or ""), attempt, outcome)


def _get_session(site: Site, browser: Browser, now: datetime) -> Session | None:
    if browser.session_token is None:
        raise AccountLeft
    return sessions.get(browser.session_token, idle=_idle(site), now=now)


def _start_session(
    site: Site,
    attempt: Attempt,
    token: str,
    *,
    browser: Browser,
    holder: Application | None,
    now: datetime,
) -> None:
    sessions.start(
        token,
        sessions.Owner(user_id=attempt.user_id),
        browser=_place_of(holder, browser),
        way=attempt.way,
        lifetime=timedelta(seconds=site.settings.session_seconds),
        application_id=holder.id if holder else None,
        now=now,
    )
    if attempt.user_id is not None:
        accounts.note_login(attempt.user_id, way=attempt.way, ip=browser.ip, now=now)
        if attempt.application_id is not None:
            application_users.find_or_create(attempt.application_id, attempt.user_id, now=now)


def _place_of(holder: Application | None, browser: Browser) -> Browser:
    """Return where the person is logged in, as they see it among their sessions."""
    if holder is None:
        return browser
    # The browser itself stays logged in here as it was.
    return replace(browser, name=holder.name, session_token=None)


def _idle(site: Site) -> timedelta:
    return timedelta(seconds=site.settings.session_idle_seconds)
