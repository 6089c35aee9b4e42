"""Applications, on each database: what one can be set to, and what changes with it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from tests.stories import a_browser, a_user, an_account
from wechatlogin.config import ConfirmPolicy, FollowPolicy
from wechatlogin.errors import ApplicationUnknown, SettingRefused
from wechatlogin.extensions import db
from wechatlogin.models import Algorithm, ApiKey, Application, AuditEntry, Session, SubjectType
from wechatlogin.services import (
    api_keys,
    application_settings,
    application_users,
    applications,
    client_secrets,
    sessions,
)
from wechatlogin.services.application_settings import ApplicationSettings
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.site import Site

NOW = datetime(2026, 11, 21, 3, 4, 5, tzinfo=UTC)
URI = "https://shop.example/cb"
APPID = "wx0123456789abcdef"
#: Another value than the default of every setting.
OTHER = ApplicationSettings(
    name="书店",
    redirect_uris=(URI, "http://127.0.0.1:5000/cb"),
    post_logout_redirect_uris=("https://shop.example/bye",),
    backchannel_logout_uri="http://shop:3000/logout",
    origins=("https://shop.example",),
    appids=(APPID,),
    ways=("website", "scan"),
    scopes=("openid", "profile", "wechat"),
    requires_pkce=False,
    is_first_party=True,
    subject_type=SubjectType.PAIRWISE,
    email_template="{sub}@shop.example",
    id_token_algorithm=Algorithm.ES256,
    access_seconds=60,
    refresh_seconds=3600,
    confirm=ConfirmPolicy.TAP,
    follow=FollowPolicy.REQUIRE,
    mccs=(460,),
)


def an_application(site: Site, **given: Any) -> Application:
    made = applications.create(site.vault, NewApplication(**{"name": "书店", **given}), now=NOW)
    return applications.verify(made.client_id)


def change(application: Application, **given: Any) -> ApplicationSettings:
    wanted = replace(application_settings.of(application), **given)
    applications.change(application, wanted, now=NOW)
    return application_settings.of(applications.verify(application.client_id))


def refused(**given: Any) -> SettingRefused:
    with pytest.raises(SettingRefused) as caught:
        application_settings.verify(ApplicationSettings(**{"name": "书店", **given}))
    return caught.value


def test_every_setting_is_kept_as_it_was_entered(storage: Site) -> None:
    an_account(storage, now=NOW, appid=APPID)
    given = {name: getattr(OTHER, name) for name in application_settings.NAMES}

    application = an_application(storage, **given)

    assert application_settings.of(application) == OTHER


def test_every_setting_can_be_changed_later(storage: Site) -> None:
    an_account(storage, now=NOW, appid=APPID)
    application = an_application(storage)

    applications.change(application, OTHER, now=NOW)

    db.session.expire_all()
    assert application_settings.of(applications.verify(application.client_id)) == OTHER


def test_one_change_leaves_the_others_as_somebody_else_has_made_them(storage: Site) -> None:
    application = an_application(storage)
    wanted = replace(application_settings.of(application), name="茶铺")
    which = Application.__table__.update().where(Application.id == application.id)
    with db.engine.begin() as elsewhere:
        elsewhere.execute(which.values(access_seconds=120))

    applications.change(application, wanted, now=NOW)

    db.session.expire_all()
    assert (application.name, application.access_seconds) == ("茶铺", 120)


def test_a_change_of_nothing_is_not_noted(storage: Site) -> None:
    application = an_application(storage)
    noted = select(func.count(AuditEntry.id))
    before = db.session.scalar(noted)

    applications.change(application, application_settings.of(application), now=NOW)

    assert db.session.scalar(noted) == before


def test_a_change_is_verified_as_a_new_application_is(storage: Site) -> None:
    application = an_application(storage)

    with pytest.raises(SettingRefused) as caught:
        change(application, redirect_uris=(URI, "https://[evil.com"))

    assert (caught.value.field, caught.value.value) == ("redirect_uris", "https://[evil.com")
    assert application_settings.of(application).redirect_uris == ()


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", ["", " 书店", "a" * 65, "a\nb", "a\u202eb"]),
        ("redirect_uris", [("http://shop.example/cb",), ("com.example.app:/cb",), ("",)]),
        ("post_logout_redirect_uris", [("https://shop.example/#bye",)]),
        ("backchannel_logout_uri", ["http://shop.example/", "", "https://shop.example/#x"]),
        ("origins", [("https://shop.example/",), ("null",)]),
        ("ways", [("page",), ("scan", "fax")]),
        ("scopes", [("phone",), ("openid profile",)]),
        ("access_seconds", [59, 86_401, -1]),
        ("refresh_seconds", [3599, 365 * 86_400 + 1]),
        ("mccs", [(0,), (1000,)]),
    ],
)
def test_the_error_names_the_setting_that_is_wrong(field: str, values: list[object]) -> None:
    assert {refused(**{field: value}).field for value in values} == {field}


@pytest.mark.parametrize(
    "template",
    [
        "lin@wechat.invalid",
        "{sub}{sub}@wechat.invalid",
        "{sub}@shop.com",
        "{sub}@example.com.evil.com",
        "{sub}@notexample.com",
        "{sub}@",
        "{sub}",
        "wechat@{sub}.invalid",
        "{sub}.@wechat.invalid",
        ".{sub}@wechat.invalid",
        "a..{sub}@wechat.invalid",
        "{sub}@a@wechat.invalid",
        "{sub} @wechat.invalid",
        "{sub}@.invalid",
        "{sub}@wechat..invalid",
        "Lin-{sub}@wechat.invalid",
        "{0.__class__}{sub}@wechat.invalid",
        "{sub}@wechat.invalid\n",
        "a" * 33 + "{sub}@wechat.invalid",
        "{sub}@" + "a." * 60 + "invalid",
    ],
)
def test_an_email_template_can_reach_nobody_and_has_one_place_for_the_sub(template: str) -> None:
    assert refused(email_template=template).field == "email_template"


@pytest.mark.parametrize(
    "template",
    ["{sub}@wechat.invalid", "wx.{sub}@shop.example", "{sub}+a@example.org", "{sub}@localhost"],
)
def test_reserved_domains_are_free_to_use(template: str) -> None:
    wanted = ApplicationSettings("书店", email_template=template)

    assert application_settings.verify(wanted).email_template == template


def test_a_pairwise_sub_leaves_no_room_before_the_at() -> None:
    pairwise = SubjectType.PAIRWISE
    wanted = ApplicationSettings("书店", subject_type=pairwise)

    assert refused(subject_type=pairwise, email_template="wx.{sub}@wechat.invalid").value
    assert application_settings.verify(wanted).email_template == "{sub}@wechat.invalid"


@given(st.text("ab.{}+sub@-_", max_size=120).map(lambda text: f"{text}@wechat.invalid"))
def test_no_email_template_is_looked_at_for_long(template: str) -> None:
    try:
        application_settings.verify(ApplicationSettings("书店", email_template=template))
    except SettingRefused as err:
        assert err.field == "email_template"  # noqa: PT017 - most of them are refused


def test_openid_is_always_granted_and_nothing_twice() -> None:
    wanted = ApplicationSettings("书店", scopes=("wechat", "wechat"), redirect_uris=(URI, URI))

    verified = application_settings.verify(wanted)

    assert verified.scopes == ("openid", "wechat")
    assert verified.redirect_uris == (URI,)


def test_a_public_application_has_no_secret_and_always_uses_pkce(storage: Site) -> None:
    made = applications.create(storage.vault, NewApplication("App", is_public=True), now=NOW)
    application = applications.verify(made.client_id)

    assert made.client_secret is None
    assert client_secrets.get_live(application, now=NOW) == []
    assert refused(is_public=True, requires_pkce=False).field == "requires_pkce"


def test_whoever_becomes_public_loses_the_secret_and_may_have_a_scheme(storage: Site) -> None:
    made = applications.create(storage.vault, NewApplication("App"), now=NOW)
    application = applications.verify(made.client_id)

    changed = change(application, is_public=True, redirect_uris=("com.example.app:/cb",))

    assert changed.is_public
    assert not client_secrets.check(application, made.client_secret or "", now=NOW)
    with pytest.raises(SettingRefused) as caught:
        change(application, is_public=False)
    assert caught.value.field == "redirect_uris"


def test_the_sub_of_people_who_have_logged_in_does_not_change(storage: Site) -> None:
    application = an_application(storage)
    assert change(application, subject_type=SubjectType.PAIRWISE).subject_type == "pairwise"
    application_users.find_or_create(application.id, a_user(NOW), now=NOW)

    with pytest.raises(SettingRefused) as caught:
        change(application, subject_type=SubjectType.PUBLIC)

    assert caught.value.field == "subject_type"
    assert change(application, name="茶铺").name == "茶铺"


@pytest.mark.parametrize(
    "client_id", ["short", "a" * 65, "has space", "书店书店书店书店", "a/b/c/d/e"]
)
def test_an_odd_client_id_is_refused(storage: Site, client_id: str) -> None:
    with pytest.raises(SettingRefused) as caught:
        an_application(storage, client_id=client_id)

    assert (caught.value.field, caught.value.value) == ("client_id", client_id)


def test_a_client_id_is_nobody_elses(storage: Site) -> None:
    an_application(storage, client_id="our-shop")

    with pytest.raises(SettingRefused) as caught:
        an_application(storage, client_id="our-shop")

    assert caught.value.field == "client_id"


def test_applications_are_listed_in_the_order_they_were_made(storage: Site) -> None:
    made = [an_application(storage, name=name) for name in ("书店", "茶铺", "书店")]

    assert [one.id for one in applications.get_all()] == [one.id for one in made]


def test_a_removed_application_leaves_nothing_but_the_people(storage: Site) -> None:
    application, user_id = an_application(storage), a_user(NOW)
    client_id, user_domain = application.client_id, application.user_domain or ""
    application_users.find_or_create(application.id, user_id, now=NOW)
    for token, holder in (("program", application.id), ("browser", None)):
        sessions.start(
            token,
            sessions.Owner(user_id=user_id),
            browser=a_browser(),
            way="scan",
            lifetime=timedelta(days=1),
            application_id=holder,
            now=NOW,
        )

    applications.remove(application, now=NOW)

    with pytest.raises(ApplicationUnknown):
        applications.verify(client_id)
    assert applications.get_by_user_domain(user_domain) is None
    assert db.session.scalars(select(Session.application_id)).all() == [None]
    assert db.session.scalars(select(ApiKey)).all() == []
    noted = select(AuditEntry.detail).where(AuditEntry.tag == "application:removed")
    assert db.session.scalars(noted).all() == [client_id]


def test_a_key_is_one_of_the_applications_own_and_has_a_name(storage: Site) -> None:
    shop, club = an_application(storage), an_application(storage)
    key = api_keys.issue(shop, "warehouse", now=NOW)

    found = api_keys.get_application(key.get_secret_value(), now=NOW)
    [_, row] = api_keys.get_all(shop)

    assert found is not None
    assert found.id == shop.id
    assert not api_keys.revoke(club, row.id, now=NOW)
    for name in ("", "a" * 65, "a\nb"):
        with pytest.raises(SettingRefused):
            api_keys.issue(shop, name, now=NOW)


@pytest.mark.parametrize("is_disabled", [True, False])
def test_the_audit_says_whether_it_was_stopped_or_started(
    storage: Site, *, is_disabled: bool
) -> None:
    application = an_application(storage)
    applications.save_disabled(application, is_disabled=not is_disabled, now=NOW)

    applications.save_disabled(application, is_disabled=is_disabled, now=NOW)

    last = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert last.before == {"is_disabled": not is_disabled}
    assert last.after == {"is_disabled": is_disabled}
