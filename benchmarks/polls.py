"""Target 4: a status poll that answers at once, beside a bare Flask view with 60 bytes of JSON."""

from sqlalchemy import create_engine

from benchmarks import results
from benchmarks.clients import Answer, Request, Visitor, at_once
from benchmarks.measuring import Cost, Effort, compare, in_processes
from benchmarks.results import Line
from benchmarks.services import SERVICE, Program, baseline, installed, serving
from tests import waiters
from wechatlogin.web import cookies

REQUESTS = 3000
CONNECTIONS = 4
MOST = 1.5
#: So that no round outlives the attempt.
SECONDS = 86_400


def measure(effort: Effort) -> list[Line]:
    """Measure and return the line of the table."""
    with installed() as house:
        engine = create_engine(house.settings.database_url)
        attempt_id = waiters.add_attempt(engine, seconds=SECONDS)
        engine.dispose()
        with serving(SERVICE, house.settings) as ours, baseline("poll", house.settings) as theirs:
            count = effort.times(REQUESTS)
            poll = Request(f"/login/attempts/{attempt_id}")
            compared = compare(
                lambda: _ask(ours, poll, count),
                lambda: _ask(theirs, Request("/"), count),
                rounds=effort.rounds,
            )
    mine, other = compared.ours, compared.theirs
    return [
        Line(
            target=4,
            what="a status poll that answers at once: CPU",
            baseline="a bare Flask view with 60 bytes of JSON",
            measured=results.costs(compared),
            aim=f"at most {MOST} x its CPU",
            is_met=results.check_at_most(compared.cpu_ratio, MOST),
            ours=tuple(one.cpu for one in mine),
            theirs=tuple(one.cpu for one in other),
        )
    ]


def _ask(program: Program, request: Request, count: int) -> Cost:
    jar = {cookies.BROWSER: waiters.SECRET}
    visitors = [Visitor(program.url, jar) for _ in range(CONNECTIONS)]
    try:
        return in_processes(
            program.pid, lambda: at_once(visitors, [request] * count, expected=_is_pending)
        )
    finally:
        for visitor in visitors:
            visitor.close()


def _is_pending(answer: Answer) -> bool:
    return answer.status == 200 and b'"status":"pending"' in answer.body
