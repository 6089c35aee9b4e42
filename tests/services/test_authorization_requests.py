"""A kept request waits for its person; a pushed one is taken once, by its own program."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from wechatlogin.errors import AuthorizationRequestUnknown
from wechatlogin.extensions import db
from wechatlogin.models import Application, AuthorizationRequest
from wechatlogin.services import applications, authorization_requests
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.authorization_requests import (
    LIFETIME,
    PUSHED_LIFETIME,
    REQUEST_URI_PREFIX,
)
from wechatlogin.services.site import Site

NOW = datetime(2026, 11, 21, 3, 4, tzinfo=UTC)
A_SECOND = timedelta(seconds=1)
PARAMETERS = {"scope": "openid", "state": "状态 \r\n\t\"<&>'", "nonce": "😀"}


def an_application(site: Site, name: str = "林记书店") -> Application:
    made = applications.create(site.vault, NewApplication(name), now=NOW)
    return applications.verify(made.client_id)


@pytest.fixture
def application(storage: Site) -> Application:
    return an_application(storage)


def count() -> int:
    return db.session.scalar(select(func.count()).select_from(AuthorizationRequest)) or 0


def test_a_request_is_kept_as_it_came_for_half_an_hour(application: Application) -> None:
    kept = authorization_requests.store(application, PARAMETERS, now=NOW)

    row = authorization_requests.verify(kept.handle, now=NOW + LIFETIME - A_SECOND)
    assert row.parameters == PARAMETERS
    assert row.created_at == NOW
    with pytest.raises(AuthorizationRequestUnknown):
        authorization_requests.verify(kept.handle, now=NOW + LIFETIME)


def test_no_handle_is_kept_as_it_is(application: Application) -> None:
    kept = authorization_requests.store(application, PARAMETERS, now=NOW)

    assert len(kept.handle) >= 32
    assert kept.handle not in repr(kept)
    assert kept.handle not in str(vars(kept.row))


def test_a_pushed_request_waits_only_once_it_has_been_taken(application: Application) -> None:
    pushed = authorization_requests.push(application, PARAMETERS, now=NOW)
    with pytest.raises(AuthorizationRequestUnknown):
        authorization_requests.verify(pushed.handle, now=NOW)
    later = NOW + PUSHED_LIFETIME - A_SECOND

    taken = authorization_requests.take(application, pushed.request_uri, now=later)

    assert pushed.request_uri == REQUEST_URI_PREFIX + pushed.handle
    assert (taken.row.parameters, taken.row.created_at) == (PARAMETERS, later)
    assert authorization_requests.verify(taken.handle, now=later + LIFETIME - A_SECOND)


def test_a_pushed_request_is_taken_once(application: Application) -> None:
    pushed = authorization_requests.push(application, PARAMETERS, now=NOW)
    authorization_requests.take(application, pushed.request_uri, now=NOW)

    with pytest.raises(AuthorizationRequestUnknown):
        authorization_requests.take(application, pushed.request_uri, now=NOW)


def test_a_pushed_request_is_too_old_after_90_seconds(application: Application) -> None:
    pushed = authorization_requests.push(application, PARAMETERS, now=NOW)

    with pytest.raises(AuthorizationRequestUnknown):
        authorization_requests.take(application, pushed.request_uri, now=NOW + PUSHED_LIFETIME)


def test_a_pushed_request_is_taken_by_nobody_else(storage: Site, application: Application) -> None:
    pushed = authorization_requests.push(application, PARAMETERS, now=NOW)
    other = an_application(storage, "别的网站")

    with pytest.raises(AuthorizationRequestUnknown):
        authorization_requests.take(other, pushed.request_uri, now=NOW)

    assert authorization_requests.take(application, pushed.request_uri, now=NOW)


def test_a_request_that_a_browser_brought_is_no_pushed_one(application: Application) -> None:
    kept = authorization_requests.store(application, PARAMETERS, now=NOW)

    with pytest.raises(AuthorizationRequestUnknown):
        authorization_requests.take(application, kept.request_uri, now=NOW)


def test_old_requests_are_cleared_away(application: Application) -> None:
    authorization_requests.push(application, PARAMETERS, now=NOW)

    authorization_requests.store(application, PARAMETERS, now=NOW + LIFETIME)

    assert count() == 1


def test_that_the_profile_has_been_asked_for_is_remembered(application: Application) -> None:
    kept = authorization_requests.store(application, PARAMETERS, now=NOW)
    assert not kept.row.has_asked_profile

    authorization_requests.note_asked_profile(kept.row)

    assert authorization_requests.verify(kept.handle, now=NOW).has_asked_profile


def test_of_two_that_take_a_pushed_request_at_once_one_gets_it(
    application: Application, stored_app: Flask
) -> None:
    pushed = authorization_requests.push(application, PARAMETERS, now=NOW)
    application_id, request_uri = application.id, pushed.request_uri
    db.session.remove()
    outcomes: list[bool] = []
    start = threading.Barrier(2)

    def take_once() -> None:
        with stored_app.app_context():
            mine = db.session.get_one(Application, application_id)
            start.wait()
            try:
                authorization_requests.take(mine, request_uri, now=NOW)
                outcomes.append(True)
            except AuthorizationRequestUnknown:
                outcomes.append(False)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=take_once) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == [False, True]
