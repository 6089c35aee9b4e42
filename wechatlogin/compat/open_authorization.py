"""The WeChat side of "微信公众平台开放授权", for programs that show an API key as Bearer.

    GET  /wechat/qrcode?type=&redirectUri=               {scene, ticket, expireSeconds}
    GET  /wechat/authorize?redirectUri=&callback=&scope= 401 with WeChat's page in `details`
    GET  /wechat/jwt?code=&id=                           {token, redirectUri}; `state` is `id` too
    GET  /wechat/jwt?id=                                 the same for a scan, 401 while it waits
    GET  /wechat/isSubscribed                            {}, for the token instead of the API key

Everything else is answered by one envelope, `{id, status, name, message, details: {field,
fieldValue}}`. `field` says what it is about: `authorization url` for the answer that is meant to
be a 401, `Authorization` for the header, `scene`, `id`, `code`, or a parameter; `fieldValue` is the
state of a scan that waits, or the stable code of an error.
"""

import uuid
from http import HTTPStatus

from flask import Blueprint, Response, jsonify, make_response, request
from flask_babel import gettext

from wechatlogin import clock
from wechatlogin.errors import (
    ApiKeyWrong,
    AttemptError,
    AttemptNotFound,
    AttemptNotReady,
    AuthorizationError,
    InvalidRequest,
    LoginError,
    NotFollowing,
    OpenidUnknown,
    ParameterWrong,
    TokenInvalid,
)
from wechatlogin.extensions import limiter
from wechatlogin.i18n import msgid
from wechatlogin.services import channel_tokens, open_authorization
from wechatlogin.services.open_authorization import Granted, Visit, Waiting
from wechatlogin.web import callers
from wechatlogin.web.context import current_site
from wechatlogin.web.login import start_limit
from wechatlogin.web.parameters import get_single
from wechatlogin.web.waiting import poll_limit
from wechatlogin.wechat.errors import LoginMustRestart, SnapshotSuspected
from wechatlogin.wechat.oauth import Scope

bp = Blueprint("open_authorization", __name__, url_prefix="/wechat")

#: Where the program shows the QR; the login is the same.
TYPES = frozenset({"scan-login", "wechat-h5-login"})
SCOPES = frozenset({Scope.BASE.value, Scope.USERINFO.value})
WRONG_CHANNEL = msgid("必须使用微信渠道的令牌。")
LONGEST_IN_A_KEY = 64

_ABOUT_THE_CODE = (AuthorizationError, LoginMustRestart, SnapshotSuspected)


def question_key() -> str:
    """Return the same for each login that is asked about, since one server asks for everybody."""
    asked = request.args.get("id") or request.args.get("state") or ""
    return f"{callers.caller_key()} {asked[:LONGEST_IN_A_KEY]}"


@bp.get("/qrcode")
@limiter.limit(start_limit, key_func=callers.caller_key)
def qrcode() -> Response:
    application = callers.verify_application()
    if _required("type") not in TYPES:
        raise ParameterWrong("type")
    begun = open_authorization.begin_scan(
        current_site(), application, _required("redirectUri"), now=clock.now()
    )
    seconds = int(begun.lifetime.total_seconds())
    return jsonify(scene=begun.scene, ticket=begun.ticket, expireSeconds=seconds)


@bp.get("/authorize")
@limiter.limit(start_limit, key_func=callers.caller_key)
def authorize() -> Response:
    application = callers.verify_application()
    scope = _get("scope") or Scope.BASE.value
    if scope not in SCOPES:
        raise ParameterWrong("scope")
    visit = Visit(_required("redirectUri"), _required("callback"), Scope(scope))
    url = open_authorization.begin_visit(current_site(), application, visit, now=clock.now())
    return _envelope(HTTPStatus.UNAUTHORIZED, field="authorization url", value=url)


@bp.get("/jwt")
@limiter.limit(poll_limit, key_func=question_key)
def jwt() -> Response:
    site, application, now = current_site(), callers.verify_application(), clock.now()
    code, state = _get("code"), _get_state()
    outcome: Waiting | Granted
    if code is not None:
        outcome = open_authorization.exchange(site, application, code, state, now=now)
    elif state is not None:
        outcome = open_authorization.look(site, application, state, now=now)
    else:
        raise ParameterWrong("code")
    match outcome:
        case Waiting():
            return _still_waiting(outcome)
        case Granted():
            return _granted(outcome)


@bp.get("/isSubscribed")
@limiter.limit(poll_limit)
def is_subscribed() -> Response:
    site, now = current_site(), clock.now()
    try:
        holder = channel_tokens.verify(site, callers.get_bearer(), now=now)
    except TokenInvalid as err:
        raise TokenInvalid(WRONG_CHANNEL) from err
    if not channel_tokens.check_following(site, holder, now=now):
        raise NotFollowing
    return jsonify({})


def render_error(err: LoginError) -> Response:
    """Answer an error in the documented envelope."""
    return _envelope(
        _status_of(err), field=_field_of(err), value=err.code, message=gettext(err.message)
    )


def _still_waiting(waiting: Waiting) -> Response:
    return _envelope(
        HTTPStatus.UNAUTHORIZED,
        field="scene",
        value=waiting.status.value,
        message=gettext(AttemptNotReady.message),
    )


def _granted(granted: Granted) -> Response:
    answer = {"token": granted.token.get_secret_value()}
    if granted.redirect_uri is not None:
        answer["redirectUri"] = granted.redirect_uri
    return jsonify(answer)


def _status_of(err: LoginError) -> HTTPStatus:
    match err:
        case AttemptNotReady():
            return HTTPStatus.UNAUTHORIZED
        case AttemptNotFound():
            return HTTPStatus.NOT_FOUND
        case AttemptError():
            return HTTPStatus.BAD_REQUEST
        case _:
            return HTTPStatus(err.status)


def _field_of(err: LoginError) -> str:
    match err:
        case ParameterWrong():
            return err.field
        case ApiKeyWrong() | TokenInvalid():
            return "Authorization"
        case AttemptError():
            return "id" if "code" in request.args else "scene"
        case OpenidUnknown():
            return "openid"
        case NotFollowing():
            return "subscribe"
        case _:
            return "code" if isinstance(err, _ABOUT_THE_CODE) else "request"


def _envelope(
    status: HTTPStatus, *, field: str, value: str, message: str | None = None
) -> Response:
    answer = make_response(
        jsonify(
            id=str(uuid.uuid4()),
            status=status.value,
            name=status.name,
            message=message or status.name,
            details={"field": field, "fieldValue": value},
        ),
        status,
    )
    if status is HTTPStatus.UNAUTHORIZED:
        # RFC 9110, 15.5.2: a 401 names the scheme.
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def _get(name: str) -> str | None:
    try:
        return get_single(name)
    except InvalidRequest as err:
        raise ParameterWrong(name) from err


def _required(name: str) -> str:
    value = _get(name)
    if value is None:
        raise ParameterWrong(name)
    return value


def _get_state() -> str | None:
    named, alias = _get("id"), _get("state")
    if named is not None and alias is not None and named != alias:
        raise ParameterWrong("id")
    return named or alias
