"""The benchmarks run: each in one tiny round, whose numbers say nothing and are not judged."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import delays, halls, logins, results, services, stamps
from benchmarks.__main__ import PROGRAMS, measure
from benchmarks.clients import Unexpected
from benchmarks.delays import Delay
from benchmarks.desktops import Ask
from benchmarks.measuring import Cost, Effort, Spread, compare
from benchmarks.results import Line
from tests.waiters import eventually

TINY = Effort(rounds=1, share=0.002)
#: The others start several services each, and come with `make bench` alone.
TRIED = ("polls", "messages")


def is_number(value: float) -> bool:
    return math.isfinite(value) and value >= 0


@pytest.mark.parametrize("name", TRIED)
def test_a_benchmark_yields_numbers_for_both_sides(name: str) -> None:
    lines = list(PROGRAMS[name](TINY))

    assert lines
    for line in lines:
        assert len(line.ours) >= TINY.rounds
        assert all(map(is_number, (*line.ours, *line.theirs)))
        assert line.theirs


def test_the_simulator_is_told_of_an_account_in_a_process_of_its_own() -> None:
    with services.simulating() as simulator, services.installed(platform=simulator.url) as house:
        services.register(simulator, house)
        person = simulator.add_person()

        assert simulator.follow(person, house.account.appid)


def test_a_whole_login_is_measured_beside_its_own_statements() -> None:
    [line] = logins.measure(TINY, kinds=["sqlite"])

    assert [len(line.ours), len(line.theirs)] == [1, 1]
    assert all(map(is_number, (*line.ours, *line.theirs)))


def test_desktops_that_wait_at_either_side_hear_of_their_confirmation() -> None:
    with (
        stamps.kept() as stamped,
        halls.of_service(stamped) as ours,
        halls.of_sockets(stamped) as theirs,
    ):
        for hall in (ours, theirs):
            hall.fill(20)
        compared = delays.compare(ours, theirs, TINY, delays.in_turn(2))
        burst = delays.burst(ours, 5)

    assert all(one.p50 > 0 for side in (compared.ours, compared.theirs) for one in side)
    assert compared.ratio.median > 0
    assert len(burst) == 5
    assert len(ours.waiting) == 11


def test_desktops_ask_again_when_their_time_is_up() -> None:
    with stamps.kept() as stamped, halls.of_sockets(stamped) as hall:
        hall.desktops.come([Ask(attempt_id, 1) for attempt_id in hall.supply(3)], wait=1)

        assert eventually(lambda: hall.desktops.look().times_up > 0)
        assert eventually(lambda: hall.count() == 3)


def test_a_delay_is_what_half_and_nearly_all_keep_to() -> None:
    assert Delay.of([float(each) for each in range(200, 0, -1)]) == Delay(100.0, 198.0)


def test_sides_take_turns_after_a_round_that_is_not_counted() -> None:
    taken: list[str] = []

    def side(name: str, seconds: float) -> Cost:
        taken.append(name)
        return Cost(1, seconds, seconds)

    compared = compare(lambda: side("a", 3.0), lambda: side("b", 2.0), rounds=2)

    assert taken == ["a", "b"] * 3
    assert compared.cpu_ratio == compared.wall_ratio == Spread(1.5, 1.5, 1.5)


def test_a_round_that_was_too_short_for_the_kernels_clock_gives_no_ratio() -> None:
    compared = compare(lambda: Cost(1, 1.0, 0.5), lambda: Cost(1, 1.0, 0.0), rounds=1)

    assert compared.cpu_ratio is None
    assert results.ratio_text(compared.cpu_ratio) == "too short to tell"
    assert not results.check_at_most(compared.cpu_ratio, 1.5)


def test_what_was_measured_before_something_went_wrong_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = Line(1, "a wait", "sockets", "1 ms", "at most 2 ms", True, (1.0,), (1.0,))

    def stumble(_effort: Effort) -> Iterator[Line]:
        yield known
        raise Unexpected("9 of 10\ndesktops wait")

    monkeypatch.setitem(PROGRAMS, "waiting", stumble)
    first, rest = measure("waiting", TINY)

    assert first == known
    assert (rest.target, rest.is_met) == (1, False)
    assert rest.measured == "waiting: Unexpected: 9 of 10 desktops wait"


def test_a_run_that_was_cut_short_says_what_is_missing(tmp_path: Path) -> None:
    known = Line(1, "a wait", "sockets", "1 ms", "at most 2 ms", True, (1.0,), (1.0,))
    short, whole = tmp_path / "short.md", tmp_path / "whole.md"

    results.write([known], load=0.1, rounds=5, missing=["growth", "starts"], path=short)
    results.write([known], load=0.1, rounds=5, path=whole)

    assert "Not measured yet: growth, starts." in short.read_text()
    assert "Not measured" not in whole.read_text()
    assert "| 1 | a wait |" in whole.read_text()


def test_a_run_that_was_cut_short_goes_on_in_a_table_of_its_own(tmp_path: Path) -> None:
    first = Line(1, "a wait", "sockets", "1 ms", "at most 2 ms", True, (1.0,), (1.0,))
    then = Line(11, "a start", "flask run", "1.2 s", "under 2 s", True, (1.2,), (1.0,))
    path = tmp_path / "results.md"
    results.write([first], load=0.1, rounds=5, missing=["starts"], path=path)

    so_far, missing = results.read_so_far(path)
    results.write([then], load=0.2, rounds=5, so_far=so_far, path=path)

    text = path.read_text()
    assert missing == ["starts"]
    assert text.index("| 1 | a wait |") < text.index("minute before 0.20") < text.index("| 11 |")
    assert text.count("# Results") == 1
    assert results.read_so_far(path) == (text, [])


def test_the_table_has_its_lines_in_the_order_of_the_targets() -> None:
    def line(target: int, is_met: bool | None) -> Line:
        return Line(target, "a poll", "a view", "1.20 x", "at most 1.5 x", is_met, (1.2,), (1.0,))

    table = results.as_table([line(9, None), line(4, True), line(6, False)])

    assert [row.split(" |")[0] for row in table.splitlines()[2:]] == ["| 4", "| 6", "| 9"]
    assert [row.split(" | ")[-1] for row in table.splitlines()[2:]] == ["yes |", "no |", "stated |"]
