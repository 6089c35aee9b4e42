"""Which connection is used: one that lives, without asking it, and of several the warmest."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, text

from tests import databases
from tests.connections import administrating, end_others
from wechatlogin.models.pool import engine_options, prepare_server

NUMBER = {"postgresql": "SELECT pg_backend_pid()", "mysql": "SELECT CONNECTION_ID()"}


@pytest.fixture(params=["postgresql", "mariadb"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Two connections at most, as the service has them."""
    with databases.fresh_database(request.param, tmp_path) as url:
        engine = create_engine(url, **engine_options(url, threads=2, is_command=False))
        prepare_server(engine, is_command=False)
        yield engine
        engine.dispose()


@pytest.fixture
def administrator(engine: Engine) -> Iterator[Connection]:
    with administrating(engine.url.render_as_string(hide_password=False)) as connection:
        yield connection


def number(engine: Engine) -> int:
    """Use a connection, and return which it was."""
    with engine.begin() as connection:
        return number_of(connection)


def number_of(connection: Connection) -> int:
    return int(connection.scalar(text(NUMBER[connection.dialect.name])))


def numbers_of_two(engine: Engine) -> set[int]:
    """Use two connections at once, and return which they were."""
    with engine.begin() as first, engine.begin() as second:
        return {number_of(first), number_of(second)}


def test_one_that_the_server_has_ended_is_replaced(
    engine: Engine, administrator: Connection
) -> None:
    former = number(engine)

    assert end_others(administrator) == 1

    assert number(engine) != former


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_one_that_the_server_has_told_something_is_kept(
    engine: Engine, administrator: Connection
) -> None:
    with engine.begin() as connection:
        connection.execute(text("LISTEN news"))
    former = number(engine)

    administrator.execute(text("NOTIFY news"))

    assert [number(engine) for _ in range(2)] == [former, former]


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_one_that_lives_is_used_again_without_a_journey(
    engine: Engine, administrator: Connection
) -> None:
    last_said = text("SELECT query FROM pg_stat_activity WHERE pid = :number")
    last_said = last_said.bindparams(number=number(engine))

    before = administrator.scalar(last_said)
    with engine.connect():
        after = administrator.scalar(last_said)

    assert before == after == "COMMIT"


def test_of_several_the_one_is_used_that_was_used_last(engine: Engine) -> None:
    with engine.begin() as first:
        former = number_of(first)
        with engine.begin() as second:
            assert number_of(second) != former

    assert number(engine) == former


def test_all_that_the_server_has_ended_are_replaced(
    engine: Engine, administrator: Connection
) -> None:
    former = numbers_of_two(engine)

    assert end_others(administrator) == 2

    assert not numbers_of_two(engine) & former
