"""OmniAuth, which GitLab is built on, logs people in with the settings of GitLab's recipe.

Debian has the gem that GitLab had before the present one; it knows all of the settings but `pkce`,
and for that the recipe says what to do.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import BrowserContext, expect

from tests import databases
from tests.conftest import Installation
from tests.recipes.pages import Setup
from tests.recipes.running import PROGRAMS, create_application, port_of, read_visit, running
from tests.relying_parties.visits import NICKNAME, expect_logged_out, open_in_wechat, subject_of

GEM = "omniauth_openid_connect"


def verify_installed() -> None:
    """Skip the test where Debian's package is missing, or fail it where it is required."""
    ruby = shutil.which("ruby")
    if ruby is None or subprocess.run([ruby, "-r", GEM, "-e", ""], check=False).returncode:
        databases.missing("OmniAuth (the package ruby-omniauth-openid-connect)")


@pytest.fixture
def forge(installation: Installation, tmp_path: Path) -> Iterator[Setup]:
    """A program with the gitlab.rb of the recipe."""
    verify_installed()
    setup = create_application(installation, "gitlab", "--no-pkce")
    settings = tmp_path / "gitlab.rb"
    settings.write_text(setup.get_block("ruby"), encoding="utf-8")
    serve = ["ruby", PROGRAMS / "gitlab.rb", settings, port_of(setup)]
    with running(serve, setup, tmp_path):
        yield setup


def test_omniauth_logs_in_by_the_recipe_and_out(
    installation: Installation, forge: Setup, person: str, phone: BrowserContext
) -> None:
    page = open_in_wechat(phone, f"{forge.url}/users/auth/openid_connect")
    user = read_visit(page, forge)["user"]
    # GitLab ends its own session and sends the browser to the sign-out page URL.
    page.goto(f"{forge.url}/leave?{urlencode({'to': forge.get_block('text').strip()})}")
    page.get_by_role("button", name="退出登录").click()
    expect(page).to_have_url(f"{forge.url}/users/sign_in")
    left = read_visit(page, forge, "/users/sign_in", at="/users/sign_in")

    sub = subject_of(installation, person)
    assert user["uid"] == sub
    assert user["info"]["nickname"] == f"wx_{sub[:12]}"
    assert user["info"]["name"] == NICKNAME
    assert user["info"]["email"] == f"{sub}@wechat.invalid"
    assert left == {"user": None}
    expect_logged_out(page, installation)
