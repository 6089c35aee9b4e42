"""Who is read next, when many are woken at once and everybody is to be looked at."""

import pytest

from wechatlogin.web import rounds
from wechatlogin.web.guest import Guest
from wechatlogin.web.rounds import Round, Rounds


@pytest.fixture(autouse=True)
def _small_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "MOST_WOKEN", 2)
    monkeypatch.setattr(rounds, "MOST_COMPARED", 2)


def guest(attempt_id: str) -> Guest:
    return Guest(attempt_id, "::1")


def test_those_who_are_woken_are_read_a_few_at_a_time_in_their_order() -> None:
    waking = Rounds()
    waking.wake("cab")
    waking.wake("ad")

    taken = [waking.take((), 0.0) for _ in range(3)]

    assert taken == [Round(["c", "a"], []), Round(["b", "d"], []), None]


def test_whoever_is_woken_twice_is_read_once() -> None:
    waking = Rounds()
    waking.wake("ab")
    waking.wake("a")

    assert waking.take((), 0.0) == Round(["a", "b"], [])
    assert waking.take((), 0.0) is None


def test_everybody_is_looked_at_in_parts_with_those_who_are_woken_in_between() -> None:
    waking, seated = Rounds(), [guest(attempt_id) for attempt_id in "abc"]
    waking.wake_everybody()

    assert waking.take(seated, 1.0) == Round([], seated[:2])
    waking.wake("z")
    assert waking.take(seated, 1.0) == Round(["z"], seated[2:])
    assert waking.take(seated, 1.0) is None
    assert waking.everybody_looked_at == 1.0


def test_looking_at_everybody_leaves_time_for_all_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "SHARE", 3)
    waking, seated = Rounds(), [guest("a")]
    waking.wake_everybody()
    waking.rest(1.0, 2.0)
    waking.wake("z")

    assert waking.take(seated, 3.0) == Round(["z"], [])
    assert waking.patience(3.0) == 1.0
    assert waking.take(seated, 4.0) == Round([], seated)
    assert waking.patience(4.0) is None


def test_a_change_during_a_look_at_everybody_asks_for_another() -> None:
    waking, seated = Rounds(), [guest(attempt_id) for attempt_id in "abc"]
    waking.wake_everybody()
    waking.take(seated, 0.0)
    waking.wake_everybody()

    taken = [waking.take(seated, 0.0) for _ in range(4)]

    assert [part.compared for part in taken if part] == [seated[2:], seated[:2], seated[2:]]
