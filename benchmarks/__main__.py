"""`python -m benchmarks [name ...]`: measure everything, or what is named, and print the table.

A run of everything writes benchmarks/RESULTS.md, which says what is missing where the run was cut
short, and goes on from there with `--go-on`, in a table of its own. One of a part only prints, so
that no table is made of numbers from different hours.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial

from benchmarks import (
    growth,
    idle,
    logins,
    messages,
    openid,
    pages,
    polls,
    processes,
    pushes,
    results,
    starts,
    tokens,
    waiting,
)
from benchmarks.clients import Unexpected
from benchmarks.measuring import Effort
from benchmarks.results import Line
from benchmarks.services import NotReady
from tests.databases import KINDS

#: What takes by far the longest comes last where everything is measured.
LAST = "growth"
#: One for each target, in their order; one that has a program for each database names it after `-`.
PROGRAMS: dict[str, Callable[[Effort], Iterable[Line]]] = {
    "waiting": waiting.measure,
    "processes": processes.measure,
    "idle": idle.measure,
    "polls": polls.measure,
    "pushes": pushes.measure,
    "messages": messages.measure,
    "logins": logins.measure,
    "tokens": tokens.measure,
    "openid": openid.measure,
    **{f"growth-{kind}": partial(growth.measure, kind=kind) for kind in KINDS},
    "starts": starts.measure,
    "pages": pages.measure,
}


def main() -> int:
    """Measure and return the exit code, which judges nothing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(PROGRAMS))
    parser.add_argument("--rounds", type=int, default=Effort.rounds, help="rounds of each side")
    parser.add_argument("--share", type=float, default=1.0, help="of a full round's work")
    parser.add_argument("--go-on", action="store_true", help="with what the last run left out")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - PROGRAMS.keys():
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    load, effort = os.getloadavg()[0], Effort(chosen.rounds, chosen.share)
    so_far, missing = results.TITLE, sorted(PROGRAMS, key=lambda name: name.startswith(LAST))
    if chosen.go_on:
        so_far, missing = results.read_so_far()
    names, lines = chosen.names or missing, list[Line]()
    for place, name in enumerate(names, start=1):
        lines += measure(name, effort)
        if not chosen.names and effort == Effort():
            results.write(
                lines, load=load, rounds=effort.rounds, missing=names[place:], so_far=so_far
            )
    print(f"\n{results.circumstances(load, effort.rounds)}\n\n{results.as_table(lines)}")
    return 0


def measure(name: str, effort: Effort) -> list[Line]:
    """Return what a program has measured, until it went wrong if it did."""
    began, lines = time.monotonic(), list[Line]()
    try:
        for line in PROGRAMS[name](effort):
            print(f"{line.what}: {line.measured}", flush=True)
            lines.append(line)
    except (Unexpected, NotReady, OSError) as err:
        lines.append(results.unfinished(_target_of(name), f"{name}: {type(err).__name__}: {err}"))
    print(f"{results.as_table(lines)}\n{name}: {time.monotonic() - began:.0f} s", flush=True)
    return lines


def _target_of(name: str) -> int:
    targets = list(dict.fromkeys(one.partition("-")[0] for one in PROGRAMS))
    return targets.index(name.partition("-")[0]) + 1


if __name__ == "__main__":
    sys.exit(main())
