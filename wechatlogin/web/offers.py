"""What the login page shows for each way, whatever the login is for."""

from dataclasses import dataclass, replace
from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import RightMissing
from wechatlogin.i18n import msgid
from wechatlogin.models import Attempt, Display, Purpose, Way
from wechatlogin.services import delivery, number_login, qr_login, ways, web_login, wechat_apps
from wechatlogin.services.errand import Errand
from wechatlogin.services.qr_image import draw_svg
from wechatlogin.services.ways import Device, Offer
from wechatlogin.services.web_login import Visit
from wechatlogin.web import brands, languages, security
from wechatlogin.web.brands import Brand
from wechatlogin.web.context import current_browser, current_site, is_in_wechat
from wechatlogin.web.security import Openers, Openness
from wechatlogin.wechat import user_agent
from wechatlogin.wechat.app import Right
from wechatlogin.wechat.oauth import Scope

#: `prompt` of a login for which being logged in already is not enough.
ANEW = "login"
ON_DESKTOPS_ONLY = msgid("这里只能在电脑上登录：请用电脑打开这一页，再用微信扫码。")
NO_LOGIN_AT_ALL = msgid("这里配置的微信账号不能用来登录网页，请联系网站管理员。")


@dataclass(frozen=True)
class Link:
    """Another way to log in, as the page offers it."""

    label: str
    url: str


def device() -> Device:
    """Return in which kind of browser the page is open; good for looks, not for trust."""
    if is_in_wechat():
        return Device.IN_WECHAT
    is_mobile = user_agent.is_mobile(request.user_agent.string)
    return Device.PHONE if is_mobile else Device.DESKTOP


def get_offers(errand: Errand) -> list[Offer]:
    """Return what this browser can be offered, the best first."""
    desktop_ways, shown_in = current_site().settings.desktop_ways, device()
    # Another WeChat is on another phone, wherever this page is open; so it gets something to scan.
    kind = Device.DESKTOP if errand.purpose is Purpose.LINK else shown_in
    offers = ways.get_offers(kind, errand.application, desktop_ways=desktop_ways)
    return [offer for offer in offers if offer.way is not Way.WEBSITE or shown_in is Device.DESKTOP]


def verify_offer(errand: Errand, wanted: str | None) -> Offer:
    """Return the offer of the wanted way, or the best.

    :raise RightMissing: if no app can serve this browser; the message says what could.
    :raise NotConfigured: if there is no app at all.
    """
    offers = get_offers(errand)
    for offer in offers:
        if offer.way == wanted:
            return offer
    if offers:
        return offers[0]
    application, desktop_ways = errand.application, current_site().settings.desktop_ways
    try:
        return ways.verify_best(device(), application, desktop_ways=desktop_ways)
    except RightMissing as err:
        elsewhere = ways.get_offers(Device.DESKTOP, application, desktop_ways=desktop_ways)
        raise RightMissing(ON_DESKTOPS_ONLY if elsewhere else NO_LOGIN_AT_ALL) from err


def get_others(errand: Errand, shown: Way) -> list[Link]:
    """Return what a page that shows one way can offer besides: other ways of a plain login."""
    if errand.purpose is Purpose.LINK:
        return [Link(gettext("返回我的账号"), url_for("account.show"))]
    if errand.purpose is not Purpose.LOGIN:
        return []
    labels = {
        Way.IN_WECHAT: gettext("在微信里登录"),
        Way.SCAN: gettext("扫公众号二维码"),
        Way.WEBSITE: gettext("微信扫码登录"),
        Way.NUMBER: gettext("发送号码登录"),
    }
    links = [
        Link(labels[offer.way], restart_url(errand, offer.way))
        for offer in get_offers(errand)
        if offer.way is not shown
    ]
    url = code_url(errand)
    return [*links, Link(gettext("输入验证码"), url)] if url else links


def site_name(errand: Errand) -> Brand:
    """Return whom the pages name: the program that the login is for, else the installation."""
    return brands.brand_of(errand.application)


