"""Undoing a merge: the other user is back as they were, and stays apart."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.services.one_person import (
    LATER,
    LI,
    MUCH_LATER,
    NOW,
    an_app,
    an_application,
    count,
    log_in,
    merged,
    see,
    tags,
    two_users,
)
from wechatlogin.errors import MergeDecided, MergeImpossible
from wechatlogin.extensions import db
from wechatlogin.models import (
    ApplicationUser,
    Attempt,
    AuditTag,
    Merge,
    MergeState,
    Session,
    User,
    WeChatAppRow,
)
from wechatlogin.services import (
    accounts,
    merge_records,
    merging,
    users,
)
from wechatlogin.services.merging import Decision
from wechatlogin.services.site import Site


@pytest.fixture
def service(storage: Site) -> WeChatAppRow:
    return an_app(storage, 1)


@pytest.fixture
def website(storage: Site) -> WeChatAppRow:
    return an_app(storage, 2)


def test_undoing_brings_the_other_user_back_as_they_were(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    forum = an_application(storage, "forum")
    first, second = two_users(service, website)
    stays, goes = first.user_id, second.user_id
    log_in(storage, first)
    log_in(storage, second, application=forum, now=LATER)
    see(service, "o-s")
    see(website, "o-w")
    merge = db.session.scalars(select(Merge)).one()

    merging.undo(merge.id, by=LI, now=MUCH_LATER)

    assert (first.user_id, second.user_id) == (stays, goes)
    back = db.session.get_one(User, goes)
    assert (back.created_at, back.last_login_at) == (LATER, LATER)
    row = db.session.scalars(select(ApplicationUser)).one()
    assert (row.user_id, row.first_login_at, row.last_login_at) == (goes, LATER, LATER)
    assert count(Session) == 0
    assert (merge.state, merge.decided_by) == (MergeState.UNDONE, "li")
    assert users.resolve_user_id(goes) == goes
    mine = select(Attempt.user_id).where(Attempt.openid == "o-w")
    assert set(db.session.scalars(mine)) == {goes}
    assert AuditTag.USER_MERGE_UNDONE in tags()


def test_what_is_undone_is_not_merged_at_the_next_login(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    merge = merged(storage, service, website)
    merging.undo(merge.id, by=LI, now=LATER)

    see(service, "o-s", now=MUCH_LATER)
    see(website, "o-w", now=MUCH_LATER)

    assert count(User) == 2
    with pytest.raises(MergeDecided):
        merging.undo(merge.id, by=LI, now=LATER)


def test_an_operator_may_merge_again_what_was_undone(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    merge = merged(storage, service, website)
    merging.undo(merge.id, by=LI, now=LATER)

    merging.decide(merge.id, Decision.MERGE, by=LI, now=LATER)

    assert count(User) == 1
    with pytest.raises(MergeDecided):
        merging.decide(merge.id, Decision.MERGE, by=LI, now=LATER)


def test_logins_of_both_at_one_application_are_told_apart_again(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    application = an_application(storage)
    first, second = two_users(service, website)
    stays, goes = first.user_id, second.user_id
    log_in(storage, first, application=application, now=LATER)
    for at in (NOW, MUCH_LATER):
        log_in(storage, second, application=application, now=at, secret=f"{at}")
    see(service, "o-s")
    see(website, "o-w")
    merge = merging.decide(merge_records.get_waiting()[0].id, Decision.MERGE, by=LI, now=LATER)

    one = db.session.scalars(select(ApplicationUser)).one()
    assert (one.user_id, one.first_login_at, one.last_login_at) == (stays, NOW, MUCH_LATER)
    merging.undo(merge.id, by=LI, now=MUCH_LATER)

    rows = {row.user_id: row for row in db.session.scalars(select(ApplicationUser))}
    assert (rows[stays].first_login_at, rows[stays].last_login_at) == (LATER, LATER)
    assert (rows[goes].first_login_at, rows[goes].last_login_at) == (NOW, MUCH_LATER)


def test_an_application_that_was_used_since_knows_both_after_the_undoing(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    forum = an_application(storage, "forum")
    first, second = two_users(service, website)
    log_in(storage, first)
    log_in(storage, second, application=forum)
    see(service, "o-s")
    see(website, "o-w")
    log_in(storage, first, application=forum, now=LATER, secret="another browser")

    merging.undo(db.session.scalars(select(Merge)).one().id, by=LI, now=MUCH_LATER)

    known = set(db.session.scalars(select(ApplicationUser.user_id)))
    assert known == {first.user_id, second.user_id}


def test_an_identity_that_is_erased_meanwhile_does_not_come_back(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    merge = merged(storage, service, website)
    accounts.erase_identity(website.appid, "o-w", now=LATER)

    with pytest.raises(MergeImpossible):
        merging.undo(merge.id, by=LI, now=LATER)

    assert count(User) == 1


def test_nobody_is_left_without_an_identity_by_an_undoing(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    merge = merged(storage, service, website)
    accounts.erase_identity(service.appid, "o-s", now=LATER)

    with pytest.raises(MergeImpossible):
        merging.undo(merge.id, by=LI, now=LATER)


def test_an_earlier_merge_is_written_under_its_user_again(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    earlier = merged(storage, service, website)
    was_kept, was_merged = earlier.user_id, earlier.other_user_id
    third = see(an_app(storage, 3), "o-3", "o-y", now=NOW - timedelta(days=9))
    log_in(storage, third)
    see(service, "o-s", "o-y")
    later = db.session.scalars(select(Merge).where(Merge.other_user_id == was_kept)).one()
    assert users.resolve_user_id(was_merged) == third.user_id

    merging.undo(later.id, by=LI, now=LATER)

    assert users.resolve_user_id(was_merged) == was_kept
    merging.undo(earlier.id, by=LI, now=LATER)
    assert count(User) == 3
