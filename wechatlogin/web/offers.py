"""What the login page shows for each way, whatever the login is for."""

from dataclasses import replace

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.models import Attempt, Display, Purpose, Way
from wechatlogin.services import delivery, number_login, qr_login, web_login
from wechatlogin.services.errand import Errand
from wechatlogin.services.qr_image import draw_svg
from wechatlogin.services.ways import Device, Offer
from wechatlogin.services.web_login import Visit
from wechatlogin.web import brands, languages, login_urls, security
from wechatlogin.web.brands import Brand
from wechatlogin.web.context import current_browser, current_site, device
from wechatlogin.web.menu import Menu
from wechatlogin.web.security import Openers, Openness
from wechatlogin.wechat.oauth import Scope


def site_name(errand: Errand) -> Brand:
    """Return whom the pages name: the program that the login is for, else the installation."""
    return brands.brand_of(errand.application)


def show(errand: Errand, wanted: str | None = None) -> Response | str:
    """Start an attempt of the wanted way, or else of the best, and show the page that goes with it.

    :raise RightMissing: if no app can serve this browser; the message says what could.
    :raise NotConfigured: if there is no app at all.
    """
    menu = Menu.read(errand)
    offer = menu.verify(wanted)
    match offer.way:
        case Way.NUMBER:
            return _show_number(offer, menu)
        case Way.IN_WECHAT if device() is Device.PHONE and errand.application:
            # The program would not know its browser again in WeChat's.
            return _show_link(offer, menu)
        case Way.IN_WECHAT if device() is Device.PHONE:
            return _show_open_in_wechat(menu)
        case Way.IN_WECHAT:
            return to_wechat(offer, errand)
        case Way.WEBSITE:
            return _show_website(offer, menu)
        case _:
            return _show_qr(offer, menu)


def open_in_wechat(path: str, **shown: object) -> str:
    """Show how to open one of our pages in WeChat, by QR or by copying its address."""
    url = current_site().url(path)
    return render_template("open_in_wechat.html", url=url, qr_svg=draw_svg(url), **shown)


def to_wechat(offer: Offer, errand: Errand, *, parent_id: str | None = None) -> Response:
    """Send the browser on to WeChat's page for the offered way."""
    return redirect(_visit(offer, errand, parent_id=parent_id).url, 302)


def waiting(attempt: Attempt, errand: Errand) -> dict[str, object]:
    """Return what `login.js` needs to wait for an attempt."""
    lifetime = attempt.expires_at - attempt.created_at
    return {
        "id": attempt.id,
        "expires_in": int(lifetime.total_seconds()),
        "status_url": url_for("waiting.show", attempt_id=attempt.id),
        "check_url": url_for("login.check", attempt_id=attempt.id),
        "claim_url": url_for("login.claim", attempt_id=attempt.id),
        "follow_url": url_for("following.wait", attempt_id=attempt.id),
        "restart_url": login_urls.restart_url(errand, way=request.args.get("way")),
        "confirm": attempt.confirm,
        "is_link": errand.purpose is Purpose.LINK,
        "max_wait": current_site().settings.max_wait_seconds,
    }


def _visit(offer: Offer, errand: Errand, *, parent_id: str | None = None) -> Visit:
    site = current_site()
    is_website = offer.way is Way.WEBSITE
    wanted = web_login.Request(
        row=offer.row,
        errand=errand,
        scope=Scope.LOGIN if is_website else web_login.scope_for(site, errand),
        parent_id=parent_id,
        english=languages.html_lang() == "en",
    )
    return web_login.begin(site, current_browser(), wanted, now=clock.now())


def _show_open_in_wechat(menu: Menu) -> str:
    return open_in_wechat(
        request.full_path.rstrip("?"),
        ways=menu.get_others(Way.IN_WECHAT),
        site_name=site_name(menu.errand),
    )


def _show_website(offer: Offer, menu: Menu) -> str:
    errand = menu.errand
    framed = replace(errand, display=Display.FRAME)
    visit = _visit(offer, framed)
    security.open_up(_openness_around(visit.url, errand))
    return render_template(
        "login_website.html",
        login=waiting(visit.attempt, errand),
        frame_url=visit.url,
        is_plain=errand.purpose is Purpose.LOGIN,
        page_url=login_urls.website_url(errand, Display.PAGE),
        popup_url=login_urls.website_url(errand, Display.POPUP),
        next_url=errand.next_path or url_for("account.show"),
        ways=menu.get_others(Way.WEBSITE),
        site_name=site_name(errand),
    )


def open_up_for(errand: Errand) -> None:
    """Let a login's page serve the program that it is for, if there is one.

    The program may have opened this window, and the page's forms lead on to it in the end.
    """
    if errand.application is not None:
        targets = security.form_targets_of(*errand.application.redirect_uris)
        security.open_up(Openness(Openers.OPENER, form_targets=targets))


def _openness_around(framed_url: str, errand: Errand) -> Openness:
    """Permit WeChat's page in the frame, and ours that it leads back to; and windows."""
    back = current_site().url(web_login.CALLBACK_PATHS[Way.WEBSITE])
    framed = (security.origin_of(framed_url), back)
    # A window that a program has opened may open one itself.
    return Openness(Openers.OPENER if errand.application else Openers.OPENED, framed=framed)


def _show_qr(offer: Offer, menu: Menu) -> str:
    errand = menu.errand
    attempt = qr_login.start(
        current_site(), offer.row, current_browser(), errand=errand, now=clock.now()
    )
    login = {**waiting(attempt, errand), "qr_svg": draw_svg(attempt.qr_content or "")}
    return render_template(
        "login_scan.html",
        login=login,
        ways=menu.get_others(Way.SCAN),
        site_name=site_name(errand),
    )


def _show_link(offer: Offer, menu: Menu) -> str:
    errand = menu.errand
    attempt = qr_login.start_by_link(
        current_site(), offer.row, current_browser(), errand=errand, now=clock.now()
    )
    return render_template(
        "login_phone.html",
        login=waiting(attempt, errand),
        link=attempt.qr_content,
        ways=menu.get_others(Way.IN_WECHAT),
        site_name=site_name(errand),
    )


def _show_number(offer: Offer, menu: Menu) -> str:
    errand, row = menu.errand, offer.row
    started = number_login.start(
        current_site(), row, current_browser(), errand=errand, now=clock.now()
    )
    digits = started.digits.get_secret_value()
    follow_url = delivery.find_or_create_follow_url(current_site(), row, now=clock.now())
    return render_template(
        "login_number.html",
        login={
            **waiting(started.attempt, errand),
            "qr_svg": draw_svg(follow_url) if follow_url else None,
        },
        digits=f"{digits[:3]} {digits[3:]}",
        account_name=row.name,
        is_on_phone=device() is not Device.DESKTOP,
        ways=menu.get_others(Way.NUMBER),
        site_name=site_name(errand),
    )
