"""WeChat cannot be reached, or is slow: who needs it is told in time, and nobody else notices."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.conftest import Installation, Installer
from tests.fault_proxy import Fault, FaultProxy
from tests.flows.phones import Phone
from tests.servers import Simulator
from tests.test_metrics import scrape
from tests.waiters import eventually
from wechatlogin.compat.anqicms_envelope import Number

CODE_PATH = "/sns/oauth2/access_token"
#: What a person waits for WeChat at most, and a second for the rest on a busy machine.
PATIENCE = 8.0 + 1.0
#: What needs no WeChat: a file, a poll, the keys, the health check.
ELSEWHERE = (
    "/static/css/app.css",
    f"/login/attempts/{'0' * 32}?wait=0",
    "/oidc/.well-known/jwks.json",
    "/healthz",
)
STRIKING = [fault for fault in Fault if fault is not Fault.SLOW]


@dataclass(frozen=True)
class Answer:
    """What came, and after how many seconds."""

    response: requests.Response
    seconds: float


@pytest.fixture(scope="module")
def road(simulator: Simulator) -> Iterator[FaultProxy]:
    proxy = FaultProxy(simulator.url)
    yield proxy
    proxy.close()


@pytest.fixture(scope="module")
def troubled(install: Installer, road: FaultProxy) -> Installation:
    """A service whose calls to WeChat take the road."""
    return install(wechat_api_url=road.url)


@pytest.fixture(autouse=True)
def _everything_passes(road: FaultProxy) -> Iterator[None]:
    yield
    road.open()


def come_back(installation: Installation) -> tuple[Phone, str]:
    """Let a phone visit WeChat, and return the address with the code, not yet opened."""
    phone = Phone(installation.simulator.add_person())
    return phone, phone.until(f"{installation.url}/login", "/api/wechat/auth?")


def timed(ask: Callable[[], requests.Response]) -> Answer:
    started = time.monotonic()
    response = ask()
    return Answer(response, time.monotonic() - started)


def ask_elsewhere(installation: Installation, seconds: float) -> list[float]:
    """Ask for what needs no WeChat, again and again, and return how long each answer took."""
    took = []
    until = time.monotonic() + seconds
    with requests.Session() as session:
        while time.monotonic() < until:
            for path in ELSEWHERE:
                answer = timed(lambda at=path: session.get(installation.url + at, timeout=20))  # type: ignore[misc]
                assert answer.response.status_code in {200, 404}
                took.append(answer.seconds)
            time.sleep(0.02)
    return sorted(took)


def longest_of(visits: list[tuple[Phone, str]]) -> float:
    """Return how long the last answer takes where all come back at once."""
    with ThreadPoolExecutor(len(visits)) as pool:
        return max(pool.map(lambda at: timed(lambda: at[0].step(at[1])).seconds, visits))


def nearly_longest(took: list[float]) -> float:
    """Return what 95 of a hundred did not exceed."""
    return took[len(took) * 95 // 100]


def count_threads(installation: Installation) -> int:
    return sum(
        len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in installation.service.workers()
    )


@pytest.mark.fault("C-01", "C-02")
def test_whatever_becomes_of_wechats_answer_the_person_reads_it_in_time(
    troubled: Installation, road: FaultProxy
) -> None:
    before, usual = scrape(troubled), ask_elsewhere(troubled, 0.5)
    untroubled = longest_of([come_back(troubled) for _ in STRIKING])
    visits = [come_back(troubled) for _ in STRIKING]
    for fault, (_, address) in zip(STRIKING, visits, strict=True):
        road.strike(fault, parse_qs(urlsplit(address).query)["code"][0])

    with ThreadPoolExecutor(len(visits) + 1) as pool:
        opened = [
            pool.submit(timed, lambda at=visit: at[0].step(at[1]))  # type: ignore[misc]
            for visit in visits
        ]
        elsewhere = ask_elsewhere(troubled, 3)
        answers = dict(zip(STRIKING, (each.result() for each in opened), strict=True))

    assert {fault: answer.response.status_code for fault, answer in answers.items()} == (
        dict.fromkeys(STRIKING, 503)
    )
    for answer in answers.values():
        assert "暂时连不上微信" in answer.response.text
        assert "Retry-After" in answer.response.headers
        assert answer.seconds < PATIENCE + untroubled
    assert nearly_longest(elsewhere) < 0.2 + nearly_longest(usual)
    after = scrape(troubled)
    counted = after("wechat_calls_total", path=CODE_PATH, outcome="wechat_unreachable") - before(
        "wechat_calls_total", path=CODE_PATH, outcome="wechat_unreachable"
    )
    assert counted == len(STRIKING)


@pytest.mark.fault("C-01")
@pytest.mark.parametrize("cut", [FaultProxy.refuse, FaultProxy.swallow])
def test_a_road_that_leads_nowhere_is_said_in_time(
    troubled: Installation, road: FaultProxy, cut: Callable[[FaultProxy], None]
) -> None:
    phone, address = come_back(troubled)
    cut(road)

    answer = timed(lambda: phone.step(address))

    assert answer.response.status_code == 503
    assert "暂时连不上微信" in answer.response.text
    assert answer.seconds < PATIENCE
    road.open()
    again = Phone(str(phone.person)).open(f"{troubled.url}/login")
    assert again.url == f"{troubled.url}/account"


@pytest.mark.fault("C-01")
def test_a_program_is_told_that_it_may_ask_again(troubled: Installation, road: FaultProxy) -> None:
    phone, address = come_back(troubled)
    phone.headers["Accept"] = "application/json"
    road.refuse()

    answer = phone.step(address)

    # The vendor's clients read a number in the answer, which comes with HTTP 200.
    assert answer.json()["code"] == Number.FAILED
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.fault("C-01", "C-09")
def test_while_wechat_is_slow_everything_else_is_as_fast_as_ever(
    troubled: Installation, road: FaultProxy
) -> None:
    visits = [come_back(troubled) for _ in range(24)]
    threads = count_threads(troubled)
    usual = ask_elsewhere(troubled, 0.5)
    road.strike(Fault.SLOW, "/")

    with ThreadPoolExecutor(len(visits)) as pool:
        opened = [
            pool.submit(timed, lambda at=visit: at[0].step(at[1]))  # type: ignore[misc]
            for visit in visits
        ]
        # Until it has been noticed that WeChat is slow, some wait for their turn.
        assert eventually(lambda: any(each.done() for each in opened))
        elsewhere = ask_elsewhere(troubled, 2.5)
        answers = [each.result() for each in opened]

    assert nearly_longest(elsewhere) < 0.2 + nearly_longest(usual)
    assert elsewhere[-1] < 1 + usual[-1]
    # Code and profile are slow each.
    served = [answer for answer in answers if answer.response.status_code == 302]
    assert len(served) >= 6
    assert all(answer.seconds < 12 for answer in served)
    turned_away = [answer for answer in answers if answer.response.status_code == 503]
    assert len(served) + len(turned_away) == len(answers)
    assert all(answer.seconds < 4 for answer in turned_away)
    assert all("微信现在很忙" in answer.response.text for answer in turned_away)
    # Those of the pool begin when they are needed; nobody else is left behind.
    assert count_threads(troubled) <= threads + troubled.service.settings.threads