def show(offer: Offer, errand: Errand) -> Response | str:
    """Start an attempt of the offered way and show the page that goes with it."""
    match offer.way:
        case Way.NUMBER:
            return _show_number(offer, errand)
        case Way.IN_WECHAT if device() is Device.PHONE and errand.application:
            # The program would not know its browser again in WeChat's.
            return _show_link(offer, errand)
        case Way.IN_WECHAT if device() is Device.PHONE:
            return _show_open_in_wechat(errand)
        case Way.IN_WECHAT:
            return to_wechat(offer, errand)
        case Way.WEBSITE:
            return _show_website(offer, errand)
        case _:
            return _show_qr(offer, errand)


def open_in_wechat(path: str, **shown: object) -> str:
    """Show how to open one of our pages in WeChat, by QR or by copying its address."""
    url = current_site().url(path)
    return render_template("open_in_wechat.html", url=url, qr_svg=draw_svg(url), **shown)


def to_wechat(offer: Offer, errand: Errand, *, parent_id: str | None = None) -> Response:
    """Send the browser on to WeChat's page for the offered way."""
    return redirect(_visit(offer, errand, parent_id=parent_id).url, 302)


def restart_url(errand: Errand, way: str | None = None) -> str:
    """Return where the same login starts anew."""
    if errand.purpose is Purpose.LINK:
        return url_for("account.add_identity")
    return url_for("login.start", **_carried(errand), way=way)


def website_url(errand: Errand, display: Display) -> str:
    """Return where the same login goes on to WeChat's page in this window, or in one it opens."""
    return url_for("website.start", display=display.value, **_carried(errand))


def code_url(errand: Errand) -> str | None:
    """Return where a code can be typed instead, where an account can give one.

    Only a plain login can be ended by a code.
    """
    application = errand.application
    givers = (Right.WEB_AUTHORIZATION, Right.CHAT)
    can_give = any(wechat_apps.get_entitled(right, application) for right in givers)
    is_permitted = ways.check_permitted(application, Way.CODE)
    if errand.purpose is not Purpose.LOGIN or not (can_give and is_permitted):
        return None
    return url_for("code.ask", **_carried(errand))


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
        "restart_url": restart_url(errand, way=request.args.get("way")),
        "confirm": attempt.confirm,
        "is_link": errand.purpose is Purpose.LINK,
        "max_wait": current_site().settings.max_wait_seconds,
    }


def _carried(errand: Errand) -> dict[str, Any]:
    """Return what each address of one login goes on to say about it."""
    return {
        "next": errand.next_path,
        "client_id": errand.application.client_id if errand.application else None,
        "profile": None if errand.wants_profile is None else int(errand.wants_profile),
        "prompt": ANEW if request.args.get("prompt") == ANEW else None,
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


def _show_open_in_wechat(errand: Errand) -> str:
    return open_in_wechat(
        request.full_path.rstrip("?"),
        ways=get_others(errand, Way.IN_WECHAT),
        site_name=site_name(errand),
    )


def _show_website(offer: Offer, errand: Errand) -> str:
    framed = replace(errand, display=Display.FRAME)
    visit = _visit(offer, framed)
    security.open_up(_openness_around(visit.url, errand))
    return render_template(
        "login_website.html",
        login=waiting(visit.attempt, errand),
        frame_url=visit.url,
        is_plain=errand.purpose is Purpose.LOGIN,
        page_url=website_url(errand, Display.PAGE),
        popup_url=website_url(errand, Display.POPUP),
        next_url=errand.next_path or url_for("account.show"),
        ways=get_others(errand, Way.WEBSITE),
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


def _show_qr(offer: Offer, errand: Errand) -> str:
    attempt = qr_login.start(
        current_site(), offer.row, current_browser(), errand=errand, now=clock.now()
    )
    login = {**waiting(attempt, errand), "qr_svg": draw_svg(attempt.qr_content or "")}
    return render_template(
        "login_scan.html",
        login=login,
        ways=get_others(errand, Way.SCAN),
        site_name=site_name(errand),
    )


def _show_link(offer: Offer, errand: Errand) -> str:
    attempt = qr_login.start_by_link(
        current_site(), offer.row, current_browser(), errand=errand, now=clock.now()
    )
    return render_template(
        "login_phone.html",
        login=waiting(attempt, errand),
        link=attempt.qr_content,
        ways=get_others(errand, Way.IN_WECHAT),
        site_name=site_name(errand),
    )


def _show_number(offer: Offer, errand: Errand) -> str:
    row = offer.row
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
        ways=get_others(errand, Way.NUMBER),
        site_name=site_name(errand),
    )
