"""A server with desktops that wait at it: what they cost, and how soon they hear of a confirmation.

Hall           the server's processes, the desktops and the phones
of_service     the service
of_sockets     the baseline that only holds sockets
of_gevent      the same view on gevent's workers
"""

import os
import random
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

import requests
from pydantic import SecretStr
from sqlalchemy import create_engine

from benchmarks import nginx, phones
from benchmarks.clients import Request, Unexpected, Visitor, at_once, is_ok
from benchmarks.desktops import Ask, Desktops
from benchmarks.measuring import pss_of, tree_of
from benchmarks.phones import Phones
from benchmarks.services import Program, installed, running, serving
from benchmarks.stamps import Stamps
from tests import waiters
from tests.servers import free_port
from wechatlogin import config
from wechatlogin.web import cookies

STAMPED = "benchmarks.stamped:app"
JAR = {cookies.BROWSER: waiters.SECRET}
COOKIE = f"{cookies.BROWSER}={waiters.SECRET}"
#: As many as the service has threads.
VISITORS = 8
METRICS_TOKEN = "canary-of-whoever-counts"  # noqa: S105 - of a service that lives for a minute
#: More than come.
PLACES = 19_000
#: What keeps still is asked again as seldom as the settings permit.
STILL_SECONDS = 55
#: How long a login page waits, as the service has it by default.
PAGE_SECONDS = 25
#: Seconds that an answer may take before it counts as lost.
PATIENCE = 5.0
SETTLING_SECONDS = 1.0
#: A server that has grown by less than this is as large as questions make it.
STILL_MIB = 0.5
#: Those that came first ask again while the last ones come, and the server has both to do.
FILLING_SECONDS = 60.0


@dataclass
class Hall:
    """Where desktops wait."""

    program: Program
    phones: Phones
    count: Callable[[], int]
    stamps: Stamps
    #: Attempts that nobody waits for yet.
    supply: Callable[[int], list[str]]
    desktops: Desktops = field(init=False)
    #: Those that are waited for and not confirmed yet.
    waiting: list[str] = field(default_factory=list)
    #: SQLite's file; empty with other databases.
    database_path: str = ""
    kib_each: float = 0.0

    def fill(self, number: int, *, spare: int = 0, steady: bool = False) -> None:
        """Let so many come and wait; `kib_each` says afterwards what each takes.

        They have asked before, and keep still for nearly a minute. Where it is steady, they come
        as they are, and their times end one after the other; `spare` attempts follow on those
        that have had their news.

        :raise Unexpected: if not all of them wait.
        """
        ids = self.supply(number + spare)
        self.waiting, next_ids = ids[:number], ids[number:]
        longest = PAGE_SECONDS if steady else STILL_SECONDS
        asks = [Ask(one, random.randint(2, longest) if steady else longest) for one in self.waiting]  # noqa: S311 - no secret
        if not steady:
            self._warm_up(self.waiting)
        before = self.memory()
        self.desktops.come(asks, wait=longest, next_ids=next_ids)
        # Where times end one after the other, some are just asking again.
        if not waiters.eventually(lambda: self.count() >= number * 0.98, within=FILLING_SECONDS):
            raise Unexpected(f"{self.count()} of {number} desktops wait")
        time.sleep(SETTLING_SECONDS)
        self.kib_each = (self.memory() - before) * 1024 / number

    def _warm_up(self, ids: Sequence[str]) -> None:
        # What the server loads and caches because it is asked is not what waiting takes. Which of
        # its connections to the database fill their caches is a matter of chance, round by round.
        before = 0.0
        while (now := self.memory()) > before + STILL_MIB:
            before = now
            self._ask_once(ids)

    def _ask_once(self, ids: Sequence[str]) -> None:
        visitors = [Visitor(self.program.url, JAR) for _ in range(VISITORS)]
        at_once(visitors, [Request(f"/login/attempts/{one}") for one in ids], expected=is_ok)
        for visitor in visitors:
            visitor.close()

    def memory(self) -> float:
        """Return what all processes of the server hold, in MiB."""
        return sum(pss_of(pid) for pid in tree_of(self.program.pid))

    def take(self, number: int) -> list[str]:
        """Return attempts that are waited for, each once."""
        taken, self.waiting = self.waiting[:number], self.waiting[number:]
        return taken

    def delays(self, ids: Sequence[str]) -> list[float]:
        """Return the milliseconds from each commit to its desktop's answer.

        :raise Unexpected: if one never came.
        """
        news: dict[str, int] = {}
        wanted = set(ids)
        give_up_at = time.monotonic() + PATIENCE
        while not wanted <= news.keys() and time.monotonic() < give_up_at:
            news.update(self.desktops.look().news)
            time.sleep(0.02)
        committed = self.stamps.read()
        lost = wanted - news.keys()
        if lost:
            raise Unexpected(f"{len(lost)} of {len(ids)} desktops never heard of their login")
        return [(news[one] - committed[one]) / 1e6 for one in ids]


