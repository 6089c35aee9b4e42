"""The WeChat apps: their list, one of them, its settings, template, files and texts."""

from collections.abc import Iterator
from typing import Any

VALUE = {"name": "callback_url", "label": "URL", "text": "https://login.example.com/api/wechat/wx1"}
ONCE = {"name": "callback_token", "label": "Token", "text": "N3wT0k3n" * 4}
APP = {
    "name": "Morning Books",
    "appid": "wx0123456789abcdef",
    "kind_text": "Certified service account",
    "rights_text": "May authorize people, make QR codes and send messages.",
    "url": "/operator/wechat-apps/wx0123456789abcdef",
}
LIST = {"apps": [APP], "new_url": "/operator/wechat-apps/new", "setup_url": "/operator/setup"}
URLS = {
    name: f"/operator/wechat-apps/wx0123456789abcdef/{name}"
    for name in ("setup", "edit", "token", "template", "replies", "files", "remove")
}
ONE = {
    "app": APP,
    "rights_text": "May do everything.",
    "missing_text": None,
    "once": [],
    "callback": [VALUE],
    "domain": [{"name": "domain", "label": "Domain", "text": "login.example.com"}],
    "facts": [("AppSecret", "set"), ("Follow QR", "http://weixin.qq.com/r/a-long-address")],
    "is_used_by": [],
    "urls": URLS,
}
CHAT_ONLY = {
    **ONE,
    "domain": [],
    "missing_text": "For more a certified service account is needed.",
    "once": [ONCE],
    "is_used_by": ["Shop", "Forum"],
    "urls": {name: url for name, url in URLS.items() if name != "template"},
}
EDIT = {
    "values": {"kind": "service", "name": "Morning Books", "appid": "wx1", "mode": "safe"},
    "errors": {},
    "is_new": True,
    "action": "/operator/wechat-apps/new",
    "back_url": "/operator/wechat-apps",
    "kinds": [("service", "Certified service account"), ("personal", "Personal account")],
    "modes": [("safe", "Safe mode"), ("plain", "Plain mode")],
    "has_token": False,
    "has_aes_key": False,
}
TEMPLATE: dict[str, Any] = {
    "app_name": "Morning Books",
    "errors": {},
    "trouble": None,
    "templates": [
        {"title": "Code", "id": "t" * 43, "labels": ["Code number1"], "is_chosen": True},
        {"title": "Order", "id": "o" * 43, "labels": ["No. thing1"], "url": "/operator?id=o"},
    ],
    "template_id": "t" * 43,
    "fields": [{"name": "field-number1", "label": "Code number1", "value": "{code}"}],
    "is_set": True,
    "action": "/operator/template",
    "remove_url": "/operator/template/remove",
    "back_url": "/operator/wechat-apps/wx1",
}
FILES = {
    "app_name": "Morning Books",
    "files": [
        {
            "name": f"MP_verify_{sixteen}.txt",
            "address": f"https://login.example.com/MP_verify_{sixteen}.txt",
            "check_text": text,
            "check_kind": kind,
            "remove_url": f"/operator/files/{sixteen}/remove",
        }
        for sixteen, text, kind in (
            ("bU7m2R3kQ0r1oQdB", "It opens.", "success"),
            ("cU7m2R3kQ0r1oQdB", "It does not open.", "error"),
        )
    ],
    "values": {},
    "errors": {},
    "action": "/operator/files",
    "back_url": "/operator/wechat-apps/wx1",
}
BUBBLE = {
    "pieces": [
        {"words": "Somebody logs in.\nIf it is you, ", "is_link": False},
        {"words": "confirm here", "is_link": True},
    ],
    "size_text": "At most 512 bytes of 2,048.",
}
TEXT = {
    "language_text": "English",
    "keyword": "",
    "state_text": "Built in",
    "bubble": BUBBLE,
    "edit_url": "/operator/replies/edit?occasion=confirm",
}
REPLIES = {
    "app_name": "Morning Books",
    "occasions": [
        {"key": "confirm", "title": "Confirming", "when": "After a scan.", "texts": [TEXT]},
        {"key": "keyword", "title": "Keyword", "when": "By a keyword.", "texts": []},
        {
            "key": "default",
            "title": "Anything else",
            "when": "Otherwise.",
            "texts": [{**TEXT, "bubble": None, "keyword": "hours"}],
        },
    ],
    "new_keyword_url": "/operator/replies/edit?occasion=keyword",
    "back_url": "/operator/wechat-apps/wx1",
}
REPLY = {
    "title": "Keyword",
    "when": "By a keyword.",
    "errors": {},
    "which": {"occasion": "keyword", "language": "en", "keyword": "hours"},
    "text": "From nine to six",
    "languages": [("en", "English")],
    "is_keyword": True,
    "places": "{name} is the account's name.",
    "bubble_of": BUBBLE,
    "action": "/operator/replies/edit",
    "remove_url": "/operator/replies/remove",
    "back_url": "/operator/replies",
}


def samples() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each page with something, with nothing, and with something wrong."""
    yield "operator/wechat_apps.html", LIST
    yield "operator/wechat_apps.html", {**LIST, "apps": [], "notice": "Removed."}
    yield "operator/wechat_app.html", ONE
    yield "operator/wechat_app.html", CHAT_ONLY
    yield "operator/wechat_app_edit.html", EDIT
    wrong = {"token": "3 to 32 letters and digits."}
    yield "operator/wechat_app_edit.html", {**EDIT, "is_new": False, "errors": wrong}
    yield "operator/message_template.html", TEMPLATE
    refused = {"trouble": "40164", "errors": {"": "No field has the code."}, "templates": []}
    yield "operator/message_template.html", {**TEMPLATE, **refused, "fields": [], "is_set": False}
    yield "operator/verification_files.html", FILES
    refused = {"files": [], "errors": {"": "Another app has it."}, "values": {"name": "a.txt"}}
    yield "operator/verification_files.html", {**FILES, **refused}
    yield "operator/replies.html", REPLIES
    yield "operator/reply.html", REPLY
    unsaved = {"errors": {"text": "Too long."}, "remove_url": None, "bubble_of": None}
    yield "operator/reply.html", {**REPLY, **unsaved}
