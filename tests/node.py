"""Packages for Node that tests run, as package-lock.json pins them."""

import fcntl
import shutil
import subprocess
from pathlib import Path

from tests import databases
from tests.servers import ROOT

# Node looks for a script's packages in the folders above it, so they lie above all scripts.
HERE = ROOT / "tests"
PINNED = HERE / "package-lock.json"
INSTALLED = HERE / "node_modules"
#: A copy of the lock file that the folder was filled by.
STAMP = INSTALLED / ".filled-by.json"


def install_packages() -> Path:
    """Fetch the pinned packages, once until the lock file changes, and return their folder."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            databases.missing(program)
    with PINNED.open(encoding="utf-8") as pinned:
        # Several test processes may come here together, and one of them does the work.
        fcntl.flock(pinned, fcntl.LOCK_EX)
        wanted = pinned.read()
        if not STAMP.exists() or STAMP.read_text(encoding="utf-8") != wanted:
            _fetch()
            STAMP.write_text(wanted, encoding="utf-8")
    return INSTALLED


def _fetch() -> None:
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(
        command, cwd=HERE, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
