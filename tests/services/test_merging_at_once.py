"""Merges, sightings and logins of one person at the same moment."""

from functools import partial

import pytest
from flask import Flask
from sqlalchemy import select

from tests.services.one_person import (
    an_app,
    an_application,
    count,
    log_in,
    run_at_once,
    see,
    tags,
    two_users,
)
from wechatlogin.extensions import db
from wechatlogin.models import (
    Application,
    AuditTag,
    Identity,
    Merge,
    Session,
    User,
    WeChatAppRow,
)
from wechatlogin.services import (
    merge_records,
    wechat_apps,
)
from wechatlogin.services.site import Site


@pytest.fixture
def service(storage: Site) -> WeChatAppRow:
    return an_app(storage, 1)


@pytest.fixture
def website(storage: Site) -> WeChatAppRow:
    return an_app(storage, 2)


def see_by_appid(appid: str, openid: str) -> None:
    row = wechat_apps.get(appid)
    assert row is not None
    see(row, openid)


def test_six_sightings_at_once_merge_once(
    storage: Site, stored_app: Flask, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    two_users(service, website)
    pairs = [(service.appid, "o-s"), (website.appid, "o-w")] * 3

    run_at_once(stored_app, [partial(see_by_appid, *pair) for pair in pairs])

    assert count(User) == 1
    assert count(Merge) == 1
    assert tags().count(AuditTag.USER_MERGED) == 1


def test_a_new_person_met_in_two_apps_at_once_is_one_person(
    storage: Site, stored_app: Flask, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    pairs = [(service.appid, "o-s"), (website.appid, "o-w")] * 3

    run_at_once(stored_app, [partial(see_by_appid, *pair) for pair in pairs])

    assert count(Identity) == 2
    assert count(User) == 1


def test_logins_and_a_merge_at_once_end_with_one_user_who_is_logged_in(
    storage: Site, stored_app: Flask, service: WeChatAppRow, website: WeChatAppRow
) -> None:
    application_id = an_application(storage).id
    first, second = two_users(service, website)
    identity_ids = first.id, second.id
    see(service, "o-s")

    def login(number: int) -> None:
        application = db.session.get_one(Application, application_id)
        identity = db.session.get_one(Identity, identity_ids[number % 2])
        log_in(storage, identity, application=application, secret=f"browser {number}")

    jobs = [partial(login, number) for number in range(6)]
    jobs.insert(3, partial(see_by_appid, website.appid, "o-w"))
    run_at_once(stored_app, jobs)

    owners = set(db.session.scalars(select(Session.user_id)))
    assert count(Session) == 6
    assert owners == set(db.session.scalars(select(User.id)))
    # An application may have met both before they were merged; then an operator decides.
    assert count(User) == 1 or merge_records.count_waiting() == 1
