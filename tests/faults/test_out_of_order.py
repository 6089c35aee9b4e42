"""Pushes that come too late, too early, twice or in another order than they were sent."""

import itertools
import secrets
import time

import pytest
from sqlalchemy import select, update

from tests.conftest import Installation
from tests.flows.phones import Browser, Phone
from tests.flows.test_pushes import (
    Wechat,
    a_known_person,
    decrypted_link,
    identity,
    newest_scene,
)
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import Attempt, Status
from wechatlogin.models.transaction import write


@pytest.fixture
def wechat(installation: Installation) -> Wechat:
    return Wechat(installation)


def open_desktop(installation: Installation) -> tuple[Browser, str]:
    """Open the login page, and return the browser and the scene of its QR."""
    desktop = Browser()
    assert desktop.open(f"{installation.url}/login").status_code == 200
    return desktop, newest_scene(installation)


def attempt_of(installation: Installation, scene: str) -> Attempt:
    with installation.app.app_context():
        attempt = db.session.scalar(select(Attempt).where(Attempt.scene == scene))
        db.session.remove()
    assert attempt is not None
    return attempt


def scan(wechat: Wechat, scene: str, openid: str) -> str:
    return wechat.event(openid, "SCAN", f"<EventKey><![CDATA[{scene}]]></EventKey>")


def an_openid() -> str:
    return f"o{secrets.token_hex(13)}"


@pytest.mark.fault("C-11")
def test_a_scan_that_comes_after_the_end_logs_nobody_in(wechat: Wechat) -> None:
    installation = wechat.installation
    desktop, scene = open_desktop(installation)
    attempt = attempt_of(installation, scene)
    with installation.app.app_context():
        with write() as session:
            over = update(Attempt).where(Attempt.id == attempt.id)
            session.execute(over.values(expires_at=clock.now()))
        db.session.remove()

    answer = wechat.push(scan(wechat, scene, an_openid()))

    assert answer.status_code == 200
    assert decrypted_link(wechat, answer.text) is None
    after = attempt_of(installation, scene)
    assert (after.status, after.openid) == (Status.PENDING, None)
    status = desktop.step(f"{installation.url}/login/attempts/{attempt.id}?known=pending&wait=0")
    assert status.json()["status"] == Status.EXPIRED


@pytest.mark.fault("C-11")
def test_a_scan_that_comes_again_after_the_confirmation_changes_nothing(wechat: Wechat) -> None:
    installation = wechat.installation
    desktop, scene = open_desktop(installation)
    person, openid = a_known_person(installation)
    first = scan(wechat, scene, openid)
    link = decrypted_link(wechat, wechat.push(first).text)
    assert link is not None
    phone = Phone(person)
    number = str(attempt_of(installation, scene).number)
    assert phone.submit(phone.open(link), number=number).status_code == 200

    # The same once more, and one of somebody who was too late.
    wechat.push(first)
    wechat.push(scan(wechat, scene, an_openid()))

    after = attempt_of(installation, scene)
    assert (after.status, after.openid) == (Status.CONFIRMED, openid)
    check = f"{installation.url}/login/attempts/{after.id}/check"
    assert desktop.submit(desktop.open(check)).url == f"{installation.url}/account"


@pytest.mark.fault("C-11")
@pytest.mark.parametrize("order", [*itertools.permutations(range(3))], ids=str)
def test_whatever_order_they_come_in_the_newest_event_says_who_follows(
    wechat: Wechat, order: tuple[int, ...]
) -> None:
    _, openid = a_known_person(wechat.installation)
    now = int(time.time())
    sent = [
        wechat.event(openid, "unsubscribe", created=now - 60),
        wechat.event(openid, "subscribe", created=now - 30),
        wechat.event(openid, "unsubscribe", created=now),
    ]

    for number in order:
        assert wechat.push(sent[number]).status_code == 200

    known = identity(wechat.installation, openid)
    assert known is not None
    assert known.follows is False
