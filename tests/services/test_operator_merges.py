"""An operator's WeChat is a person's: what becomes of the link when people are merged."""

import pytest

from tests.services.one_person import LATER, MUCH_LATER, NOW, an_app, log_in, see, two_users
from tests.services.test_operators import BOSS, an_operator
from wechatlogin.extensions import db
from wechatlogin.models import Identity, Merge, MergeState, Operator, WeChatAppRow
from wechatlogin.services import merging, operator_links, operators
from wechatlogin.services.site import Site

Pair = tuple[Identity, Identity]


@pytest.fixture
def service(storage: Site) -> WeChatAppRow:
    return an_app(storage, 1)


@pytest.fixture
def website(storage: Site) -> WeChatAppRow:
    return an_app(storage, 2)


def merge(site: Site, service: WeChatAppRow, website: WeChatAppRow) -> Merge:
    """Let WeChat show that the two are one; the one who has logged in stays."""
    log_in(site, see(service, "o-s", None))
    see(service, "o-s")
    see(website, "o-w", now=LATER)
    return db.session.scalars(db.select(Merge).where(Merge.state == MergeState.MERGED)).one()


def linked(name: str, user_id: str) -> Operator:
    operator = an_operator(name)
    operator_links.link(operator.id, user_id, by=BOSS, now=NOW)
    return operator


def user_of(operator: Operator) -> str | None:
    return operators.verify(operator.id).user_id


def test_the_link_goes_with_the_person_and_back(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    stays, goes = (identity.user_id for identity in two_users(service, website))
    operator = linked("li", goes)

    done = merge(storage, service, website)
    merged_into = user_of(operator)
    merging.undo(done.id, by=BOSS, now=MUCH_LATER)

    assert (merged_into, user_of(operator)) == (stays, goes)


def test_a_link_that_was_taken_away_since_does_not_come_back(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    _, goes = (identity.user_id for identity in two_users(service, website))
    operator = linked("li", goes)

    done = merge(storage, service, website)
    operator_links.unlink(operator.id, by=BOSS, now=LATER)
    merging.undo(done.id, by=BOSS, now=MUCH_LATER)

    assert user_of(operator) is None


def test_of_two_operators_the_one_who_stays_keeps_the_link(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    stays, goes = (identity.user_id for identity in two_users(service, website))
    first, second = linked("li", stays), linked("mei", goes)

    done = merge(storage, service, website)
    merged = (user_of(first), user_of(second))
    merging.undo(done.id, by=BOSS, now=MUCH_LATER)

    assert merged == (stays, None)
    assert (user_of(first), user_of(second)) == (stays, None)
