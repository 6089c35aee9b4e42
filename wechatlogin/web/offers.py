"""What the login page shows for each way, whatever the login is for."""

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.models import Attempt, Purpose, Way
from wechatlogin.services import number_login, qr_login, ways, web_login
from wechatlogin.services.errand import Errand
from wechatlogin.services.qr_image import draw_svg
from wechatlogin.services.ways import Device, Offer
from wechatlogin.web.context import current_browser, current_site, is_in_wechat
from wechatlogin.wechat import user_agent


def device() -> Device:
    """Return in which kind of browser the page is open; good for looks, not for trust."""
    if is_in_wechat():
        return Device.IN_WECHAT
    is_mobile = user_agent.is_mobile(request.user_agent.string)
    return Device.PHONE if is_mobile else Device.DESKTOP


def get_offers(errand: Errand) -> list[Offer]:
    """Return what this browser can be offered, the best first."""
    desktop_ways = current_site().settings.desktop_ways
    return ways.get_offers(device(), errand.application, desktop_ways=desktop_ways)


def verify_offer(errand: Errand, wanted: str | None) -> Offer:
    """Return the offer of the wanted way, or the best.

    :raise RightMissing: if no app can serve this browser.
    :raise NotConfigured: if there is no app at all.
    """
    for offer in get_offers(errand):
        if offer.way == wanted:
            return offer
    desktop_ways = current_site().settings.desktop_ways
    return ways.verify_best(device(), errand.application, desktop_ways=desktop_ways)


def show(offer: Offer, errand: Errand) -> Response | str:
    """Start an attempt of the offered way and show the page that goes with it."""
    match offer.way:
        case Way.NUMBER:
            return _show_number(offer, errand)
        case Way.IN_WECHAT if device() is Device.PHONE:
            return open_in_wechat(request.full_path.rstrip("?"))
        case Way.IN_WECHAT:
            return to_wechat(offer, errand)
        case _:
            return _show_qr(offer, errand)


def open_in_wechat(path: str) -> str:
    """Show how to open one of our pages in WeChat, by QR or by copying its address."""
    url = current_site().url(path)
    return render_template("open_in_wechat.html", url=url, qr_svg=draw_svg(url))


def to_wechat(offer: Offer, errand: Errand, *, parent_id: str | None = None) -> Response:
    """Send the browser on to WeChat's authorize page."""
    site = current_site()
    wanted = web_login.Request(
        row=offer.row,
        errand=errand,
        scope=web_login.scope_for(site, errand.purpose),
        parent_id=parent_id,
    )
    return redirect(web_login.begin(site, current_browser(), wanted, now=clock.now()).url, 302)


def restart_url(errand: Errand, way: str | None = None) -> str:
    """Return where the same login starts anew."""
    application = errand.application
    return url_for(
        "login.start",
        next=errand.next_path,
        client_id=application.client_id if application else None,
        way=way,
    )


def code_url(errand: Errand) -> str | None:
    """Return where a code can be typed instead; only a plain login can be ended by one."""
    if errand.purpose is not Purpose.LOGIN:
        return None
    application = errand.application
    client_id = application.client_id if application else None
    return url_for("code.ask", next=errand.next_path, client_id=client_id)


def waiting(attempt: Attempt, errand: Errand) -> dict[str, object]:
    """Return what `login.js` needs to wait for an attempt."""
    lifetime = attempt.expires_at - attempt.created_at
    return {
        "id": attempt.id,
        "expires_in": int(lifetime.total_seconds()),
        "status_url": url_for("waiting.show", attempt_id=attempt.id),
        "check_url": url_for("login.check", attempt_id=attempt.id),
        "claim_url": url_for("login.claim", attempt_id=attempt.id),
        "restart_url": restart_url(errand, way=request.args.get("way")),
        "confirm": attempt.confirm,
        "max_wait": current_site().settings.max_wait_seconds,
    }


def _show_qr(offer: Offer, errand: Errand) -> str:
    attempt = qr_login.start(
        current_site(), offer.row, current_browser(), errand=errand, now=clock.now()
    )
    login = {**waiting(attempt, errand), "qr_svg": draw_svg(attempt.qr_content or "")}
    return render_template("login_scan.html", login=login, code_url=code_url(errand))


def _show_number(offer: Offer, errand: Errand) -> str:
    row = offer.row
    started = number_login.start(
        current_site(), row, current_browser(), errand=errand, now=clock.now()
    )
    digits = started.digits.get_secret_value()
    qr_svg = draw_svg(row.follow_url) if row.follow_url else None
    return render_template(
        "login_number.html",
        login={**waiting(started.attempt, errand), "qr_svg": qr_svg},
        digits=f"{digits[:3]} {digits[3:]}",
        account_name=row.name,
        is_on_phone=device() is not Device.DESKTOP,
        code_url=code_url(errand),
    )
