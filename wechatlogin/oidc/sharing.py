"""Which pages of other sites may read our answers: single-page programs ask from the browser.

No cookie comes with such a question. What anybody may know is for every page; what a token opens
is for pages of origins that an application has registered.
"""

from flask import Response, request

from wechatlogin.services import applications

METHODS = "GET, POST"
HEADERS = "Authorization, Content-Type"
#: How long a browser remembers what it may send.
PREFLIGHT_SECONDS = 600


def share_with_everybody(response: Response) -> Response:
    """Let every page read an answer that is the same for all."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def share_with_registered_pages(response: Response) -> Response:
    """Let the page that asks read the answer, if some application has registered its origin."""
    response.vary.add("Origin")
    origin = request.headers.get("Origin")
    if origin is None or not applications.check_origin(origin):
        return response
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = "WWW-Authenticate"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = METHODS
        response.headers["Access-Control-Allow-Headers"] = HEADERS
        response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
    return response
