"""Each process stays on a processor of its own, as far as there are enough."""

import os
import signal

import pytest

from tests.conftest import Installer
from tests.servers import Service
from tests.waiters import eventually
from wechatlogin import processors


def usable(monkeypatch: pytest.MonkeyPatch, *numbers: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(numbers))


def places(service: Service) -> list[set[int]]:
    return [os.sched_getaffinity(pid) for pid in service.workers()]


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


def test_as_many_processes_as_processors_have_one_each(install: Installer) -> None:
    all_of_them = os.sched_getaffinity(0)
    service = install(workers=len(all_of_them)).service

    assert sorted(map(sorted, places(service))) == [[one] for one in sorted(all_of_them)]


def test_whoever_follows_on_a_killed_process_takes_its_processor(install: Installer) -> None:
    all_of_them = os.sched_getaffinity(0)
    service = install(workers=len(all_of_them)).service
    before = service.workers()

    os.kill(before[-1], signal.SIGKILL)

    assert eventually(
        lambda: set(service.workers()) > set(before[:-1]) and before[-1] not in service.workers(),
        within=10,
    )
    assert eventually(
        lambda: sorted(map(sorted, places(service))) == [[one] for one in sorted(all_of_them)],
        within=5,
    )


def test_by_a_setting_nobody_stays_anywhere(install: Installer) -> None:
    service = install(workers=1, pin_workers=False).service

    assert places(service) == [os.sched_getaffinity(0)]
