"""The clients of both test plans; a program that is told of log-outs; and their people."""

from collections.abc import Iterator

import pytest

from tests.conftest import Installation
from tests.flows.phones import Phone
from tests.oidc.conformance import ConformanceClient
from tests.oidc.log_outs import BACK
from tests.oidc.programs import Program, a_phone
from tests.simulator.receiver import Receiver


@pytest.fixture(params=[None, "form_post"], ids=["basic", "form post"])
def client(installation: Installation, request: pytest.FixtureRequest) -> ConformanceClient:
    """The suite's client, as the plans "Basic OP" and "Form Post OP" have it."""
    return ConformanceClient(installation, response_mode=request.param)


@pytest.fixture
def listener() -> Iterator[Receiver]:
    """The program's server, where it hears of log-outs."""
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def program(installation: Installation, listener: Receiver) -> Program:
    return Program(
        installation,
        post_logout_redirect_uris=(BACK, f"{BACK}?from=login"),
        backchannel_logout_uri=f"{listener.url}/back-channel",
    )


@pytest.fixture
def phone(installation: Installation) -> Phone:
    return a_phone(installation)


@pytest.fixture
def id_token(program: Program, phone: Phone) -> str:
    """The person has logged in to the program, which holds this."""
    token: str = program.log_in(phone)["id_token"]
    return token
