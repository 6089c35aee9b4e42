"""What an authorization request still needs before its code: the decision, without doing it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oidc.core.errors import ConsentRequiredError, LoginRequiredError

from wechatlogin.errors import TokenInvalid
from wechatlogin.oidc.authorization_request import Prompt, Wanted
from wechatlogin.services import application_users, consents, id_tokens
from wechatlogin.services.site import Site
from wechatlogin.web.people import Person

PROFILE = "profile"
#: Our login page is where another WeChat can be chosen, too.
_ANEW = frozenset({Prompt.LOGIN, Prompt.SELECT_ACCOUNT})


class Step(StrEnum):
    """What comes next."""

    LOGIN = "login"
    #: WeChat's question for name and picture.
    PROFILE = "profile"
    CONSENT = "consent"
    GRANT = "grant"


@dataclass(frozen=True)
class Progress:
    """What has been done for a request."""

    #: When the client asked: a login from then on is a new one.
    since: datetime
    may_ask_profile: bool = False
    #: The person has just said yes.
    has_consented: bool = False


def decide(
    site: Site, wanted: Wanted, person: Person | None, progress: Progress, *, now: datetime
) -> Step:
    """Return what a request needs next.

    :raise LoginRequiredError: if that is a login, and nobody may be asked (`prompt=none`); or if
        another person has logged in for it than the hint names.
    :raise ConsentRequiredError: if it is a consent, likewise.
    :raise InvalidRequestError: if the hint is no ID token of ours for this client.
    """
    is_silent = Prompt.NONE in wanted.prompts
    if person is None or not _check_login(site, wanted, person, progress, now=now):
        if is_silent:
            raise LoginRequiredError("The person has to log in.")
        return Step.LOGIN
    if progress.may_ask_profile and not is_silent and _lacks_profile(wanted, person):
        return Step.PROFILE
    if not _check_consent(wanted, person, progress):
        if is_silent:
            raise ConsentRequiredError("The person has to consent.")
        return Step.CONSENT
    return Step.GRANT


def _check_login(
    site: Site, wanted: Wanted, person: Person, progress: Progress, *, now: datetime
) -> bool:
    """Tell whether the login in this browser is the one that is wanted, and new enough."""
    is_hinted = _check_hint(site, wanted, person, now)
    auth_time = person.session.auth_time
    if auth_time >= progress.since:
        if not is_hinted:
            # Inside WeChat another login would be the same person's, without end.
            raise LoginRequiredError("Another person has logged in than 'id_token_hint' names.")
        return True
    is_young = wanted.max_age is None or now - auth_time <= timedelta(seconds=wanted.max_age)
    return is_hinted and is_young and not _ANEW & wanted.prompts


def _check_hint(site: Site, wanted: Wanted, person: Person, now: datetime) -> bool:
    if wanted.id_token_hint is None:
        return True
    try:
        hinted = id_tokens.verify_hint(site, wanted.id_token_hint, now=now)
    except TokenInvalid as err:
        raise InvalidRequestError("'id_token_hint' is no ID token of ours.") from err
    if hinted.application.id != wanted.application.id:
        raise InvalidRequestError("'id_token_hint' is another client's.")
    known = application_users.get(wanted.application.id, person.user.id)
    return known is not None and known.subject == hinted.subject


def _lacks_profile(wanted: Wanted, person: Person) -> bool:
    has_name = any(identity.nickname for identity in person.user.identities)
    return PROFILE in wanted.scope.split() and not has_name


def _check_consent(wanted: Wanted, person: Person, progress: Progress) -> bool:
    if Prompt.CONSENT in wanted.prompts and not progress.has_consented:
        return False
    return not consents.get_missing(wanted.application, person.user.id, wanted.scope)
