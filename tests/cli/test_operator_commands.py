"""`flask operator`: who may open the operators' pages."""

from collections.abc import Iterator

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from tests.stories import a_user
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import AuditEntry, Operator, Role
from wechatlogin.services import operator_links, operators
from wechatlogin.services.audit import COMMAND_LINE


@pytest.fixture
def app(empty_app: Flask) -> Iterator[Flask]:
    with empty_app.app_context():
        yield empty_app


def run(app: Flask, *words: str) -> Result:
    done = app.test_cli_runner().invoke(args=["operator", *words])
    db.session.rollback()
    return done


def find(name: str) -> Operator:
    operator = operators.get_by_name(name)
    assert operator is not None
    return operator


def test_an_operator_gets_a_random_password_or_the_chosen_one(app: Flask) -> None:
    random = run(app, "create", "li")
    chosen = run(app, "create", "mei", "--password", "canary-password", "--role", "viewer")

    assert len(random.output.split("password ")[1].strip()) == 16
    assert chosen.output == "operator mei\n"
    assert (find("li").role, find("mei").role) == (Role.ADMIN, Role.VIEWER)
    assert find("mei").password_hash.startswith("$argon2id$")


@pytest.mark.parametrize(
    ("name", "password", "told"),
    [
        ("li", "too short", "Error: A password has at least 12 characters.\n"),
        ("li-the-operator", "Li-the-Operator", "Error: A password cannot be the name.\n"),
        (
            "command line",
            "canary-password",
            "Error: A name is 1 to 64 letters, digits or . _ @ -, without spaces.\n",
        ),
    ],
)
def test_a_weak_password_and_a_bad_name_are_refused(
    app: Flask, name: str, password: str, told: str
) -> None:
    done = run(app, "create", name, "--password", password)

    assert (done.exit_code, done.output) == (1, told)
    assert operators.get_all() == []


def test_a_name_is_given_once(app: Flask) -> None:
    run(app, "create", "li")
    before = find("li").password_hash

    done = run(app, "create", "li")

    assert done.output == "Error: Another operator has this name.\n"
    assert find("li").password_hash == before


def test_the_list_says_who_may_what(app: Flask) -> None:
    run(app, "create", "mei", "--role", "viewer")
    run(app, "create", "li")
    operator_links.link(find("li").id, a_user(clock.now()), by=COMMAND_LINE, now=clock.now())

    lines = [line.split("\t") for line in run(app, "list").output.splitlines()]

    assert [(line[0], line[1], line[3:]) for line in lines] == [
        ("li", "admin", ["WeChat linked"]),
        ("mei", "viewer", []),
    ]


def test_the_last_admin_stays(app: Flask) -> None:
    run(app, "create", "li")
    run(app, "create", "mei", "--role", "viewer")

    refused = [run(app, "remove", "li").output, run(app, "set-role", "li", "viewer").output]
    run(app, "set-role", "mei", "admin")
    done = run(app, "remove", "li")

    assert all("This is the last admin" in output for output in refused)
    assert done.output == "removed li\n"
    assert [operator.name for operator in operators.get_all()] == ["mei"]


def test_a_password_is_changed_and_a_link_taken_away(app: Flask) -> None:
    run(app, "create", "li")
    before = find("li").password_hash
    operator_links.link(find("li").id, a_user(clock.now()), by=COMMAND_LINE, now=clock.now())

    told = [
        run(app, "password", "li", "--password", "canary-password").output,
        run(app, "unlink", "li").output,
        run(app, "unlink", "li").output,
    ]

    assert told == ["operator li\n", "unlinked li\n", "li was not linked\n"]
    assert find("li").password_hash != before


@pytest.mark.parametrize(
    "words", [["remove"], ["unlink"], ["password"], ["set-role", "admin"]], ids=lambda each: each[0]
)
def test_an_unknown_name_is_an_error_that_says_so(app: Flask, words: list[str]) -> None:
    done = run(app, words[0], "nobody", *words[1:])

    assert (done.exit_code, done.output) == (1, "Error: There is no such operator.\n")


def test_the_command_line_stands_in_the_audit_without_the_password(app: Flask) -> None:
    run(app, "create", "li", "--password", "canary-password")
    run(app, "create", "mei")
    run(app, "set-role", "mei", "viewer")

    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(entry.tag, entry.actor, entry.detail) for entry in entries] == [
        ("operator:created", "command line", "li"),
        ("operator:created", "command line", "mei"),
        ("operator:role_changed", "command line", "mei"),
    ]
    assert (entries[2].before, entries[2].after) == ({"role": "admin"}, {"role": "viewer"})
    assert "canary" not in str([entry.after for entry in entries])
