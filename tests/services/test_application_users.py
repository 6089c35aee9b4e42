"""Whom an application knows, and by which number."""

import threading
from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy import delete, func, select

from tests.stories import a_user
from wechatlogin.extensions import db
from wechatlogin.models import Application, ApplicationUser
from wechatlogin.models.transaction import write
from wechatlogin.services import application_users, applications
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.site import Site

NOW = datetime(2026, 11, 21, 3, 4, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def an_application(site: Site) -> Application:
    made = applications.create(site.vault, NewApplication("物联商城"), now=NOW)
    return applications.verify(made.client_id)


def count() -> int:
    return db.session.scalar(select(func.count()).select_from(ApplicationUser)) or 0


def test_a_person_is_known_by_one_number_from_the_first_login_on(storage: Site) -> None:
    application, user_id = an_application(storage), a_user(NOW)

    first = application_users.find_or_create(application.id, user_id, now=NOW)
    again = application_users.find_or_create(application.id, user_id, now=LATER)

    assert again.id == first.id
    known = application_users.get(application.id, user_id)
    assert known
    assert (known.first_login_at, known.last_login_at) == (NOW, LATER)
    assert count() == 1


def test_two_applications_know_a_person_by_two_numbers(storage: Site) -> None:
    one, other, user_id = an_application(storage), an_application(storage), a_user(NOW)

    numbers = {
        application_users.find_or_create(application.id, user_id, now=NOW).id
        for application in (one, other)
    }

    assert len(numbers) == 2
    assert all(len(str(number)) == 12 for number in numbers)


def test_the_number_of_somebody_who_is_gone_is_not_given_to_the_next(storage: Site) -> None:
    application = an_application(storage)
    gone = application_users.find_or_create(application.id, a_user(NOW), now=NOW).id
    assert application_users.check_known(gone)
    with write() as session:
        session.execute(delete(ApplicationUser))

    following = application_users.find_or_create(application.id, a_user(NOW), now=NOW).id

    assert following != gone
    assert not application_users.check_known(gone)


def test_of_two_logins_at_once_both_get_the_same_number(storage: Site, stored_app: Flask) -> None:
    application_id, user_id = an_application(storage).id, a_user(NOW)
    db.session.remove()
    got: list[int] = []
    start = threading.Barrier(4)

    def log_in() -> None:
        with stored_app.app_context():
            start.wait()
            got.append(application_users.find_or_create(application_id, user_id, now=NOW).id)
            db.session.remove()

    threads = [threading.Thread(target=log_in) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(got) == 4
    assert len(set(got)) == 1
    assert count() == 1
