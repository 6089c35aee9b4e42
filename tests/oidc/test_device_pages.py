"""The pages of the device flow: what a person is asked, and what comes of the answer."""

import re

import pytest
from requests.compat import unquote, urljoin

from tests.conftest import Installation, Installer
from tests.flows.phones import Browser
from tests.oidc.devices import (
    Device,
    answer,
    states,
)
from tests.oidc.programs import TIMEOUT, Program, a_phone
from wechatlogin import clock
from wechatlogin.config import FollowPolicy
from wechatlogin.extensions import db
from wechatlogin.models import Session
from wechatlogin.services import applications, bans
from wechatlogin.services.audit import COMMAND_LINE


@pytest.fixture(scope="module")
def installation(install: Installer) -> Installation:
    """A service that puts up with the wrong codes of all these tests."""
    return install(limit_code_tries="1000 per minute", limit_code_tries_all="1000 per minute")


@pytest.fixture
def program(installation: Installation) -> Program:
    return Program(installation, name="客厅电视", is_public=True)


def test_opening_the_page_changes_nothing(installation: Installation, program: Program) -> None:
    device, known, stranger = Device(program), a_phone(installation), Browser("WhatsApp/2.24")
    known.open(f"{installation.url}/login")
    before = states(installation)

    for browser in (known, stranger):
        for method in ("GET", "HEAD", "GET"):
            browser.request(method, device.url, allow_redirects=False, timeout=TIMEOUT)
    known.open(device.url)

    assert states(installation) == before
    assert device.error() == "authorization_pending"


@pytest.mark.parametrize("forged", [{}, {"csrf_token": "made up"}], ids=["none", "made up"])
def test_an_answer_from_elsewhere_changes_nothing(
    installation: Installation, program: Program, forged: dict[str, str]
) -> None:
    device, phone = Device(program), a_phone(installation)
    phone.open(device.url)
    form = {"user_code": device.given["user_code"], "decision": "confirm", **forged}

    by_form = phone.post(f"{installation.url}/device", data=form, timeout=TIMEOUT)
    by_site = phone.post(
        f"{installation.url}/device",
        data=form,
        headers={"Sec-Fetch-Site": "cross-site"},
        timeout=TIMEOUT,
    )

    assert (by_form.status_code, by_site.status_code) == (400, 403)
    assert device.error() == "authorization_pending"


def test_an_answer_that_is_neither_changes_nothing(
    installation: Installation, program: Program
) -> None:
    device = Device(program)

    page = answer(a_phone(installation), device, "perhaps")

    assert "拒绝" in page.text
    assert device.error() == "authorization_pending"


def test_a_stranger_logs_in_first_and_to_the_application(
    installation: Installation, program: Program
) -> None:
    device = Device(program)

    told = Browser().step(device.url)

    assert told.status_code == 303
    assert told.headers["Location"].startswith(f"/login?client_id={program.client_id}&")
    assert "next=/device?user_code" in unquote(told.headers["Location"])


def test_the_second_person_is_refused(installation: Installation, program: Program) -> None:
    device, first, second = Device(program), a_phone(installation), a_phone(installation)
    seen_by_second = second.open(device.url)
    answer(first, device, "confirm")

    for decision in ("confirm", "decline"):
        told = second.submit(seen_by_second, decision=decision)
        assert told.status_code == 409
        assert "attempt_taken" in told.text
    assert second.open(device.url).status_code == 400

    tokens = device.ask().json()
    mine = program.userinfo(tokens["access_token"]).json()["sub"]
    with installation.app.app_context():
        holder = db.session.query(Session.user_id).filter_by(
            public_id=program.read(tokens["id_token"])["sid"]
        )
        assert holder.scalar() == mine
        db.session.remove()


def test_a_wrong_code_reveals_nothing(program: Program) -> None:
    wrong = Browser().step(f"{program.installation.url}/device?user_code=BBBB-BBBB")
    odd = Browser().step(f"{program.installation.url}/device?user_code=%00%22%3E%3Cscript%3E")

    for told in (wrong, odd):
        assert told.status_code == 400
        assert "设备码不正确或已失效" in told.text
    assert "<script>" not in odd.text


def test_the_page_names_what_the_application_will_know(
    installation: Installation, program: Program
) -> None:
    stranger = Program(installation, is_public=True, is_first_party=False)
    phone = a_phone(installation)
    asks, own = phone.open(Device(stranger).url), phone.open(Device(program).url)

    assert "微信昵称和头像" in asks.text
    assert "微信昵称和头像" not in own.text


