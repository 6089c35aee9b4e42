"""One machine after the other is restarted behind deploy/nginx.conf, and nobody sees an error."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests import databases, nginx
from tests.faults.traffic import Traffic, statuses
from tests.flows.phones import Browser, Phone
from tests.machines import Pair, two_machines
from tests.nginx import Nginx
from tests.servers import Simulator, free_port

#: Longer than nginx leaves a machine alone that it could not reach.
PAUSE_SECONDS = 3.0


@dataclass(frozen=True)
class Deployment:
    """Two services and the nginx that people come to."""

    pair: Pair
    nginx: Nginx

    def trusting(self, browser: Browser) -> Browser:
        """Let a browser believe the certificate."""
        browser.verify = str(self.nginx.certificate)
        return browser


@pytest.fixture
def deployment(tmp_path: Path, simulator: Simulator) -> Iterator[Deployment]:
    port = free_port()
    public_url = f"https://{nginx.HERE}:{port}"
    there = two_machines(tmp_path, simulator, public_url=public_url, redis_url=databases.REDIS)
    with there as pair:
        before = nginx.as_deployed(tmp_path, port, pair.hosts)
        yield Deployment(pair, before)
        before.stop()


def log_in(deployment: Deployment) -> requests.Response:
    """Log somebody new in, in WeChat's browser."""
    with deployment.trusting(Phone(deployment.pair.simulator.add_person())) as phone:
        return phone.open(f"{deployment.nginx.url}/account")


def visits_of(deployment: Deployment) -> Traffic:
    """Let people come to a page that writes into the database."""
    url = f"{deployment.nginx.url}/login/code"
    return Traffic(lambda browser: deployment.trusting(browser).step(url))


@pytest.mark.fault("C-30")
def test_nobody_sees_an_error_while_one_machine_after_the_other_is_restarted(
    deployment: Deployment,
) -> None:
    with (
        Traffic(lambda _browser: log_in(deployment), threads=2) as logins,
        visits_of(deployment) as visits,
    ):
        logins.go_on(0.5)
        deployment.pair.first.restart()
        logins.go_on(PAUSE_SECONDS)
        deployment.pair.second.restart()
        logins.go_on(0.5)

    assert statuses(logins.visits) == {200}
    assert statuses(visits.visits) == {200}


@pytest.mark.fault("C-14")
def test_a_machine_that_is_killed_costs_nobody_an_error_who_only_looks(
    deployment: Deployment,
) -> None:
    with visits_of(deployment) as visits:
        visits.go_on(0.5)
        deployment.pair.first.kill()
        visits.go_on(1)

    assert statuses(visits.visits) == {200}
