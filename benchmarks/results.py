"""The lines of the table, and RESULTS.md that is made of them."""

import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from benchmarks.measuring import Comparison, Cost, Spread

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "RESULTS.md"
PACKAGES = ("Flask", "gunicorn", "SQLAlchemy", "wechatpy", "Authlib")
TITLE = (
    "# Results\n\n"
    "Written by `make bench`; [README.md](README.md) tells how each is measured. A ratio is "
    "ours divided by the\nbaseline's: the median of the rounds, with the lowest and the highest.\n"
)
LEFT = "Not measured yet: "
HEADING = (
    "| # | what | baseline | measured | target | met |",
    "| --- | --- | --- | --- | --- | --- |",
)


@dataclass(frozen=True)
class Line:
    """What was measured for one target; the numbers behind it are of each round."""

    target: int
    what: str
    baseline: str
    measured: str
    aim: str
    #: None where something is only stated.
    is_met: bool | None
    ours: tuple[float, ...]
    #: Empty where there is no baseline.
    theirs: tuple[float, ...] = ()


def unfinished(target: int, why: str) -> Line:
    """Return the line of what went wrong while it was measured."""
    return Line(target, "the rest", "", " ".join(why.split())[:300], "to be measured", False, ())


def ratio_text(spread: Spread | None) -> str:
    """Return a ratio as the table has it."""
    return spread.written("x") if spread else "too short to tell"


def costs(compared: Comparison) -> str:
    """Return CPU and time of two sides: 1.3 x, 412 to 301 us; by the clock 1.2 x."""
    return (
        f"{ratio_text(compared.cpu_ratio)}, {micros(compared.ours, compared.theirs)}; "
        f"by the clock {ratio_text(compared.wall_ratio)}"
    )


def micros(ours: Sequence[Cost], theirs: Sequence[Cost]) -> str:
    """Return the CPU of one, ours and the baseline's: 412 to 301 us."""
    mine, other = (Spread.of([one.cpu for one in side]).median for side in (ours, theirs))
    return f"{mine:,.0f} to {other:,.0f} us"


def check_at_most(spread: Spread | None, most: float) -> bool:
    """Tell whether the median of a ratio is no more than this."""
    return spread is not None and spread.median <= most


def as_table(lines: Sequence[Line]) -> str:
    """Return the lines as a table, in the order of their targets."""
    rows = [
        f"| {one.target} | {one.what} | {one.baseline} | {one.measured} | {one.aim} "
        f"| {_met(one.is_met)} |"
        for one in sorted(lines, key=lambda one: one.target)
    ]
    return "\n".join([*HEADING, *rows])


def circumstances(load: float, rounds: int) -> str:
    """Return on what this was measured, in one line; `load` is that of the minute before."""
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in PACKAGES)
    return (
        f"{os.cpu_count()} cores ({platform.machine()}, {platform.system()}), {rounds} rounds, "
        f"load of the minute before {load:.2f}; Python {platform.python_version()}, {versions}, "
        f"SQLite {sqlite3.sqlite_version}."
    )


def write(
    lines: Sequence[Line],
    *,
    load: float,
    rounds: int,
    missing: Sequence[str] = (),
    so_far: str = TITLE,
    path: Path = RESULTS,
) -> None:
    """Write RESULTS.md; `missing` are the programs that have not been run yet."""
    left = f"\n{LEFT}{', '.join(missing)}.\n" if missing else ""
    path.write_text(
        f"{so_far}\n{circumstances(load, rounds)}\n\n{as_table(lines)}\n{left}", encoding="utf-8"
    )


def read_so_far(path: Path = RESULTS) -> tuple[str, list[str]]:
    """Return what a run that was cut short has written, and the programs that it did not come to.

    :raise FileNotFoundError: if nothing was written.
    """
    text, _, left = path.read_text(encoding="utf-8").partition(f"\n{LEFT}")
    return text, [name for name in left.strip().rstrip(".").split(", ") if name]


def _met(is_met: bool | None) -> str:
    return {True: "yes", False: "no", None: "stated"}[is_met]
