"""An application that asks its people to follow does so once in a while."""

import pytest

from tests.servers import Simulator
from tests.services.town import NOW, SOON, Town, settle
from wechatlogin.config import FollowPolicy
from wechatlogin.extensions import db
from wechatlogin.models import User
from wechatlogin.services import follow_suggestions
from wechatlogin.services.site import Site


@pytest.fixture
def town(storage: Site, simulator: Simulator) -> Town:
    return settle(storage, simulator)


def test_a_suggestion_is_made_once_in_thirty_days_by_each_application(town: Town) -> None:
    row = town.account()
    _, identity = town.meet(row)
    user = db.session.get_one(User, identity.user_id)
    asks, asks_too = town.application(FollowPolicy.ASK), town.application(FollowPolicy.ASK)

    first = follow_suggestions.get_suggestion(asks, user, now=NOW)
    follow_suggestions.note_suggested(asks, user, now=NOW)

    in_thirty_days = NOW + follow_suggestions.INTERVAL
    assert first is not None
    assert first.appid == row.appid
    assert follow_suggestions.get_suggestion(asks, user, now=SOON) is None
    assert follow_suggestions.get_suggestion(asks_too, user, now=SOON) is not None
    assert follow_suggestions.get_suggestion(asks, user, now=in_thirty_days) is not None
    assert town.asked(identity) == 0


@pytest.mark.parametrize("policy", [FollowPolicy.NEVER, FollowPolicy.REQUIRE, None])
def test_only_an_application_that_asks_suggests(town: Town, policy: FollowPolicy | None) -> None:
    row = town.account()
    _, identity = town.meet(row)
    user = db.session.get_one(User, identity.user_id)
    application = town.application(policy) if policy else None

    assert follow_suggestions.get_suggestion(application, user, now=NOW) is None


def test_followers_are_left_alone(town: Town) -> None:
    row = town.account()
    _, identity = town.meet(row, knows=True)
    user = db.session.get_one(User, identity.user_id)

    assert (
        follow_suggestions.get_suggestion(town.application(FollowPolicy.ASK), user, now=NOW) is None
    )
