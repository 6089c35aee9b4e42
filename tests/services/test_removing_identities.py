"""A person takes a WeChat identity away from their account."""

from datetime import timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select, update

from tests.services.one_person import (
    LATER,
    MUCH_LATER,
    NOW,
    add,
    an_app,
    count,
    log_in,
    logged_in,
    openids,
    run_at_once,
    see,
    tags,
)
from tests.stories import a_browser, start_attempt
from wechatlogin.errors import (
    CodeWrong,
    IdentityNotFound,
    LastIdentity,
)
from wechatlogin.extensions import db
from wechatlogin.models import (
    AuditTag,
    Identity,
    Session,
    User,
    WeChatAppRow,
)
from wechatlogin.models.transaction import write
from wechatlogin.services import attempts, codes, linking, logins, merge_records
from wechatlogin.services.errand import Errand
from wechatlogin.services.linking import Outcome, Removal
from wechatlogin.services.site import Site

MINUTE = timedelta(minutes=1)


@pytest.fixture
def service(storage: Site) -> WeChatAppRow:
    return an_app(storage, 1)


@pytest.fixture
def website(storage: Site) -> WeChatAppRow:
    return an_app(storage, 2)


def test_an_identity_that_is_taken_away_is_a_new_user_when_it_comes_again(
    storage: Site, service: WeChatAppRow
) -> None:
    lin = see(service, "o-lin", None)
    browser = logged_in(storage, lin)
    second = add(storage, browser, lin.user_id, service, "o-second").attempt
    identity = db.session.scalars(select(Identity).where(Identity.openid == second.openid)).one()

    linking.remove(Removal(lin.user_id, identity.id), now=MUCH_LATER)

    again = see(service, "o-second", None, now=MUCH_LATER)
    assert again.user_id != lin.user_id
    assert openids(lin.user_id) == {"o-lin"}
    assert AuditTag.IDENTITY_UNLINKED in tags()


def removed(service: WeChatAppRow, website: WeChatAppRow) -> tuple[Identity, Identity]:
    """Return two identities with one unionid, the second of which was taken away."""
    stays, goes = see(service, "o-s"), see(website, "o-w")
    assert stays.user_id == goes.user_id
    linking.remove(Removal(stays.user_id, goes.id), now=LATER)
    db.session.expire_all()
    return stays, goes


def test_no_unionid_brings_back_what_was_taken_away(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    stays, goes = removed(service, website)

    see(website, "o-w", now=MUCH_LATER)
    see(service, "o-s", now=MUCH_LATER)

    assert stays.user_id != goes.user_id
    assert merge_records.get_waiting() == []
    assert AuditTag.USER_MERGED not in tags()


def test_a_third_identity_joins_the_user_who_logs_in_and_not_what_was_taken_away(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    stays, goes = removed(service, website)

    third = see(an_app(storage, 3), "o-3", now=MUCH_LATER)

    assert third.user_id == stays.user_id != goes.user_id
    assert count(User) == 2


def test_what_was_taken_away_is_added_again_by_the_person_alone(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    stays, goes = removed(service, website)
    log_in(storage, goes, now=LATER)
    browser = logged_in(storage, stays)

    login = add(storage, browser, stays.user_id, website, "o-w")

    assert login.outcome is Outcome.JOINED
    assert stays.user_id == goes.user_id
    see(website, "o-w", now=MUCH_LATER)
    assert count(User) == 1


def test_what_was_taken_away_stays_apart_though_somebody_else_adds_it(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    stays, goes = removed(service, website)
    chen = see(an_app(storage, 4), "o-chen", "o-chen-union")
    add(storage, logged_in(storage, chen), chen.user_id, website, "o-w")

    see(website, "o-w", now=MUCH_LATER)

    assert goes.user_id == chen.user_id != stays.user_id


def test_name_and_picture_go_with_what_is_taken_away(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    stays, goes = see(service, "o-s"), see(website, "o-w")
    with write() as session:
        session.execute(update(Identity).values(nickname="林小满", avatar_url="https://a/b"))

    linking.remove(Removal(stays.user_id, goes.id), now=LATER)

    db.session.expire_all()
    assert (goes.nickname, goes.avatar_url, stays.nickname) == (None, None, "林小满")


def test_the_last_identity_stays(storage: Site, service: WeChatAppRow) -> None:
    lin = see(service, "o-lin")

    with pytest.raises(LastIdentity):
        linking.remove(Removal(lin.user_id, lin.id), now=LATER)


def test_nobody_takes_away_what_is_somebody_elses(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    lin, chen = see(service, "o-lin", None), see(service, "o-chen", "o-c")
    see(website, "o-chen2", "o-c")

    with pytest.raises(IdentityNotFound):
        linking.remove(Removal(lin.user_id, chen.id), now=LATER)


def test_the_sessions_it_has_opened_end_and_the_others_go_on(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    stays, goes = see(service, "o-s"), see(website, "o-w")
    by_other = log_in(storage, stays, secret="one")
    log_in(storage, goes, secret="two", now=NOW + MINUTE)
    current = log_in(storage, goes, secret="three", now=NOW + 2 * MINUTE)

    linking.remove(Removal(stays.user_id, goes.id, current), now=LATER)

    left = set(db.session.scalars(select(Session.created_at)))
    assert by_other != current
    assert left == {NOW, NOW + 2 * MINUTE}


def test_its_codes_end_and_it_confirms_no_login_of_the_old_user(
    storage: Site, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    stays, goes = see(service, "o-s"), see(website, "o-w")
    digits = codes.issue(storage, goes, now=LATER).digits.get_secret_value()
    attempt = start_attempt(appid=website.appid, now=LATER)
    attempts.confirm(attempt.id, "o-w", user_id=goes.user_id, now=LATER)

    linking.remove(Removal(stays.user_id, goes.id), now=LATER)

    typing = codes.start_typing(a_browser(), errand=Errand(), now=LATER)
    with pytest.raises(CodeWrong):
        codes.redeem(storage, typing, digits, now=LATER)
    login = logins.claim(storage, attempt.id, a_browser(), now=LATER)
    db.session.expire_all()
    assert login.attempt.user_id == goes.user_id != stays.user_id


def test_of_two_that_are_taken_away_at_once_one_stays(
    storage: Site, stored_app: Flask, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    user_id = see(service, "o-s").user_id
    ids = list(db.session.scalars(select(Identity.id))), see(website, "o-w").id
    refused: list[LastIdentity] = []

    def remove(identity_id: int) -> None:
        try:
            linking.remove(Removal(user_id, identity_id), now=LATER)
        except LastIdentity as err:
            refused.append(err)

    run_at_once(stored_app, [partial(remove, ids[0][0]), partial(remove, ids[1])])

    assert len(refused) == 1
    assert len(openids(user_id)) == 1
