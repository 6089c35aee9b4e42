"""An authorization code is exchanged once, by its own program, within a minute."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.stories import a_browser, a_user
from wechatlogin.errors import CodeReused, LoginError, TokenInvalid
from wechatlogin.extensions import db
from wechatlogin.models import (
    Application,
    ApplicationUser,
    AuditEntry,
    AuditTag,
    AuthorizationCode,
    Session,
)
from wechatlogin.services import (
    applications,
    authorization_codes,
    bans,
    oidc_tokens,
    sessions,
)
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.audit import COMMAND_LINE
from wechatlogin.services.authorization_codes import LIFETIME, MEMORY, Authorized
from wechatlogin.services.site import Site

NOW = datetime(2026, 11, 21, 3, 4, tzinfo=UTC)
SOON = NOW + timedelta(seconds=5)
REDIRECT_URI = "https://shop.example/callback"
SCOPE = "openid offline_access"


@dataclass(frozen=True)
class Login:
    """A person who is logged in in a browser, and a program that asks for them."""

    site: Site
    application: Application
    session: Session

    @property
    def user_id(self) -> str:
        return str(self.session.user_id)

    def issue(self, *, now: datetime = NOW) -> str:
        wanted = Authorized(self.application, REDIRECT_URI, SCOPE, nonce="n", code_challenge="c")
        return authorization_codes.issue(self.session, wanted, now=now).get_secret_value()

    def get(self, code: str, *, now: datetime = SOON) -> AuthorizationCode:
        row = authorization_codes.get(self.application, code, now=now)
        assert row is not None
        return row

    def redeem(self, code: str, *, now: datetime = SOON) -> Session:
        return authorization_codes.redeem(self.get(code, now=now), self.application, now=now)


def an_application(site: Site, name: str = "林记书店") -> Application:
    made = applications.create(site.vault, NewApplication(name), now=NOW)
    return applications.verify(made.client_id)


@pytest.fixture
def login(storage: Site) -> Login:
    owner = sessions.Owner(user_id=a_user(NOW))
    session = sessions.start(
        "a browser", owner, browser=a_browser(), way="scan", lifetime=timedelta(days=7), now=NOW
    )
    return Login(storage, an_application(storage), session)


def count(model: type[Session | AuthorizationCode | ApplicationUser]) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def reported(tag: AuditTag) -> int:
    query = select(func.count()).select_from(AuditEntry).where(AuditEntry.tag == tag)
    return db.session.scalar(query) or 0


def test_a_code_is_kept_as_its_hash_with_all_that_it_was_given_for(login: Login) -> None:
    code = login.issue()

    row = login.get(code)

    assert len(code) >= 43
    assert code not in {str(value) for value in vars(row).values()}
    assert (row.redirect_uri, row.scope, row.nonce, row.code_challenge) == (
        *(REDIRECT_URI, SCOPE),
        *("n", "c"),
    )
    assert count(ApplicationUser) == 1


def test_an_exchange_begins_a_session_below_the_browsers(login: Login) -> None:
    child = login.redeem(login.issue())

    assert child.parent_key == login.session.key_hash
    assert (child.application_id, child.user_id) == (login.application.id, login.user_id)
    assert (child.auth_time, child.way) == (NOW, "scan")
    assert child.public_id != login.session.public_id


def test_a_second_exchange_ends_what_the_first_was_given(login: Login) -> None:
    code = login.issue()
    login.redeem(code)

    with pytest.raises(CodeReused):
        authorization_codes.get(login.application, code, now=SOON)

    assert count(Session) == 1
    assert reported(AuditTag.CODE_REUSED) == 1


def test_a_code_comes_too_late_after_a_minute(login: Login) -> None:
    code = login.issue()
    in_time = login.get(code, now=NOW + LIFETIME - timedelta(seconds=1))

    assert authorization_codes.get(login.application, code, now=NOW + LIFETIME) is None
    with pytest.raises(TokenInvalid):
        authorization_codes.redeem(in_time, login.application, now=NOW + LIFETIME)

    assert (count(Session), reported(AuditTag.CODE_REUSED)) == (1, 0)


def test_a_second_exchange_is_noticed_long_after_the_codes_time(login: Login) -> None:
    code = login.issue()
    login.redeem(code)

    with pytest.raises(CodeReused):
        authorization_codes.get(login.application, code, now=NOW + MEMORY / 2)

    assert count(Session) == 1


def test_another_programs_code_is_none_and_stays_good_for_its_own(login: Login) -> None:
    code, other = login.issue(), an_application(login.site, "别的网站")

    assert authorization_codes.get(other, code, now=SOON) is None

    assert login.redeem(code).application_id == login.application.id


def test_no_code_is_given_in_a_session_that_has_ended(login: Login) -> None:
    sessions.end("a browser", now=NOW)

    with pytest.raises(TokenInvalid):
        login.issue()


def log_out(login: Login) -> None:
    sessions.end("a browser", now=NOW)


def ban(login: Login) -> None:
    bans.ban(login.user_id, by=COMMAND_LINE, now=NOW)


@pytest.mark.parametrize("happens", [log_out, ban])
def test_a_code_dies_with_the_browsers_session(
    login: Login, happens: Callable[[Login], None]
) -> None:
    code = login.issue()
    row = login.get(code)

    happens(login)

    assert authorization_codes.get(login.application, code, now=SOON) is None
    with pytest.raises(TokenInvalid):
        authorization_codes.redeem(row, login.application, now=SOON)


def test_a_code_outlives_a_new_login_of_the_same_person(login: Login) -> None:
    code = login.issue()
    owner, browser = sessions.Owner(user_id=login.user_id), a_browser(session_token="a browser")

    again = sessions.start(
        "again", owner, browser=browser, way="scan", lifetime=timedelta(days=7), now=SOON
    )

    assert login.redeem(code).parent_key == again.key_hash


def test_old_codes_are_cleared_away(login: Login) -> None:
    login.issue()

    login.issue(now=NOW + LIFETIME + MEMORY + timedelta(seconds=1))

    assert count(AuthorizationCode) == 1


def test_of_two_exchanges_at_once_one_is_a_theft_and_ends_the_other(
    login: Login, stored_app: Flask
) -> None:
    code = login.issue()
    rows = login.get(code).id, login.application.id
    db.session.remove()
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def redeem_once() -> None:
        with stored_app.app_context():
            row, application = (
                db.session.get_one(AuthorizationCode, rows[0]),
                db.session.get_one(Application, rows[1]),
            )
            start.wait()
            try:
                authorization_codes.redeem(row, application, now=SOON)
                outcomes.append("redeemed")
            except LoginError as err:
                outcomes.append(err.code)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=redeem_once) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["code_reused", "redeemed"]
    assert count(Session) == 1


def test_a_session_that_a_theft_has_ended_meanwhile_gets_no_tokens(login: Login) -> None:
    code = login.issue()
    child = login.redeem(code)
    with pytest.raises(CodeReused):
        authorization_codes.get(login.application, code, now=SOON)

    with pytest.raises(TokenInvalid):
        oidc_tokens.issue(login.site, login.application, child, scope=SCOPE, now=SOON)
