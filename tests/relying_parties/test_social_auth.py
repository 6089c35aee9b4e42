"""social-auth-core logs a person in, renews its token, and the program logs out."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext

from tests.conftest import Installation
from tests.relying_parties.parties import Registration, register, serving
from tests.relying_parties.social_auth import Program
from tests.relying_parties.visits import (
    NICKNAME,
    ask,
    expect_logged_out,
    log_out,
    open_in_wechat,
    read_visit,
    subject_of,
)


@pytest.fixture
def registration(installation: Installation) -> Iterator[Registration]:
    registration = register(installation)
    with serving(Program(registration).app, registration):
        yield registration


def test_social_auth_makes_a_customer_of_a_person_and_logs_out(
    installation: Installation, registration: Registration, person: str, phone: BrowserContext
) -> None:
    page = open_in_wechat(phone, f"{registration.url}/login")
    visit = read_visit(page, registration)["visit"]
    renewed = ask(phone, registration, "/later")["access_token"]
    log_out(page, registration)

    sub = subject_of(installation, person)
    assert visit["uid"] == sub
    assert visit["customer"] == {
        "username": f"wx_{sub[:12]}",
        "email": f"{sub}@wechat.invalid",
        "fullname": NICKNAME,
    }
    assert renewed != visit["extra"]["access_token"]
    assert ask(phone, registration) == {"visit": None}
    expect_logged_out(page, installation)


def test_social_auth_knows_a_customer_again(
    registration: Registration, phone: BrowserContext
) -> None:
    page = open_in_wechat(phone, f"{registration.url}/login")
    first = read_visit(page, registration)["visit"]
    log_out(page, registration)

    page.goto(f"{registration.url}/login")

    assert read_visit(page, registration)["visit"]["uid"] == first["uid"]
