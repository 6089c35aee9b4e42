"""What every request must satisfy and every answer carries.

Requests: a body has a known and small size (Werkzeug would silently cut a longer chunked one),
and a form comes from our own pages. Answers: the security headers, errors included.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from http import HTTPStatus
from types import MappingProxyType
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request

from wechatlogin.errors import BodyNotAccepted, ForeignOrigin

MAX_BODY = 64 * 1024
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: Endpoints that answer other servers, which send no cookies of ours.
FOR_SERVERS = frozenset(
    {
        "authing_events.receive",
        "authorize.start_by_post",
        "device_authorization.start",
        "end_session.lead_on",
        "introspection.introspect",
        "pushes.receive",
        "page_scans.exchange",
        "quectel.log_in_by_page",
        "quectel.log_in_by_mini_program",
        "quectel.refresh",
        "quectel.log_out",
        "token.issue",
        "token.push",
        "token.revoke",
        "userinfo.show",
    }
)
#: Endpoints that pages of other sites ask; each checks by itself that the origin is registered.
FOR_REGISTERED_PAGES = frozenset(
    {
        "authing_scans.exchange",
        "authing_scans.generate",
        "page_scans.begin",
        "page_scans.claim",
    }
)
#: The one script that pages of any site may load: as a script, or as a module.
SCRIPT_FOR_EVERYBODY = "js/wechatlogin.js"
RESOURCE_POLICY = "Cross-Origin-Resource-Policy"
NOT_STORED = "no-store"


class Openers(StrEnum):
    """Which windows stay in touch: `Cross-Origin-Opener-Policy`."""

    NONE = "same-origin"
    #: This page hears of the windows that it opens.
    OPENED = "same-origin-allow-popups"
    #: Whoever opened this window hears of it; each redirect on the way has to say so.
    OPENER = "unsafe-none"


@dataclass(frozen=True)
class Openness:
    """What an answer permits beyond the rest."""

    openers: Openers = Openers.NONE
    #: What may lie in a frame of this page: origins, or single pages.
    framed: tuple[str, ...] = ()
    #: It may lie in a frame of our own pages.
    in_own_frame: bool = False
    #: It is a picture that pages of other sites show.
    is_for_all_pages: bool = False
    #: What a form of this page leads to besides, at once or by a redirect.
    form_targets: tuple[str, ...] = ()
    #: It is the same for everybody, and for so long; everything else is never stored.
    kept_for: timedelta | None = None


#: Always open in this way; the answers to errors are too.
OPEN_ENDPOINTS = MappingProxyType(
    {
        "website.start": Openness(Openers.OPENER),
        "website.finish": Openness(Openers.OPENER, in_own_frame=True),
        # A login in a window may have to wait here until its person follows.
        "following.wait": Openness(Openers.OPENER),
        "following.look_again": Openness(Openers.OPENER),
        # So may it where the person reads the privacy notice.
        "agreeing.ask": Openness(Openers.OPENER),
        "agreeing.decide": Openness(Openers.OPENER),
        # A program may open its login in a window.
        "authorize.start": Openness(Openers.OPENER),
        "authorize.start_by_post": Openness(Openers.OPENER),
        "authorize.go_on": Openness(Openers.OPENER),
        "authorize.decide_consent": Openness(Openers.OPENER),
    }
)


def init_app(app: Flask) -> None:
    """Check every request and complete every answer of an app."""
    app.before_request(_check_body)
    app.before_request(_check_origin)
    app.after_request(_add_headers)
    app.jinja_env.globals["csp_nonce"] = csp_nonce


def csp_nonce() -> str:
    """Return the nonce of this answer's scripts and style sheets."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def headers_of_data(is_https: bool) -> tuple[tuple[str, str], ...]:
    """Return what an answer of data carries besides a policy of its own."""
    fixed = _fixed_headers(Openers.NONE, False, is_https)
    return (*fixed, ("Cache-Control", NOT_STORED), (RESOURCE_POLICY, "same-origin"))


def open_up(openness: Openness) -> None:
    """Permit what this one answer needs."""
    g.openness = openness


def origin_of(url: str) -> str:
    """Return the origin of an absolute address, as a policy or a message names it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def form_targets_of(*addresses: str) -> tuple[str, ...]:
    """Return what a policy names for forms that end at one of these addresses of programs.

    A browser holds each redirect that follows upon a form to the policy, and a program may send
    its people on to any address of its own: so no more than the schemes can be said.
    """
    return tuple(sorted({f"{urlsplit(address).scheme}:" for address in addresses}))


def _openness() -> Openness:
    chosen = g.get("openness") or OPEN_ENDPOINTS.get(request.endpoint or "")
    return chosen if isinstance(chosen, Openness) else Openness()


def _check_body() -> None:
    if request.method in SAFE_METHODS:
        return
    if request.content_length is None:
        if "Transfer-Encoding" in request.headers:
            raise BodyNotAccepted(411)
        return
    if request.content_length > MAX_BODY:
        raise BodyNotAccepted(413)
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise BodyNotAccepted(415)


def _check_origin() -> None:
    if request.method in SAFE_METHODS or request.endpoint in FOR_SERVERS | FOR_REGISTERED_PAGES:
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            raise ForeignOrigin
        return
    origin = request.headers.get("Origin")
    # Under our Referrer-Policy a browser sends "null" for our own forms too.
    if origin not in {None, "null", current_app.config["PUBLIC_URL"]}:
        raise ForeignOrigin


def _add_headers(response: Response) -> Response:
    headers, openness = response.headers, _openness()
    if "Content-Security-Policy" not in headers:
        headers["Content-Security-Policy"] = _content_security_policy(openness)
    is_static, is_https = request.endpoint == "static", current_app.config["SESSION_COOKIE_SECURE"]
    # Nobody else sets these, so there is nothing to be looked for and replaced.
    headers.extend(_fixed_headers(openness.openers, openness.in_own_frame, is_https))
    is_open = openness.is_for_all_pages
    if not is_static:
        headers["Cache-Control"] = _cache_control(response, openness)
    elif (request.view_args or {}).get("filename") == SCRIPT_FOR_EVERYBODY:
        headers["Access-Control-Allow-Origin"] = "*"
        is_open = True
    headers[RESOURCE_POLICY] = "cross-origin" if is_open else "same-origin"
    return response


@cache
def _fixed_headers(
    openers: Openers, in_own_frame: bool, is_https: bool
) -> tuple[tuple[str, str], ...]:
    headers = (
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", openers.value),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
        ("X-Frame-Options", "SAMEORIGIN" if in_own_frame else "DENY"),
    )
    return (*headers, ("Strict-Transport-Security", "max-age=31536000")) if is_https else headers


def _cache_control(response: Response, openness: Openness) -> str:
    if openness.kept_for is None or response.status_code != HTTPStatus.OK:
        return NOT_STORED
    return f"public, max-age={int(openness.kept_for.total_seconds())}"


def _content_security_policy(openness: Openness) -> str:
    nonce = csp_nonce()
    avatars = " ".join(["https://*.qlogo.cn", *current_app.config["AVATAR_SOURCES"]])
    framed = " ".join(openness.framed) or "'none'"
    ancestors = "'self'" if openness.in_own_frame else "'none'"
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'nonce-{nonce}'",
            f"style-src 'nonce-{nonce}'",
            f"img-src 'self' data: {avatars}",
            "connect-src 'self'",
            " ".join(("form-action 'self'", *openness.form_targets)),
            f"frame-src {framed}",
            f"frame-ancestors {ancestors}",
            "base-uri 'none'",
        )
    )
