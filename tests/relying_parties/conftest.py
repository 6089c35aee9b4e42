"""One person for the programs here, in WeChat and at a desktop."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext

from tests.conftest import Installation
from tests.flows.conftest import desktop, new_context, new_phone
from tests.relying_parties.visits import NICKNAME

__all__ = ["desktop", "new_context", "new_phone"]


@pytest.fixture
def person(installation: Installation) -> str:
    """Somebody who follows the account."""
    person = installation.simulator.add_person(nickname=NICKNAME)
    installation.simulator.follow(person, installation.account.appid)
    return person


@pytest.fixture
def phone(
    installation: Installation, person: str, new_phone: Callable[[str, str], BrowserContext]
) -> BrowserContext:
    """WeChat's browser on this person's phone."""
    return new_phone(person, installation.simulator.url)
