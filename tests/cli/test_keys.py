"""`flask key`: what each key is there for, and what each command says."""

from collections.abc import Iterator

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select, update

from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import Algorithm, AuditEntry, AuditTag, SigningKey
from wechatlogin.models.transaction import write
from wechatlogin.services import keys


@pytest.fixture
def app(empty_app: Flask) -> Iterator[Flask]:
    with empty_app.app_context():
        yield empty_app


def run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["key", *words])


def rotate(app: Flask, *words: str) -> str:
    done = run(app, "rotate", *words)
    assert done.exit_code == 0, done.output
    return done.output.split()[0]


def states(app: Flask) -> dict[str, str]:
    """Return what the list says of each key."""
    lines = (line.split("\t") for line in run(app, "list").output.splitlines())
    return {f"{kid} {algorithm}": said for kid, algorithm, said in lines}


def let_a_year_pass() -> None:
    with write() as session:
        for row in session.scalars(select(SigningKey)):
            times = {
                "created_at": row.created_at - 365 * keys.LEAD,
                "active_from": row.active_from - 365 * keys.LEAD,
            }
            session.execute(update(SigningKey).where(SigningKey.kid == row.kid).values(**times))
    db.session.expire_all()


def test_the_list_says_what_each_key_is_there_for_and_since_when(app: Flask) -> None:
    old = rotate(app, "RS256")
    new = rotate(app, "RS256")
    today = f"{clock.now():%Y-%m-%d}"

    told = states(app)

    assert told[f"{old} RS256"].startswith(f"signs since {today}")
    assert told[f"{new} RS256"].startswith(f"published since {today}")
    assert "signs from" in told[f"{new} RS256"]


def test_an_older_key_is_needed_until_its_last_token_is_over(app: Flask) -> None:
    old, new = rotate(app, "RS256"), rotate(app, "RS256", "--now")

    told = states(app)
    refused = run(app, "retire", old)

    assert told[f"{old} RS256"].startswith("verifies since")
    until = told[f"{old} RS256"].split("needed until ")[1]
    assert told[f"{new} RS256"].startswith("signs since")
    assert refused.exit_code == 1
    assert f"tokens that this key has signed are good until {until}" in refused.output
    assert "--now" in refused.output


def test_it_is_retired_after_that_time(app: Flask) -> None:
    old, _ = rotate(app, "ES256"), rotate(app, "ES256")
    let_a_year_pass()

    done = run(app, "retire", old)

    assert (done.exit_code, done.output) == (0, f"{old} is retired\n")
    assert states(app)[f"{old} ES256"].startswith("retired since")
    tags = db.session.scalars(select(AuditEntry.tag).order_by(AuditEntry.id)).all()
    assert tags == [AuditTag.KEY_CREATED, AuditTag.KEY_CREATED, AuditTag.KEY_RETIRED]


def test_a_key_that_somebody_may_have_is_replaced_at_once(app: Flask) -> None:
    old = rotate(app, "RS256")

    new = rotate(app, "RS256", "--now")
    done = run(app, "retire", old, "--now")

    now = clock.now()
    assert done.exit_code == 0
    assert [key.kid for key in keys.get_public_keys(now=now).keys] == [new]
    site = app.extensions["wechatlogin"]
    assert keys.find_or_create_current(site, Algorithm.RS256, now=now).kid == new


def test_the_key_that_signs_cannot_be_retired_at_all(app: Flask) -> None:
    only = rotate(app, "ES256")

    for words in ((only,), (only, "--now")):
        refused = run(app, "retire", *words)

        assert refused.exit_code == 1
        assert "this key signs: `flask key rotate` first" in refused.output


def test_what_is_no_key_or_no_algorithm_is_said_not_to_be(app: Flask) -> None:
    unknown, odd = run(app, "retire", "nobody's"), run(app, "rotate", "HS256")

    assert unknown.exit_code == 1
    assert "no key is called nobody's" in unknown.output
    assert odd.exit_code == 2
    assert "'RS256', 'ES256'" in odd.output


def test_no_command_shows_a_private_key(app: Flask) -> None:
    said = run(app, "rotate", "RS256").output + run(app, "list").output

    assert "BEGIN" not in said
    assert all(len(word) < 60 for word in said.split())


@pytest.mark.parametrize("words", [(), ("--now",)], ids=["", "at once"])
def test_a_key_whose_name_begins_with_a_dash_can_be_retired(
    app: Flask, words: tuple[str, ...]
) -> None:
    rotate(app, "RS256")
    let_a_year_pass()
    rotate(app, "RS256")
    let_a_year_pass()
    [old, _] = db.session.scalars(select(SigningKey).order_by(SigningKey.created_at))
    with write() as session:
        which = update(SigningKey).where(SigningKey.kid == old.kid)
        session.execute(which.values(kid="-now-and-then", active_from=old.created_at))

    done = run(app, "retire", "-now-and-then", *words)

    assert done.exit_code == 0, done.output
