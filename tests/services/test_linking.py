"""A logged-in person adds another WeChat to their account."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.services.one_person import (
    LATER,
    LI,
    NOW,
    UNIONID,
    add,
    an_app,
    an_application,
    confirm_on_phone,
    count,
    log_in,
    logged_in,
    openids,
    see,
    start_adding,
    tags,
)
from tests.stories import a_browser
from wechatlogin.config import ConfirmPolicy
from wechatlogin.errors import (
    AccountLeft,
    AttemptNotFound,
)
from wechatlogin.extensions import db
from wechatlogin.models import (
    ApplicationUser,
    AuditTag,
    Merge,
    MergeReason,
    MergeState,
    Purpose,
    Session,
    User,
    WeChatAppRow,
)
from wechatlogin.services import logins, merge_records, merging
from wechatlogin.services.errand import Errand
from wechatlogin.services.linking import Outcome
from wechatlogin.services.merge_pairs import Conflict
from wechatlogin.services.merging import Decision
from wechatlogin.services.site import Site

MINUTE = timedelta(minutes=1)


@pytest.fixture
def service(storage: Site) -> WeChatAppRow:
    return an_app(storage, 1)


@pytest.fixture
def website(storage: Site) -> WeChatAppRow:
    return an_app(storage, 2)


def test_a_wechat_nobody_has_seen_is_added_and_leaves_no_empty_user(
    storage: Site, service: WeChatAppRow
) -> None:
    lin = see(service, "o-lin")
    browser = logged_in(storage, lin)

    login = add(storage, browser, lin.user_id, service, "o-second")

    assert login.outcome is Outcome.ADDED
    assert openids(lin.user_id) == {"o-lin", "o-second"}
    assert count(User) == 1
    assert count(Merge) == 0
    assert AuditTag.IDENTITY_LINKED in tags()


def test_the_browser_stays_in_the_session_that_it_is_in(
    storage: Site, service: WeChatAppRow
) -> None:
    lin = see(service, "o-lin")
    browser = logged_in(storage, lin)

    login = add(storage, browser, lin.user_id, service, "o-second")

    assert login.session_token.get_secret_value() == browser.session_token
    assert count(Session) == 1


def test_an_answer_that_was_lost_can_be_asked_for_again(
    storage: Site, service: WeChatAppRow
) -> None:
    lin = see(service, "o-lin")
    browser = logged_in(storage, lin)
    login = add(storage, browser, lin.user_id, service, "o-second")

    again = logins.claim(storage, login.attempt.id, browser, now=LATER)

    assert (again.session_token, again.outcome) == (login.session_token, Outcome.ADDED)


def test_one_that_is_the_persons_already_changes_nothing(
    storage: Site, service: WeChatAppRow
) -> None:
    lin = see(service, "o-lin")
    browser = logged_in(storage, lin)

    assert add(storage, browser, lin.user_id, service, "o-lin").outcome is Outcome.ALREADY


def test_another_users_is_a_merge_since_the_person_has_proved_both(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    lin, other = see(service, "o-lin", None), see(website, "o-w", None)
    log_in(storage, other)
    browser = logged_in(storage, lin)

    login = add(storage, browser, lin.user_id, website, "o-w")

    merge = db.session.scalars(select(Merge)).one()
    assert login.outcome is Outcome.JOINED
    assert (merge.reason, merge.state) == (MergeReason.LINKED, MergeState.MERGED)
    assert count(User) == 1
    assert count(Session) == 2


def test_an_older_user_stays_and_the_browser_stays_logged_in(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    older, newer = see(website, "o-w", None), see(service, "o-lin", None, now=LATER)
    stays = older.user_id
    log_in(storage, older)
    browser = logged_in(storage, newer)

    login = add(storage, browser, newer.user_id, website, "o-w")

    assert login.outcome is Outcome.JOINED
    assert newer.user_id == stays
    assert set(db.session.scalars(select(Session.user_id))) == {stays}


def test_where_an_application_knows_both_an_operator_decides(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    lin, other = see(service, "o-lin", None), see(website, "o-w", None)
    shop = an_application(storage)
    log_in(storage, lin, application=shop)
    log_in(storage, other, application=shop)
    browser = logged_in(storage, lin)

    login = add(storage, browser, lin.user_id, website, "o-w")

    assert login.outcome is Outcome.WAITING
    assert merge_records.get_waiting()[0].conflict == Conflict.APPLICATION
    assert openids(lin.user_id) == {"o-lin"}


def test_what_an_operator_keeps_apart_cannot_be_added(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    lin, other = see(service, "o-lin", None), see(website, "o-w", None)
    shop = an_application(storage)
    log_in(storage, lin, application=shop)
    log_in(storage, other, application=shop)
    browser = logged_in(storage, lin)
    add(storage, browser, lin.user_id, website, "o-w")
    waiting = merge_records.get_waiting()[0]
    merging.decide(waiting.id, Decision.KEEP_APART, by=LI, now=LATER)

    assert add(storage, browser, lin.user_id, website, "o-w").outcome is Outcome.APART


def test_a_browser_that_is_logged_in_as_nobody_adds_nothing(
    storage: Site, service: WeChatAppRow
) -> None:
    lin = see(service, "o-lin")
    browser = logged_in(storage, lin)
    attempt = start_adding(browser, lin.user_id, service)
    confirm_on_phone(storage, service, attempt, "o-second")

    with pytest.raises(AccountLeft):
        logins.claim(storage, attempt.id, a_browser("lin's desktop"), now=LATER)

    assert openids(lin.user_id) == {"o-lin"}


def test_a_browser_that_is_logged_in_as_somebody_else_adds_nothing(
    storage: Site, service: WeChatAppRow
) -> None:
    lin, chen = see(service, "o-lin", None), see(service, "o-chen", None)
    mine = logged_in(storage, lin)
    attempt = start_adding(mine, lin.user_id, service)
    confirm_on_phone(storage, service, attempt, "o-second")
    theirs = a_browser("lin's desktop", session_token=log_in(storage, chen, secret="chen's"))

    with pytest.raises(AccountLeft):
        logins.claim(storage, attempt.id, theirs, now=LATER)

    assert openids(lin.user_id) == {"o-lin"}
    assert openids(chen.user_id) == {"o-chen"}


def test_another_browser_of_the_same_person_adds_nothing(
    storage: Site, service: WeChatAppRow
) -> None:
    lin = see(service, "o-lin")
    attempt = start_adding(logged_in(storage, lin), lin.user_id, service)
    confirm_on_phone(storage, service, attempt, "o-second")

    with pytest.raises(AttemptNotFound):
        logins.claim(storage, attempt.id, logged_in(storage, lin, "lin's laptop"), now=LATER)


def test_adding_is_always_asked_for_on_the_phone(storage: Site, service: WeChatAppRow) -> None:
    never = storage.settings.model_copy(update={"confirm": ConfirmPolicy.NEVER})

    policy = Errand(purpose=Purpose.LINK, link_user_id="x").confirm_policy(never)

    assert policy is ConfirmPolicy.TAP


def test_an_application_is_noted_once_for_each_person_with_first_and_last_login(
    storage: Site, service: WeChatAppRow
) -> None:
    shop, lin = an_application(storage), see(service, "o-lin", UNIONID)
    log_in(storage, lin)
    assert count(ApplicationUser) == 0

    log_in(storage, lin, application=shop)
    log_in(storage, lin, application=shop, now=LATER, secret="another")

    row = db.session.scalars(select(ApplicationUser)).one()
    assert (row.first_login_at, row.last_login_at) == (NOW, LATER)
