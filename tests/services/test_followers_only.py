"""Logins of applications that require a follower; WeChat is the simulator."""

import threading
from datetime import timedelta

import pytest
from flask import Flask

from tests.servers import Simulator
from tests.services.town import (
    GROUP,
    NOW,
    SOON,
    STALE,
    USER_INFO,
    Town,
    a_waiting_attempt,
    attempt_for,
    settle,
    status_of,
)
from tests.stories import BINDING
from wechatlogin.config import FollowPolicy
from wechatlogin.errors import AttemptNotReady, AttemptTaken, FollowUnknowable
from wechatlogin.extensions import db
from wechatlogin.models import Application, Status
from wechatlogin.services import (
    accounts,
    attempt_status,
    attempts,
    codes,
    followers_only,
    wechat_apps,
)
from wechatlogin.services.accounts import Sighting
from wechatlogin.services.site import Site
from wechatlogin.wechat.app import AppKind


@pytest.fixture
def town(storage: Site, simulator: Simulator) -> Town:
    return settle(storage, simulator)


@pytest.mark.parametrize("policy", [FollowPolicy.NEVER, FollowPolicy.ASK, None])
def test_where_nobody_requires_it_nobody_is_asked(town: Town, policy: FollowPolicy | None) -> None:
    row = town.account()
    _, identity = town.meet(row)
    application = town.application(policy) if policy else None

    confirmed = town.confirm(attempt_for(application, row), identity)

    assert confirmed.status == Status.CONFIRMED
    assert town.asked(identity) == 0


def test_whoever_does_not_follow_waits_and_nothing_else_is_missing(town: Town) -> None:
    row = town.account()
    _, identity = town.meet(row)

    waiting = town.confirm(attempt_for(town.application(), row), identity)

    assert waiting.status == Status.SCANNED
    assert waiting.user_id == identity.user_id
    told = status_of(waiting)
    assert told.follow
    assert told.number is None
    assert told.expires_in == attempts.FOLLOW_LIFETIME.total_seconds()
    assert b'"follow":true' in told.as_json()


def test_a_follower_is_let_in_at_once(town: Town) -> None:
    row = town.account()
    _, identity = town.meet(row, really_follows=True)

    confirmed = town.confirm(attempt_for(town.application(), row), identity)

    assert confirmed.status == Status.CONFIRMED
    assert not status_of(confirmed).follow
    assert town.asked(identity) == 1


def test_a_person_who_is_met_for_the_first_time_is_asked_about_before_we_know_them(
    town: Town,
) -> None:
    row, person = town.account(), town.simulator.add_person()
    town.simulator.follow(person, row.appid)
    openid = town.simulator.openid(person, row.appid)
    attempt = attempt_for(town.application(), row)

    assert followers_only.find_out(town.site, attempt, row, openid, now=SOON) is True
    assert accounts.get_identity(row.appid, openid) is None


@pytest.mark.parametrize(("knew", "status"), [(True, "confirmed"), (None, "scanned")])
def test_when_wechat_is_down_what_was_known_counts(
    town: Town, knew: bool | None, status: str
) -> None:
    row = town.account()
    _, identity = town.meet(row, knows=knew)
    town.simulator.fault(USER_INFO, "http_500")

    moved = town.confirm(attempt_for(town.application(), row), identity, now=STALE)

    assert moved.status == status


@pytest.mark.parametrize("kind", [AppKind.PERSONAL, AppKind.SERVICE_UNCERTIFIED])
def test_an_account_without_the_right_never_asks_and_hears_it_in_the_chat(
    town: Town, kind: AppKind
) -> None:
    row = town.account(kind)
    _, identity, waiting = a_waiting_attempt(town, row)

    followers_only.look_again(town.site, waiting, now=SOON)
    assert status_of(waiting).follow
    followers_only.note_presence(town.site, row, identity.openid, at=SOON, now=SOON)

    assert status_of(waiting).status is Status.CONFIRMED
    assert town.asked(identity) == 0


def test_what_such_an_account_knows_does_not_grow_old(town: Town) -> None:
    row = town.account(AppKind.PERSONAL)
    _, identity = town.meet(row, knows=True)

    confirmed = town.confirm(attempt_for(town.application(), row), identity, now=STALE)

    assert confirmed.status == Status.CONFIRMED


