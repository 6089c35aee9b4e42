"""The power fails while the service writes into a file of SQLite."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.databases import Migrated
from tests.faults import power, writer
from tests.faults.power import Act, Remains, Step

CUTS = 150


@pytest.fixture(scope="module")
def written(
    migrated: Migrated, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, bytes], list[Step]]:
    """The file before, and all that was done to it and its journal."""
    path = migrated.copy_file(tmp_path_factory.mktemp("power"))
    before = {str(path): path.read_bytes()}
    steps = power.record(Path(writer.__file__), str(path))
    own = [step for step in steps if step.path.startswith(str(path)) or step.act is Act.SAY]
    assert [step.act for step in own].count(Act.SAY) == writer.PEOPLE
    return before, own


def open_again(remains: Remains, folder: Path) -> tuple[str, set[str]]:
    """Put the files in a folder, open the database and return its state and its people."""
    folder.mkdir()
    for path, content in remains.files.items():
        (folder / Path(path).name).write_bytes(content)
    with closing(sqlite3.connect(folder / "service.db")) as database:
        (state,) = database.execute("PRAGMA integrity_check").fetchone()
        people = {user_id for (user_id,) in database.execute("SELECT id FROM users")}
        audited = {user_id for (user_id,) in database.execute("SELECT user_id FROM audit")}
    assert people == audited, "half a unit of writes was left"
    return state, people


@pytest.mark.fault("C-22")
def test_whenever_the_power_fails_the_file_opens_with_all_that_was_confirmed(
    written: tuple[dict[str, bytes], list[Step]], tmp_path: Path
) -> None:
    dice = random.Random(22)  # noqa: S311 - the same cuts at each run
    for number in range(CUTS):
        remains = power.cut(*written, dice)

        state, people = open_again(remains, tmp_path / str(number))

        assert state == "ok"
        assert set(remains.said) <= people
        # At most the one that was being written is there beside them.
        assert len(people) <= len(remains.said) + 1


def test_what_was_never_synchronized_may_be_lost(
    written: tuple[dict[str, bytes], list[Step]], tmp_path: Path
) -> None:
    """So the cuts above do cut something: without the synchronizing they break the file."""
    before, steps = written
    careless = [step for step in steps if step.act is not Act.SYNCHRONIZE]
    dice = random.Random(22)  # noqa: S311 - the same cuts at each run
    is_well = []
    for number in range(20):
        remains = power.cut(before, careless, dice)
        try:
            state, people = open_again(remains, tmp_path / str(number))
        except (sqlite3.DatabaseError, AssertionError):
            state, people = "broken", set()
        is_well.append(state == "ok" and set(remains.said) <= people)

    assert not all(is_well)
