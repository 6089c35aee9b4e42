"""Two services behind nginx over one PostgreSQL: a login outlives the one that it began on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests import databases, nginx
from tests.flows.desktops import confirm_link, expect_status, open_login, read_number, read_qr
from tests.machines import Pair, two_machines
from tests.servers import Simulator, free_port

NewPhone = Callable[[str, str], BrowserContext]


@dataclass(frozen=True)
class Machines:
    """Two services and nginx; everybody comes to the first, and WeChat's pushes to the second."""

    pair: Pair
    url: str


@pytest.fixture(params=[databases.REDIS, None], ids=["PostgreSQL and Redis", "PostgreSQL alone"])
def machines(
    request: pytest.FixtureRequest, tmp_path: Path, simulator: Simulator
) -> Iterator[Machines]:
    front = f"127.0.0.1:{free_port()}"
    there = two_machines(tmp_path, simulator, public_url=f"http://{front}", redis_url=request.param)
    with there as pair:
        before = nginx.in_order(tmp_path, front, *pair.hosts)
        yield Machines(pair, before.url)
        before.stop()


@pytest.mark.fault("C-14")
def test_a_login_ends_although_the_machine_it_waits_on_is_killed(
    machines: Machines, desktop: BrowserContext, new_phone: NewPhone
) -> None:
    simulator = machines.pair.simulator
    person = simulator.add_person()
    simulator.follow(person, machines.pair.account.appid)
    page = open_login(desktop, machines.url)

    # The desktop waits on the first; the scan is heard of by the second.
    scanned = simulator.scan(person, read_qr(page))
    number = read_number(page)
    machines.pair.first.kill()
    phone = new_phone(person, simulator.url).new_page()
    phone.goto(confirm_link(scanned))
    phone.get_by_role("button", name=number, exact=True).click()

    expect(page).to_have_url(f"{machines.url}/account", timeout=30_000)
    assert machines.pair.second.is_up()


@pytest.mark.fault("C-30")
def test_whoever_waits_while_a_machine_is_restarted_sees_no_error(
    machines: Machines, desktop: BrowserContext
) -> None:
    page = open_login(desktop, machines.url)

    machines.pair.first.restart()

    expect_status(page, "等待扫码")
    simulator = machines.pair.simulator
    person = simulator.add_person()
    simulator.follow(person, machines.pair.account.appid)
    simulator.scan(person, read_qr(page))
    assert read_number(page)
