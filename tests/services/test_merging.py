"""Two users that turn out to be one person: merged where it is safe, else an operator decides."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.services.one_person import (
    LATER,
    LI,
    MUCH_LATER,
    NOW,
    UNIONID,
    an_app,
    an_application,
    count,
    log_in,
    proposed,
    see,
    tags,
    two_users,
)
from tests.stories import a_browser, start_attempt
from wechatlogin.errors import MergeDecided, MergeNotFound
from wechatlogin.extensions import db
from wechatlogin.models import (
    Application,
    ApplicationUser,
    Attempt,
    AuditTag,
    Merge,
    MergeReason,
    MergeState,
    Session,
    User,
    WeChatAppRow,
)
from wechatlogin.models.transaction import write
from wechatlogin.services import (
    accounts,
    attempts,
    merge_records,
    merging,
    sessions,
    users,
)
from wechatlogin.services.merge_pairs import Conflict
from wechatlogin.services.merging import Decision
from wechatlogin.services.site import Site
from wechatlogin.vault import sha256_hex


@pytest.fixture
def service(storage: Site) -> WeChatAppRow:
    return an_app(storage, 1)


@pytest.fixture
def website(storage: Site) -> WeChatAppRow:
    return an_app(storage, 2)


def test_a_new_identity_whose_unionid_is_known_belongs_to_that_user(
    service: WeChatAppRow, website: WeChatAppRow
) -> None:
    first = see(service, "o-s")

    second = see(website, "o-w")

    assert second.user_id == first.user_id
    assert count(User) == 1
    assert count(Merge) == 0
    assert AuditTag.IDENTITY_LINKED in tags()


def test_a_unionid_that_appears_later_merges_two_users(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    first, second = two_users(service, website)
    gone = second.user_id
    see(service, "o-s")

    second = see(website, "o-w", now=LATER)

    merge = db.session.scalars(select(Merge)).one()
    assert second.user_id == first.user_id == merge.user_id
    assert (merge.state, merge.reason, merge.other_user_id) == (
        MergeState.MERGED,
        MergeReason.UNIONID,
        gone,
    )
    assert count(User) == 1
    assert tags().count(AuditTag.USER_MERGED) == 1


@pytest.mark.parametrize(
    ("group", "other_group"), [(None, None), ("shop", None), ("shop", "another"), ("", "")]
)
def test_a_unionid_joins_within_one_group_alone(
    storage: Site, group: str | None, other_group: str | None
) -> None:
    one = see(an_app(storage, 1, group=group), "o-s")
    two = see(an_app(storage, 2, group=other_group), "o-w")

    see(an_app(storage, 2, group=other_group), "o-w", now=LATER)

    assert one.user_id != two.user_id
    assert count(Merge) == 0


@pytest.mark.parametrize("unionid", [None, ""])
def test_no_unionid_joins_nobody(
    service: WeChatAppRow, website: WeChatAppRow, unionid: str | None
) -> None:
    one, two = see(service, "o-s", unionid), see(website, "o-w", unionid)

    assert one.user_id != two.user_id


def test_the_same_openid_in_two_apps_is_two_people(
    service: WeChatAppRow, website: WeChatAppRow
) -> None:
    assert see(service, "o-x", "o-a").user_id != see(website, "o-x", "o-b").user_id


def test_who_has_logged_in_stays_though_the_other_is_older(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    older, newer = two_users(service, website)
    stays = newer.user_id
    log_in(storage, newer, now=LATER)
    see(service, "o-s")

    see(website, "o-w")

    assert older.user_id == newer.user_id == stays


def test_of_two_who_have_logged_in_the_older_stays(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    older, newer = two_users(service, website)
    stays = older.user_id
    log_in(storage, newer, now=LATER)
    log_in(storage, older, now=MUCH_LATER)
    see(website, "o-w")

    see(service, "o-s")

    assert older.user_id == newer.user_id == stays
    assert db.session.get_one(User, stays).last_login_at == MUCH_LATER


def test_everything_moves_to_the_user_who_stays(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    first, second = two_users(service, website)
    stays, goes = first.user_id, second.user_id
    shop, forum = an_application(storage), an_application(storage, "forum")
    log_in(storage, first, application=shop)
    log_in(storage, second, application=forum, now=LATER)
    adds = start_attempt(link_user_id=goes, now=LATER)
    see(service, "o-s")

    see(website, "o-w")

    assert set(db.session.scalars(select(Session.user_id))) == {stays}
    assert goes not in set(db.session.scalars(select(Attempt.user_id)))
    assert db.session.get_one(Attempt, adds.id).link_user_id == stays
    known = {row.application_id: row.user_id for row in db.session.scalars(select(ApplicationUser))}
    assert known == {shop.id: stays, forum.id: stays}
    assert db.session.get(User, goes) is None


def test_the_old_id_leads_to_the_user_who_stays_however_often_it_moves(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    first, second, third = (
        see(an_app(storage, number), f"o-{number}", None, now=NOW + timedelta(hours=number))
        for number in (3, 2, 1)
    )
    oldest, middle, newest = third.user_id, second.user_id, first.user_id
    see(an_app(storage, 3), "o-3", "o-x")
    see(an_app(storage, 2), "o-2", "o-x")
    see(an_app(storage, 2), "o-2", "o-y")

    see(an_app(storage, 1), "o-1", "o-y")

    assert [users.resolve_user_id(one) for one in (oldest, middle, newest)] == [oldest] * 3
    assert users.resolve_user_id("nobody") is None


def test_a_login_that_began_before_the_merge_ends_with_the_user_who_stays(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    first, second = two_users(service, website)
    goes = second.user_id
    attempt = start_attempt(appid=website.appid, now=LATER)
    see(service, "o-s")
    see(website, "o-w")

    confirmed = attempts.confirm(attempt.id, "o-w", user_id=goes, now=LATER)

    assert confirmed.user_id == first.user_id != goes


def test_an_application_that_knows_both_leaves_it_to_an_operator(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    merge = proposed(storage, service, website)

    assert (merge.state, merge.conflict) == (MergeState.WAITING, Conflict.APPLICATION)
    assert count(User) == 2
    assert merge_records.count_waiting() == 1
    assert AuditTag.USER_MERGED not in tags()


def test_it_is_proposed_once_and_not_at_each_login(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    proposed(storage, service, website)

    see(service, "o-s")
    see(website, "o-w")

    assert count(Merge) == 1
    assert tags().count(AuditTag.USER_MERGE_WAITING) == 1


def test_two_openids_in_one_wechat_app_are_left_to_an_operator(
    service: WeChatAppRow, website: WeChatAppRow
) -> None:
    see(service, "o-s")

    see(service, "o-s2")

    assert merge_records.get_waiting()[0].conflict == Conflict.WECHAT_APP
    assert count(User) == 2


def test_an_operator_merges_after_all(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    merge = proposed(storage, service, website)

    merging.decide(merge.id, Decision.MERGE, by=LI, now=LATER)

    row = db.session.scalars(select(ApplicationUser)).one()
    assert count(User) == 1
    assert (row.user_id, merge.state, merge.decided_by) == (merge.user_id, MergeState.MERGED, "li")
    assert merge_records.get_waiting() == []


def test_a_program_that_knew_both_loses_the_session_of_the_one_who_goes(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    merge = proposed(storage, service, website)
    program = db.session.scalars(select(Application)).one()
    for name, user_id in (("stays", merge.user_id), ("goes", merge.other_user_id)):
        owner = sessions.Owner(user_id=user_id)
        held = sessions.start(
            name, owner, browser=a_browser(name), way="scan", lifetime=timedelta(days=1), now=NOW
        )
        sessions.start_child(
            f"{name} there", held.key_hash, program, expires_at=MUCH_LATER, now=NOW
        )

    merging.decide(merge.id, Decision.MERGE, by=LI, now=LATER)

    left = select(Session.parent_key).where(Session.application_id == program.id)
    assert list(db.session.scalars(left)) == [sha256_hex("stays")]


def test_two_that_an_operator_keeps_apart_are_never_proposed_again(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    merge = proposed(storage, service, website)
    merging.decide(merge.id, Decision.KEEP_APART, by=LI, now=LATER)
    with write() as session:
        session.execute(ApplicationUser.__table__.delete())

    see(service, "o-s", now=MUCH_LATER)
    see(website, "o-w", now=MUCH_LATER)

    assert count(User) == 2
    assert merge_records.get_waiting() == []
    with pytest.raises(MergeDecided):
        merging.decide(merge.id, Decision.KEEP_APART, by=LI, now=LATER)


def test_what_keeps_two_apart_holds_after_one_is_merged_with_a_third(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    merge = proposed(storage, service, website)
    merging.decide(merge.id, Decision.KEEP_APART, by=LI, now=LATER)
    third = see(an_app(storage, 3), "o-3", "o-y", now=NOW - timedelta(days=9))
    log_in(storage, third)
    with write() as session:
        session.execute(ApplicationUser.__table__.delete())
    see(website, "o-w", "o-y")

    see(website, "o-w", UNIONID, now=MUCH_LATER)

    assert count(User) == 2
    assert merge_records.get_waiting() == []


def test_a_proposal_whose_person_is_erased_waits_no_longer(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    merge_id = proposed(storage, service, website).id

    accounts.erase_identity(website.appid, "o-w", now=LATER)

    assert merge_records.get_waiting() == []
    with pytest.raises(MergeNotFound):
        merging.decide(merge_id, Decision.MERGE, by=LI, now=LATER)