def test_a_confirmation_is_a_consent_that_the_account_page_shows_and_revokes(
    installation: Installation,
) -> None:
    program = Program(installation, name="别家电视", is_public=True, is_first_party=False)
    device, phone = Device(program), a_phone(installation)
    answer(phone, device, "confirm")
    tokens = device.ask().json()

    account = phone.open(f"{installation.url}/account")
    assert "别家电视" in account.text
    question = phone.open(f"{installation.url}/account/applications/{program.client_id}/revoke")
    phone.submit(question)

    assert program.userinfo(tokens["access_token"]).status_code == 401
    assert program.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_the_account_page_shows_the_device_and_ends_it(
    installation: Installation, program: Program
) -> None:
    device, phone = Device(program), a_phone(installation)
    answer(phone, device, "confirm")
    tokens = device.ask().json()
    account = phone.open(f"{installation.url}/account")
    sid = program.read(tokens["id_token"])["sid"]

    assert "客厅电视" in account.text
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', account.text)
    assert csrf
    ended = phone.post(
        f"{installation.url}/account/sessions/{sid}/end",
        data={"csrf_token": csrf[1]},
        timeout=TIMEOUT,
    )

    assert ended.ok
    assert program.userinfo(tokens["access_token"]).status_code == 401


def test_the_device_stays_logged_in_when_the_phone_logs_out(
    installation: Installation, program: Program
) -> None:
    device, phone = Device(program), a_phone(installation)
    answer(phone, device, "confirm")
    tokens = device.ask().json()

    account = phone.open(f"{installation.url}/account")
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', account.text)
    assert csrf
    phone.post(f"{installation.url}/logout", data={"csrf_token": csrf[1]}, timeout=TIMEOUT)

    assert "登录" in phone.open(f"{installation.url}/login?way=none").text
    assert program.userinfo(tokens["access_token"]).ok


def test_a_ban_ends_it_before_and_after_the_device_has_asked(
    installation: Installation, program: Program
) -> None:
    told, waiting, phone = Device(program), Device(program), a_phone(installation)
    answer(phone, told, "confirm")
    tokens = told.ask().json()
    answer(phone, waiting, "confirm")

    with installation.app.app_context():
        user_id = program.userinfo(tokens["access_token"]).json()["sub"]
        bans.ban(user_id, by=COMMAND_LINE, now=clock.now())
        db.session.remove()

    assert waiting.error() == "invalid_grant"
    assert program.userinfo(tokens["access_token"]).status_code == 401
    assert phone.open(Device(program).url).status_code != 200


def test_a_disabled_application_is_refused_everywhere(
    installation: Installation,
) -> None:
    program = Program(installation, is_public=True)
    device, phone = Device(program), a_phone(installation)
    page = phone.open(device.url)
    with installation.app.app_context():
        application = applications.verify(program.client_id)
        applications.save_disabled(application, is_disabled=True, now=clock.now())
        db.session.remove()

    assert phone.open(device.url).status_code == 403
    assert phone.submit(page, decision="confirm").status_code == 403
    assert program.post("device/auth").json()["error"] == "invalid_client"
    assert device.ask().json()["error"] == "invalid_client"


def test_a_person_whose_name_is_wanted_and_unknown_is_asked_for_it_once(
    installation: Installation, program: Program
) -> None:
    device, phone = Device(program), a_phone(installation)

    url, hops = device.url, []
    for _ in range(12):
        told = phone.step(url)
        if not told.is_redirect:
            break
        url = urljoin(url, told.headers["Location"])
        hops.append(url)

    asked = [hop for hop in hops if "scope=snsapi" in hop]
    assert ["snsapi_base" in hop for hop in asked] == [True, False]
    assert url.endswith("asked=1")
    assert phone.open(Device(program).url).status_code == 200


def test_an_application_that_wants_no_name_is_silent(
    installation: Installation, program: Program
) -> None:
    device, phone = Device(program, scope="openid"), a_phone(installation)

    page = phone.open(device.url)

    assert not page.url.endswith("asked=1")
    assert "微信用户" in page.text


def test_where_a_follower_is_required_the_page_asks_for_it_and_the_device_waits(
    installation: Installation,
) -> None:
    program = Program(installation, is_public=True, follow=FollowPolicy.REQUIRE)
    device, phone = Device(program), a_phone(installation)
    phone.open(f"{installation.url}/login")

    asked = answer(phone, device, "confirm")
    again = phone.submit(asked)
    waiting = device.error()
    installation.simulator.follow(str(phone.person), installation.account.appid)
    done = phone.open(device.url)

    for page in (asked, again):
        assert "请关注公众号" in page.text
    assert waiting == "authorization_pending"
    assert "已确认" in done.text
    assert device.ask().ok


def test_wrong_codes_are_limited_and_right_ones_are_not(install: Installer) -> None:
    installation = install(limit_code_tries="5 per 10 minutes")
    program = Program(installation, is_public=True)
    device, phone = Device(program), a_phone(installation)
    page = phone.open(device.url)
    for _ in range(6):
        assert phone.step(device.url).status_code == 200

    guesses = [phone.step(f"{installation.url}/device?user_code=BBBB-BBBB") for _ in range(6)]
    posted = phone.submit(page, decision="confirm")

    assert [guess.status_code for guess in guesses] == [400] * 5 + [429]
    assert posted.status_code == 429
    assert device.error() == "authorization_pending"


def test_the_log_holds_no_code(installation: Installation, program: Program) -> None:
    device = Device(program)
    answer(a_phone(installation), device, "confirm")
    device.ask()

    log = installation.service.log_path.read_text(encoding="utf-8")

    assert device.given["device_code"] not in log
    assert device.given["user_code"] not in log
