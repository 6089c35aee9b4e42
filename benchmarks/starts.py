"""Target 11: from starting the service to ready, and what its processes hold while idle."""

import sys
import time

from benchmarks import services
from benchmarks.measuring import Effort, Spread, pss_of, tree_of
from benchmarks.results import Line
from benchmarks.services import Installed, installed
from tests.servers import free_port
from wechatlogin import config

MOST_SECONDS = 2.0
MOST_MEBIBYTES = 90
#: As many as two cores get.
PROCESSES = 2
#: After its start a process settles for a moment.
SETTLING_SECONDS = 2.0


def measure(effort: Effort) -> list[Line]:
    """Measure and return the two lines of the table."""
    rounds = effort.rounds + 1
    with installed(workers=PROCESSES) as house:
        pairs = [(_start_service(house), _start_empty()) for _ in range(rounds)][-effort.rounds :]
        held = _hold(house, SETTLING_SECONDS * effort.share)
    ours, theirs = tuple(one for one, _ in pairs), tuple(other for _, other in pairs)
    ready, biggest = Spread.of(ours), max(held)
    return [
        Line(
            target=11,
            what="from `make run` to ready",
            baseline="`flask run` of an empty application",
            measured=f"{ready.written('s')} to {Spread.of(theirs).written('s')}",
            aim=f"under {MOST_SECONDS:g} s",
            is_met=ready.median < MOST_SECONDS,
            ours=ours,
            theirs=theirs,
        ),
        Line(
            target=11,
            what=f"memory idle, {PROCESSES} workers: the first process and each worker (PSS)",
            baseline="",
            measured=", ".join(f"{one:.0f}" for one in held) + " MiB",
            aim=f"under {MOST_MEBIBYTES} MiB a process",
            is_met=biggest < MOST_MEBIBYTES,
            ours=tuple(held),
        ),
    ]


def _start_service(house: Installed) -> float:
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", services.SERVICE]
    ready = f"{house.settings.public_url}/readyz"
    return _seconds_to(command, ready, config.as_environment(house.settings))


def _start_empty() -> float:
    port = str(free_port())
    app = "benchmarks.baselines.empty"
    command = [sys.executable, "-m", "flask", "--app", app, "run", "--port", port]
    return _seconds_to(command, f"http://127.0.0.1:{port}/", {})


def _seconds_to(command: list[str], ready: str, environment: dict[str, str]) -> float:
    started_at = time.perf_counter()
    with services.running(command, ready, environment):
        return time.perf_counter() - started_at


def _hold(house: Installed, settling: float) -> list[float]:
    with services.serving(services.SERVICE, house.settings) as program:
        time.sleep(settling)
        return [pss_of(pid) for pid in tree_of(program.pid)]
