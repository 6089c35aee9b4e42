"""Flask-AppBuilder, which Superset is built on, logs people in with the settings of its recipe."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.conftest import Installation
from tests.recipes.pages import Setup
from tests.recipes.running import PROGRAMS, create_application, port_of, read_visit, running
from tests.relying_parties.visits import expect_logged_out, scan_on_desktop, subject_of

#: Superset's own class adds what its roles may do; the login is the one of Flask-AppBuilder.
SECURITY = (
    "from flask_appbuilder.security.sqla.manager import SecurityManager as SupersetSecurityManager"
)


@pytest.fixture
def dashboards(installation: Installation, tmp_path: Path) -> Iterator[Setup]:
    """A program with the superset_config.py of the recipe."""
    setup = create_application(installation, "superset")
    (tmp_path / "superset_config.py").write_text(setup.get_block("python"), encoding="utf-8")
    (tmp_path / "superset").mkdir()
    (tmp_path / "superset" / "security.py").write_text(SECURITY, encoding="utf-8")
    serve = [sys.executable, PROGRAMS / "appbuilder.py", port_of(setup)]
    with running(serve, setup, tmp_path, PYTHONPATH=str(tmp_path)):
        yield setup


def test_flask_appbuilder_logs_in_by_the_recipe_and_out(
    installation: Installation,
    dashboards: Setup,
    person: str,
    desktop: BrowserContext,
    phone: BrowserContext,
) -> None:
    start = f"{dashboards.url}/login/wechat"
    page = scan_on_desktop(installation, desktop, phone, start)
    visit = read_visit(page, dashboards, "/me")
    page.goto(f"{dashboards.url}/logout/")
    page.get_by_role("button", name="退出登录").click()
    expect(page).to_have_url(f"{dashboards.url}/login/")

    sub = subject_of(installation, person)
    assert visit["user"] == sub
    # A person who has only scanned has told no name.
    assert visit["name"] == f"wx_{sub[:12]}"
    assert visit["email"] == f"{sub}@wechat.invalid"
    assert visit["roles"] == ["Gamma"]
    expect_logged_out(page, installation)
