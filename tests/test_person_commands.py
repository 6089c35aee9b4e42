"""`flask person …`: what an operator reads and decides about users that may be one person."""

from collections.abc import Iterator

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from tests.services.one_person import an_app, count, proposed
from wechatlogin.extensions import db
from wechatlogin.models import AuditEntry, AuditTag, Merge, User
from wechatlogin.services import wechat_apps

APPID = "wx0123456789abcdef"


@pytest.fixture
def app(empty_app: Flask) -> Iterator[Flask]:
    with empty_app.app_context():
        yield empty_app


@pytest.fixture
def merge_id(app: Flask) -> int:
    site = app.extensions["wechatlogin"]
    return proposed(site, an_app(site, 1), an_app(site, 2)).id


def run(app: Flask, *words: str) -> Result:
    done = app.test_cli_runner().invoke(args=["person", *words])
    db.session.rollback()
    return done


def test_a_merge_that_waits_is_shown_with_its_reason_and_what_to_do(
    app: Flask, merge_id: int
) -> None:
    shown = run(app, "merges").output

    assert f"{merge_id} waiting" in shown
    assert "an application knows both" in shown
    assert "flask person keep-apart ID" in shown
    assert "o-s" not in shown


def test_nothing_is_shown_where_there_is_nothing(app: Flask) -> None:
    assert run(app, "merges").output == ""


def test_a_merge_is_decided_undone_and_each_noted_with_who_did_it(
    app: Flask, merge_id: int
) -> None:
    merged = run(app, "merge", str(merge_id))
    assert (merged.exit_code, count(User)) == (0, 1)

    undone = run(app, "undo-merge", str(merge_id))

    assert (undone.exit_code, count(User)) == (0, 2)
    assert "undone" in run(app, "merges").output
    by_operators = (AuditEntry.actor.is_not(None), AuditEntry.user_id.is_not(None))
    actors = select(AuditEntry.tag, AuditEntry.actor).where(*by_operators)
    assert [tuple(row) for row in db.session.execute(actors.order_by(AuditEntry.id))] == [
        (AuditTag.USER_MERGED, "command line"),
        (AuditTag.USER_MERGE_UNDONE, "command line"),
    ]


def test_two_are_kept_apart(app: Flask, merge_id: int) -> None:
    assert run(app, "keep-apart", str(merge_id)).exit_code == 0

    assert db.session.scalars(select(Merge.state)).one() == "kept_apart"
    assert "waiting" not in run(app, "merges").output


@pytest.mark.parametrize("command", ["merge", "keep-apart", "undo-merge"])
def test_an_unknown_number_is_an_error_that_says_so(app: Flask, command: str) -> None:
    done = run(app, command, "404")

    assert done.exit_code == 1
    assert done.output.startswith("Error: merge 404: ")


def test_what_is_not_merged_cannot_be_undone(app: Flask, merge_id: int) -> None:
    done = run(app, "undo-merge", str(merge_id))

    assert done.exit_code == 1
    assert count(User) == 2


def test_an_app_is_saved_with_its_open_platform_group(app: Flask) -> None:
    words = ["wechat-app", "save", APPID, "--open-platform-group", "shop"]

    app.test_cli_runner().invoke(args=words, input="secret\ntoken\n\n")

    row = wechat_apps.get(APPID)
    assert row is not None
    assert row.open_platform_group == "shop"
