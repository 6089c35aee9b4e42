"""Authlib's client for Flask logs a person in by ES256, renews its token, and logs out."""

from collections.abc import Iterator

import pytest
from joserfc import jws
from playwright.sync_api import BrowserContext

from tests.conftest import Installation
from tests.relying_parties.authlib_client import Program
from tests.relying_parties.parties import Registration, register, serving
from tests.relying_parties.visits import (
    NICKNAME,
    ask,
    expect_logged_out,
    log_out,
    open_in_wechat,
    read_visit,
    subject_of,
)
from wechatlogin.models import Algorithm


@pytest.fixture
def registration(installation: Installation) -> Iterator[Registration]:
    registration = register(installation, id_token_algorithm=Algorithm.ES256)
    with serving(Program(registration).app, registration):
        yield registration


def test_authlib_logs_a_person_in_and_out(
    installation: Installation, registration: Registration, person: str, phone: BrowserContext
) -> None:
    page = open_in_wechat(phone, f"{registration.url}/login")
    visit = read_visit(page, registration)["visit"]
    asked_later = ask(phone, registration, "/later")
    renewed = ask(phone, registration)["visit"]["renewed"]
    log_out(page, registration)

    sub = subject_of(installation, person)
    signed = jws.extract_compact(visit["token"]["id_token"].encode())
    assert signed.headers()["alg"] == Algorithm.ES256
    assert visit["claims"]["sub"] == visit["userinfo"]["sub"] == sub
    assert visit["userinfo"]["nickname"] == NICKNAME
    assert visit["userinfo"]["email"] == f"{sub}@wechat.invalid"
    assert asked_later == visit["userinfo"]
    assert renewed["refresh_token"] != visit["token"]["refresh_token"]
    assert ask(phone, registration) == {"visit": None}
    expect_logged_out(page, installation)
