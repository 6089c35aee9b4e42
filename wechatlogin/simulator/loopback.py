"""Who may use the control side and the phone: programs and pages of this machine."""

import ipaddress

from flask import request

from wechatlogin.simulator import state
from wechatlogin.simulator.errors import ControlError


def verify() -> None:
    """:raise ControlError: 403 for another machine, and for a page of another site."""
    if not state.current().settings.open_to_network and not _from_here():
        raise ControlError("loopback_only", "控制接口只对本机开放", status=403)
    origin = request.headers.get("Origin")
    if origin is not None and origin != request.host_url.rstrip("/"):
        raise ControlError("foreign_origin", "控制接口不对别的网站开放", status=403)
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise ControlError("foreign_origin", "控制接口不对别的网站开放", status=403)


def _from_here() -> bool:
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
