"""Whoever watches an account's calls hears of each failure, and of WeChat's clock."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from tests.wechat.conftest import Answers
from wechatlogin.wechat import errors, http

PATH = "/sns/userinfo"


@dataclass
class Listener:
    """A watcher that keeps what it hears (`wechat.http.Watcher`)."""

    failures: list[errors.PlatformError] = field(default_factory=list)
    dates: list[tuple[datetime, timedelta]] = field(default_factory=list)

    def note_failure(self, err: errors.PlatformError) -> None:
        self.failures.append(err)

    def note_date(self, date: datetime, took: timedelta) -> None:
        self.dates.append((date, took))


def test_a_failure_is_heard_of_and_still_raised(
    answers: Answers, wechat_http: http.WeChatHTTP
) -> None:
    answers.json({"errcode": 40164, "errmsg": "invalid ip 203.0.113.24"})
    listener = Listener()

    with pytest.raises(errors.OperatorNeeded) as caught:
        wechat_http.watched_by(listener).get(PATH, {})

    assert listener.failures == [caught.value]


def test_the_date_of_an_answer_is_heard_of(answers: Answers, wechat_http: http.WeChatHTTP) -> None:
    answers.json({"openid": "o1"})
    listener = Listener()

    wechat_http.watched_by(listener).post(PATH, {}, {})

    ((date, took),) = listener.dates
    assert abs(datetime.now(UTC) - date) < timedelta(minutes=1)
    assert timedelta(0) < took < timedelta(minutes=1)


def test_calls_of_others_are_not_heard_of(answers: Answers, wechat_http: http.WeChatHTTP) -> None:
    answers.json({"errcode": -1})
    listener = Listener()
    wechat_http.watched_by(listener)

    with pytest.raises(errors.WeChatBusy):
        wechat_http.get(PATH, {})

    assert listener.failures == []
    assert listener.dates == []
