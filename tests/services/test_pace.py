"""Units of writes take as many rows as are changed in a moment, and then let others write."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from sqlalchemy import event

from tests.stories import start_attempt
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import Attempt
from wechatlogin.services import pace
from wechatlogin.services.pace import AIM_SECONDS, DEAREST_COMMIT_SECONDS, FIRST, LEAST, MOST, Pace
from wechatlogin.services.site import Site


class Disk:
    """A clock on which a row takes as long as we say."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def change(self, rows: int, *, seconds_each: float) -> int:
        self.now += rows * seconds_each
        return rows

    @contextmanager
    def committing(self, *, seconds: float) -> Iterator[None]:
        def take(_connection: object) -> None:
            self.now += seconds

        event.listen(db.engine, "commit", take)
        yield
        event.remove(db.engine, "commit", take)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk()
    monkeypatch.setattr(pace, "time", disk)
    return disk


def run(pace_of_it: Pace, disk: Disk, *, seconds_each: float, units: int) -> list[int]:
    taken = []
    for _ in range(units):
        taken.append(pace_of_it.rows)
        pace_of_it.unit(taken[-1], partial(disk.change, taken[-1], seconds_each=seconds_each))
    return taken


def no_rest(_seconds: float) -> None:
    pass


@pytest.mark.fault("C-35")
def test_a_unit_comes_to_take_a_moment(storage: Site, disk: Disk) -> None:
    ours = Pace(no_rest)

    run(ours, disk, seconds_each=0.0001, units=10)

    assert AIM_SECONDS - 0.0001 <= ours.rows * 0.0001 <= AIM_SECONDS


def test_it_grows_step_by_step_and_shrinks_at_once(storage: Site, disk: Disk) -> None:
    ours = Pace(no_rest)

    quick = run(ours, disk, seconds_each=1e-9, units=20)
    run(ours, disk, seconds_each=1.0, units=1)

    assert quick[:3] == [FIRST, 2 * FIRST, 4 * FIRST]
    assert quick[-1] == MOST
    assert ours.rows == LEAST


def test_after_a_cheap_unit_the_dear_one_before_it_still_counts(storage: Site, disk: Disk) -> None:
    ours = Pace(no_rest)

    run(ours, disk, seconds_each=AIM_SECONDS / FIRST, units=1)
    run(ours, disk, seconds_each=AIM_SECONDS / FIRST / 4, units=1)
    after_one = ours.rows
    run(ours, disk, seconds_each=AIM_SECONDS / FIRST / 4, units=1)

    assert after_one == FIRST
    assert ours.rows == 2 * FIRST


@pytest.mark.parametrize("commit_seconds", [AIM_SECONDS, DEAREST_COMMIT_SECONDS])
def test_what_every_commit_takes_is_not_laid_to_the_rows(
    storage: Site, disk: Disk, commit_seconds: float
) -> None:
    ours = Pace(no_rest)

    with disk.committing(seconds=commit_seconds):
        run(ours, disk, seconds_each=AIM_SECONDS / 100, units=10)

    assert 99 <= ours.rows <= 101


def test_where_a_commit_takes_very_long_few_rows_are_enough(storage: Site, disk: Disk) -> None:
    ours = Pace(no_rest)

    with disk.committing(seconds=2 * DEAREST_COMMIT_SECONDS):
        run(ours, disk, seconds_each=1e-9, units=10)

    assert ours.rows == LEAST


def test_the_last_few_rows_say_nothing_about_many(storage: Site, disk: Disk) -> None:
    ours = Pace(no_rest)

    ours.unit(1, partial(disk.change, 1, seconds_each=AIM_SECONDS / 2))

    assert ours.rows == FIRST


@pytest.mark.fault("C-35")
def test_others_get_as_much_time_as_a_unit_took(storage: Site, disk: Disk) -> None:
    rests: list[float] = []
    ours = Pace(rests.append)

    changed = ours.unit(3, partial(disk.change, 3, seconds_each=0.5))
    with ours.giving_way():
        disk.change(1, seconds_each=2.0)

    assert changed == 3
    assert rests == [1.5, 2.0]


@pytest.mark.fault("C-35")
def test_a_unit_is_committed_before_others_get_their_time(storage: Site) -> None:
    seen: list[int] = []

    def look(_seconds: float) -> None:
        with db.engine.connect() as other:
            seen.append(len(other.execute(db.select(Attempt.id)).all()))

    def change() -> int:
        start_attempt(now=clock.now())
        return 1

    Pace(look).unit(1, change)

    assert seen == [1]
