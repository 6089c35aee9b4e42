"""A program and a person for the stories of the front doors."""

import pytest

from tests.compat.open_authorization import Program
from tests.conftest import Installation, Installer


@pytest.fixture(scope="session")
def program(installation: Installation) -> Program:
    """A program whose server knows `/wechat/*`."""
    return Program(installation)


@pytest.fixture
def person(installation: Installation) -> str:
    """Somebody with WeChat, who follows nothing yet."""
    return installation.simulator.add_person()


@pytest.fixture(scope="session")
def anqicms(install_for_all: Installer) -> Installation:
    """An installation where many wrong codes may be typed."""
    return install_for_all(
        limit_code_tries="1000 per minute", limit_code_tries_all="1000 per minute"
    )
