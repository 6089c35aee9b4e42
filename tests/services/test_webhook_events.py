"""Of what applications are told: of people whom they know, by the names that they know."""

from datetime import timedelta

import pytest

from tests.services.hooked import WECHAT, an_application, deliver, hooked, told
from tests.services.one_person import (
    LATER,
    LI,
    NOW,
    an_app,
    log_in,
    proposed,
    see,
)
from tests.stories import a_user, an_account, an_identity
from wechatlogin.extensions import db
from wechatlogin.models import Application, SubjectType, WebhookEvent
from wechatlogin.models.transaction import write
from wechatlogin.services import (
    accounts,
    application_users,
    deletion,
    merging,
    webhook_settings,
)
from wechatlogin.services.accounts import Sighting
from wechatlogin.services.merging import Decision
from wechatlogin.services.site import Site
from wechatlogin.services.webhook_settings import WebhookSettings

MOMENT = timedelta(seconds=20)


def test_the_first_login_makes_a_user_and_the_next_is_a_login(storage: Site) -> None:
    application, _ = hooked(storage)
    user_id = a_user(NOW)

    application_users.find_or_create(application.id, user_id, now=NOW)
    application_users.find_or_create(application.id, user_id, now=LATER)

    assert told() == [
        ("user.created", {"sub": user_id}),
        ("user.login", {"sub": user_id}),
        ("user.login", {"sub": user_id}),
    ]


def test_the_steps_of_one_login_are_told_of_once(storage: Site) -> None:
    application, _ = hooked(storage, events=("user.login",))
    user_id = a_user(NOW)

    for after in (timedelta(), MOMENT, 2 * MOMENT):
        application_users.find_or_create(application.id, user_id, now=NOW + after)

    assert told() == [("user.login", {"sub": user_id})]


def test_an_application_hears_of_people_by_its_own_sub(storage: Site) -> None:
    pairwise, _ = hooked(storage, subject_type=SubjectType.PAIRWISE, events=("user.login",))
    known = application_users.find_or_create(pairwise.id, a_user(NOW), now=NOW)

    assert told() == [("user.login", {"sub": known.subject})]
    assert known.subject != known.user_id


def test_wechats_names_are_for_those_that_may_know_them(storage: Site) -> None:
    lin = an_identity(an_account(storage, now=NOW), "o-lin", now=NOW)
    curious, _ = hooked(storage, scopes=WECHAT, events=("user.login",))
    modest, _ = hooked(storage, events=("user.login",))

    for application in (curious, modest):
        application_users.find_or_create(application.id, lin.user_id, now=NOW)

    named = {"sub": lin.user_id, "appid": lin.appid, "openid": "o-lin"}
    assert sorted(told(), key=str) == sorted(
        [("user.login", named), ("user.login", {"sub": lin.user_id})], key=str
    )


def test_nobody_hears_of_people_who_never_came(storage: Site) -> None:
    hooked(storage, scopes=WECHAT)
    lin = an_identity(an_account(storage, now=NOW), "o-lin", now=NOW)

    accounts.note_follow_answer(lin.appid, "o-lin", follows=True, now=NOW)
    application_users.find_or_create(an_application(storage).id, lin.user_id, now=NOW)
    accounts.erase_identity(lin.appid, "o-lin", now=NOW)

    assert told() == []


def test_what_an_application_did_not_ask_for_it_does_not_hear(storage: Site) -> None:
    application, _ = hooked(storage, events=("user.deleted",))

    application_users.find_or_create(application.id, a_user(NOW), now=NOW)

    assert told() == []


def test_who_is_erased_is_told_of_to_all_that_knew_them(storage: Site) -> None:
    lin = an_identity(an_account(storage, now=NOW), "o-lin", now=NOW)
    user_id = lin.user_id
    for _ in range(2):
        application, _secret = hooked(storage, events=("user.deleted",))
        application_users.find_or_create(application.id, user_id, now=NOW)

    accounts.erase_identity(lin.appid, "o-lin", now=LATER)

    assert told() == [("user.deleted", {"sub": user_id})] * 2


