"""What a person is given of their own: all of it, and nothing else."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from tests.services.one_person import (
    LATER,
    LI,
    NOW,
    an_app,
    an_application,
    log_in,
    merged,
    proposed,
    see,
)
from wechatlogin.errors import UserUnknown
from wechatlogin.extensions import db
from wechatlogin.models import AuditEntry, AuditTag, User
from wechatlogin.models.transaction import write
from wechatlogin.services import accounts, audit, bans, consents, export_document, exports, merging
from wechatlogin.services.accounts import Sighting
from wechatlogin.services.site import Site
from wechatlogin.wechat.oauth import Profile


def exported(user_id: str) -> Any:
    return json.loads(exports.export(user_id, by=None, now=LATER).to_json())


def test_everything_of_a_person_is_in_it(storage: Site) -> None:
    row = an_app(storage, 1)
    profile = Profile(openid="o-lin", nickname="林", avatar_url=None, unionid="u-lin")
    identity = accounts.find_or_create_identity(
        row, Sighting("o-lin", profile=profile, follows=True), now=NOW
    )
    forum = an_application(storage, "forum")
    log_in(storage, identity, application=forum)
    consents.grant(forum, identity.user_id, "openid profile", now=NOW)
    with write() as session:
        user = session.get_one(User, identity.user_id)
        user.notice_version, user.notice_accepted_at = 3, NOW

    told = exported(identity.user_id)

    assert (told["format"], told["exported_at"]) == (export_document.FORMAT, LATER.isoformat())
    assert told["person"]["id"] == identity.user_id
    assert told["person"]["privacy_notice"] == {"version": 3, "accepted_at": NOW.isoformat()}
    named = told["identities"][0]
    assert (named["openid"], named["unionid"], named["nickname"]) == ("o-lin", "u-lin", "林")
    assert (named["account"], named["follows"]) == ("晨光书店", True)
    assert [one["browser"] for one in told["sessions"]] == ["Windows · Edge"]
    known = told["applications"][0]
    assert (known["client_id"], known["sub"]) == (forum.client_id, identity.user_id)
    assert known["granted"] == ["openid", "profile"]
    assert [(one["status"], one["application"]) for one in told["attempts"]] == [
        ("claimed", forum.client_id)
    ]
    events = [entry["event"] for entry in told["audit"]]
    assert {"user:created", "user:login", "consent:granted"} <= set(events)


def test_it_holds_no_secret_and_no_hash(storage: Site) -> None:
    identity = see(an_app(storage, 1), "o-lin", None)
    token = log_in(storage, identity)

    text = exports.export(identity.user_id, by=None, now=LATER).to_json()

    assert token not in text
    for word in ("hash", "binding", "scene", "secret", "token", "public_id"):
        assert word not in text


def test_an_operators_name_and_address_are_theirs(storage: Site) -> None:
    identity = see(an_app(storage, 1), "o-lin", None)
    bans.ban(identity.user_id, by=LI, reason="spam", now=NOW)

    told = exported(identity.user_id)

    banned = next(entry for entry in told["audit"] if entry["event"] == AuditTag.USER_BANNED)
    assert (banned["by"], banned["ip"], banned["detail"]) == ("operator", None, "spam")
    assert told["person"]["banned_at"] == NOW.isoformat()


def test_nobody_else_is_in_it(storage: Site) -> None:
    merge = proposed(storage, an_app(storage, 1), an_app(storage, 2))

    mine, theirs = exported(merge.user_id), exported(merge.other_user_id)

    assert merge.other_user_id not in json.dumps(mine)
    assert merge.user_id not in json.dumps(theirs)
    assert mine["merges"] == []


def test_who_was_merged_is_given_both_by_either_id(storage: Site) -> None:
    merge = merged(storage, an_app(storage, 1), an_app(storage, 2))

    told = exported(merge.other_user_id)

    assert told["person"]["id"] == merge.user_id
    assert [one["former_id"] for one in told["merges"]] == [merge.other_user_id]
    assert {one["openid"] for one in told["identities"]} == {"o-s", "o-w"}


@pytest.mark.parametrize(("by", "actor"), [(LI, "li"), (None, None)])
def test_an_export_is_noted(storage: Site, by: Any, actor: str | None) -> None:
    identity = see(an_app(storage, 1), "o-lin", None)

    exports.export(identity.user_id, by=by, now=LATER)

    entry = db.session.scalars(
        select(AuditEntry).where(AuditEntry.tag == AuditTag.USER_EXPORTED)
    ).one()
    assert (entry.user_id, entry.actor) == (identity.user_id, actor)


def test_nothing_is_exported_of_nobody(storage: Site) -> None:
    with pytest.raises(UserUnknown):
        exports.export("nobody", by=None, now=NOW)


def test_after_an_undoing_nothing_names_the_other(storage: Site) -> None:
    merge = merged(storage, an_app(storage, 1), an_app(storage, 2))
    merging.undo(merge.id, by=LI, now=LATER)

    mine, theirs = exported(merge.user_id), exported(merge.other_user_id)

    assert merge.other_user_id not in json.dumps(mine)
    assert merge.user_id not in json.dumps(theirs)


def test_what_was_noted_before_a_merge_is_in_it(storage: Site) -> None:
    merge = merged(storage, an_app(storage, 1), an_app(storage, 2))
    former = merge.other_user_id
    audit.record(AuditTag.USER_LOGIN, user_id=former, ip="203.0.113.8", now=NOW)

    told = exported(merge.user_id)

    assert "203.0.113.8" in {entry["ip"] for entry in told["audit"]}
