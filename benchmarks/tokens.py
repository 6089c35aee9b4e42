"""Target 8: WeChat's access token on a cold cache, four processes, twenty requests at once each.

Both sides create QR codes, for which each needs the token. Counted are the calls for a token, and
the requests that came to no QR code; once before the simulator, which like WeChat lets the tokens
before the newest live for a while, and once before a platform that does not.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import requests
from sqlalchemy import create_engine, delete, func, select

from benchmarks import services
from benchmarks.baselines import wechatpy_clients
from benchmarks.clients import Request, Visitor
from benchmarks.measuring import Effort, Spread
from benchmarks.results import Line
from benchmarks.services import SERVICE, Installed, Program, installed, serving
from tests.flows.phones import DESKTOP
from wechatlogin.models import Attempt, PlatformToken, Way

PROCESSES = 4
THREADS = 20
TIMEOUT = 60
#: More than WeChat grants in a day, since many days' colds are caught in a minute.
QUOTAS = {"/cgi-bin/token": 1_000_000}


@dataclass(frozen=True)
class Outcome:
    """What one cold start came to."""

    calls: int
    failures: int


@dataclass(frozen=True)
class Platform:
    """Who gives the tokens out."""

    name: str
    url: str
    #: Tells how many tokens have been asked for so far.
    count: Callable[[], int]


def measure(effort: Effort) -> list[Line]:
    """Measure and return a line of the table for each platform."""
    threads = effort.times(THREADS)
    lines = []
    for platform_of in (_simulated, _strict):
        with platform_of() as (house, platform), serving(SERVICE, house.settings) as program:
            pairs = [
                (
                    _ask_ours(house, program, platform, threads),
                    _ask_theirs(house, platform, threads),
                )
                for _ in range(effort.rounds)
            ]
        lines.append(_line(platform, threads, pairs))
    return lines


def _line(platform: Platform, threads: int, pairs: list[tuple[Outcome, Outcome]]) -> Line:
    ours, theirs = [one for one, _ in pairs], [other for _, other in pairs]
    return Line(
        target=8,
        what=f"account token on a cold cache, {PROCESSES} processes, {threads} requests at once "
        f"each, {platform.name}: calls for a token",
        baseline="wechatpy's client, one in each process",
        measured=f"{_told(ours)}; wechatpy {_told(theirs)}",
        aim="exactly 1 call, no failed request",
        is_met=all(one == Outcome(calls=1, failures=0) for one in ours),
        ours=tuple(one.calls for one in ours),
        theirs=tuple(one.calls for one in theirs),
    )


def _told(outcomes: list[Outcome]) -> str:
    calls = Spread.of([one.calls for one in outcomes]).written("calls", 0)
    return f"{calls}, {sum(one.failures for one in outcomes)} failed in all"


@contextmanager
def _simulated() -> Iterator[tuple[Installed, Platform]]:
    with services.simulating() as simulator, _house(simulator.url) as house:
        services.register(simulator, house, quotas=QUOTAS)

        def count() -> int:
            paths = ("/cgi-bin/token", "/cgi-bin/stable_token")
            return sum(len(simulator.calls(path)) for path in paths)

        yield house, Platform("simulator", simulator.url, count)


@contextmanager
def _strict() -> Iterator[tuple[Installed, Platform]]:
    with services.answering_at_once() as program, _house(program.url) as house:

        def count() -> int:
            counts = requests.get(f"{program.url}/counts", timeout=TIMEOUT).json()
            return int(counts.get("tokens", 0))

        yield house, Platform("only the newest token lives", program.url, count)


@contextmanager
def _house(platform_url: str) -> Iterator[Installed]:
    with installed(platform=platform_url, workers=PROCESSES, threads=THREADS) as house:
        yield house


def _ask_ours(house: Installed, program: Program, platform: Platform, threads: int) -> Outcome:
    engine = create_engine(house.settings.database_url)
    with engine.begin() as connection:
        connection.execute(delete(PlatformToken))
        connection.execute(delete(Attempt))
    before, asked = platform.count(), PROCESSES * threads
    with ThreadPoolExecutor(asked) as pool:
        statuses = list(pool.map(lambda _: _open_login(program.url), range(asked)))
    with engine.connect() as connection:
        # Where WeChat gives no code the page shows an address of ours instead.
        by_code = select(func.count()).select_from(Attempt).where(Attempt.way == Way.SCAN)
        made = connection.execute(by_code).scalar_one()
    engine.dispose()
    return Outcome(platform.count() - before, asked - min(made, statuses.count(200)))


def _open_login(url: str) -> int:
    visitor = Visitor(url)
    try:
        return visitor.send(Request("/login", headers={"User-Agent": DESKTOP})).status
    except OSError:
        return 0
    finally:
        visitor.close()


def _ask_theirs(house: Installed, platform: Platform, threads: int) -> Outcome:
    account = wechatpy_clients.Account(platform.url, house.account.appid, house.account.secret)
    before = platform.count()
    failures = wechatpy_clients.ask_at_once(account, processes=PROCESSES, threads=threads)
    return Outcome(platform.count() - before, failures)
