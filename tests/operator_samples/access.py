"""The operators' ways in, their own page, and their management."""

from collections.abc import Iterator
from typing import Any

LOGIN = {
    "action": "/operator/login",
    "wechat_url": "/operator/login/wechat",
    "name": "",
    "error": None,
}
PERSON = {"nickname": "Lin", "avatar_url": None}
WECHAT = {
    "person": PERSON,
    "text": "Go on as li.",
    "action": "/operator/login/wechat",
    "other_url": "/login?prompt=login",
    "password_url": "/operator/login",
}
LINK = {
    "person": PERSON,
    "errors": {},
    "action": "/operator/me/wechat",
    "other_url": "/login?prompt=login",
    "back_url": "/operator/me",
}
OPERATOR = {
    "name": "li",
    "role": "admin",
    "role_text": "Admin",
    "since_text": "2026-11-21",
    "is_linked": True,
    "is_me": True,
    "url": "/operator/operators/1",
}
SESSION = {
    "public_id": "one",
    "browser": "Windows · Edge",
    "ip": "203.0.113.7",
    "way_text": "Password",
    "last_seen_text": "14:32",
    "is_current": True,
    "end_url": "/operator/me/sessions/one/end",
}
ME = {
    "operator": OPERATOR,
    "person": None,
    "errors": {},
    "password_action": "/operator/me/password",
    "link_url": "/operator/me/wechat",
    "unlink_url": "/operator/me/wechat/remove",
    "sessions": [SESSION, {**SESSION, "public_id": "two", "is_current": False}],
}
ROLES = {"roles": [("viewer", "Viewer"), ("admin", "Admin")], "role_help": "What they may do."}
OPERATORS = {
    **ROLES,
    "operators": [OPERATOR, {**OPERATOR, "name": "mei", "is_me": False, "is_linked": False}],
    "typed": {"role": "viewer"},
    "errors": {},
    "action": "/operator/operators",
}
ONE = {
    **ROLES,
    "operator": OPERATOR,
    "person": PERSON,
    "errors": {},
    "role_action": "/operator/operators/1/role",
    "password_url": "/operator/operators/1/password",
    "unlink_url": "/operator/operators/1/unlink",
    "remove_url": "/operator/operators/1/remove",
    "audit_url": "/operator/audit?actor=li",
    "back_url": "/operator/operators",
}
PASSWORD = {
    "operator": OPERATOR,
    "password": "a-random-one",
    "login_url": "https://login.example.com/operator/login",
    "back_url": "/operator/operators",
}


def samples() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each page as it is, and with what can be missing or wrong."""
    yield "operator/login.html", LOGIN
    yield "operator/login.html", {**LOGIN, "error": "Wrong.", "next": "/operator/people"}
    yield "operator/login_wechat.html", WECHAT
    yield "operator/login_wechat.html", {**WECHAT, "next": "/operator/people"}
    yield "operator/link.html", LINK
    yield "operator/link.html", {**LINK, "errors": {"current": "Wrong.", "": "Taken."}}
    yield "operator/me.html", ME
    yield "operator/me.html", {**ME, "person": PERSON, "notice": "Linked."}
    yield "operator/me.html", {**ME, "errors": {"current": "Wrong.", "new": "Too short."}}
    yield "operator/operators.html", OPERATORS
    yield "operator/operators.html", {**OPERATORS, "errors": {"name": "Taken."}}
    yield "operator/operator.html", ONE
    yield "operator/operator.html", {**ONE, "person": None, "errors": {"role": "The last one."}}
    yield "operator/password.html", PASSWORD
