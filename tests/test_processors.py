"""Each process stays on a processor of its own, as far as there are enough."""

import errno
import os
import signal

import pytest

from tests.conftest import Installer
from tests.servers import Service
from tests.waiters import eventually
from wechatlogin import processors

#: As many as there are processors, or a few of many.
WORKERS = min(4, len(os.sched_getaffinity(0)))


def usable(monkeypatch: pytest.MonkeyPatch, *numbers: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(numbers))


def places(service: Service) -> list[set[int]]:
    return [os.sched_getaffinity(pid) for pid in service.workers()]


def have_one_each(service: Service) -> bool:
    found = places(service)
    return len(set().union(*found)) == len(found) == sum(map(len, found))


def test_the_least_taken_processor_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    usable(monkeypatch, 2, 3, 7)

    assert processors.choose([2, 7]) == 3
    assert processors.choose([2, 3, 7, 3, 2]) == 7


def test_among_equals_chance_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    usable(monkeypatch, 2, 3, 7)

    assert {processors.choose([]) for _ in range(200)} == {2, 3, 7}


def test_a_process_without_a_place_counts_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    usable(monkeypatch, 2, 3)

    assert processors.choose([None, None, 2]) == 3


def test_where_there_is_no_choice_none_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    usable(monkeypatch, 4)

    assert processors.choose([]) is None


def test_a_system_that_knows_no_such_thing_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")

    assert processors.choose([]) is None


def test_where_it_is_forbidden_the_process_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def forbid(_pid: int, _processors: set[int]) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setaffinity", forbid)

    processors.stay_on(0)

    assert "stays on no processor: Operation not permitted" in caplog.text


def test_each_process_has_a_processor_of_its_own(install: Installer) -> None:
    service = install(workers=WORKERS).service

    assert have_one_each(service)


def test_whoever_follows_on_a_killed_process_has_one_of_its_own(install: Installer) -> None:
    service = install(workers=WORKERS).service
    before = service.workers()

    os.kill(before[-1], signal.SIGKILL)

    assert eventually(
        lambda: len(service.workers()) == WORKERS and before[-1] not in service.workers(),
        within=10,
    )
    assert eventually(lambda: have_one_each(service), within=5)


def test_by_a_setting_nobody_stays_anywhere(install: Installer) -> None:
    service = install(workers=1, pin_workers=False).service

    assert places(service) == [os.sched_getaffinity(0)]
