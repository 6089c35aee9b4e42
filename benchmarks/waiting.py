"""Target 1: ten thousand desktops that wait in one process, beside one that only holds sockets."""

from collections.abc import Iterator

from benchmarks import delays, halls, stamps
from benchmarks.delays import Delay, Delays
from benchmarks.measuring import Effort, Spread
from benchmarks.results import Line
from benchmarks.stamps import Stamps

DESKTOPS = 10_000
#: Of each of five rounds, so that there are a thousand.
CONFIRMATIONS = 200
BURST = 500
PER_SECOND = 100
#: How long a round is in which confirmations come at this pace.
STEADY_SECONDS = 4
MOST_KIB = 2.0
MOST_OF_GEVENT = 0.1
MOST_P50, MOST_P99 = 2.0, 5.0
SOCKETS = "a bare asyncio server that holds the sockets and wakes them"


def measure(effort: Effort) -> Iterator[Line]:
    """Measure and return the lines of the table, each once it is known."""
    with stamps.kept() as stamped:
        yield from _measure_still(effort, stamped)
        yield _measure_steady(effort, stamped, behind_nginx=False)
        yield _measure_steady(effort, stamped, behind_nginx=True)


def _measure_still(effort: Effort, stamped: Stamps) -> list[Line]:
    number, count = _number(effort), effort.times(CONFIRMATIONS)
    with halls.of_gevent(stamped) as hall:
        hall.fill(number)
        gevent = hall.kib_each
    with halls.of_service(stamped) as ours, halls.of_sockets(stamped) as theirs:
        theirs.fill(number)
        ours.fill(number)
        compared = delays.compare(ours, theirs, effort, delays.in_turn(count))
        bursts = [Delay.of(delays.burst(hall, effort.times(BURST))) for hall in (ours, theirs)]
    what = f"{number:,} desktops wait in one process"
    return [
        _memory_line(what, (ours.kib_each, theirs.kib_each, gevent)),
        _delay_line(f"{what}: from the commit to the answer, p50 / p99", compared),
        _delay_line(
            f"{what}: the same of {effort.times(BURST)} confirmed at once, none lost",
            Delays((bursts[0],), (bursts[1],)),
            is_judged=False,
        ),
    ]


def _measure_steady(effort: Effort, stamped: Stamps, *, behind_nginx: bool) -> Line:
    count = effort.times(PER_SECOND * STEADY_SECONDS)
    number, spare = _number(effort), count * (effort.rounds + 1)
    with (
        halls.of_service(stamped, behind_nginx=behind_nginx) as ours,
        halls.of_sockets(stamped, behind_nginx=behind_nginx) as theirs,
    ):
        theirs.fill(number, spare=spare, steady=True)
        ours.fill(number, spare=spare, steady=True)
        compared = delays.compare(ours, theirs, effort, delays.at_pace(count, PER_SECOND))
    where = ", behind nginx" if behind_nginx else ""
    return _delay_line(
        f"the same with {PER_SECOND} confirmations a second while each asks again after "
        f"{halls.PAGE_SECONDS} s{where}",
        compared,
    )


def _memory_line(what: str, kib: tuple[float, float, float]) -> Line:
    ours, sockets, gevent = kib
    ratio = ours / gevent
    return Line(
        target=1,
        what=f"{what}: memory of each",
        baseline="the same view on gevent's workers",
        measured=f"{ratio:.2f} x, {ours:.1f} to {gevent:.1f} KiB; {sockets:.1f} in {SOCKETS}",
        aim=f"at most {MOST_KIB:g} KiB and {MOST_OF_GEVENT:g} x",
        is_met=ours <= MOST_KIB and ratio <= MOST_OF_GEVENT,
        ours=(ours,),
        theirs=(gevent,),
    )


def _delay_line(what: str, compared: Delays, *, is_judged: bool = True) -> Line:
    p50, p99 = compared.over
    ours, theirs = compared.p99
    return Line(
        target=1,
        what=what,
        baseline=SOCKETS,
        measured=f"{p50.written('ms', 1)} / {p99.written('ms', 1)} more; {compared.written()}",
        aim=f"at most {MOST_P50:g} / {MOST_P99:g} ms more" if is_judged else "none lost",
        is_met=_check(p50, p99) if is_judged else True,
        ours=ours,
        theirs=theirs,
    )


def _check(p50: Spread, p99: Spread) -> bool:
    return p50.median <= MOST_P50 and p99.median <= MOST_P99


def _number(effort: Effort) -> int:
    # Enough to confirm some of them, however short the look is.
    return max(20, effort.times(DESKTOPS))
