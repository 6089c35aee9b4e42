"""What the audit keeps of a change."""

from datetime import UTC, datetime

from sqlalchemy import select

from wechatlogin.extensions import db
from wechatlogin.models import AuditEntry, AuditTag
from wechatlogin.services import audit
from wechatlogin.services.audit import Actor, Hidden
from wechatlogin.services.site import Site

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
LI = Actor("li", "203.0.113.7")


def change(
    before: dict[str, object] | None, after: dict[str, object] | None
) -> tuple[object, object]:
    audit.record_change(
        AuditTag.APPLICATION_SAVED, LI, before=before, after=after, detail="client-1", now=NOW
    )
    entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.actor, entry.ip, entry.detail) == ("li", "203.0.113.7", "client-1")
    return entry.before, entry.after


def test_only_what_differs_is_kept(storage: Site) -> None:
    before = {"name": "Shop", "origins": ["https://a.example"], "follow": "never"}

    kept = change(before, {**before, "name": "书店", "follow": "ask"})

    assert kept == ({"name": "Shop", "follow": "never"}, {"name": "书店", "follow": "ask"})


def test_of_a_secret_only_that_it_is_another_now(storage: Site) -> None:
    kept = change({"secret": Hidden.SET}, {"secret": Hidden.CHANGED})

    assert kept == ({"secret": "(set)"}, {"secret": "(changed)"})


def test_what_is_new_has_nothing_before(storage: Site) -> None:
    assert change(None, {"name": "Shop"}) == (None, {"name": "Shop"})


def test_what_is_removed_has_nothing_after(storage: Site) -> None:
    assert change({"name": "Shop"}, None) == ({"name": "Shop"}, None)
