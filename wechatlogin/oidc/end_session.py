"""Logging out because an application asks for it (OpenID Connect RP-Initiated Logout 1.0).

GET   /oidc/session/end           at once if the ID token is about the login in this browser, or
                                  nobody is logged in; otherwise it asks
POST  /oidc/session/end           leads to the same by GET: another site's form brings no cookies
POST  /oidc/session/end/confirm   the person's answer
GET   /oidc/session/end/success   our own page: nobody is logged in any more

From there the browser goes back only to an address that the application has registered exactly
so, and only where an ID token, or the person, has shown that it is this application that asks.

Authlib's `EndSessionEndpoint` is not used: it takes every JWT of ours for an ID token, an access
token too, and does not know which of them name the login in front of it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749 import OAuth2Error
from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import force_locale, get_locale, gettext
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import InvalidRequest, TokenInvalid
from wechatlogin.extensions import csrf
from wechatlogin.i18n import locale_of
from wechatlogin.models import Application
from wechatlogin.oidc import requests
from wechatlogin.oidc.requests import Parameters
from wechatlogin.services import applications, id_tokens, log_outs
from wechatlogin.services.id_tokens import Hint
from wechatlogin.web import languages, people, security, words
from wechatlogin.web.context import current_site
from wechatlogin.web.security import Openness

bp = Blueprint("end_session", __name__, url_prefix="/oidc/session/end")

PARAMETERS = frozenset(
    {
        "id_token_hint",
        "logout_hint",
        "client_id",
        "post_logout_redirect_uri",
        "state",
        "ui_locales",
    }
)


@dataclass(frozen=True)
class Wanted:
    """What an application asks for; all that it says may be missing."""

    parameters: Parameters
    application: Application | None
    #: None where there is no ID token, or it is none of ours, or no longer.
    hint: Hint | None

    @property
    def back_url(self) -> str | None:
        """Where the browser may go back to, with the application's `state`."""
        uri = self.parameters.get("post_logout_redirect_uri")
        application = self.application
        # Whoever shows a token that is none is not taken at their word for anything else.
        is_wrong = self.hint is None and "id_token_hint" in self.parameters
        if uri is None or application is None or application.is_disabled or is_wrong:
            return None
        if uri not in application.post_logout_redirect_uris:
            return None
        state = self.parameters.get("state")
        return uri if state is None else add_params_to_uri(uri, [("state", state)])

    @property
    def language(self) -> str | None:
        """The first of its languages that we speak."""
        return languages.get_first(self.parameters.get("ui_locales", "").split())


@bp.get("")
def start() -> Response | str:
    now = clock.now()
    wanted = _read(request.args, now)
    if not current_user.is_authenticated:
        return _finish(wanted, now, is_certain=wanted.hint is not None)
    if wanted.hint is not None and log_outs.check_meant(wanted.hint, current_user.session):
        return _finish(wanted, now, is_certain=True)
    with force_locale(locale_of(wanted.language) if wanted.language else get_locale()):
        return _ask(wanted)


@bp.post("")
@csrf.exempt
def lead_on() -> Response:
    wanted = _read(request.form, clock.now())
    return redirect(_url("end_session.start", wanted), 303)


@bp.post("/confirm")
def confirm() -> Response:
    now = clock.now()
    return _finish(_read(request.args, now), now, is_certain=True)


@bp.get("/success")
def show_success() -> str:
    return render_template(
        "message.html",
        kind="success",
        title=gettext("已退出登录"),
        text=gettext("这个浏览器已退出登录。"),
        action={"label": gettext("重新登录"), "url": url_for("login.start")},
        error_code=None,
        request_id=None,
        retry=None,
    )


def _ask(wanted: Wanted) -> str:
    if wanted.back_url is not None:
        targets = security.form_targets_of(wanted.back_url)
        security.open_up(Openness(form_targets=targets))
    text = gettext("退出后，从这里登录的网站也会一并退出。")
    if wanted.application is not None:
        name = words.isolate(wanted.application.name)
        text = gettext("%(name)s请你退出登录。退出后，从这里登录的网站也会一并退出。", name=name)
    return render_template(
        "question.html",
        title=gettext("退出登录？"),
        text=text,
        action=_url("end_session.confirm", wanted),
        label=gettext("退出登录"),
        back_url=url_for("account.show"),
    )


def _finish(wanted: Wanted, now: datetime, *, is_certain: bool) -> Response:
    """End what there is; `is_certain` says whether it is this application that asks."""
    if wanted.hint is not None:
        log_outs.end_hinted(wanted.hint, now=now)
    back_url = wanted.back_url if is_certain else None
    success_url = url_for("end_session.show_success", lang=wanted.language)
    return people.log_out(redirect(back_url or success_url, 303), now=now)


def _url(endpoint: str, wanted: Wanted) -> str:
    parameters: dict[str, Any] = {**wanted.parameters}
    return url_for(endpoint, **parameters)


def _read(source: MultiDict[str, str], now: datetime) -> Wanted:
    """Return what a request asks for.

    :raise InvalidRequest: if a parameter is doubled or no text, or names another application than
        the ID token does.
    :raise ApplicationUnknown: if it names one that is unknown.
    """
    try:
        given = requests.read(source)
    except OAuth2Error as err:
        raise InvalidRequest from err
    parameters = {name: value for name, value in given.items() if name in PARAMETERS}
    hint = _get_hint(parameters, now)
    if "client_id" not in parameters:
        return Wanted(parameters, hint.application if hint else None, hint)
    application = applications.verify(parameters["client_id"])
    if hint is not None and hint.application.id != application.id:
        raise InvalidRequest
    return Wanted(parameters, application, hint)


def _get_hint(parameters: Parameters, now: datetime) -> Hint | None:
    token = parameters.get("id_token_hint")
    if token is None:
        return None
    try:
        return id_tokens.verify_hint(current_site(), token, now=now)
    except TokenInvalid:
        # Its key may have been retired meanwhile. The person can still say what they want.
        return None
