"""The phone's built-in browser: it fetches a page as WeChat would, and shows it in the frame.

    GET /phone/open            begin a visit: a scanned address, or a link in a chat
    /phone/web/<who>~<device>/<scheme>/<host>/<path>   a page of that visit

The service sees WeChat's User-Agent and the person's own cookies, and no sign of the simulator.
Only the simulator's own /connect pages are told who holds the phone. What a script asks for at
an absolute path is led back to the page's host by its Referer.
"""

from urllib.parse import urljoin, urlsplit

import requests
from flask import Blueprint, Response, make_response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from wechatlogin.simulator import addresses, holder, loopback, oauth, rewriting, state
from wechatlogin.simulator.addresses import Place
from wechatlogin.simulator.errors import ControlError
from wechatlogin.simulator.web_profiles import USER_AGENTS, WebProfile

blueprint = Blueprint("browser", __name__)

METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]
PATIENCE = (5, 70)
LARGEST_PAGE = 10 * 1024 * 1024
MOST_HOPS = 10
OWN_PATHS = ("/phone", "/simulator/", "/connect/", "/cgi-bin/", "/sns/", "/avatars/", "/q/")
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PASSED_ON = ("Content-Type", "Content-Disposition", "Content-Language")
NOT_SENT = frozenset(
    {
        "host",
        "cookie",
        "user-agent",
        "origin",
        "referer",
        "accept-encoding",
        "connection",
        "content-length",
        "upgrade-insecure-requests",
        "cache-control",
        "pragma",
    }
)


@blueprint.before_app_request
def lead_back() -> BaseResponse | None:
    """Send a script's or form's absolute path to the host of the page it stands on."""
    if request.path.startswith(OWN_PATHS):
        return None
    came_from = addresses.place(request.headers.get("Referer", ""))
    if came_from is None:
        return redirect("/phone") if request.path == "/" else None
    return redirect(came_from.shown(request.full_path.rstrip("?")), 307)


@blueprint.get("/phone/open")
def begin() -> BaseResponse:
    """Begin a visit."""
    loopback.verify()
    simulation = state.current()
    person, device = request.args.get("person", ""), request.args.get("device", "")
    url = request.args.get("url", "")
    _verify_holder(person, device)
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        return oauth.notice("无法打开网页")
    profile = simulation.web_profile(person, device)
    full = request.args.get("full") == "1"
    profile.begin(url, from_chat=request.args.get("chat", ""), full=full)
    if _lacks_mark(url):
        return _without_mark()
    return redirect(addresses.shown(person, device, url))


@blueprint.route("/phone/web/<path:address>", methods=METHODS)
def visit(address: str) -> BaseResponse:
    """Fetch what the frame asks for."""
    loopback.verify()
    there = addresses.place(f"{addresses.PREFIX}{address}{_query()}")
    if there is None:
        raise ControlError("bad_address", "这不是手机浏览器里的地址", status=404)
    _verify_holder(there.person, there.device)
    profile = state.current().web_profile(there.person, there.device)
    try:
        fetched, body = _fetched(there, profile)
    except requests.RequestException as err:
        return oauth.notice(f"网页无法打开（{type(err).__name__}）")
    if fetched.headers.get(oauth.SNAPSHOT_SHOWN):
        profile.snapshot = True
    if fetched.status_code in REDIRECTS and "Location" in fetched.headers:
        return _redirected(there, profile, fetched)
    if _is_document():
        profile.hops = 0
    return _shown(there, profile, fetched, body)


def _query() -> str:
    query = request.query_string.decode("latin-1")
    return f"?{query}" if query else ""


def _verify_holder(person: str, device: str) -> None:
    simulation = state.current()
    with simulation.lock:
        simulation.person(person)
    if device not in USER_AGENTS:
        raise ControlError("unknown_device", f"设备只能是 {'、'.join(USER_AGENTS)}")


