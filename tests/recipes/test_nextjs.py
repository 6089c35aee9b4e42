"""Auth.js logs people in with the settings that its recipe gives."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests import node
from tests.conftest import Installation
from tests.recipes.pages import Setup
from tests.recipes.running import PROGRAMS, create_application, read_visit, running
from tests.relying_parties.visits import NICKNAME, expect_logged_out, open_in_wechat, subject_of

#: What a program on Next.js imports, and where it is here; `next-auth` hands on to Auth.js's core.
MODULES = {
    "next-auth/jwt": "@auth/core/jwt",
    "next-auth": "./next-auth.mjs",
    "next/headers": "./next-headers.mjs",
    "@/auth": "./auth.mjs",
}


@pytest.fixture
def shop(installation: Installation, node_modules: Path, tmp_path: Path) -> Iterator[Setup]:
    """The shop of the recipe, in Node without Next.js."""
    setup = create_application(installation, "nextjs")
    for name, part in {"auth": "NextAuth({", "log-out": "logOut"}.items():
        text = setup.get_block("ts", part)
        for said, meant in MODULES.items():
            text = text.replace(f'from "{said}"', f'from "{meant}"')
        (tmp_path / f"{name}.mjs").write_text(text, encoding="utf-8")
    for program in PROGRAMS.glob("*.mjs"):
        (tmp_path / program.name).symlink_to(program)
    (tmp_path / "node_modules").symlink_to(node.INSTALLED)
    environment = dict(line.split("=", 1) for line in setup.get_block("ini").splitlines())
    serve = ["node", "--preserve-symlinks", "--preserve-symlinks-main", "server.mjs"]
    with running(serve, setup, tmp_path, **environment):
        yield setup


def test_authjs_logs_in_by_the_recipe_and_out(
    installation: Installation, shop: Setup, person: str, phone: BrowserContext
) -> None:
    page = open_in_wechat(phone, f"{shop.url}/login")
    user = read_visit(page, shop)["user"]
    page.goto(f"{shop.url}/logout")
    expect(page).to_have_url(f"{shop.url}/")
    left = read_visit(page, shop)

    sub = subject_of(installation, person)
    assert user["id"] == sub
    assert user["name"] == NICKNAME
    assert user["email"] == f"{sub}@wechat.invalid"
    assert left == {"user": None}
    expect_logged_out(page, installation)
