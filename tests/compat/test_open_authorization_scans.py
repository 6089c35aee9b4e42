"""`/wechat/qrcode`, and `/wechat/jwt` with the scene: whoever scans confirms, one program hears."""

import json
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from tests.compat.open_authorization import (
    Program,
    change_attempt,
    claims_of,
    details,
    end_time_of,
)
from tests.conftest import Installation, Installer
from tests.flows.phones import Browser, Phone
from wechatlogin import clock
from wechatlogin.config import ConfirmPolicy
from wechatlogin.extensions import db
from wechatlogin.models import Attempt
from wechatlogin.models.transaction import write
from wechatlogin.services import wechat_apps
from wechatlogin.services.wechat_apps import NewWeChatApp
from wechatlogin.wechat.app import AppKind


def test_a_scan_that_is_confirmed_becomes_a_token(program: Program, person: str) -> None:
    scene, link = program.scan(person)
    scanned = program.ask("jwt", id=scene)
    phone = Phone(person)
    page = phone.open(link)
    phone.submit(page, decision="confirm")

    first, second = (program.ask("jwt", id=scene) for _ in range(2))

    simulator, appid = program.installation.simulator, program.installation.account.appid
    assert details(scanned) == (401, "scene", "scanned")
    assert first.status_code == 200
    assert first.json() == second.json()
    assert first.json()["redirectUri"] == program.after
    assert claims_of(first.json()["token"])["openid"] == simulator.openid(person, appid)


def test_the_qr_is_asked_for_with_the_scene_and_lives_a_minute(program: Program) -> None:
    made = program.get_qrcode(type="wechat-h5-login").json()

    asked = program.installation.simulator.calls("/cgi-bin/qrcode/create")[-1]
    assert made["expireSeconds"] == 60
    assert made["scene"] in json.dumps(asked)
    assert details(program.ask("jwt", id=made["scene"])) == (401, "scene", "pending")


def test_the_phone_is_told_which_program_it_confirms_and_asked_for_a_tap(
    program: Program, person: str
) -> None:
    _, link = program.scan(person)

    page = Phone(person).open(link)

    assert "书店 App" in page.text
    assert 'value="confirm"' in page.text
    assert 'name="number"' not in page.text


@pytest.mark.parametrize("policy", [ConfirmPolicy.FIRST_TIME, ConfirmPolicy.TAP])
def test_a_scan_is_confirmed_each_time_since_one_key_stands_for_many_browsers(
    installation: Installation, person: str, policy: ConfirmPolicy
) -> None:
    program = Program(installation, confirm=policy)
    for _ in range(2):
        scene, link = program.scan(person)
        assert details(program.ask("jwt", id=scene)) == (401, "scene", "scanned")
        phone = Phone(person)
        phone.submit(phone.open(link), decision="confirm")
        assert program.ask("jwt", id=scene).status_code == 200


def test_who_declines_is_not_logged_in(program: Program, person: str) -> None:
    scene, link = program.scan(person)
    phone = Phone(person)
    phone.submit(phone.open(link), decision="decline")

    assert details(program.ask("jwt", id=scene)) == (400, "scene", "attempt_declined")


def test_a_qr_that_nobody_scanned_expires(program: Program) -> None:
    scene = program.get_qrcode().json()["scene"]
    end_time_of(program.installation, scene)

    assert details(program.ask("jwt", id=scene)) == (400, "scene", "attempt_expired")


def test_a_scan_in_the_last_second_leaves_time_to_confirm(program: Program, person: str) -> None:
    scene, _ = program.scan(person)

    with program.installation.app.app_context():
        attempt = db.session.scalars(select(Attempt).where(Attempt.scene == scene)).one()
    assert attempt.scanned_at is not None
    assert (attempt.expires_at - attempt.scanned_at).total_seconds() == 120


def test_a_token_is_handed_out_once_and_for_a_minute(program: Program, person: str) -> None:
    scene, link = program.scan(person)
    phone = Phone(person)
    phone.submit(phone.open(link), decision="confirm")
    program.ask("jwt", id=scene)
    change_attempt(program.installation, scene, claimed_at=clock.now().replace(year=2025))

    assert details(program.ask("jwt", id=scene)) == (400, "scene", "attempt_spent")


def test_a_scene_is_nothing_in_a_browser(program: Program, person: str) -> None:
    scene, link = program.scan(person)
    phone = Phone(person)
    phone.submit(phone.open(link), decision="confirm")
    with program.installation.app.app_context():
        attempt = db.session.scalars(select(Attempt).where(Attempt.scene == scene)).one()
    watcher = Browser()
    url = program.installation.url

    polled = watcher.get(f"{url}/login/attempts/{attempt.id}", timeout=20)
    claimed = watcher.post(
        f"{url}/login/attempts/{attempt.id}/claim",
        headers={"X-Requested-With": "wechatlogin"},
        timeout=20,
    )

    assert polled.status_code == 404
    assert claimed.status_code == 404
    assert program.ask("jwt", id=scene).status_code == 200


def test_the_scene_of_our_own_login_page_is_not_one_of_a_program(program: Program) -> None:
    installation = program.installation
    Browser().open(f"{installation.url}/login?client_id={program.made.client_id}")
    with installation.app.app_context():
        newest = select(Attempt).order_by(Attempt.created_at.desc()).limit(1)
        attempt = db.session.scalars(newest).one()

    assert attempt.way == "scan"
    assert details(program.ask("jwt", id=attempt.scene)) == (404, "scene", "attempt_not_found")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"type": None}, "type"),
        ({"type": "app-login"}, "type"),
        ({"type": ["scan-login", "scan-login"]}, "type"),
        ({"redirectUri": None}, "redirectUri"),
    ],
    ids=str,
)
def test_a_wrong_parameter_of_qrcode_is_named(
    program: Program, more: dict[str, Any], field: str
) -> None:
    assert details(program.get_qrcode(**more)) == (400, field, "parameter_wrong")


def test_an_account_without_the_right_makes_no_qr_and_no_page(installation: Installation) -> None:
    appid = "wx00000000000000pe"
    with installation.app.app_context():
        new = NewWeChatApp(appid, SecretStr("s" * 32), AppKind.PERSONAL, "个人号")
        wechat_apps.save(installation.site.vault, new, now=clock.now())
    program = Program(installation, appids=(appid,))

    try:
        assert details(program.get_qrcode()) == (501, "request", "right_missing")
        assert details(program.get_authorize()) == (501, "request", "right_missing")
        assert details(program.ask("jwt", code="x")) == (501, "request", "right_missing")
    finally:
        with installation.app.app_context(), write() as session:
            session.delete(wechat_apps.verify(appid))


def test_no_qr_is_made_up_when_wechat_makes_none(install: Installer) -> None:
    installation = install()
    program = Program(installation)
    installation.simulator.fault("/cgi-bin/qrcode/create", "errcode", errcode=45009)

    before = len(installation.simulator.calls("/cgi-bin/qrcode/create"))

    refused, paused = program.get_qrcode(), program.get_qrcode()

    asked = len(installation.simulator.calls("/cgi-bin/qrcode/create")) - before
    assert details(refused) == (503, "request", "quota_exhausted")
    assert details(paused) == (503, "request", "wechat_busy")
    assert "Retry-After" in paused.headers
    assert asked == 1
