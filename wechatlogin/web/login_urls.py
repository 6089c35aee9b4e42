"""Where the pages of one login lead: each address says again what the login is for."""

from typing import Any

from flask import request, url_for

from wechatlogin.models import Display, Purpose
from wechatlogin.services.errand import Errand

#: `prompt` of a login for which being logged in already is not enough.
ANEW = "login"


def restart_url(errand: Errand, way: str | None = None) -> str:
    """Return where the same login starts anew."""
    if errand.purpose is Purpose.LINK:
        return url_for("account.add_identity")
    return url_for("login.start", **_carried(errand), way=way)


def website_url(errand: Errand, display: Display) -> str:
    """Return where the same login goes on to WeChat's page in this window, or in one it opens."""
    return url_for("website.start", display=display.value, **_carried(errand))


def code_url(errand: Errand) -> str:
    """Return where the same login goes on with a code that is typed in."""
    return url_for("code.ask", **_carried(errand))


def _carried(errand: Errand) -> dict[str, Any]:
    return {
        "next": errand.next_path,
        "client_id": errand.application.client_id if errand.application else None,
        "profile": None if errand.wants_profile is None else int(errand.wants_profile),
        "prompt": ANEW if request.args.get("prompt") == ANEW else None,
    }