def test_the_event_confirms_what_waits_for_it_and_nothing_else(town: Town) -> None:
    row, other_row = town.account(), town.account()
    _, identity, waiting = a_waiting_attempt(town, row)
    _, _, of_another = a_waiting_attempt(town, row)
    heard: list[str] = []
    town.site.bus.subscribe(lambda ids, *_: heard.extend(ids or ()))

    followers_only.note_presence(town.site, other_row, identity.openid, at=SOON, now=SOON)
    assert status_of(waiting).follow
    followers_only.note_presence(town.site, row, identity.openid, at=SOON, now=SOON)

    assert status_of(waiting).status is Status.CONFIRMED
    assert status_of(of_another).follow
    assert heard == [waiting.id]
    claimed, is_first = attempts.claim(waiting.id, binding_hash=BINDING, now=SOON)
    assert is_first
    assert claimed.user_id == identity.user_id


def test_following_another_account_of_the_same_owner_is_not_enough(town: Town) -> None:
    wanted, other = town.account(group=GROUP), town.account(group=GROUP)
    known = [
        accounts.find_or_create_identity(row, Sighting(f"o-{row.id}", unionid="u-1"), now=NOW)
        for row in (wanted, other)
    ]
    application = town.application()
    waiting = followers_only.confirm(attempt_for(application, wanted), known[0], now=SOON)

    followers_only.note_presence(town.site, other, known[1].openid, at=SOON, now=SOON)

    assert known[0].user_id == known[1].user_id
    assert status_of(waiting).follow


def test_an_event_that_is_older_than_the_leaving_lets_nobody_in(town: Town) -> None:
    row = town.account()
    _, identity, waiting = a_waiting_attempt(town, row)
    accounts.note_follow_event(row.appid, identity.openid, follows=False, at=SOON, now=SOON)

    followers_only.note_presence(town.site, row, identity.openid, at=NOW, now=SOON)

    assert status_of(waiting).follow


def test_whoever_says_that_they_follow_is_believed_once_wechat_says_so(town: Town) -> None:
    row = town.account()
    person, _, waiting = a_waiting_attempt(town, row)
    soon = SOON + timedelta(seconds=10)

    let_in_before = not followers_only.look_again(town.site, waiting, now=soon).awaits_follow
    town.simulator.follow(person, row.appid)
    after = followers_only.look_again(town.site, waiting, now=soon + timedelta(seconds=10))

    assert not let_in_before
    assert after.status == Status.CONFIRMED


def test_asking_again_and_again_costs_one_call_in_three_seconds(town: Town) -> None:
    row = town.account()
    _, identity, waiting = a_waiting_attempt(town, row)

    for second in range(4):
        now = SOON + timedelta(minutes=1, seconds=second)
        followers_only.look_again(town.site, waiting, now=now)

    # One when the login was confirmed, and two now.
    assert town.asked(identity) == 3


def test_nothing_but_the_following_confirms_an_attempt_that_waits_for_it(town: Town) -> None:
    row = town.account()
    _, identity, waiting = a_waiting_attempt(town, row)
    _, somebody = town.meet(row, really_follows=True)

    with pytest.raises(AttemptNotReady):
        attempts.confirm(waiting.id, identity.openid, user_id=identity.user_id, now=SOON)
    with pytest.raises(AttemptTaken):
        town.confirm(waiting, somebody)
    assert not attempts.confirm_follower(waiting.id, user_id=somebody.user_id, now=SOON)
    with pytest.raises(AttemptNotReady):
        attempts.claim(waiting.id, binding_hash=BINDING, now=SOON)
    assert status_of(waiting).follow


def test_coming_again_gives_no_more_time_and_after_it_nothing_helps(town: Town) -> None:
    row = town.account()
    _, identity, waiting = a_waiting_attempt(town, row)
    ends = waiting.expires_at

    again = town.confirm(waiting, identity, now=ends - timedelta(seconds=1))
    followers_only.note_presence(town.site, row, identity.openid, at=ends, now=ends)

    assert again.expires_at == ends
    assert status_of(waiting, ends).status is Status.EXPIRED
    assert not status_of(waiting, ends).follow


