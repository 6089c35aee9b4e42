"""How far logins get, and what is known of the accounts: on three databases, and without a scan."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, insert

from tests import stories
from wechatlogin.extensions import db
from wechatlogin.models import (
    Attempt,
    Channel,
    Forwarded,
    PlatformToken,
    Purpose,
    ReceivedMessage,
    SendState,
    SentMessage,
    Status,
    Way,
)
from wechatlogin.models.transaction import write
from wechatlogin.services import account_states, funnel
from wechatlogin.services.account_states import AccountState
from wechatlogin.services.funnel import Funnel
from wechatlogin.services.site import Site
from wechatlogin.wechat.app import AppKind

NOW = datetime(2026, 11, 21, 3, 20, tzinfo=UTC)
AN_HOUR_AGO = NOW - timedelta(hours=1)
APPID = "wx0123456789abcdef"
SECOND = timedelta(seconds=1)
#: Steps of a plan that read no table which grows.
SMALL = {"SCAN wechat_apps", "SCAN CONSTANT ROW"}


def an_attempt(number: int, status: Status = Status.PENDING, **more: Any) -> dict[str, object]:
    """Return a row of an attempt that somebody began half an hour ago, and that is over."""
    begun = NOW - timedelta(minutes=30)
    return {
        "id": f"a{number}",
        "scene": f"s{number}",
        "binding_hash": "b",
        "way": Way.SCAN,
        "purpose": Purpose.LOGIN,
        "status": status,
        "confirm": "number",
        "appid": APPID,
        "openid": "o1",
        "browser": "Windows · Edge",
        "created_at": begun,
        "expires_at": begun + 120 * SECOND,
        **more,
    }


def a_login(number: int, seconds: float, **more: Any) -> dict[str, object]:
    scanned = NOW - timedelta(minutes=29)
    claimed = scanned + seconds * SECOND
    moments = {"scanned_at": scanned, "confirmed_at": claimed, "claimed_at": claimed}
    return an_attempt(number, Status.CLAIMED, **{**moments, **more})


def keep(table: type[Any], *rows: Mapping[str, object]) -> None:
    with write() as session:
        for row in rows:
            session.execute(insert(table).values(row))


def get_only_account() -> AccountState:
    (account,) = account_states.get_all(since=AN_HOUR_AGO, now=NOW)
    return account


def test_each_way_says_where_people_were_lost(storage: Site) -> None:
    scanned = {"scanned_at": NOW - timedelta(minutes=29)}
    keep(
        Attempt,
        a_login(1, 3),
        an_attempt(2),
        an_attempt(3, Status.EXPIRED),
        an_attempt(4, Status.SCANNED, **scanned),
        an_attempt(5, Status.DECLINED, **scanned),
        an_attempt(6, expires_at=NOW + SECOND),
        an_attempt(7, Status.FAILED, way=Way.IN_WECHAT, failure="code_refused"),
        an_attempt(8, Status.FAILED, way=Way.IN_WECHAT, failure="code_refused"),
        an_attempt(9, Status.FAILED, way=Way.IN_WECHAT, failure="wechat"),
    )

    found = funnel.get_funnels(since=AN_HOUR_AGO, now=NOW)

    assert found == [
        Funnel(Way.SCAN, 6, 3, 1, 1, declined=1, expired_unscanned=2, expired_scanned=1),
        Funnel(Way.IN_WECHAT, 3, 0, 0, 0, 0, 0, 0, {"code_refused": 2, "wechat": 1}),
    ]


def test_what_is_older_and_what_is_part_of_another_login_is_not_counted(storage: Site) -> None:
    keep(
        Attempt,
        an_attempt(1, created_at=AN_HOUR_AGO - SECOND),
        an_attempt(2, purpose=Purpose.CONFIRM),
        an_attempt(3, purpose=Purpose.RELAY),
    )

    assert funnel.get_funnels(since=AN_HOUR_AGO, now=NOW) == []


def test_the_times_are_those_that_half_and_nearly_all_kept_to(storage: Site) -> None:
    keep(Attempt, *(a_login(number, number) for number in range(1, 21)))

    times = funnel.get_times(since=AN_HOUR_AGO)

    assert times is not None
    assert (times.count, times.p50, times.p95) == (20, 10 * SECOND, 19 * SECOND)


def test_without_a_scan_there_are_no_times(storage: Site) -> None:
    keep(Attempt, a_login(1, 3, way=Way.IN_WECHAT, scanned_at=None))

    assert funnel.get_times(since=AN_HOUR_AGO) is None


def test_times_are_taken_of_so_many_logins_and_no_more(
    storage: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(funnel, "MOST_TIMES", 3)
    begun = NOW - timedelta(minutes=30)
    keep(Attempt, *(a_login(n, n, created_at=begun + n * SECOND) for n in range(1, 10)))

    times = funnel.get_times(since=AN_HOUR_AGO)

    assert times is not None
    assert (times.count, times.p50) == (3, 8 * SECOND)


def test_an_account_shows_its_last_logins_by_way(storage: Site) -> None:
    stories.an_account(storage, now=NOW)
    keep(Attempt, a_login(1, 3), a_login(2, 9), a_login(3, 5, way=Way.PAGE), an_attempt(4))

    account = get_only_account()

    scanned = NOW - timedelta(minutes=29)
    assert account.logins == {Way.SCAN: scanned + 9 * SECOND, Way.PAGE: scanned + 5 * SECOND}
    assert account.last_login_at == scanned + 9 * SECOND


def test_qr_codes_are_counted_from_midnight_in_beijing(storage: Site) -> None:
    stories.an_account(storage, now=NOW, kind=AppKind.TEST)
    midnight = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
    keep(
        Attempt,
        an_attempt(1, created_at=midnight),
        an_attempt(2, created_at=midnight - SECOND),
        an_attempt(3, way=Way.PAGE),
    )

    account = get_only_account()

    assert (account.qr_today, account.qr_quota) == (1, 10_000)


@pytest.mark.parametrize(("day", "today"), [(21, 7), (20, 0)], ids=["today", "yesterday"])
def test_refreshes_are_those_of_the_day_in_beijing(storage: Site, day: int, today: int) -> None:
    stories.an_account(storage, now=NOW)
    token = {"appid": APPID, "refreshes": 9, "refreshes_today": 7, "refreshed_by": "vm:1"}
    moments = {"refreshed_at": AN_HOUR_AGO, "expires_at": NOW + SECOND}
    refreshed_on = datetime(2026, 11, day, tzinfo=UTC).date()
    keep(PlatformToken, {**token, **moments, "refreshes_day": refreshed_on})

    state = get_only_account().token

    assert state is not None
    assert (state.refreshes_today, state.refreshed_by) == (today, "vm:1")


def test_messages_are_told_by_channel_and_outcome(storage: Site) -> None:
    stories.an_account(storage, now=NOW)
    sent = [
        (Channel.TEMPLATE, SendState.DELIVERED, None),
        (Channel.TEMPLATE, SendState.DELIVERED, None),
        (Channel.TEMPLATE, SendState.FAILED, 43004),
        (Channel.CUSTOMER, SendState.FAILED, 45015),
        (Channel.PAGE, SendState.ACCEPTED, None),
    ]
    moments = {"created_at": NOW, "updated_at": NOW}
    keep(
        SentMessage,
        *(
            {"appid": APPID, "channel": channel, "state": state, "errcode": errcode, **moments}
            for channel, state, errcode in sent
        ),
    )

    sendings = get_only_account().sendings

    assert sendings.keys() == {Channel.TEMPLATE, Channel.CUSTOMER}
    assert sendings["template"].states == {SendState.DELIVERED: 2, SendState.FAILED: 1}
    assert (sendings["template"].too_late, sendings["customer"].too_late) == (0, 1)


def test_pushes_that_nobody_took_are_counted(storage: Site) -> None:
    stories.an_account(storage, now=NOW)
    stories.an_account(storage, now=NOW, appid="wxfedcba9876543210")
    for number, forwarded in enumerate((Forwarded.FAILED, Forwarded.ANSWERED, None)):
        push = {"appid": APPID, "dedupe_key": f"d{number}", "signature": f"s{number}"}
        more = {"body_hash": "h", "kind": "TextMessage", "received_at": NOW - number * SECOND}
        keep(ReceivedMessage, {**push, **more, "forwarded": forwarded})

    first, second = account_states.get_all(since=AN_HOUR_AGO, now=NOW)

    assert (first.last_push_at, first.forwards_failed) == (NOW, 1)
    assert (second.last_push_at, second.forwards_failed) == (None, 0)


@pytest.mark.database("sqlite")
def test_no_query_of_the_page_reads_a_whole_table(empty_app: Flask) -> None:
    """By SQLite's plans: the others look how many rows there are before they plan."""
    with empty_app.app_context():
        plans = _get_plans(empty_app.extensions["wechatlogin"])

    # Which apps there are is read whole, and a question without a table is no reading at all.
    grown = [plan for plan in plans if plan.startswith("SCAN") and plan not in SMALL]
    assert any("ix_attempts_created_at" in plan for plan in plans)
    assert grown == []


def _get_plans(site: Site) -> list[str]:
    stories.an_account(site, now=NOW)
    with _asked() as asked:
        account_states.get_all(since=AN_HOUR_AGO, now=NOW)
        funnel.get_funnels(since=AN_HOUR_AGO, now=NOW)
        funnel.get_times(since=AN_HOUR_AGO)

    return [
        str(row.detail)
        for statement, parameters in asked
        for row in db.session.connection().exec_driver_sql(
            f"EXPLAIN QUERY PLAN {statement}", parameters
        )
    ]


@contextmanager
def _asked() -> Iterator[list[tuple[str, Any]]]:
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, given: Any, *_: object) -> None:
        asked.append((statement, given))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
