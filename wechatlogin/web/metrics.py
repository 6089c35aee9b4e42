"""The numbers of this service, for whoever watches it.

GET /metrics    Prometheus's text format

They tell how busy the service is, so they are for those who show `METRICS_TOKEN`, and for this
machine itself. Behind a proxy every request comes from this machine; then the token alone counts.
"""

import ipaddress
import platform

from flask import Blueprint, Response, request

from wechatlogin import metrics
from wechatlogin.config import Settings
from wechatlogin.errors import MetricsNotPermitted
from wechatlogin.services import readiness
from wechatlogin.vault import equal
from wechatlogin.web.callers import get_bearer
from wechatlogin.web.context import current_site

bp = Blueprint("metrics", __name__)

#: What proxies add, even one that nobody has told us of.
FORWARDING_HEADERS = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP")


@bp.get("/metrics")
def show() -> Response:
    if not check_permitted():
        raise MetricsNotPermitted
    metrics.BUILD.labels(platform.python_version(), readiness.get_newest_schema()).set(1)
    return Response(metrics.render(), content_type=metrics.CONTENT_TYPE)


def check_permitted() -> bool:
    """Tell whether whoever asks may look behind the scenes."""
    settings = current_site().settings
    token = settings.metrics_token
    if token is not None and equal(get_bearer(), token.get_secret_value()):
        return True
    return _check_direct(settings) and _check_loopback(request.remote_addr or "")


def _check_direct(settings: Settings) -> bool:
    # We speak http alone, so what people reach over https has a proxy in front.
    is_alone = not settings.trusted_proxies and not settings.is_https
    return is_alone and not any(name in request.headers for name in FORWARDING_HEADERS)


def _check_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
