"""Operators: one admin stays, and what takes something away ends their sessions."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import select

from tests.services.one_person import run_at_once
from tests.services.session_tree import keys
from tests.stories import a_browser, a_user
from wechatlogin.errors import (
    LastAdmin,
    OperatorCredentialsWrong,
    OperatorExists,
    OperatorLinkTaken,
    OperatorNotLinked,
    UserBanned,
)
from wechatlogin.extensions import db
from wechatlogin.models import AuditEntry, Operator, Role, User
from wechatlogin.models.transaction import write
from wechatlogin.services import bans, operator_links, operator_logins, operators, passwords
from wechatlogin.services.audit import COMMAND_LINE, Actor
from wechatlogin.services.site import Site
from wechatlogin.vault import sha256_hex

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
BOSS = Actor("boss", "203.0.113.7")
PASSWORD = SecretStr("a long password")
OTHER = SecretStr("another long password")
#: Quick to hash, for operators who are not logged in by it.
NO_PASSWORD = "-"


def an_operator(name: str, role: Role = Role.VIEWER) -> Operator:
    """Write an operator down who has no password."""
    operator = Operator(name=name, role=role, password_hash=NO_PASSWORD, created_at=NOW)
    with write() as session:
        session.add(operator)
    return operator


def log_in(name: str, password: SecretStr = PASSWORD) -> str:
    token = operator_logins.log_in(name, password, browser=a_browser(name), now=NOW)
    return token.get_secret_value()


def log_in_by_wechat(user_id: str, name: str = "by WeChat") -> str:
    token = operator_logins.log_in_by_wechat(user_id, browser=a_browser(name), now=NOW)
    return token.get_secret_value()


def is_in(token: str) -> bool:
    return operator_logins.get_logged_in(token, now=LATER) is not None


def last_entry() -> AuditEntry:
    return db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()  # type: ignore[return-value]


def test_a_wrong_password_is_in_the_audit_and_a_name_that_nobody_has_is_not(storage: Site) -> None:
    operators.save("li", PASSWORD, now=NOW)
    kept = []
    for name in ("li", "command line", PASSWORD.get_secret_value()):
        with pytest.raises(OperatorCredentialsWrong):
            log_in(name, OTHER)
        kept.append((last_entry().tag, last_entry().actor))

    assert kept == [("operator:login_failed", actor) for actor in ("li", None, None)]


def test_nobodys_password_takes_as_long_to_check_as_anybodys() -> None:
    assert not passwords.check_outdated(passwords.NOBODYS)
    assert not passwords.check_password(None, PASSWORD)


def test_what_a_page_asks_by_itself_is_no_visit(storage: Site) -> None:
    operators.save("li", PASSWORD, now=NOW)
    token, minute = log_in("li"), timedelta(minutes=1)

    asked = operator_logins.get_logged_in(token, now=NOW + 20 * minute, is_visit=False)

    assert asked is not None
    assert operator_logins.get_logged_in(token, now=NOW + 31 * minute) is None


def test_a_new_password_ends_all_sessions_but_the_one_it_was_typed_in(storage: Site) -> None:
    operator = operators.save("li", PASSWORD, now=NOW)
    here, there = log_in("li"), log_in("li")

    operators.change_password(operator.id, OTHER, by=BOSS, now=LATER, kept_token=here)

    assert (is_in(here), is_in(there)) == (True, False)
    with pytest.raises(OperatorCredentialsWrong):
        log_in("li")
    assert is_in(log_in("li", OTHER))


def test_a_change_says_who_and_from_where_and_no_password(storage: Site) -> None:
    operator = an_operator("li")

    operators.change_password(operator.id, OTHER, by=BOSS, now=NOW)

    entry = last_entry()
    assert (entry.tag, entry.actor, entry.ip) == ("operator:password_changed", *_told(BOSS))
    assert (entry.detail, entry.before, entry.after) == (
        "li",
        {"password": "(set)"},
        {"password": "(changed)"},
    )


def _told(actor: Actor) -> tuple[str, str | None]:
    return actor.name, actor.ip


def test_a_smaller_role_ends_the_sessions_and_a_greater_one_does_not(storage: Site) -> None:
    an_operator("boss", Role.ADMIN)
    operator = operators.save("li", PASSWORD, role=Role.VIEWER, now=NOW)
    token = log_in("li")

    operators.set_role(operator.id, Role.ADMIN, by=BOSS, now=LATER)
    as_admin = is_in(token)
    operators.set_role(operator.id, Role.VIEWER, by=BOSS, now=LATER)

    assert (as_admin, is_in(token)) == (True, False)
    assert (last_entry().before, last_entry().after) == ({"role": "admin"}, {"role": "viewer"})


def test_who_is_removed_is_out(storage: Site) -> None:
    an_operator("boss", Role.ADMIN)
    operator = operators.save("li", PASSWORD, now=NOW)
    token = log_in("li")

    operators.remove(operator.id, by=BOSS, now=LATER)

    assert not is_in(token)
    assert keys() == set()
    with pytest.raises(OperatorCredentialsWrong):
        log_in("li")
    assert operators.get_by_name("li") is None


def test_the_last_admin_can_be_neither_removed_nor_demoted(storage: Site) -> None:
    boss = an_operator("boss", Role.ADMIN)
    viewer = an_operator("mei")

    with pytest.raises(LastAdmin):
        operators.remove(boss.id, by=BOSS, now=NOW)
    with pytest.raises(LastAdmin):
        operators.set_role(boss.id, Role.VIEWER, by=BOSS, now=NOW)
    operators.remove(viewer.id, by=BOSS, now=NOW)

    assert [one.name for one in operators.get_all()] == ["boss"]


def test_of_two_admins_who_remove_each_other_one_stays(storage: Site, stored_app: Flask) -> None:
    ids = [an_operator(name, Role.ADMIN).id for name in ("li", "mei")]
    refused: list[LastAdmin] = []
    both = threading.Barrier(2)

    def remove(operator_id: int) -> None:
        both.wait()
        try:
            operators.remove(operator_id, by=BOSS, now=NOW)
        except LastAdmin as err:
            refused.append(err)

    run_at_once(stored_app, [lambda: remove(ids[0]), lambda: remove(ids[1])])

    assert len(refused) == 1
    assert len(operators.get_all()) == 1


def test_a_name_is_given_once(storage: Site) -> None:
    an_operator("li")

    with pytest.raises(OperatorExists):
        operators.create("li", PASSWORD, role=Role.ADMIN, by=BOSS, now=NOW)


def test_an_old_hash_is_made_anew_at_the_next_login(storage: Site) -> None:
    operator = an_operator("li")
    weak = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
    with write():
        operator.password_hash = weak.hash(PASSWORD.get_secret_value())

    log_in("li")

    kept = operators.verify(operator.id).password_hash
    assert "m=1024" not in kept
    assert PasswordHasher().verify(kept, PASSWORD.get_secret_value())
    assert not PasswordHasher().check_needs_rehash(kept)


def test_a_linked_wechat_opens_the_pages_until_it_is_unlinked(storage: Site) -> None:
    operator, person = operators.save("li", PASSWORD, now=NOW), a_user(NOW)
    with pytest.raises(OperatorNotLinked):
        log_in_by_wechat(person)

    operator_links.link(operator.id, person, by=BOSS, now=NOW)
    by_wechat, by_password = log_in_by_wechat(person), log_in("li")
    before = is_in(by_wechat)
    operator_links.unlink(operator.id, by=BOSS, now=LATER)

    assert (before, is_in(by_wechat), is_in(by_password)) == (True, False, True)
    assert keys() == {sha256_hex(by_password)}
    with pytest.raises(OperatorNotLinked):
        log_in_by_wechat(person)


def test_a_wechat_is_one_operators(storage: Site) -> None:
    first, second, person = an_operator("li"), an_operator("mei"), a_user(NOW)
    operator_links.link(first.id, person, by=BOSS, now=NOW)

    with pytest.raises(OperatorLinkTaken):
        operator_links.link(second.id, person, by=BOSS, now=NOW)

    assert operator_links.get_linked(person) == first


def test_a_banned_person_opens_nothing(storage: Site) -> None:
    operator, person = an_operator("li"), a_user(NOW)
    operator_links.link(operator.id, person, by=BOSS, now=NOW)
    token = log_in_by_wechat(person)

    bans.ban(person, by=COMMAND_LINE, now=NOW)

    assert not is_in(token)
    with pytest.raises(UserBanned):
        log_in_by_wechat(person)
    with pytest.raises(UserBanned):
        operator_links.link(an_operator("mei").id, person, by=BOSS, now=NOW)


def test_with_the_person_goes_the_link_and_what_it_opened(storage: Site) -> None:
    operator, person = an_operator("li"), a_user(NOW)
    operator_links.link(operator.id, person, by=BOSS, now=NOW)
    token = log_in_by_wechat(person)

    with write() as session:
        session.delete(session.get_one(User, person))

    assert operators.verify(operator.id).user_id is None
    assert not is_in(token)


def test_one_ends_ones_own_sessions_alone(storage: Site) -> None:
    boss, operator = an_operator("boss", Role.ADMIN), operators.save("li", PASSWORD, now=NOW)
    token = log_in("li")
    public_id = operator_logins.get_sessions(operator, now=LATER)[0].public_id

    anothers = operator_logins.end_session(boss, public_id, by=BOSS, now=LATER)
    own = operator_logins.end_session(operator, public_id, by=Actor("li"), now=LATER)

    assert (anothers, own, is_in(token)) == (False, True, False)
    assert operator_logins.get_sessions(operator, now=LATER) == []


def test_logging_out_is_in_the_audit(storage: Site) -> None:
    operators.save("li", PASSWORD, now=NOW)

    operator_logins.log_out(log_in("li"), ip="203.0.113.9", now=LATER)

    entry = last_entry()
    assert (entry.tag, entry.actor, entry.ip) == ("operator:logout", "li", "203.0.113.9")
    assert keys() == set()