def test_a_failure_tells_nobody_anything(storage: Site) -> None:
    application, _ = hooked(storage)
    user_id = a_user(NOW)

    try:
        with write():
            application_users.find_or_create(application.id, user_id, now=NOW)
            raise LookupError
    except LookupError:
        pass

    assert told() == []


def test_a_merge_says_which_of_two_subs_is_left(storage: Site) -> None:
    service, website = an_app(storage, 1), an_app(storage, 2)
    merge = proposed(storage, service, website)
    application = db.session.query(Application).one()
    hear(storage, application, WebhookEvent.USER_MERGED)

    done = merging.decide(merge.id, Decision.MERGE, by=LI, now=LATER)

    data = {"sub": done.user_id, "former_sub": done.other_user_id}
    assert told() == [("user.merged", data)]


def test_a_merge_is_nothing_new_to_who_knows_one_of_the_two(storage: Site) -> None:
    service, website = an_app(storage, 1), an_app(storage, 2)
    application, _ = hooked(storage, events=("user.merged",))
    first = see(service, "o-s", None)
    see(website, "o-w", None, now=LATER)
    log_in(storage, first, application=application)

    see(service, "o-s")
    see(website, "o-w", now=LATER)

    assert told() == []


def test_following_is_told_of_when_it_changes(storage: Site) -> None:
    lin = an_identity(an_account(storage, now=NOW), "o-lin", now=NOW)
    application, _ = hooked(storage, scopes=WECHAT, events=("follow.changed",))
    application_users.find_or_create(application.id, lin.user_id, now=NOW)

    accounts.note_follow_answer(lin.appid, "o-lin", follows=True, now=NOW)
    accounts.note_follow_answer(lin.appid, "o-lin", follows=True, now=NOW + MOMENT)
    accounts.note_follow_event(lin.appid, "o-lin", follows=False, at=LATER, now=LATER)

    names = {"sub": lin.user_id, "appid": lin.appid, "openid": "o-lin"}
    assert told() == [
        ("follow.changed", {**names, "follows": True}),
        ("follow.changed", {**names, "follows": False}),
    ]


def test_a_visit_that_shows_who_follows_tells_it_too(storage: Site) -> None:
    row = an_account(storage, now=NOW)
    lin = an_identity(row, "o-lin", now=NOW)
    application, _ = hooked(storage, scopes=WECHAT, events=("follow.changed",))
    application_users.find_or_create(application.id, lin.user_id, now=NOW)

    accounts.find_or_create_identity(row, Sighting("o-lin", follows=True), now=LATER)

    assert [data["follows"] for _, data in told()] == [True]


def test_following_is_nobodys_business_but_of_who_uses_the_account(storage: Site) -> None:
    lin = an_identity(an_account(storage, now=NOW), "o-lin", now=NOW)
    other = an_app(storage, 7)
    elsewhere, _ = hooked(storage, scopes=WECHAT, appids=(other.appid,), events=("follow.changed",))
    narrowed, _ = hooked(storage, scopes=WECHAT, events=("follow.changed",))
    with write():
        narrowed.scopes = ["openid"]
    for application in (elsewhere, narrowed):
        application_users.find_or_create(application.id, lin.user_id, now=NOW)

    accounts.note_follow_answer(lin.appid, "o-lin", follows=True, now=NOW)

    assert told() == []


def hear(site: Site, application: Application, event: WebhookEvent) -> None:
    wanted = WebhookSettings("https://shop.example/hook", (event.value,))
    webhook_settings.save(site, application, wanted, by=LI, now=NOW)


def test_who_is_deleted_leaves_no_message_that_was_taken(
    storage: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, _ = hooked(storage, scopes=WECHAT)
    identity = see(an_app(storage, 1), "o-lin", "u-lin")
    log_in(storage, identity, application=shop)
    monkeypatch.setattr(storage.poster, "deliver", lambda *_: 200)
    deliver(storage)
    log_in(storage, identity, application=shop, now=LATER)

    deletion.delete_person(identity.user_id, by=LI, now=LATER)

    # What is still waiting goes out, so that the application hears things in their order.
    assert [event for event, _ in told()] == ["user.deleted", "user.login"]
