"""The people, one of them, and who may be one person."""

from collections.abc import Iterator
from typing import Any

USER_ID = "5f0c8f8e2a9d4c0f9b1e7a6d3c2b1a09"
OTHER_ID = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
ROW = {
    "id": USER_ID,
    "url": f"/operator/people/{USER_ID}",
    "nickname": "Lin & <Man>",
    "avatar_url": "/missing.png",
    "accounts": [
        {"name": "Shop", "follows_text": "follows"},
        {"name": "Books", "follows_text": "does not follow"},
    ],
    "created_text": "2026-11-21",
    "last_login_text": "2026-11-21 14:32",
    "is_banned": False,
}
PEOPLE = {
    "people": [ROW, {**ROW, "avatar_url": None, "is_banned": True}],
    "text": "",
    "list": "all",
    "lists": [("all", "All"), ("banned", "Banned")],
    "has_more": False,
    "action": "/operator/people",
    "clear_url": None,
    "merges_url": "/operator/people/merges",
    "merges_text": None,
    "first_url": None,
    "next_url": "/operator/people?after=2026-11-21",
}
HEAD = {
    "id": USER_ID,
    "nickname": "Lin",
    "avatar_url": "/missing.png",
    "created_text": "2026-11-21 14:32",
    "last_login_text": "2026-11-21 14:32",
    "banned_text": None,
    "notice_text": None,
}
IDENTITY = {
    "app_name": "Shop",
    "nickname": "Lin",
    "openid": "oLVPpjqs9BhvzwPj5A-vTYAX3GLc",
    "unionid": None,
    "follows_text": "follows",
    "since_text": "2026-11-21 14:32",
    "created_text": "2026-11-21",
}
APPLICATION = {
    "name": "Forum",
    "sub": USER_ID,
    "granted": "Name and picture",
    "first_text": "2026-11-21",
    "last_text": "2026-11-21 14:32",
}
SESSION = {
    "public_id": "s1",
    "browser": "Windows · Edge",
    "application": "Forum",
    "way_text": "QR",
    "ip": "203.0.113.*",
    "last_seen_text": "14:32",
    "end_url": f"/operator/people/{USER_ID}/sessions/s1/end",
}
ATTEMPT = {
    "at_text": "2026-11-21 14:32",
    "way_text": "QR",
    "purpose_text": "Login",
    "application": "Forum",
    "state_text": "Failed",
    "state_kind": "error",
    "why_text": "WeChat did not take the code.",
    "times_text": "scanned 14:32:05",
    "browser": "Windows · Edge",
    "ip": "203.0.113.*",
}
MERGE = {
    "user_id": USER_ID,
    "user_url": f"/operator/people/{USER_ID}",
    "other_id": OTHER_ID,
    "other_url": f"/operator/people/{OTHER_ID}",
    "state_text": "Merged",
    "reason_text": "The same unionid",
    "conflict_text": "An application knows both.",
    "at_text": "2026-11-21 14:32",
    "by": "li",
    "compare_url": f"/operator/people/{USER_ID}/merge?other={OTHER_ID}",
    "decide_url": "/operator/people/merges/1/decide",
    "undo_url": "/operator/people/merges/1/undo",
}
ENTRY = {"at_text": "14:32", "text": "User banned", "actor": "li", "detail": "spam"}
URLS = ("ban", "unban", "end_all", "merge", "export", "delete", "audit")
PERSON = {
    "person": HEAD,
    "identities": [IDENTITY, {**IDENTITY, "unionid": "o6_bmasdasdsad6_2sgVt7hMZOPfL"}],
    "applications": [APPLICATION],
    "sessions": [SESSION],
    "attempts": [ATTEMPT, {**ATTEMPT, "state_kind": None, "why_text": None}],
    "attempts_first_url": None,
    "attempts_next_url": "/operator/people?attempts=2026-11-21",
    "merges": [MERGE],
    "entries": [ENTRY, {**ENTRY, "actor": None, "detail": None}],
    "urls": {name: f"/operator/people/{USER_ID}/{name}" for name in URLS},
    "longest_reason": 200,
    "other": "",
    "errors": {},
}
BARE: dict[str, Any] = {
    "applications": [],
    "sessions": [],
    "attempts": [],
    "merges": [],
    "entries": [],
}
SIDE = {
    **HEAD,
    "role_text": "Stays",
    "url": f"/operator/people/{USER_ID}",
    "identities": [IDENTITY],
    "applications": [APPLICATION],
}
COMPARED = {
    "sides": [SIDE, {**SIDE, "id": OTHER_ID, "role_text": "Goes", "banned_text": "2026-11-21"}],
    "conflicts": ["An application knows both."],
    "action": f"/operator/people/{USER_ID}/merge",
    "other": OTHER_ID,
    "back_url": f"/operator/people/{USER_ID}",
}
DELETION = {
    "person": HEAD,
    "action": f"/operator/people/{USER_ID}/delete",
    "back_url": f"/operator/people/{USER_ID}",
}
BANNED = {**HEAD, "banned_text": "2026-11-21 14:32", "notice_text": "Agreed to version 2."}


def samples() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each page with everything and with nothing, and what an operator is asked."""
    yield "operator/people.html", PEOPLE
    yield "operator/people.html", {**PEOPLE, "people": [], "clear_url": "/operator/people"}
    searched = {
        **PEOPLE,
        "text": "Lin",
        "has_more": True,
        "merges_text": "2 pairs",
        "next_url": None,
    }
    yield "operator/people.html", searched
    yield "operator/people.html", {**searched, "people": [], "notice": "Deleted."}
    yield "operator/person.html", PERSON
    yield "operator/person.html", {**PERSON, **BARE, "person": BANNED, "attempts_next_url": None}
    yield (
        "operator/person.html",
        {**PERSON, "other": "nobody", "errors": {"other": "There is no such user."}},
    )
    yield "operator/person_merge.html", COMPARED
    yield "operator/person_merge.html", {**COMPARED, "conflicts": []}
    yield "operator/person_delete.html", DELETION
    yield "operator/person_delete.html", {**DELETION, "person": BANNED}
    lists = {"people_url": "/operator/people", "first_url": None, "next_url": None}
    yield "operator/merges.html", {**lists, "waiting": [MERGE], "recent": [MERGE]}
    yield "operator/merges.html", {**lists, "waiting": [], "recent": []}
