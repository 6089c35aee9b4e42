"""Every template with something to show, rendered by an app of a few lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from flask import Blueprint, Flask, render_template
from flask_babel import Babel
from markupsafe import Markup

from tests import operator_samples, source_tree
from wechatlogin.services.qr_image import draw_svg
from wechatlogin.web.brands import Brand
from wechatlogin.web.openapi_page import Entry, Section

LANGUAGES = MappingProxyType({"zh-CN": "zh_CN", "en": "en"})
NONCE = "bm9uY2U"
CSRF_FIELD = Markup('<input type="hidden" name="csrf_token" value="sample">')
QR = Markup(draw_svg("https://login.example.com/q/4Jk2mZQ7pX"))  # noqa: S704 - drawn by us

SCAN = {
    "id": "a1",
    "qr_svg": QR,
    "expires_in": 102,
    "status_url": "/login/attempts/a1",
    "check_url": "/login/attempts/a1/check",
    "claim_url": "/login/attempts/a1/claim",
    "follow_url": "/login/attempts/a1/follow",
    "restart_url": "/login",
    "confirm": "number",
    "max_wait": 25,
}
WAYS = [{"label": "Send a number", "url": "/login?way=number"}, {"label": "Code", "url": "/code"}]
NUMBER = {"digits": "482 913", "account_name": "Morning Books", "ways": WAYS}
WEBSITE = {
    "login": SCAN,
    "frame_url": "https://open.weixin.qq.com/connect/qrconnect?appid=wx1",
    "is_plain": True,
    "page_url": "/login/website?display=page",
    "popup_url": "/login/website?display=popup",
    "next_url": "/account",
    "ways": WAYS,
}
FRAME = {"kind": "success", "title": "Confirmed", "text": "Just a moment."}
POPUP = {"origin": "https://shop.example", "message": '{"source": "wechatlogin"}'}
RESULT = {"kind": "success", "code": None, "reason": None, "follow_qr_svg": None}
GO_ON = {"primary": {"label": "OK", "url": "/account"}, "secondary": {"label": "?", "url": "/help"}}
CONFIRM = {
    "nickname": None,
    "browser": "Windows · Edge",
    "place": "203.0.113.*",
    "time_text": "14:32",
    "choices": [18, 47, 92],
    "action": "/confirm/t0ken",
}
BRAND = Brand("Shop", "/applications/shop/logo?v=1")
NOTICE = {
    "version": 2,
    "paragraphs": [
        [{"text": "We keep your name and your picture, as WeChat tells us them."}],
        [{"text": "More at "}, {"text": "https://example.com/", "url": "https://example.com/"}],
    ],
    "text_lang": "en",
    "since_text": "2026-11-21",
    "site_name": BRAND,
}
CODE = {
    "action": "/login/code",
    "attempt_id": "a1",
    "is_open": True,
    "error": None,
    "how_to": ["One.", "Two.", "Three."],
    "auth_url": "https://login.example.com/auth?state=code",
    "restart_url": "/login/code",
    "back_url": "/login",
}
DEVICE = {"action": "/device", "typed": None, "error": None}
DEVICE_CONFIRM = {
    "action": "/device",
    "user_code": "WDJB-MJHT",
    "device": "Linux",
    "place": "203.0.113.*",
    "time_text": "14:32",
    "nickname": "Lin",
    "another_url": None,
    "permissions": [],
}
SECTION = Section(
    title="Login",
    text="The pages.",
    entries=[
        Entry(
            method="POST",
            path="/login/code",
            summary="Log in by the code",
            text="A form.",
            credential="An API key.",
            parameters=[("client_id", "The application.", False)],
            body=[("code", "Six digits.", True)],
            answers=[("303", "Logged in.", False)],
        ),
        Entry("GET", "/help", "Help", "", "", [], [], [("200", "The page.", False)]),
    ],
)
USER = {"nickname": "Lin & <Man>", "avatar_url": "/missing.png", "created_text": "2026-11-21 14:32"}
SESSIONS = [
    {
        "public_id": f"s{number}",
        "browser": browser,
        "ip": "203.0.113.*",
        "way_text": "QR",
        "last_seen_text": "14:32",
        "is_current": number == 1,
        "end_url": f"/account/sessions/s{number}/end",
    }
    for number, browser in ((1, "Windows · Edge"), (2, "iPhone · WeChat"))
]
LISTS = {
    "user": USER,
    "sessions": SESSIONS,
    "add_url": "/account/identities/add",
    "logout_url": "/logout",
    "export_url": "/account/export",
    "delete_url": "/account/delete",
}
IDENTITIES = [
    {
        "id": number,
        "app_name": "Shop",
        "nickname": "Lin",
        "avatar_url": None,
        "follows_text": "follows",
        "remove_url": f"/account/identities/{number}/remove",
    }
    for number in (1, 2)
]
QUESTION = {
    "title": "Remove it?",
    "text": "Lin (Shop).",
    "action": "/account/identities/1/remove",
    "label": "Remove",
    "back_url": "/account",
}
APPLICATIONS = [
    {
        "client_id": f"client-{number}",
        "brand": name,
        "since_text": "Since 2026-11-21",
        "may_know": ["Name and picture", "Stand-in e-mail"],
        "revoke_url": f"/account/applications/client-{number}/revoke",
    }
    for number, name in ((1, "Lin's books"), (2, "Forum"))
]
CONSENT = {
    "site_name": "Lin's books",
    "nickname": "Lin",
    "avatar_url": "/missing.png",
    "permissions": [
        {"label": "Recognise you", "detail": "The same person is back."},
        {"label": "Name and picture", "detail": "And your language."},
    ],
    "place": "shop.example",
    "action": "/oidc/auth/h4ndle",
    "asked_field": "asked",
    "asked": "1f2e3d4c",
    "another_url": "/login?prompt=login",
}
FORM_POST = {"action": "https://shop.example/callback", "parameters": {"code": "c", "state": '<"&'}}
MESSAGE = {"title": "Done", "text": "Go back to the computer."}
BACK = {"label": "Back", "url": "/login"}


@dataclass(frozen=True)
class Sample:
    """One template with one context."""

    template: str
    context: dict[str, Any]


def samples() -> Iterator[Sample]:
    """Yield each page in each of its shapes."""
    for policy in ("number", "tap", "first_time", "never"):
        yield Sample("login_scan.html", {"login": {**SCAN, "confirm": policy}, "ways": WAYS})
    link = "https://login.example.com/q/0123456789abcdef0123456789abcdef"
    yield Sample("login_phone.html", {"login": SCAN, "link": link, "ways": WAYS})
    for qr_svg, is_on_phone in ((QR, False), (QR, True), (None, False), (None, True)):
        login = {**SCAN, "qr_svg": qr_svg, "confirm": "tap"}
        yield Sample("login_number.html", {**NUMBER, "login": login, "is_on_phone": is_on_phone})
    for qr_svg, is_on_phone in ((QR, False), (QR, True), (None, False)):
        account = {"name": "Shop", "qr_svg": qr_svg, "is_on_phone": is_on_phone}
        account["is_heard_of_by_scan"] = qr_svg is not None
        yield Sample("login_follow.html", {"login": SCAN, "account": account})
        shown = {**MESSAGE, "account": account, "next_url": "/account", "action": None}
        yield Sample("follow.html", shown)
        yield Sample("follow.html", {**shown, "next_url": None, "action": "/confirm/t0ken"})
    yield Sample("login_website.html", WEBSITE)
    yield Sample("login_website.html", {**WEBSITE, "is_plain": False, "ways": []})
    yield Sample("login_frame.html", FRAME)
    yield Sample("login_frame.html", {**FRAME, "refresh_url": "/login/website/return?again=1"})
    yield Sample("login_frame.html", {**FRAME, "page_url": "/login/website"})
    for is_done in (True, False):
        yield Sample("login_popup.html", {**POPUP, "is_done": is_done})
    for qr_svg in (QR, None):
        address = {"url": "https://a.example/login", "qr_svg": qr_svg}
        yield Sample("open_in_wechat.html", {**address, "ways": WAYS if qr_svg else None})
    yield Sample("result.html", {**RESULT, **MESSAGE})
    yield Sample("result.html", {**RESULT, **MESSAGE, **GO_ON, "code": "482913", "reason": "Why."})
    follow = {"kind": "warning", "follow_qr_svg": QR, "follow_name": "Shop"}
    yield Sample("result.html", {**RESULT, **MESSAGE, **GO_ON, **follow})
    asked = {"action": "/auth/here", "token": "scene.secret", "cancel_url": "/login"}
    yield Sample("ask_here.html", {**asked, "nickname": "Lin", "avatar_url": None})
    for policy in ("number", "tap"):
        yield Sample("confirm.html", {**CONFIRM, "policy": policy})
    yield Sample("confirm.html", {**CONFIRM, "policy": "number", "nickname": "Lin"})
    yield Sample("confirm.html", {**CONFIRM, "policy": "number", "link_to": "Lin"})
    agreed = {"notice_version": 2, "privacy_url": "/privacy"}
    yield Sample("confirm.html", {**CONFIRM, "policy": "tap", **agreed})
    yield Sample("notice.html", {**NOTICE, "action": "/login/attempts/a1/notice"})
    yield Sample("privacy.html", {**NOTICE, "privacy_url": "/privacy"})
    for kind in ("success", "info", "warning", "error"):
        yield Sample("message.html", {**MESSAGE, "kind": kind})
    trace = {"error_code": "server_error", "request_id": "1f2e3d4c", "retry": 30}
    yield Sample("message.html", {**MESSAGE, **trace, "kind": "error", "action": BACK})
    yield Sample("code.html", {**CODE, "site_name": BRAND})
    yield Sample("code.html", {**CODE, "error": "Wrong."})
    yield Sample("code.html", {**CODE, **agreed})
    yield Sample("code.html", {**CODE, "error": "Too often.", "is_open": False})
    yield Sample("device.html", DEVICE)
    yield Sample("device.html", {**DEVICE, "typed": "WDJB", "error": "Wrong."})
    yield Sample("device_confirm.html", DEVICE_CONFIRM)
    permitted = {"another_url": "/login", "permissions": CONSENT["permissions"]}
    yield Sample("device_confirm.html", {**DEVICE_CONFIRM, **permitted})
    yield from _of_a_check()
    yield from _of_a_known_person()
    yield from (Sample(template, context) for template, context in operator_samples.samples())
    yield Sample("help.html", {})
    yield Sample("docs.html", {"sections": [SECTION], "document_url": "/openapi.json"})


def _of_a_check() -> Iterator[Sample]:
    for status in ("pending", "scanned", "confirmed", "claimed", "declined", "expired", "failed"):
        number = 47 if status == "scanned" else None
        by_scan = {**SCAN, "status": status, "number": number, "is_by_number": False}
        yield Sample("login_check.html", by_scan)
        yield Sample("login_check.html", {**by_scan, "number": None, "is_by_number": True})


def _of_a_known_person() -> Iterator[Sample]:
    yield Sample("account.html", {**LISTS, "identities": IDENTITIES})
    alone = [{**IDENTITIES[0], "remove_url": None}]
    yield Sample("account.html", {**LISTS, "identities": alone, "notice": "Added."})
    yield Sample("account.html", {**LISTS, "identities": alone, "applications": APPLICATIONS})
    yield Sample("question.html", QUESTION)
    leaving = {"action": "/account/delete", "back_url": "/account"}
    yield Sample("account_delete.html", {**leaving, "is_fresh": True})
    yield Sample(
        "account_delete.html",
        {**leaving, "is_fresh": False, "prompt": "login", "next": "/account/delete"},
    )
    yield Sample("consent.html", CONSENT)
    alone_there = {"nickname": None, "avatar_url": None, "another_url": None}
    yield Sample("consent.html", {**CONSENT, **alone_there})
    yield Sample("form_post.html", FORM_POST)


def create_gallery(lang: str, site_name: str = "Morning Books") -> Flask:
    """Return an app that can render every template in one language."""
    app = Flask("gallery", root_path=str(source_tree.ROOT))
    catalogues = source_tree.ROOT / "wechatlogin" / "translations"
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(catalogues)
    Babel(app, default_locale=LANGUAGES[lang])
    pages = Blueprint("pages", __name__)
    pages.add_url_rule("/help", "help", lambda: "")
    app.register_blueprint(pages)
    app.jinja_env.globals.update(
        site_name=site_name,
        html_lang=lang,
        csp_nonce=lambda: NONCE,
        csrf_field=lambda: CSRF_FIELD,
        language_switch_url="?lang=other",
    )
    return app


@cache
def _get_gallery(lang: str) -> Flask:
    # Each new one compiles every template again.
    return create_gallery(lang)


def render(sample: Sample, lang: str, **overrides: Any) -> str:
    """Return a sample as HTML."""
    with _get_gallery(lang).test_request_context():
        return render_template(sample.template, **{**sample.context, **overrides})
