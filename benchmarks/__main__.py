"""`python -m benchmarks [name ...]`: measure everything, or what is named, and print the table.

A run of everything writes benchmarks/RESULTS.md; one of a part only prints, so that no table is
made of numbers from different hours.
"""

import argparse
import os
import sys
import time

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
from benchmarks.measuring import Effort
from benchmarks.results import Line

#: In the order of their targets.
PROGRAMS = {
    "waiting": waiting.measure,
    "processes": processes.measure,
    "idle": idle.measure,
    "polls": polls.measure,
    "pushes": pushes.measure,
    "messages": messages.measure,
    "logins": logins.measure,
    "tokens": tokens.measure,
    "openid": openid.measure,
    "growth": growth.measure,
    "starts": starts.measure,
    "pages": pages.measure,
}


def main() -> int:
    """Measure and return the exit code, which judges nothing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(PROGRAMS))
    parser.add_argument("--rounds", type=int, default=Effort.rounds, help="rounds of each side")
    parser.add_argument("--share", type=float, default=1.0, help="of a full round's work")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - PROGRAMS.keys():
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    load, effort = os.getloadavg()[0], Effort(chosen.rounds, chosen.share)
    lines = [line for name in chosen.names or PROGRAMS for line in _measure(name, effort)]
    print(f"\n{results.circumstances(load, effort.rounds)}\n\n{results.as_table(lines)}")
    if not chosen.names and effort == Effort():
        results.write(lines, load=load, rounds=effort.rounds)
    return 0


def _measure(name: str, effort: Effort) -> list[Line]:
    began = time.monotonic()
    lines = PROGRAMS[name](effort)
    # What is known already is not lost if a later one fails.
    print(f"{results.as_table(lines)}\n{name}: {time.monotonic() - began:.0f} s", flush=True)
    return lines


if __name__ == "__main__":
    sys.exit(main())