def _fetched(there: Place, profile: WebProfile) -> tuple[requests.Response, bytes]:
    with requests.Session() as session:
        session.trust_env = False
        session.cookies = profile.jar
        with session.request(
            request.method,
            there.url,
            data=request.get_data() or None,
            headers=_headers(there, profile),
            timeout=PATIENCE,
            allow_redirects=False,
            stream=True,
        ) as fetched:
            body = b""
            for chunk in fetched.iter_content(65536):
                body += chunk
                if len(body) > LARGEST_PAGE:
                    raise requests.exceptions.ContentDecodingError("the page is too large")
            return fetched, body


def _headers(there: Place, profile: WebProfile) -> dict[str, str]:
    headers = {
        name: value
        for name, value in request.headers.items()
        if name.lower() not in NOT_SENT and not name.lower().startswith("sec-")
    }
    headers["User-Agent"] = USER_AGENTS[there.device]
    if there.device == "android":
        headers.setdefault("X-Requested-With", "com.tencent.mm")
    came_from = addresses.place(request.headers.get("Referer", ""))
    if came_from is not None:
        headers["Referer"] = came_from.url
    if request.headers.get("Origin"):
        headers["Origin"] = (came_from or there).origin
    same = came_from is not None and came_from.origin == there.origin
    headers["Sec-Fetch-Site"] = "same-origin" if same else "cross-site" if came_from else "none"
    if _is_document():
        headers |= {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate"}
    if _is_own_connect(there.url):
        headers |= _holder(there, profile)
    return headers


def _holder(there: Place, profile: WebProfile) -> dict[str, str]:
    """Return what the authorize page has to know, which goes to no other page."""
    known = {holder.PERSON: there.person, oauth.CONSENT: "ask"}
    if profile.from_chat:
        known[oauth.FROM_CHAT] = profile.from_chat
    if profile.full:
        known[oauth.FULL_SERVICE] = "1"
    return known


def _is_own_connect(url: str) -> bool:
    parts = urlsplit(url)
    return parts.netloc == request.host and parts.path.startswith("/connect/")


def _is_document() -> bool:
    wanted = request.headers.get("Sec-Fetch-Dest")
    return (
        wanted in {"document", "iframe"} if wanted else "text/html" in str(request.accept_mimetypes)
    )


def _lacks_mark(url: str) -> bool:
    parts = urlsplit(url)
    own = parts.netloc == request.host and parts.path == oauth.AUTHORIZE
    return own and parts.fragment != "wechat_redirect"


def _without_mark() -> Response:
    # The fragment never reaches a server, so only the browser can be as strict as WeChat's.
    return oauth.notice("该链接无法访问：缺少 #wechat_redirect")


def _redirected(there: Place, profile: WebProfile, fetched: requests.Response) -> BaseResponse:
    target = urljoin(there.url, fetched.headers["Location"])
    if urlsplit(target).scheme not in {"http", "https"}:
        return oauth.notice("无法打开网页")
    if _lacks_mark(target):
        return _without_mark()
    if _is_document():
        profile.hops += 1
        if profile.hops > MOST_HOPS:
            profile.hops = 0
            return oauth.notice(f"重定向超过 {MOST_HOPS} 次，页面没有打开")
    return _private(redirect(there.shown(target), fetched.status_code))


def _shown(
    there: Place, profile: WebProfile, fetched: requests.Response, body: bytes
) -> BaseResponse:
    kind = fetched.headers.get("Content-Type", "")
    if kind.startswith("text/html"):
        charset = fetched.encoding if "charset" in kind else None
        page = body.decode(charset or "utf-8", "replace")
        body = rewriting.rewritten(page, there, snapshot=profile.snapshot).encode()
        kind = "text/html; charset=utf-8"
    response = make_response(body, fetched.status_code)
    for name in PASSED_ON:
        if name in fetched.headers:
            response.headers[name] = fetched.headers[name]
    if kind:
        response.headers["Content-Type"] = kind
    return _private(response)


def _private(response: BaseResponse) -> BaseResponse:
    response.headers["Cache-Control"] = "no-store"
    # Whatever the page asked for, the phone needs the Referer to lead its scripts back.
    response.headers["Referrer-Policy"] = "unsafe-url"
    return response
