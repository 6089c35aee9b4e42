"""What the machine does not give: a reader of the log, a home, a writable disk, root's rights."""

import fcntl
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.conftest import Installation, Installer
from tests.flows.phones import Phone
from tests.servers import ROOT
from tests.waiters import eventually

#: All the world is read-only but the folder, and whoever works in it may do no more than others.
BARE = """
    mount --make-rprivate /
    mount --bind "$0" "$0"
    findmnt --raw --noheadings --output TARGET --types ext4,xfs,btrfs,overlay,tmpfs |
        grep --invert-match --fixed-strings --line-regexp "$0" |
        while read -r target; do mount -o remount,ro,bind "$target" 2>/dev/null || true; done
    cd "$1"
    if touch ./written 2>/dev/null; then exit 9; fi
    shift
    exec env -u HOME TMPDIR="$0" setpriv --bounding-set=-all --inh-caps=-all --no-new-privs "$@"
"""
#: What a pipe of the smallest size holds is written by some twenty requests.
SMALLEST_PIPE = 4096
REQUESTS = 60


@dataclass(frozen=True)
class Pipe:
    """Where a service logs to, and the end that somebody should read."""

    path: Path
    descriptor: int

    def read(self) -> str:
        """Return what has been written meanwhile."""
        read = bytearray()
        while True:
            try:
                read += os.read(self.descriptor, 65_536)
            except BlockingIOError:
                return read.decode()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipe]:
    path = tmp_path_factory.mktemp("pipe") / "log"
    os.mkfifo(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, SMALLEST_PIPE)
    yield Pipe(path, descriptor)
    os.close(descriptor)


@pytest.fixture(scope="module")
def unread(install: Installer, pipe: Pipe, home: Path) -> Installation:
    """A service whose log nobody reads."""
    return install(log=pipe.path, within=("env", f"HOME={home}"))


@pytest.fixture(scope="module")
def full(install: Installer, home: Path) -> Installation:
    """A service whose log has no space left."""
    return install(log=Path("/dev/full"), within=("env", f"HOME={home}"))


@pytest.fixture(scope="module")
def bare(install: Installer, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A service that may write to its folder alone."""
    folder = tmp_path_factory.mktemp("bare")
    path = install.migrated.copy_file(folder)
    clone = tmp_path_factory.mktemp("clone")
    for each in ROOT.iterdir():
        # What services write is not in a fresh clone.
        if each.name not in {"instance", "var"}:
            (clone / each.name).symlink_to(each)
    enter = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    if subprocess.run([*enter, "true"], check=False, capture_output=True).returncode:
        pytest.skip("a file system of one's own may not be made here")
    return install(
        database_url=f"sqlite:///{path}",
        within=[*enter, "sh", "-ec", BARE, str(folder), str(clone)],
    )


def ask_often(installation: Installation) -> list[int]:
    """Ask for pages that are logged, several at a time, and return the statuses."""

    def ask(_: int) -> int:
        return requests.get(f"{installation.url}/help", timeout=5).status_code

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(ask, range(REQUESTS)))


@pytest.mark.fault("C-33")
def test_requests_go_on_while_nobody_reads_the_log(unread: Installation, pipe: Pipe) -> None:
    pipe.read()

    assert ask_often(unread) == [200] * REQUESTS

    # Somebody comes to read it after all.
    told: list[str] = []

    def is_all_told() -> bool:
        told.append(pipe.read())
        return "".join(told).count("GET /help") == REQUESTS

    assert eventually(is_all_told)


@pytest.mark.fault("C-33")
def test_requests_go_on_while_the_log_has_no_space_left(full: Installation) -> None:
    assert ask_often(full) == [200] * REQUESTS


@pytest.mark.fault("C-31")
def test_services_of_one_user_have_nothing_in_common(
    unread: Installation, full: Installation, home: Path
) -> None:
    assert unread.service.is_up()
    assert full.service.is_up()
    # gunicorn's control socket would be there, one for all.
    assert list(home.rglob("*")) == []


@pytest.mark.fault("C-32")
def test_without_a_home_rights_or_a_writable_disk_people_log_in(bare: Installation) -> None:
    page = Phone(bare.simulator.add_person()).open(f"{bare.url}/login")

    assert page.url == f"{bare.url}/account"
    for pid in bare.service.workers():
        status = Path(f"/proc/{pid}/status").read_text()
        assert "CapEff:\t0000000000000000" in status
        assert b"\0HOME=" not in b"\0" + Path(f"/proc/{pid}/environ").read_bytes()
