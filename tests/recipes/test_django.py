"""django-allauth logs people in with the settings that its recipe gives."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.conftest import Installation
from tests.recipes.pages import Setup
from tests.recipes.running import create_application, port_of, read_visit, running
from tests.relying_parties.visits import NICKNAME, expect_logged_out, subject_of
from tests.servers import ROOT

BASE = "from tests.recipes.programs.django_base import *"
HOME = "from tests.recipes.programs import django_home\nurlpatterns += django_home.urlpatterns"
DJANGO = [sys.executable, "-m", "django"]


@pytest.fixture
def shop(installation: Installation, tmp_path: Path) -> Iterator[Setup]:
    """The shop of the recipe, with its tables made."""
    setup = create_application(installation, "django")
    settings, urls = setup.get_block("python", "INSTALLED_APPS"), setup.get_block("python", "path(")
    (tmp_path / "settings.py").write_text(f"{BASE}\n{settings}", encoding="utf-8")
    (tmp_path / "urls.py").write_text(f"{urls}\n{HOME}\n", encoding="utf-8")
    more = {"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    migrate = [*DJANGO, "migrate", "-v0"]
    subprocess.run(migrate, cwd=tmp_path, env={**os.environ, **more}, check=True, timeout=60)
    serve = [*DJANGO, "runserver", "--noreload", port_of(setup)]
    with running(serve, setup, tmp_path, **more):
        yield setup


def test_allauth_logs_in_by_the_recipe_and_out(
    installation: Installation, shop: Setup, person: str, phone: BrowserContext, tmp_path: Path
) -> None:
    page = phone.new_page()
    page.goto(f"{shop.url}/accounts/login/")
    page.get_by_role("link", name="微信").click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="允许").click()
    visit = read_visit(page, shop)
    page.goto(f"{shop.url}/accounts/logout/")
    page.get_by_role("button", name="Sign Out").click()
    page.get_by_role("button", name="退出登录").click()
    left = read_visit(page, shop)

    sub = subject_of(installation, person)
    expect(page).to_have_url(f"{shop.url}/")
    assert visit["uid"] == sub
    assert visit["user"] == f"wx_{sub[:12]}"
    assert (visit["email"], visit["is_verified"]) == (f"{sub}@wechat.invalid", False)
    assert visit["userinfo"]["name"] == NICKNAME
    assert not (tmp_path / "mails").exists()
    assert left == {"user": None}
    expect_logged_out(page, installation)
