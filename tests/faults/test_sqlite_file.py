"""SQLite's file is locked by somebody else, its disk is full, or confirms nothing."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import requests

from tests import databases
from tests.conftest import Installation, Installer
from tests.faults.traffic import Traffic, Visit, statuses
from tests.flows.phones import Browser, Phone
from tests.waiters import eventually

#: Small, but with room for the tables and a few hundred logins.
DISK = "4m"


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk of its own, which can be filled."""
    folder = tmp_path_factory.mktemp("disk")
    options = ["-t", "tmpfs", "-o", f"size={DISK},mode=0700", "tmpfs", str(folder)]
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk")
    subprocess.run(["mount", *options], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="module")
def installation(install: Installer, disk: Path) -> Installation:
    path = install.migrated.copy_file(disk)
    return install(database_url=f"sqlite:///{path}")


def path_of(installation: Installation) -> str:
    return installation.service.settings.database_url.removeprefix("sqlite:///")


def count_attempts(installation: Installation) -> int:
    with closing(sqlite3.connect(path_of(installation))) as database:
        (count,) = database.execute("SELECT count(*) FROM attempts").fetchone()
    return int(count)


def writing(installation: Installation) -> Callable[[Browser], requests.Response]:
    return lambda browser: browser.step(f"{installation.url}/login/code")


def status_of(installation: Installation, path: str) -> int:
    return requests.get(f"{installation.url}{path}", timeout=20).status_code


@contextmanager
def locked(installation: Installation, kind: str) -> Iterator[None]:
    with closing(sqlite3.connect(path_of(installation), isolation_level=None)) as other:
        other.execute(f"BEGIN {kind}")
        yield
        other.execute("ROLLBACK")


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Take all the space that is left on a disk."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    yield
    filler.unlink()


def verify_refused_in_time(visits: list[Visit]) -> None:
    assert statuses(visits) == {503}
    assert {visit.retry_after for visit in visits} == {"5"}
    assert max(visit.seconds for visit in visits) < 5


@pytest.mark.fault("C-15")
@pytest.mark.parametrize("kind", ["IMMEDIATE", "EXCLUSIVE"])
def test_who_comes_while_the_file_is_locked_waits_and_is_then_told(
    installation: Installation, kind: str
) -> None:
    with locked(installation, kind):
        with Traffic(writing(installation), threads=3) as traffic:
            traffic.go_on(3)
        is_ready = status_of(installation, "/readyz") == 200
        is_alive = status_of(installation, "/healthz") == 200

    verify_refused_in_time(traffic.visits)
    assert is_alive
    # Nobody can so much as read the file that another program has to itself.
    assert is_ready == (kind == "IMMEDIATE")
    assert writing(installation)(Browser()).status_code == 200
    assert "Traceback" not in installation.service.log_path.read_text()


@pytest.mark.fault("C-15")
def test_a_lock_that_ends_in_time_is_only_waited_for(installation: Installation) -> None:
    with Traffic(writing(installation), threads=3, pause=0.2) as traffic:
        with locked(installation, "EXCLUSIVE"):
            traffic.go_on(1.5)
        traffic.go_on(0.5)

    assert statuses(traffic.visits) == {200}
    assert max(visit.seconds for visit in traffic.visits) > 1


@pytest.mark.fault("C-20")
def test_on_a_full_disk_logins_fail_and_reading_goes_on(
    installation: Installation, disk: Path
) -> None:
    person = installation.simulator.add_person()
    phone = Phone(person)
    assert phone.open(f"{installation.url}/account").status_code == 200
    with filled(disk):
        # The file itself may still have pages that are free.
        assert eventually(lambda: writing(installation)(Browser()).status_code == 503, 20)
        with Traffic(writing(installation), threads=3) as traffic:
            traffic.go_on(1)
        login = Phone(installation.simulator.add_person()).open(f"{installation.url}/account")
        account = phone.step(f"{installation.url}/account")
        health = [status_of(installation, path) for path in ("/readyz", "/healthz")]

    verify_refused_in_time(traffic.visits)
    assert login.status_code == 503
    assert "服务器正忙" in login.text
    assert account.status_code == 200
    assert health == [200, 200]
    assert writing(installation)(Browser()).status_code == 200
    assert Phone(person).open(f"{installation.url}/account").status_code == 200
    assert "Traceback" not in installation.service.log_path.read_text()


@pytest.mark.fault("C-21")
def test_what_the_disk_does_not_confirm_nobody_is_told_of(installation: Installation) -> None:
    before = count_attempts(installation)

    with failing_to_synchronize(installation):
        answers = [writing(installation)(Browser()) for _ in range(5)]
        left = count_attempts(installation)

    assert {answer.status_code for answer in answers} == {503}
    assert left == before
    assert writing(installation)(Browser()).status_code == 200
    with closing(sqlite3.connect(path_of(installation))) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert count_attempts(installation) == before + 1


@contextmanager
def failing_to_synchronize(installation: Installation) -> Iterator[None]:
    """Let the kernel answer the service's every fsync with an error of the disk."""
    strace = shutil.which("strace")
    if strace is None:
        databases.missing("strace")
    fault = "inject=fsync,fdatasync:error=EIO"
    (worker,) = installation.service.workers()
    tracer = subprocess.Popen(
        [str(strace), "-f", "-p", str(worker), "-e", "trace=fsync,fdatasync", "-e", fault],
        stderr=subprocess.DEVNULL,
    )
    assert eventually(lambda: is_traced(worker))
    yield
    tracer.terminate()
    tracer.wait()


def is_traced(pid: int) -> bool:
    threads = Path(f"/proc/{pid}/task").glob("*/status")
    return all("TracerPid:\t0\n" not in status.read_text() for status in threads)
