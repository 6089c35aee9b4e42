"""The SQL of a login, recorded from SQLAlchemy and run again on the bare connection of its driver.

Two logins are recorded. What differs between them, ids, secrets' hashes and the like, is new in
each replay, the same value everywhere it stood; all else is sent as it was. So the database has
the same work again, down to every transaction.
"""

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import shake_256
from itertools import pairwise
from typing import Any

from sqlalchemy import Engine, event

from benchmarks.clients import Unexpected

SHORTEST_ID = 16
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Step:
    """One statement with its parameters; or the end of a transaction, whose statement is empty."""

    statement: str
    parameters: Any = None
    is_many: bool = False
    is_commit: bool = False


@dataclass(frozen=True)
class Recording:
    """The steps of one login, and the values that are its own."""

    steps: tuple[Step, ...]
    own: frozenset[str]

    @property
    def counts(self) -> tuple[int, int]:
        """How many statements and how many commits there are."""
        return sum(bool(one.statement) for one in self.steps), sum(
            one.is_commit for one in self.steps
        )

    def cut(self, ends: Sequence[int]) -> "list[Recording]":
        """Return its parts, each with the number of the step before which it ends."""
        return [Recording(self.steps[begin:end], self.own) for begin, end in pairwise([0, *ends])]

    def renew(self, name: str) -> dict[str, str]:
        """Return new values for those that differ, the same for each part and name."""
        return {
            value: shake_256(f"{name} {value}".encode()).hexdigest(len(value) // 2 + 1)[
                : len(value)
            ]
            for value in self.own
        }

    def replay(self, connection: Any, new: Mapping[str, str] | None = None) -> None:
        """Run the steps on a connection of the driver, with new values for those that differ."""
        if new is None:
            new = {value: _another(value) for value in self.own}
        cursor = connection.cursor()
        for step in self.steps:
            if step.statement:
                parameters = _replaced(step.parameters, new)
                run = cursor.executemany if step.is_many else cursor.execute
                run(step.statement, parameters)
                if cursor.description:
                    cursor.fetchall()
            elif step.is_commit:
                connection.commit()
            else:
                connection.rollback()
        cursor.close()


@contextmanager
def recording(engine: Engine) -> Iterator[list[Step]]:
    """Write down what goes through an engine."""
    steps: list[Step] = []

    def note(*told: Any) -> None:
        # The connection, the cursor, then what is run; the context; whether it is run many times.
        _, _, statement, parameters, _, is_many = told
        steps.append(Step(statement, parameters, is_many))

    def note_commit(_connection: Any) -> None:
        steps.append(Step("", is_commit=True))

    def note_rollback(*_args: Any) -> None:
        steps.append(Step(""))

    listened = (
        (engine, "before_cursor_execute", note),
        (engine, "commit", note_commit),
        (engine, "rollback", note_rollback),
        (engine.pool, "reset", note_rollback),
    )
    for target, name, listener in listened:
        event.listen(target, name, listener)
    try:
        yield steps
    finally:
        for target, name, listener in listened:
            event.remove(target, name, listener)


def combine(first: Sequence[Step], second: Sequence[Step]) -> Recording:
    """Return the second of two logins with the values that the first did not have.

    :raise Unexpected: if the two took other statements.
    """
    if [one.statement for one in first] != [one.statement for one in second]:
        raise Unexpected("two logins took different statements")
    known = {value for one in first for value in _texts(one.parameters)}
    own = {value for one in second for value in _texts(one.parameters)} - known
    return Recording(tuple(second), frozenset(own))


def _texts(parameters: Any) -> Iterator[str]:
    if isinstance(parameters, str):
        # A moment, text in SQLite, stays what it is; so does what is too short for an id.
        if len(parameters) >= SHORTEST_ID and not _MOMENT.match(parameters):
            yield parameters
    elif isinstance(parameters, Mapping):
        yield from _texts(list(parameters.values()))
    elif isinstance(parameters, list | tuple):
        for one in parameters:
            yield from _texts(one)


def _replaced(parameters: Any, new: Mapping[str, str]) -> Any:
    if isinstance(parameters, str):
        return new.get(parameters, parameters)
    if isinstance(parameters, Mapping):
        return {name: _replaced(one, new) for name, one in parameters.items()}
    if isinstance(parameters, list | tuple):
        return type(parameters)(_replaced(one, new) for one in parameters)
    return parameters


def _another(value: str) -> str:
    return secrets.token_hex(len(value) // 2 + 1)[: len(value)]
