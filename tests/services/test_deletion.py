"""Deleting a person: what goes, what stays, and who they are when they come back."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.services.one_person import LATER, LI, an_app, an_application, count, log_in, merged, see
from tests.services.session_tree import a_child, a_shop, noticed
from tests.stories import start_attempt
from wechatlogin.errors import UserUnknown
from wechatlogin.extensions import db
from wechatlogin.models import (
    Application,
    ApplicationUser,
    Attempt,
    AuditEntry,
    AuditTag,
    Code,
    Consent,
    Identity,
    Merge,
    RefreshToken,
    Session,
    User,
)
from wechatlogin.services import (
    accounts,
    audit,
    bans,
    codes,
    consents,
    deletion,
    merging,
    refresh_tokens,
)
from wechatlogin.services.site import Site
from wechatlogin.vault import sha256_hex

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
OURS = (User, Identity, Session, ApplicationUser, Consent, Attempt, Code, RefreshToken, Merge)


@pytest.fixture
def shop(storage: Site) -> Application:
    return a_shop(storage)


@pytest.fixture
def lin(storage: Site, shop: Application) -> Identity:
    """A person of whom there is everything."""
    identity = see(an_app(storage, 1), "o-lin", None)
    token = log_in(storage, identity, application=an_application(storage, "forum"))
    child = a_child(db.session.get_one(Session, sha256_hex(token)), shop)
    refresh_tokens.issue(storage, child, scope="openid", lifetime=timedelta(days=1), now=NOW)
    forum = db.session.scalars(select(Application).where(Application.name == "forum")).one()
    consents.grant(forum, identity.user_id, "openid profile", now=NOW)
    codes.issue(storage, identity, now=NOW)
    return identity


def test_nothing_of_a_person_is_left(storage: Site, lin: Identity) -> None:
    assert all(count(model) for model in OURS if model is not Merge)

    deletion.delete_person(lin.user_id, by=LI, now=LATER)

    assert {model.__name__: count(model) for model in OURS if count(model)} == {}


def test_the_programs_are_told_of_the_log_out(storage: Site, lin: Identity) -> None:
    held = select(Session.public_id).where(Session.parent_key.is_not(None))
    sid = db.session.scalars(held).one()

    deletion.delete_person(lin.user_id, by=LI, now=LATER)

    assert noticed() == [sid]


def test_others_keep_what_is_theirs(storage: Site, lin: Identity) -> None:
    mei = see(an_app(storage, 1), "o-mei", None)
    log_in(storage, mei, secret="mei's")

    deletion.delete_person(lin.user_id, by=LI, now=LATER)

    assert db.session.scalars(select(User.id)).all() == [mei.user_id]
    assert (count(Session), count(Attempt), count(Identity)) == (1, 1, 1)


def test_an_attempt_that_only_waited_for_the_person_goes_too(storage: Site, lin: Identity) -> None:
    waiting = start_attempt(appid=lin.appid, now=NOW)
    waiting.openid = lin.openid
    other = start_attempt(appid=lin.appid, now=NOW).id
    db.session.commit()

    deletion.delete_person(lin.user_id, by=LI, now=LATER)

    assert db.session.scalars(select(Attempt.id)).all() == [other]


def test_the_audit_says_who_deleted_and_forgets_the_rest(storage: Site, lin: Identity) -> None:
    user_id = lin.user_id
    accounts.note_login(user_id, way="scan", ip="203.0.113.7", now=NOW)
    bans.ban(user_id, by=LI, reason="Lin sent spam", now=NOW)

    deletion.delete_person(user_id, by=LI, now=LATER)

    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.user_id == user_id)).all()
    kept = {entry.tag: (entry.actor, entry.ip, entry.detail) for entry in entries}
    assert kept[AuditTag.USER_ERASED] == ("li", LI.ip, None)
    assert kept[AuditTag.USER_BANNED] == ("li", LI.ip, None)
    assert kept[AuditTag.USER_LOGIN] == (None, None, "scan")


def test_a_person_who_deletes_themselves_is_no_operator(storage: Site, lin: Identity) -> None:
    deletion.delete_person(lin.user_id, by=None, now=LATER)

    entry = db.session.scalars(
        select(AuditEntry).where(AuditEntry.tag == AuditTag.USER_ERASED)
    ).one()
    assert (entry.actor, entry.ip) == (None, None)


def test_who_comes_back_is_somebody_new(storage: Site, lin: Identity) -> None:
    former = lin.user_id
    bans.ban(former, by=LI, now=NOW)
    deletion.delete_person(former, by=LI, now=LATER)

    again = see(an_app(storage, 1), "o-lin", None, now=LATER)

    assert again.user_id != former
    assert db.session.get_one(User, again.user_id).banned_at is None


def test_whoever_was_merged_is_deleted_by_either_id(storage: Site) -> None:
    merge = merged(storage, an_app(storage, 1), an_app(storage, 2))
    former = merge.other_user_id
    audit.record(AuditTag.USER_LOGIN, user_id=former, ip="203.0.113.8", now=NOW)

    deletion.delete_person(former, by=LI, now=LATER)

    assert (count(User), count(Merge), count(Identity)) == (0, 0, 0)
    query = select(AuditEntry.ip).where(AuditEntry.tag == AuditTag.USER_LOGIN)
    assert set(db.session.scalars(query)) == {None}


def test_a_proposal_to_merge_with_somebody_goes_with_them(storage: Site) -> None:
    first, second = see(an_app(storage, 1), "o-1", None), see(an_app(storage, 2), "o-2", None)
    merge = merging.merge_by_hand(first.user_id, second.user_id, by=LI, now=NOW)
    merging.undo(merge.id, by=LI, now=NOW)
    gone = merge.other_user_id

    deletion.delete_person(gone, by=LI, now=LATER)

    assert (count(Merge), count(User)) == (0, 1)


def test_nobody_cannot_be_deleted(storage: Site) -> None:
    with pytest.raises(UserUnknown):
        deletion.delete_person("nobody", by=LI, now=NOW)


def test_wechat_takes_one_identity_and_then_the_person(storage: Site) -> None:
    service, website = an_app(storage, 1), an_app(storage, 2)
    merge = merged(storage, service, website)
    user_id = merge.user_id
    accounts.note_login(user_id, way="scan", ip="203.0.113.7", now=NOW)

    accounts.erase_identity(website.appid, "o-w", now=LATER)
    assert db.session.scalars(select(User.id)).all() == [user_id]
    accounts.erase_identity(service.appid, "o-s", now=LATER)

    assert (count(User), count(Identity), count(Session)) == (0, 0, 0)
    assert set(db.session.scalars(select(AuditEntry.ip))) == {None}
