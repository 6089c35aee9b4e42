"""The applications' pages."""

from collections.abc import Iterator
from typing import Any

URL = "/operator/applications/shop-0001"
SETTING = {"name": "issuer", "label": "Issuer", "value": "https://login.example.com/oidc"}
APPLICATION = {
    "application": {
        "name": "Morning Books",
        "client_id": "shop-0001",
        "logo_url": "/applications/shop-0001/logo?v=1",
        "is_public": False,
        "is_disabled": False,
    },
    "errors": {},
    "settings": [SETTING, {**SETTING, "name": "redirect-uri-1", "label": "Redirect URI"}],
    "secrets": [
        {"created_text": "2026-11-21 14:32", "ends_text": None, "is_kept": True},
        {"created_text": "2026-01-02 03:04", "ends_text": "2026-11-22 14:32", "is_kept": False},
    ],
    "keys": [
        {
            "name": name,
            "created_text": "2026-11-21 14:32",
            "used_text": "Never",
            "revoke_action": f"{URL}/keys/{name}/revoke",
        }
        for name in ("first", "warehouse")
    ],
    "facts": [
        {"label": "People", "value": "12,840", "document": None},
        {"label": "Relay", "value": "login.example.com", "document": "docs/relay.md"},
    ],
    "settings_url": f"{URL}/settings",
    "webhook_url": f"{URL}/webhook",
    "secret_action": f"{URL}/secret",
    "key_action": f"{URL}/keys",
    "logo_action": f"{URL}/logo",
    "logo_remove_action": f"{URL}/logo/remove",
    "disable_action": f"{URL}/disabled",
    "remove_url": f"{URL}/remove",
    "back_url": "/operator/applications",
}
LIST = {
    "applications": [
        {
            "name": "Morning Books",
            "client_id": f"shop-000{number}",
            "url": f"/operator/applications/shop-000{number}",
            "kinds": kinds,
            "is_disabled": is_disabled,
            "created_text": "2026-11-21",
        }
        for number, kinds, is_disabled in ((1, ["Public", "Own"], False), (2, [], True))
    ],
    "new_url": "/operator/applications/new",
    "first_url": "/operator/applications",
    "next_url": "/operator/applications?after=x",
}
TYPED = {
    "name": "Morning Books",
    "is_public": False,
    "requires_pkce": True,
    "is_first_party": False,
    "redirect_uris": "https://shop.example/a\nhttps://shop.example/b",
    "post_logout_redirect_uris": "",
    "backchannel_logout_uri": None,
    "origins": "",
    "appids": "",
    "ways": "",
    "mccs": "",
    "scopes": ["openid", "profile"],
    "subject_type": "public",
    "email_template": "{sub}@wechat.invalid",
    "id_token_algorithm": "RS256",
    "access_seconds": 3600,
    "refresh_seconds": 86400,
    "confirm": "tap",
    "follow": "never",
    "client_id": "",
    "keeps_secret": False,
}
FORM = {
    "title": "Morning Books",
    "typed": TYPED,
    "errors": {},
    "options": {
        name: [("public", "Public"), ("tap", "Tap")]
        for name in ("subject_type", "id_token_algorithm", "confirm", "follow")
    },
    "known_apps": "wx0123456789abcdef Morning Books",
    "known_ways": "code, scan",
    "scopes": [("profile", "Name"), ("wechat", "WeChat")],
    "is_new": False,
    "action": URL,
    "back_url": URL,
}
DELIVERY = {
    "id": "msg_0123456789abcdef0123456789abcdef",
    "event": "user.login",
    "created_text": "2026-11-21 14:32",
    "tries": 2,
    "tried_text": "14:33",
    "next_text": "14:38",
    "answer_text": "HTTP 503",
    "state_kind": "warning",
    "state_text": "Waiting",
    "url": f"{URL}/webhook/msg_1",
}
WEBHOOK = {
    "name": "Morning Books",
    "typed": {"uri": "https://shop.example/hook", "events": ("user.login",)},
    "errors": {},
    "events": [("user.created", "First login"), ("user.login", "A login")],
    "is_on": True,
    "has_secret": True,
    "former_text": "2026-11-22 14:32",
    "deliveries": [
        DELIVERY,
        {**DELIVERY, "state_kind": "error", "state_text": "Given up"},
        {**DELIVERY, "state_kind": "success", "state_text": "Delivered"},
    ],
    "has_failed": True,
    "action": f"{URL}/webhook",
    "secret_action": f"{URL}/webhook/secret",
    "test_action": f"{URL}/webhook/test",
    "resend_action": f"{URL}/webhook/resend",
    "back_url": URL,
    "first_url": None,
    "next_url": f"{URL}/webhook?after=x",
}
PAYLOAD = {
    "delivery": DELIVERY,
    "payload": '{\n  "type": "user.login"\n}',
    "resend_action": f"{URL}/webhook/msg_1/resend",
    "back_url": f"{URL}/webhook",
}
ONCE = {
    "title": "A new key",
    "text": "Shown once.",
    "shown": [SETTING, {"name": "client-secret", "label": "Secret", "value": "kX4v" * 12}],
    "back_url": URL,
}


def samples() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the list, the page of one, its forms right and wrong, its webhooks."""
    yield "operator/applications.html", LIST
    yield (
        "operator/applications.html",
        {**LIST, "applications": [], "first_url": None, "next_url": None, "notice": "Removed."},
    )
    yield "operator/application.html", APPLICATION
    bare = {**APPLICATION["application"], "is_public": True, "is_disabled": True, "logo_url": None}  # type: ignore[dict-item]
    yield "operator/application.html", {**APPLICATION, "application": bare, "keys": []}
    wrong = {"overlap": "A number.", "name": "A name.", "logo": "Too large."}
    yield "operator/application.html", {**APPLICATION, "errors": wrong}
    yield "operator/application_form.html", FORM
    wrong = dict.fromkeys(("redirect_uris", "requires_pkce", "keeps_secret", "scopes"), "Not so.")
    yield "operator/application_form.html", {**FORM, "is_new": True, "errors": wrong}
    yield "operator/webhook.html", WEBHOOK
    yield (
        "operator/webhook.html",
        {
            **WEBHOOK,
            "errors": {"webhook_uri": "Not there.", "webhook_events": "At least one."},
            "is_on": False,
            "has_secret": False,
            "former_text": None,
            "has_failed": False,
            "deliveries": [],
            "next_url": None,
        },
    )
    yield "operator/delivery.html", PAYLOAD
    yield (
        "operator/delivery.html",
        {**PAYLOAD, "delivery": {**DELIVERY, "tried_text": None, "next_text": None}},
    )
    yield "operator/once.html", ONCE
