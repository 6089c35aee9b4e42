"""Who follows an account, and how old that knowledge is; WeChat is the simulator."""

from datetime import timedelta

import pytest

from tests.servers import Simulator
from tests.services.town import NOW, SOON, STALE, USER_INFO, Town, attempt_for, settle
from wechatlogin.extensions import db
from wechatlogin.models import User
from wechatlogin.services import accounts, following
from wechatlogin.services.following import Following
from wechatlogin.services.site import Site


@pytest.fixture
def town(storage: Site, simulator: Simulator) -> Town:
    return settle(storage, simulator)


def test_what_is_known_is_asked_for_anew_after_ten_minutes(town: Town) -> None:
    row = town.account()
    _, identity = town.meet(row, knows=True)
    user = db.session.get_one(User, identity.user_id)

    fresh = following.get_following(town.site, user, row, now=SOON)
    asked_early = town.asked(identity)
    renewed = following.get_following(town.site, user, row, now=STALE)

    assert (fresh, asked_early) == (Following(follows=True, checked_at=NOW), 0)
    assert (renewed, town.asked(identity)) == (Following(follows=False, checked_at=STALE), 1)


@pytest.mark.fault("C-23")
def test_what_was_learned_in_the_future_is_no_better_than_old(town: Town) -> None:
    row = town.account()
    _, identity = town.meet(row, knows=True)
    user = db.session.get_one(User, identity.user_id)

    following.get_following(town.site, user, row, now=NOW - timedelta(hours=1))

    assert town.asked(identity) == 1


def test_while_wechat_is_down_it_is_not_asked_for_everybody(town: Town) -> None:
    row = town.account()
    people = [town.meet(row)[1] for _ in range(3)]
    town.simulator.fault(USER_INFO, "http_500")

    for identity in people:
        town.confirm(attempt_for(town.application(), row), identity)

    first, *others = [town.asked(identity) for identity in people]
    assert first > 0
    assert others == [0, 0]


def test_a_late_answer_does_not_undo_an_event(town: Town) -> None:
    row = town.account()
    _, identity = town.meet(row)
    accounts.note_follow_event(row.appid, identity.openid, follows=True, at=NOW, now=SOON)

    accounts.note_follow_answer(row.appid, identity.openid, follows=False, now=NOW)

    user = db.session.get_one(User, identity.user_id)
    assert following.get_known_following(user, row) == Following(follows=True, checked_at=SOON)
