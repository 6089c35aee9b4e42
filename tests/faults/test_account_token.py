"""The account's token dies, is renewed by others, or is about to end, while people log in."""

import time
from datetime import datetime, timedelta

import pytest
import requests
from sqlalchemy import select, update

from tests.conftest import Installation, Installer
from tests.flows.phones import Browser
from tests.waiters import eventually
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import PlatformErrorCount, PlatformToken
from wechatlogin.models.transaction import write

STABLE_TOKEN = "/cgi-bin/stable_token"
CREATE_QRCODE = "/cgi-bin/qrcode/create"
#: What WeChat takes in these tests, and what a page may take beside it on a busy machine.
SLOW_SECONDS, SOON_SECONDS = 3.0, 2.0


@pytest.fixture
def installation(install: Installer) -> Installation:
    """A service of its own, whose pauses are nobody else's; its token is fetched already."""
    made = install()
    open_login(made)
    made.simulator.call("DELETE", "/simulator/calls")
    return made


def open_login(installation: Installation) -> requests.Response:
    """Open the login page on a desktop, for which WeChat is asked for a QR code."""
    page = Browser().open(f"{installation.url}/login")
    assert page.status_code == 200
    return page


def calls(installation: Installation, path: str) -> int:
    # A call that a fault has answered belongs to no account.
    return len(installation.simulator.calls(path))


def set_token(installation: Installation, **values: object) -> None:
    with installation.app.app_context():
        with write() as session:
            session.execute(update(PlatformToken).values(**values))
        db.session.remove()


def expires_at(installation: Installation) -> datetime:
    with installation.app.app_context():
        row = db.session.get(PlatformToken, installation.account.appid, populate_existing=True)
        db.session.remove()
    assert row is not None
    assert row.expires_at is not None
    return row.expires_at


def noted_errcodes(installation: Installation) -> set[int]:
    """Return which of WeChat's codes the status page tells of."""
    with installation.app.app_context():
        errcodes = set(db.session.scalars(select(PlatformErrorCount.errcode)))
        db.session.remove()
    return errcodes


@pytest.mark.fault("C-03")
@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
def test_a_token_that_is_refused_in_the_middle_is_renewed_once_and_the_call_made_again(
    installation: Installation, errcode: int
) -> None:
    installation.simulator.fault(CREATE_QRCODE, "errcode", errcode=errcode, times=1)

    open_login(installation)

    assert calls(installation, CREATE_QRCODE) == 2
    # Whether there is a newer one, and where WeChat holds on to it, once more with force.
    assert calls(installation, STABLE_TOKEN) == 2


@pytest.mark.fault("C-03")
def test_a_token_that_is_refused_again_is_an_error_and_no_loop(installation: Installation) -> None:
    installation.simulator.fault(CREATE_QRCODE, "errcode", errcode=40001)

    open_login(installation)

    assert calls(installation, CREATE_QRCODE) == 2
    assert calls(installation, STABLE_TOKEN) == 2
    assert eventually(lambda: 40001 in noted_errcodes(installation))


@pytest.mark.fault("C-04")
def test_another_system_that_takes_the_classic_token_again_and_again_costs_nothing(
    installation: Installation,
) -> None:
    query = {
        "grant_type": "client_credential",
        "appid": installation.account.appid,
        "secret": installation.account.secret,
    }

    for _ in range(5):
        taken = requests.get(
            f"{installation.simulator.url}/cgi-bin/token", params=query, timeout=20
        )
        assert "access_token" in taken.json()
        open_login(installation)

    assert calls(installation, CREATE_QRCODE) == 5
    assert calls(installation, STABLE_TOKEN) == 0


@pytest.mark.fault("C-04")
def test_another_system_that_has_our_token_replaced_costs_a_second_call(
    installation: Installation,
) -> None:
    for _ in range(3):
        # As its stable call with force does it.
        installation.simulator.fault(CREATE_QRCODE, "kill_token", times=1)
        open_login(installation)

    assert calls(installation, CREATE_QRCODE) == 2 * 3
    assert calls(installation, STABLE_TOKEN) == 3


@pytest.mark.fault("C-05")
def test_in_the_tokens_last_minutes_nobody_waits_for_the_renewal(
    installation: Installation,
) -> None:
    set_token(installation, expires_at=clock.now() + timedelta(minutes=2))
    installation.simulator.fault(STABLE_TOKEN, "slow", delay=SLOW_SECONDS)

    took = []
    for _ in range(3):
        began = time.monotonic()
        open_login(installation)
        took.append(time.monotonic() - began)

    assert max(took) < SOON_SECONDS
    assert calls(installation, CREATE_QRCODE) == 3
    assert eventually(lambda: calls(installation, STABLE_TOKEN) == 1, 2 * SLOW_SECONDS)
    assert eventually(lambda: expires_at(installation) > clock.now() + timedelta(hours=1))


@pytest.mark.fault("C-05")
def test_a_token_that_cannot_be_renewed_ahead_serves_to_its_end(
    installation: Installation,
) -> None:
    set_token(installation, expires_at=clock.now() + timedelta(minutes=2))
    installation.simulator.fault(STABLE_TOKEN, "http_500")

    for _ in range(3):
        open_login(installation)

    assert calls(installation, CREATE_QRCODE) == 3
    # The first has tried, and tried once more; the lease that it has left keeps the others off.
    assert eventually(lambda: calls(installation, STABLE_TOKEN) == 2)
