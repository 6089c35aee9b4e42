"""Reading an authorization request: first where its answer may go, then all the rest.

As long as client and redirect URI are not certain, an error is shown to the person and leads
nowhere; from then on it goes to the client (RFC 6749, 4.1.2.1).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from authlib.oauth2.rfc6749 import (
    InvalidRequestError,
    UnsupportedResponseTypeError,
)
from authlib.oauth2.rfc9101.errors import RequestNotSupportedError, RequestUriNotSupportedError
from authlib.oidc.core.errors import RegistrationNotSupportedError

from wechatlogin.errors import ApplicationDisabled, RedirectUnknown
from wechatlogin.models import Application
from wechatlogin.oidc.client import CODE
from wechatlogin.oidc.provider import server
from wechatlogin.oidc.requests import Request
from wechatlogin.services import applications

LONGEST_NONCE = 512
_SECONDS = re.compile(r"[0-9]{1,9}")
#: What is refused whole, and how (OpenID Connect Core, 3.1.2.6).
_NOT_SUPPORTED = {
    "request": RequestNotSupportedError,
    "request_uri": RequestUriNotSupportedError,
    "registration": RegistrationNotSupportedError,
}


class Prompt(StrEnum):
    """What the client wants the person to be asked (OpenID Connect Core, 3.1.2.1)."""

    NONE = "none"
    LOGIN = "login"
    CONSENT = "consent"
    SELECT_ACCOUNT = "select_account"


class ResponseMode(StrEnum):
    """How the answer travels to the client."""

    QUERY = "query"
    FORM_POST = "form_post"


@dataclass(frozen=True)
class Target:
    """A client, and where it is certain that an answer may go."""

    application: Application
    redirect_uri: str
    state: str | None
    mode: ResponseMode


@dataclass(frozen=True)
class Wanted:
    """An authorization request that can be granted."""

    target: Target
    scope: str
    prompts: frozenset[Prompt]
    nonce: str | None
    #: Seconds since the person showed who they are.
    max_age: int | None
    code_challenge: str | None
    id_token_hint: str | None
    ui_locales: tuple[str, ...]

    @property
    def application(self) -> Application:
        """The program that asks."""
        return self.target.application


def verify_target(parameters: Mapping[str, str]) -> Target:
    """Return where an answer may go, whether it is a code or an error.

    :raise ApplicationUnknown: if the client is unknown.
    :raise ApplicationDisabled: if its operator has stopped it.
    :raise RedirectUnknown: if the redirect URI is not exactly one of the client's.
    """
    application = applications.verify(parameters.get("client_id", ""))
    if application.is_disabled:
        raise ApplicationDisabled
    redirect_uri = parameters.get("redirect_uri", "")
    if redirect_uri not in application.redirect_uris:
        raise RedirectUnknown
    is_form_post = parameters.get("response_mode") == ResponseMode.FORM_POST
    mode = ResponseMode.FORM_POST if is_form_post else ResponseMode.QUERY
    return Target(application, redirect_uri, parameters.get("state"), mode)


def verify(parameters: Mapping[str, str], target: Target) -> Wanted:
    """Return what a request asks for.

    :raise OAuth2Error: if it cannot be granted, whoever logs in; the client is told.
    """
    for name, error in _NOT_SUPPORTED.items():
        if name in parameters:
            raise error()
    if "response_type" not in parameters:
        raise InvalidRequestError("Missing 'response_type' in request.")
    if parameters["response_type"] != CODE:
        raise UnsupportedResponseTypeError(None)
    if parameters.get("response_mode", target.mode) != target.mode:
        raise InvalidRequestError("'response_mode' has to be query or form_post.")
    request = Request(parameters)
    server.get_authorization_grant(request).validate_consent_request()
    return Wanted(
        target,
        scope=str(request.scope),
        prompts=_prompts(parameters.get("prompt", "")),
        nonce=_nonce(parameters),
        max_age=_max_age(parameters.get("max_age")),
        code_challenge=parameters.get("code_challenge"),
        id_token_hint=parameters.get("id_token_hint"),
        ui_locales=tuple(parameters.get("ui_locales", "").split()),
    )


def _prompts(given: str) -> frozenset[Prompt]:
    try:
        prompts = frozenset(Prompt(name) for name in given.split())
    except ValueError as err:
        raise InvalidRequestError("'prompt' holds an unknown value.") from err
    if Prompt.NONE in prompts and len(prompts) > 1:
        raise InvalidRequestError("'prompt=none' excludes every other value.")
    return prompts


def _nonce(parameters: Mapping[str, str]) -> str | None:
    nonce = parameters.get("nonce")
    if nonce is not None and len(nonce) > LONGEST_NONCE:
        raise InvalidRequestError("'nonce' is too long.")
    return nonce


def _max_age(given: str | None) -> int | None:
    if given is None:
        return None
    if not _SECONDS.fullmatch(given):
        raise InvalidRequestError("'max_age' has to be a number of seconds.")
    return int(given)