@contextmanager
def of_service(
    stamps: Stamps,
    kind: str = "sqlite",
    *,
    app: str = STAMPED,
    behind_nginx: bool = False,
    **given: object,
) -> Iterator[Hall]:
    """Run the service on a database of a kind; `given` are settings.

    The phones go to the service itself where the desktops go by nginx.
    """
    settings = {
        "workers": 1,
        "max_waiting": PLACES,
        "max_wait_seconds": STILL_SECONDS,
        "metrics_token": SecretStr(METRICS_TOKEN),
        "trusted_proxies": int(behind_nginx),
        **given,
    }
    with installed(kind, **settings) as house, serving(app, house.settings) as program:
        engine = create_engine(house.settings.database_url)
        made = Hall(
            program=program,
            phones=phones.of_service(house, program.url),
            count=lambda: _count_waiting(program),
            stamps=stamps,
            supply=lambda count: phones.add_scanned(house, engine, count),
            database_path=engine.url.database or "" if kind == "sqlite" else "",
        )
        with _with_desktops(made, behind_nginx=behind_nginx):
            yield made
        engine.dispose()


@contextmanager
def of_sockets(stamps: Stamps, *, behind_nginx: bool = False) -> Iterator[Hall]:
    """Run the bare asyncio server."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "benchmarks.baselines.sockets", str(port)]
    with running(command, f"{url}/waiting", {}) as pid:
        made = _of_baseline(Program(url, pid), stamps)
        with _with_desktops(made, behind_nginx=behind_nginx):
            yield made


@contextmanager
def of_gevent(stamps: Stamps) -> Iterator[Hall]:
    """Run the view on one worker of gevent, over a database of the service."""
    with installed(workers=1) as house:
        settings = house.settings
        engine = create_engine(settings.database_url)
        command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py"]
        command += ["--worker-class", "gevent", "--worker-connections", str(PLACES)]
        command += ["benchmarks.baselines.gevent_waiting:app"]
        environment = config.as_environment(settings)
        with running(command, f"{settings.public_url}/waiting", environment) as pid:
            made = _of_baseline(Program(settings.public_url, pid), stamps)
            made.supply = lambda count: phones.add_scanned(house, engine, count)
            with _with_desktops(made):
                yield made
        engine.dispose()


def _of_baseline(program: Program, stamps: Stamps) -> Hall:
    return Hall(
        program=program,
        phones=phones.of_baseline(program.url),
        count=lambda: int(requests.get(f"{program.url}/waiting", timeout=PATIENCE).text),
        stamps=stamps,
        supply=lambda count: [os.urandom(16).hex() for _ in range(count)],
    )


@contextmanager
def _with_desktops(made: Hall, *, behind_nginx: bool = False) -> Iterator[None]:
    front = nginx.before(made.program.url) if behind_nginx else nullcontext(made.program.url)
    with front as url:
        desktops = made.desktops = Desktops(url, cookie=COOKIE)
        try:
            yield
        finally:
            desktops.go()


def _count_waiting(program: Program) -> int:
    headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
    text = requests.get(f"{program.url}/metrics", headers=headers, timeout=PATIENCE).text
    found = re.search(r"^wechatlogin_waiting_browsers(?:\{.*\})? ([0-9.e+]+)$", text, re.MULTILINE)
    return int(float(found[1])) if found else 0