def test_a_website_app_lets_in_whom_its_group_recognizes_by_the_unionid(town: Town) -> None:
    website, service = town.account(AppKind.WEBSITE, GROUP), town.account(group=GROUP)
    person = town.simulator.add_person()
    openid, unionid = town.simulator.openid(person, website.appid), town.simulator.unionid(person)
    sighting = Sighting(openid, unionid=unionid)
    identity = accounts.find_or_create_identity(website, sighting, now=NOW)
    attempt = town.confirm(attempt_for(town.application(), website), identity)
    openid = town.simulator.openid(person, service.appid)
    assert attempt.awaits_follow

    town.simulator.follow(person, service.appid)
    followers_only.note_presence(town.site, service, openid, at=SOON, now=SOON)

    assert status_of(attempt).status is Status.CONFIRMED
    joined = accounts.get_identity(service.appid, openid)
    assert joined is not None
    assert (joined.user_id, joined.follows) == (identity.user_id, True)


def test_a_stranger_who_follows_meanwhile_becomes_nobody(town: Town) -> None:
    website, service = town.account(AppKind.WEBSITE, GROUP), town.account(group=GROUP)
    identity = accounts.find_or_create_identity(website, Sighting("o-web", unionid="u-1"), now=NOW)
    attempt = town.confirm(attempt_for(town.application(), website), identity)
    stranger = town.simulator.add_person()
    town.simulator.follow(stranger, service.appid)
    openid = town.simulator.openid(stranger, service.appid)

    followers_only.note_presence(town.site, service, openid, at=SOON, now=SOON)

    assert len(town.asked_of(openid)) == 1
    assert accounts.get_identity(service.appid, openid) is None
    assert status_of(attempt).follow


def test_nobody_asks_about_strangers_while_nobody_waits(town: Town) -> None:
    town.account(AppKind.WEBSITE, GROUP)
    service, stranger = town.account(group=GROUP), town.simulator.add_person()
    town.simulator.follow(stranger, service.appid)
    openid = town.simulator.openid(stranger, service.appid)

    followers_only.note_presence(town.site, service, openid, at=SOON, now=SOON)

    assert town.asked_of(openid) == []


@pytest.mark.parametrize("group", [None, "another account"])
def test_a_website_app_without_an_account_that_could_know_lets_nobody_in(
    town: Town, group: str | None
) -> None:
    website = town.account(AppKind.WEBSITE, None if group is None else GROUP)
    town.account(group=group)
    identity = accounts.find_or_create_identity(website, Sighting("o-web"), now=NOW)
    attempt = attempt_for(town.application(), website)

    with pytest.raises(FollowUnknowable):
        town.confirm(attempt, identity)

    assert status_of(attempt).status is Status.FAILED


def test_a_code_lets_in_followers_alone_and_is_spent_either_way(town: Town) -> None:
    row = town.account()
    application = town.application()
    people = [town.meet(row, really_follows=really)[1] for really in (True, False)]
    issued = [codes.issue(town.site, identity, now=NOW) for identity in people]
    typing = [attempt_for(application, row, appid=None) for _ in people]

    moved = [
        codes.redeem(town.site, attempt, code.digits.get_secret_value(), now=SOON)
        for attempt, code in zip(typing, issued, strict=True)
    ]

    assert [attempt.status for attempt in moved] == [Status.CONFIRMED, Status.SCANNED]
    followers_only.note_presence(town.site, row, people[1].openid, at=SOON, now=SOON)
    assert status_of(moved[1]).status is Status.CONFIRMED


def test_an_event_in_the_very_moment_of_the_confirmation_is_not_lost(
    town: Town, stored_app: Flask
) -> None:
    row = town.account(AppKind.PERSONAL)
    appid, application_id = row.appid, town.application().id
    people = [town.meet(row)[1].openid for _ in range(8)]
    started = {
        openid: attempt_for(db.session.get_one(Application, application_id), row).id
        for openid in people
    }

    def at_once(openid: str, start: threading.Barrier, *, is_event: bool) -> None:
        with stored_app.app_context():
            account = wechat_apps.verify(appid)
            start.wait()
            if is_event:
                followers_only.note_presence(town.site, account, openid, at=SOON, now=SOON)
            else:
                identity = accounts.get_identity(appid, openid)
                attempt = attempts.get(started[openid])
                assert identity
                assert attempt
                town.confirm(attempt, identity)
            db.session.remove()

    for openid in people:
        barrier = threading.Barrier(2)
        threads = [
            threading.Thread(target=at_once, args=(openid, barrier), kwargs={"is_event": is_event})
            for is_event in (True, False)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    found = attempt_status.get_statuses(db.engine, started.values(), now=SOON)
    assert {one.status for one in found.values()} == {Status.CONFIRMED}
