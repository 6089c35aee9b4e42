"""A recipe that is followed: the application is created, and a program runs with the settings."""

import json
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from playwright.sync_api import Page, expect

from tests.conftest import Installation
from tests.recipes import pages
from tests.recipes.pages import Setup
from tests.servers import ROOT, free_port

PROGRAMS = ROOT / "tests" / "recipes" / "programs"
PATIENCE = 30


def create_application(installation: Installation, name: str, *more: str) -> Setup:
    """Run a page's command for a program on this machine, and return what to put into its blocks.

    The program is on `localhost` while we are on 127.0.0.1, which makes it another site.
    """
    setup = Setup(pages.get(name), installation.url, f"http://localhost:{free_port()}")
    words = [setup.fill(word) for word in setup.recipe.command]
    done = installation.app.test_cli_runner().invoke(args=[*words, *more])
    assert done.exit_code == 0, done.output
    shown = json.loads(done.output)
    return replace(setup, client_id=shown["client_id"], client_secret=shown["client_secret"])


def port_of(setup: Setup) -> str:
    """Return where the program has to listen."""
    return str(urlsplit(setup.url).port)


@contextmanager
def running(
    command: Sequence[str | Path], setup: Setup, folder: Path, **environment: str
) -> Iterator[None]:
    """Run a program in its folder until the test is done with it."""
    log = folder / "output"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **environment}, stdout=output, stderr=output
        )
    try:
        _wait_until_up(setup.url, log, process)
        yield
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_up(url: str, log: Path, process: subprocess.Popen[bytes]) -> None:
    give_up_at = time.monotonic() + PATIENCE
    while time.monotonic() < give_up_at and process.poll() is None:
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.05)
    raise AssertionError(log.read_text())


def read_visit(page: Page, setup: Setup, path: str = "/", *, at: str = "/") -> Any:
    """Return what the program tells this browser of its visit, once the browser has come to it."""
    expect(page).to_have_url(setup.url + at)
    answer = page.context.request.get(setup.url + path)
    assert answer.ok, answer.text()
    return answer.json()
