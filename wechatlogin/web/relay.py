"""WeChat's own two pages, for sites whose domain WeChat does not know (`services/relay.py`).

GET /connect/oauth2/authorize   in WeChat: on to its authorize page; elsewhere: how to open it there
GET /connect/qrconnect          on to the page with a website app's QR code
GET /connect/return             WeChat sends the browser back: on to the site's redirect URI

The first two take WeChat's parameters, so that a site changes nothing but the host, and
`client_id` where two applications have the same redirect URI. Whatever is wrong is said on a page:
an address that nobody registered is never redirected to.
"""

from collections.abc import Collection

from flask import Blueprint, jsonify, make_response, redirect, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import InvalidRequest, LoginError
from wechatlogin.extensions import limiter
from wechatlogin.services import relay
from wechatlogin.services.relay import Asked, PageWish, Permit, Returned
from wechatlogin.web.context import current_browser, current_site, is_in_wechat, wants_json
from wechatlogin.web.login import start_limit
from wechatlogin.web.offers import open_in_wechat
from wechatlogin.web.parameters import get_single
from wechatlogin.web.security import Openers, Openness, open_up
from wechatlogin.wechat.oauth import Extra, Scope

bp = Blueprint("relay", __name__)

#: What still fits into the QR code that leads into WeChat.
LONGEST_QUERY = 2000
INSIDE = frozenset({Scope.BASE, Scope.USERINFO})
ON_DESKTOP = frozenset({Scope.LOGIN})


@bp.before_request
def keep_opener() -> None:
    """Let a site that opened a window for its login stay in touch with it."""
    open_up(Openness(Openers.OPENER))


@bp.get("/connect/oauth2/authorize")
@limiter.limit(start_limit)
def authorize() -> Response | str:
    permit = relay.verify(_read_asked(INSIDE))
    if not is_in_wechat():
        return open_in_wechat(request.full_path)
    return _to_wechat(permit)


@bp.get("/connect/qrconnect")
@limiter.limit(start_limit)
def qrconnect() -> Response:
    return _to_wechat(relay.verify(_read_asked(ON_DESKTOP)))


@bp.get(relay.RETURN_PATH)
@limiter.limit(start_limit)
def come_back() -> Response:
    _verify_query()
    returned = Returned(_read_page(frozenset(Scope)), get_single("state"), get_single("code"))
    outcome = relay.finish(current_site(), current_browser(), returned, now=clock.now())
    return redirect(outcome.url, 302)


def render_error(err: LoginError) -> Response:
    """Answer an error without a way into our own login, which is not what the person came for."""
    text = gettext(err.message)
    if wants_json():
        return make_response(jsonify(error=err.code, message=text), err.status)
    page = render_template(
        "message.html",
        kind="warning" if err.status < 500 else "error",
        title=gettext("没有完成"),
        text=text,
        error_code=err.code,
    )
    return make_response(page, err.status)


def _to_wechat(permit: Permit) -> Response:
    return redirect(relay.begin(current_site(), current_browser(), permit, now=clock.now()), 302)


def _read_asked(scopes: Collection[Scope]) -> Asked:
    _verify_query()
    if _required("response_type") != "code":
        raise InvalidRequest
    return Asked(
        appid=_required("appid"),
        redirect_uri=_required("redirect_uri"),
        state=_required("state"),
        page=_read_page(scopes),
        client_id=get_single("client_id"),
    )


def _read_page(scopes: Collection[Scope]) -> PageWish:
    scope = _required("scope")
    if scope not in scopes:
        raise InvalidRequest
    extras = {extra for extra in Extra if get_single(extra) in {"true", "1"}}
    return PageWish(Scope(scope), frozenset(extras))


def _verify_query() -> None:
    """Refuse what could be read in two ways: anything doubled, and bytes that are not ASCII."""
    query = request.query_string
    if len(query) > LONGEST_QUERY or not query.isascii():
        raise InvalidRequest
    for name in request.args:
        get_single(name)


def _required(name: str) -> str:
    value = get_single(name)
    if value is None:
        raise InvalidRequest
    return value
