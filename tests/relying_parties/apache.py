"""Apache with mod_auth_openidc before a folder of pages, apart from the machine's own Apache."""

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests import databases
from tests.relying_parties.parties import Registration

#: Where Debian's package libapache2-mod-auth-openidc, with what it requires, puts them.
APACHE = Path("/usr/sbin/apache2")
MODULES = Path("/usr/lib/apache2/modules")
OPENIDC = MODULES / "mod_auth_openidc.so"
#: Apache refuses to serve as root, so root starts it as this user of Debian's.
SERVING_USER = "www-data"
SETTINGS = Path(__file__).with_name("apache.conf")
#: Beneath what is protected; the module answers there itself.
REDIRECT = "/private/redirect_uri"
BACKCHANNEL = f"{REDIRECT}?logout=backchannel"
PAGE = """<!doctype html><meta charset="utf-8"><title>private</title>
<p id="user"><!--#echo var="REMOTE_USER" --></p>
<p id="nickname"><!--#echo encoding="none" var="OIDC_CLAIM_nickname" --></p>
<p id="email"><!--#echo var="OIDC_CLAIM_email" --></p>
"""
PATIENCE = 10


def verify_installed() -> None:
    """Skip the test where Debian's package is missing, or fail it where services are required."""
    if not (APACHE.exists() and OPENIDC.exists()):
        databases.missing("Apache with mod_auth_openidc (libapache2-mod-auth-openidc)")


@contextmanager
def running(registration: Registration) -> Iterator[None]:
    """Run it for a program that is registered."""
    # Not in pytest's folder, which is closed to other users.
    with tempfile.TemporaryDirectory(prefix="apache-") as name:
        folder = Path(name)
        _fill(folder, registration)
        process = _start(folder)
        try:
            _wait_until_up(registration.url, folder, process)
            yield
        finally:
            process.terminate()
            process.wait(20)


def _start(folder: Path) -> subprocess.Popen[bytes]:
    as_whom: dict[str, Any] = {}
    if os.geteuid() == 0:
        as_whom = {"user": SERVING_USER, "group": SERVING_USER, "extra_groups": []}
        for path in (folder, *folder.rglob("*")):
            shutil.chown(path, SERVING_USER, SERVING_USER)
    command = [APACHE, "-d", folder, "-f", folder / "apache.conf", "-DFOREGROUND"]
    with (folder / "output").open("wb") as output:
        return subprocess.Popen(command, stdout=output, stderr=output, **as_whom)


def _fill(folder: Path, registration: Registration) -> None:
    """Write the settings and the pages."""
    values = {
        "folder": str(folder),
        "modules": str(MODULES),
        "port": str(registration.port),
        "passphrase": secrets.token_hex(16),
        "issuer": registration.issuer,
        "client_id": registration.client_id,
        "client_secret": registration.client_secret,
        "redirect_uri": registration.redirect_uri,
    }
    settings = SETTINGS.read_text(encoding="utf-8")
    for name, value in values.items():
        settings = settings.replace(f"{{{name}}}", value)
    (folder / "apache.conf").write_text(settings, encoding="utf-8")
    private = folder / "pages" / "private"
    private.mkdir(parents=True)
    (private / "index.shtml").write_text(PAGE, encoding="utf-8")
    (folder / "pages" / "bye.html").write_text("<!doctype html><title>bye</title>")


def _wait_until_up(url: str, folder: Path, process: subprocess.Popen[bytes]) -> None:
    give_up_at = time.monotonic() + PATIENCE
    while time.monotonic() < give_up_at and process.poll() is None:
        try:
            if requests.get(f"{url}/bye.html", timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.02)
    logs = [path.read_text() for path in folder.iterdir() if path.name in {"output", "error.log"}]
    raise AssertionError("\n".join(logs))
