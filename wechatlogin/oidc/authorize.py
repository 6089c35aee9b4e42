"""The authorization endpoint (OpenID Connect Core, 3.1.2): the code flow, and nothing else.

GET, POST /oidc/auth            a request: at once back with a code where the person is logged in
                                here and has nothing to say to it; otherwise it is kept
GET       /oidc/auth/<handle>   a kept request goes on, each time the person has done something
POST      /oidc/auth/<handle>   the answer to the question whether the application may know them

What happens in between:

    nobody is logged in     our login, which is silent inside WeChat and a QR code on a desktop
    the login is too old    the same (`prompt=login`, `max_age`, another person's `id_token_hint`)
    no name is known        inside WeChat, once: WeChat's own question for name and picture
    no consent              our question
    `prompt=none`           none of it: the client is told what would have to be done
"""

from datetime import datetime

from authlib.oauth2.rfc6749 import AccessDeniedError, OAuth2Error
from flask import Blueprint, redirect, request, url_for
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import InvalidRequest
from wechatlogin.extensions import csrf, limiter
from wechatlogin.models import AuthorizationRequest
from wechatlogin.oidc import answers, authorization_request, consent_page, requests
from wechatlogin.oidc.authorization_request import Target, Wanted
from wechatlogin.oidc.requests import Parameters
from wechatlogin.oidc.steps import Progress, Step, decide
from wechatlogin.services import (
    agreements,
    applications,
    authorization_codes,
    authorization_requests,
    consents,
)
from wechatlogin.services.authorization_codes import Authorized
from wechatlogin.services.authorization_requests import REQUEST_URI_PREFIX
from wechatlogin.web import languages
from wechatlogin.web.context import current_browser, current_site, is_in_wechat
from wechatlogin.web.login import start_limit
from wechatlogin.web.parameters import get_single
from wechatlogin.web.people import Person
from wechatlogin.wechat.oauth import Scope

bp = Blueprint("authorize", __name__, url_prefix="/oidc")


@bp.get("/auth")
@limiter.limit(start_limit)
def start() -> Response | str:
    now, parameters = clock.now(), _read(request.args)
    if _is_pushed(parameters):
        return _take_pushed(parameters, now)
    target = authorization_request.verify_target(parameters)
    try:
        wanted = authorization_request.verify(parameters, target)
        step = decide(current_site(), wanted, _person(), Progress(since=now), now=now)
    except OAuth2Error as err:
        return answers.send_error(target, err)
    return _grant(wanted, now) if step is Step.GRANT else _keep(target, parameters, now)


@bp.post("/auth")
@csrf.exempt
@limiter.limit(start_limit)
def start_by_post() -> Response | str:
    # Another site's form brings no cookies of ours; the address that it is sent on to gets them.
    now, parameters = clock.now(), _read(request.form)
    if _is_pushed(parameters):
        return _take_pushed(parameters, now)
    target = authorization_request.verify_target(parameters)
    try:
        authorization_request.verify(parameters, target)
    except OAuth2Error as err:
        return answers.send_error(target, err)
    return _keep(target, parameters, now)


@bp.get("/auth/<handle>")
@limiter.limit(start_limit)
def go_on(handle: str) -> Response | str:
    return _go_on(handle, clock.now())


@bp.post("/auth/<handle>")
@limiter.limit(start_limit)
def decide_consent(handle: str) -> Response | str:
    return _go_on(handle, clock.now(), decision=request.form.get("decision", ""))


def _go_on(handle: str, now: datetime, *, decision: str | None = None) -> Response | str:
    kept = authorization_requests.verify(handle, now=now)
    target = authorization_request.verify_target(kept.parameters)
    try:
        wanted = authorization_request.verify(kept.parameters, target)
        _verify_not_refused()
        has_consented = _take_decision(decision, wanted, now)
        progress = Progress(kept.created_at, _may_ask_profile(kept), has_consented)
        step = decide(current_site(), wanted, _person(), progress, now=now)
    except OAuth2Error as err:
        return answers.send_error(target, err)
    match step:
        case Step.GRANT:
            return _grant(wanted, now)
        case Step.CONSENT:
            return consent_page.show(
                wanted.application,
                current_user,
                wanted.scope,
                action=url_for("authorize.decide_consent", handle=handle),
                redirect_uri=target.redirect_uri,
            )
        case Step.PROFILE:
            authorization_requests.note_asked_profile(kept)
    return redirect(_login_url(handle, wanted, wants_profile=step is Step.PROFILE), 303)


def _verify_not_refused() -> None:
    """Let a request go on unless its person has refused the privacy notice in the login for it."""
    refused = get_single("refused")
    if refused and agreements.check_refused(refused, current_browser(), request.path):
        raise AccessDeniedError("The person does not agree to the privacy notice.")


def _take_decision(decision: str | None, wanted: Wanted, now: datetime) -> bool:
    """Write down what the person has just said; True for a yes."""
    if decision is None:
        return False
    if decision != "allow":
        raise AccessDeniedError("The person has refused.")
    asked = request.form.get(consent_page.ASKED)
    if not current_user.is_authenticated or asked != current_user.session.public_id:
        # Somebody else has logged in meanwhile, in another tab.
        return False
    consents.grant(wanted.application, current_user.user.id, wanted.scope, now=now)
    return True


def _grant(wanted: Wanted, now: datetime) -> Response | str:
    authorized = Authorized(
        wanted.application,
        wanted.target.redirect_uri,
        wanted.scope,
        nonce=wanted.nonce,
        code_challenge=wanted.code_challenge,
    )
    code = authorization_codes.issue(current_user.session, authorized, now=now)
    return answers.send_code(wanted.target, code)


def _keep(target: Target, parameters: Parameters, now: datetime) -> Response:
    kept = authorization_requests.store(target.application, parameters, now=now)
    return redirect(url_for("authorize.go_on", handle=kept.handle), 303)


def _is_pushed(parameters: Parameters) -> bool:
    return parameters.get("request_uri", "").startswith(REQUEST_URI_PREFIX)


def _take_pushed(parameters: Parameters, now: datetime) -> Response:
    application = applications.verify(parameters.get("client_id", ""))
    kept = authorization_requests.take(application, parameters["request_uri"], now=now)
    return redirect(url_for("authorize.go_on", handle=kept.handle), 303)


def _login_url(handle: str, wanted: Wanted, *, wants_profile: bool) -> str:
    """Return where the person logs in: at first without WeChat's question for name and picture."""
    return url_for(
        "login.start",
        client_id=wanted.application.client_id,
        next=url_for("authorize.go_on", handle=handle),
        profile=int(wants_profile),
        prompt="login" if current_user.is_authenticated else None,
        lang=languages.get_first(wanted.ui_locales),
    )


def _may_ask_profile(kept: AuthorizationRequest) -> bool:
    # Elsewhere there is nothing to ask with; a scan in WeChat's app tells no name.
    is_wanted = current_site().settings.login_scope == Scope.USERINFO
    return is_wanted and is_in_wechat() and not kept.has_asked_profile


def _person() -> Person | None:
    return current_user if current_user.is_authenticated else None


def _read(source: MultiDict[str, str]) -> Parameters:
    try:
        return requests.read(source)
    except OAuth2Error as err:
        # Where an answer may go is not certain.
        raise InvalidRequest from err
