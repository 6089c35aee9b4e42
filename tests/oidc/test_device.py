"""The device flow over HTTP (RFC 8628): what a device asks and is told."""

import re

import pytest
import requests

from tests.conftest import Installation, Installer
from tests.oidc.devices import (
    GRANT_TYPE,
    SCOPE,
    Device,
    answer,
)
from tests.oidc.programs import TIMEOUT, Program, a_phone
from wechatlogin.extensions import db
from wechatlogin.models import Attempt, DeviceCode


@pytest.fixture(scope="module")
def installation(install: Installer) -> Installation:
    """A service that puts up with the wrong codes of all these tests."""
    return install(limit_code_tries="1000 per minute", limit_code_tries_all="1000 per minute")


@pytest.fixture
def program(installation: Installation) -> Program:
    return Program(installation, name="客厅电视", is_public=True)


def test_a_device_is_given_its_codes(program: Program) -> None:
    answer = program.post("device/auth", scope=SCOPE)

    given, page = answer.json(), f"{program.installation.url}/device"
    assert answer.headers["Cache-Control"] == "no-store"
    assert given == {
        "device_code": given["device_code"],
        "user_code": given["user_code"],
        "verification_uri": page,
        "verification_uri_complete": f"{page}?user_code={given['user_code']}",
        "expires_in": 600,
        "interval": 5,
    }
    assert re.fullmatch(r"[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}", given["user_code"])
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", given["device_code"])
    assert program.metadata()["device_authorization_endpoint"].endswith("/oidc/device/auth")
    assert GRANT_TYPE in program.metadata()["grant_types_supported"]


def test_the_phone_confirms_and_the_device_has_its_tokens(
    installation: Installation, program: Program
) -> None:
    device, phone = Device(program), a_phone(installation)
    assert device.error() == "authorization_pending"

    told = answer(phone, device, "confirm")
    tokens = device.ask().json()

    assert "已确认" in told.text
    assert tokens["scope"] == SCOPE
    assert {"access_token", "refresh_token", "id_token"} <= tokens.keys()
    claims = program.read(tokens["id_token"])
    assert claims["aud"] == program.client_id
    assert claims["amr"] == ["in_wechat"]
    assert "nonce" not in claims
    known = program.userinfo(tokens["access_token"]).json()
    assert (known["sub"], known["name"]) == (claims["sub"], "林小满")
    assert program.refresh(tokens["refresh_token"]).ok


def test_a_device_code_is_good_once(installation: Installation, program: Program) -> None:
    device = Device(program)
    answer(a_phone(installation), device, "confirm")
    tokens = device.ask().json()

    assert device.error() == "invalid_grant"

    assert program.userinfo(tokens["access_token"]).ok


def test_a_refusal_is_told_to_the_device(installation: Installation, program: Program) -> None:
    device = Device(program)

    told = answer(a_phone(installation), device, "decline")

    assert "已拒绝" in told.text
    assert device.error() == "access_denied"


def test_who_asks_too_often_is_slowed_down(program: Program) -> None:
    device = Device(program)

    assert [device.error() for _ in range(3)] == ["authorization_pending", "slow_down", "slow_down"]


def test_a_code_that_was_not_used_in_time_has_expired(
    installation: Installation, program: Program
) -> None:
    device = Device(program)
    with installation.app.app_context():
        row = db.session.query(Attempt).join(DeviceCode).order_by(Attempt.created_at.desc()).first()
        assert row is not None
        row.expires_at = row.created_at
        db.session.commit()
        db.session.remove()

    page = a_phone(installation).open(device.url)

    assert page.status_code == 400
    assert "设备码不正确或已失效" in page.text
    assert device.error() == "expired_token"


def test_another_clients_code_is_worth_nothing(
    installation: Installation, program: Program
) -> None:
    device, other = Device(program), Program(installation, is_public=True)
    answer(a_phone(installation), device, "confirm")

    stolen = other.post("token", grant_type=GRANT_TYPE, device_code=device.given["device_code"])

    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")
    assert device.ask().ok


def test_a_client_with_a_secret_shows_it_each_time(installation: Installation) -> None:
    program = Program(installation)
    device = Device(program)
    answer(a_phone(installation), device, "confirm")
    code = {"grant_type": GRANT_TYPE, "device_code": device.given["device_code"]}
    bare = {"client_id": program.client_id}

    for path, form in (("device/auth", bare), ("token", {**bare, **code})):
        for wrong in ({}, {"client_secret": "not the secret"}, {"client_secret": "密"}):
            told = requests.post(
                f"{program.issuer}/{path}", data={**form, **wrong}, timeout=TIMEOUT
            )
            assert (told.status_code, told.json()["error"]) == (401, "invalid_client")

    by_post = {**bare, **code, "client_secret": str(program.made.client_secret)}
    assert requests.post(f"{program.issuer}/token", data=by_post, timeout=TIMEOUT).ok


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_id": ""}, 401, "invalid_client"),
        ({"scope": "nothing that there is"}, 400, "invalid_scope"),
        ({"scope": "x" * 9000}, 400, "invalid_request"),
    ],
    ids=["another client", "no client", "no scope", "too long"],
)
def test_what_is_wrong_with_a_request_is_told(
    program: Program, form: dict[str, str], status: int, error: str
) -> None:
    told = program.post("device/auth", **form)

    assert (told.status_code, told.json()["error"]) == (status, error)


def test_a_doubled_parameter_is_refused(program: Program) -> None:
    form = [("client_id", program.client_id), ("scope", "openid"), ("scope", "profile")]

    told = requests.post(f"{program.issuer}/device/auth", data=form, timeout=TIMEOUT)

    assert (told.status_code, told.json()["error"]) == (400, "invalid_request")


def test_without_a_device_code_the_request_is_invalid(program: Program) -> None:
    told = program.post("token", grant_type=GRANT_TYPE)

    assert (told.status_code, told.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("code", ["x", "é", "\x7f", "a" * 5000], ids=["x", "accent", "del", "long"])
def test_a_made_up_code_is_worth_nothing(program: Program, code: str) -> None:
    told = program.post("token", grant_type=GRANT_TYPE, device_code=code)

    assert (told.status_code, told.json()["error"]) == (400, "invalid_grant")


def test_only_what_the_application_may_have_is_granted(installation: Installation) -> None:
    program = Program(installation, is_public=True, scopes=("openid", "profile"))
    device = Device(program, scope="openid profile wechat offline_access unheard_of")

    answer(a_phone(installation), device, "confirm")

    tokens = device.ask().json()
    assert tokens["scope"] == "openid profile"
    assert "refresh_token" not in tokens


def test_without_a_scope_the_device_learns_who_it_is_and_no_more(
    installation: Installation, program: Program
) -> None:
    device = Device(program, scope=None)

    answer(a_phone(installation), device, "confirm")

    assert device.ask().json()["scope"] == "openid"
