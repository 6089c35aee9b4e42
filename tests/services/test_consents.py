"""A person permits an application to know them, is asked again for more, and takes it back."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import delete, select

from tests.services.one_person import run_at_once
from tests.stories import a_browser, a_user
from wechatlogin.errors import LoginRequired
from wechatlogin.extensions import db
from wechatlogin.models import (
    Application,
    AuditEntry,
    AuditTag,
    AuthorizationCode,
    Consent,
    RefreshToken,
    Session,
    User,
)
from wechatlogin.models.transaction import write
from wechatlogin.services import applications, consents, refresh_tokens, sessions
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.site import Site

NOW = datetime(2026, 11, 21, 3, 4, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
LIFETIME = timedelta(days=30)
ASKED = ("openid", "profile", "offline_access")


def an_application(site: Site, name: str = "林记书店", **more: bool) -> Application:
    made = applications.create(site.vault, NewApplication(name, **more), now=NOW)  # type: ignore[arg-type]
    return applications.verify(made.client_id)


def begin(site: Site, application: Application, user_id: str, token: str) -> Session:
    """Start a session of the application, with a refresh token and a code not yet exchanged."""
    session = sessions.start(
        token,
        sessions.Owner(user_id=user_id),
        browser=a_browser(),
        way="scan",
        lifetime=LIFETIME,
        application_id=application.id,
        now=NOW,
    )
    refresh_tokens.issue(site, session, scope="openid", lifetime=LIFETIME, now=NOW)
    code = AuthorizationCode(
        code_hash=token,
        application_id=application.id,
        user_id=user_id,
        session_key=session.key_hash,
        redirect_uri="https://shop.example/back",
        scope="openid",
        created_at=NOW,
        expires_at=LATER,
    )
    with write() as database:
        database.add(code)
    return session


def left(model: type[Session | RefreshToken | AuthorizationCode]) -> int:
    return len(list(db.session.scalars(select(model))))


def audited() -> list[tuple[str, str | None]]:
    tags = (AuditTag.CONSENT_GRANTED, AuditTag.CONSENT_REVOKED)
    query = select(AuditEntry.tag, AuditEntry.detail).where(AuditEntry.tag.in_(tags))
    return [(tag, detail) for tag, detail in db.session.execute(query.order_by(AuditEntry.id))]


@pytest.fixture
def application(storage: Site) -> Application:
    return an_application(storage)


@pytest.fixture
def user_id(storage: Site) -> str:
    return a_user(NOW)


def test_everything_is_missing_at_first_and_nothing_once_granted(
    application: Application, user_id: str
) -> None:
    before = consents.get_missing(application, user_id, ASKED)

    consents.grant(application, user_id, ASKED, now=NOW)

    assert before == ASKED
    assert consents.get_missing(application, user_id, ASKED) == ()
    assert consents.get_missing(application, a_user(NOW), ASKED) == ASKED


def test_a_wider_request_lacks_what_is_new_and_keeps_what_was_granted(
    application: Application, user_id: str
) -> None:
    consents.grant(application, user_id, "openid profile", now=NOW)

    assert consents.get_missing(application, user_id, "openid email profile wechat") == (
        "email",
        "wechat",
    )
    consents.grant(application, user_id, "email", now=LATER)

    [known] = consents.get_all(user_id)
    assert known.scopes == ("openid", "profile", "email")
    assert known.since == NOW


def test_a_narrower_request_takes_nothing_away(application: Application, user_id: str) -> None:
    consents.grant(application, user_id, ASKED, now=NOW)

    consents.grant(application, user_id, "openid", now=LATER)

    assert consents.get_missing(application, user_id, ASKED) == ()
    assert len(audited()) == 1


@pytest.mark.parametrize(
    "scopes",
    ["profile openid", ["profile", "openid"], ("profile", "profile", "openid")],
    ids=["text", "list", "repeated"],
)
def test_scopes_are_kept_in_the_order_they_came_in(
    application: Application, user_id: str, scopes: str | list[str]
) -> None:
    assert consents.get_missing(application, user_id, scopes) == ("profile", "openid")


def test_scopes_without_an_order_are_put_in_one(application: Application, user_id: str) -> None:
    scopes = frozenset(ASKED)

    assert consents.get_missing(application, user_id, scopes) == tuple(sorted(ASKED))


def test_the_owners_own_application_needs_nobodys_consent(storage: Site, user_id: str) -> None:
    own = an_application(storage, "会员中心", is_first_party=True)

    assert consents.get_missing(own, user_id, ASKED) == ()
    assert consents.get_all(user_id) == []


def test_a_consent_is_one_applications_and_one_persons(storage: Site, user_id: str) -> None:
    one, other = an_application(storage), an_application(storage, "论坛")

    consents.grant(one, user_id, ASKED, now=NOW)

    assert consents.get_missing(other, user_id, ASKED) == ASKED
    assert consents.get_all(a_user(NOW)) == []


def test_a_person_sees_whom_they_have_permitted_the_latest_first(
    storage: Site, user_id: str
) -> None:
    consents.grant(an_application(storage, "论坛"), user_id, "openid", now=NOW)
    consents.grant(an_application(storage, "书店"), user_id, "openid", now=LATER)

    assert [known.application.name for known in consents.get_all(user_id)] == ["书店", "论坛"]


def test_taking_it_back_ends_sessions_tokens_and_codes_of_that_application_alone(
    storage: Site, application: Application, user_id: str
) -> None:
    other, friend = an_application(storage, "论坛"), a_user(NOW)
    for holder, person, token in (
        (application, user_id, "theirs"),
        (application, user_id, "theirs too"),
        (other, user_id, "another application's"),
        (application, friend, "somebody else's"),
    ):
        consents.grant(holder, person, ASKED, now=NOW)
        begin(storage, holder, person, token)

    assert consents.revoke(user_id, application.id, now=LATER)

    assert consents.get_missing(application, user_id, "openid") == ("openid",)
    assert consents.get_missing(other, user_id, ASKED) == ()
    assert consents.get_missing(application, friend, ASKED) == ()
    assert [left(model) for model in (Session, RefreshToken, AuthorizationCode)] == [2, 2, 2]


def test_taking_back_what_was_never_given_ends_nothing(
    storage: Site, application: Application, user_id: str
) -> None:
    begin(storage, application, user_id, "a session of the owner's own")

    assert not consents.revoke(user_id, application.id, now=NOW)

    assert left(Session) == 1
    assert audited() == []


def test_what_was_taken_back_is_asked_for_as_if_it_were_new(
    application: Application, user_id: str
) -> None:
    consents.grant(application, user_id, ASKED, now=NOW)
    consents.revoke(user_id, application.id, now=NOW)

    consents.grant(application, user_id, "openid", now=LATER)

    [known] = consents.get_all(user_id)
    assert (known.scopes, known.since) == (("openid",), LATER)


def test_both_are_written_into_the_audit(application: Application, user_id: str) -> None:
    consents.grant(application, user_id, "openid profile", now=NOW)
    consents.grant(application, user_id, "openid email", now=NOW)
    consents.revoke(user_id, application.id, now=LATER)

    client_id = application.client_id
    assert audited() == [
        (AuditTag.CONSENT_GRANTED, f"{client_id} openid profile"),
        (AuditTag.CONSENT_GRANTED, f"{client_id} email"),
        (AuditTag.CONSENT_REVOKED, client_id),
    ]


def test_one_consent_is_found_by_its_client_id(application: Application, user_id: str) -> None:
    consents.grant(application, user_id, ASKED, now=NOW)

    known = consents.get(user_id, application.client_id)

    assert known
    assert known.application.id == application.id
    assert consents.get(user_id, "nobody's") is None
    assert consents.get(a_user(NOW), application.client_id) is None


def test_nobody_grants_who_has_been_erased(application: Application, user_id: str) -> None:
    with write() as session:
        session.execute(delete(User).where(User.id == user_id))

    with pytest.raises(LoginRequired):
        consents.grant(application, user_id, ASKED, now=NOW)


def test_two_tabs_at_once_add_up_to_one_consent(
    storage: Site, stored_app: Flask, application: Application, user_id: str
) -> None:
    asked = ["openid", "openid profile", "openid email", "openid wechat", "openid profile"]
    application_id = application.id
    db.session.remove()

    def grant(scope: str) -> None:
        consents.grant(db.session.get_one(Application, application_id), user_id, scope, now=NOW)

    run_at_once(stored_app, [partial(grant, scope) for scope in asked])

    [consent] = db.session.scalars(select(Consent)).all()
    assert sorted(consent.scope.split()) == ["email", "openid", "profile", "wechat"]


def test_taking_back_at_the_moment_of_granting_leaves_one_of_the_two(
    storage: Site, stored_app: Flask, application: Application, user_id: str
) -> None:
    consents.grant(application, user_id, "openid", now=NOW)
    application_id = application.id
    db.session.remove()

    def grant() -> None:
        consents.grant(db.session.get_one(Application, application_id), user_id, ASKED, now=NOW)

    def revoke() -> None:
        consents.revoke(user_id, application_id, now=NOW)

    run_at_once(stored_app, [grant, revoke, grant, revoke])

    assert len(list(db.session.scalars(select(Consent)))) <= 1
