"""What WeChat's calls show is counted once, by all processes together, and fails nobody."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy import select

from wechatlogin.extensions import db
from wechatlogin.models import AccountHealth, PlatformErrorCount
from wechatlogin.models.transaction import write
from wechatlogin.services import platform_errors, signs
from wechatlogin.services.signs import Signs, Watch
from wechatlogin.services.site import Site
from wechatlogin.wechat import errors

NOW = datetime(2026, 11, 21, 3, 20, tzinfo=UTC)
APPID = "wx0123456789abcdef"
PATH = "/cgi-bin/stable_token"
MINUTE = timedelta(minutes=1)
RID = "66d9be16-212ff30f-0e99c2f0"


def refused(errcode: int = 40164, ip: str = "203.0.113.24") -> errors.PlatformError:
    return errors.error_for(errcode, f"invalid ip {ip}, not in whitelist rid: {RID}", path=PATH)


def counted() -> list[PlatformErrorCount]:
    query = select(PlatformErrorCount).order_by(PlatformErrorCount.hour)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def test_the_same_failure_within_an_hour_is_one_row(storage: Site) -> None:
    for minutes in (0, 5, 10):
        seen = Signs()
        seen.note_failure(APPID, refused(ip=f"203.0.113.{minutes}"), now=NOW + minutes * MINUTE)
        signs.write_down(seen)

    row = counted()[0]
    assert (row.count, row.first_at, row.last_at) == (3, NOW, NOW + 10 * MINUTE)
    assert row.errmsg == "invalid ip 203.0.113.10, not in whitelist"
    assert row.rid == RID


def test_what_comes_up_before_it_is_written_is_added_up(storage: Site) -> None:
    seen = Signs()
    for minutes in (0, 1, 60):
        seen.note_failure(APPID, refused(), now=NOW + minutes * MINUTE)

    signs.write_down(seen)

    assert [row.count for row in counted()] == [2, 1]
    assert seen.check_empty()


def test_many_processes_lose_no_failure(storage: Site, stored_app: Flask) -> None:
    def fail(_: int) -> None:
        with stored_app.app_context():
            seen = Signs()
            seen.note_failure(APPID, refused(), now=NOW)
            signs.write_down(seen)
            db.session.remove()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(fail, range(24)))

    assert [row.count for row in counted()] == [24]


def test_nothing_is_written_inside_of_a_unit_of_writes(storage: Site) -> None:
    seen = Signs()
    seen.note_failure(APPID, refused(), now=NOW)

    with write():
        signs.write_down(seen)
        inside = counted()
    signs.write_down(seen)

    assert inside == []
    assert len(counted()) == 1


def test_the_end_of_a_context_writes_down(storage: Site, stored_app: Flask) -> None:
    with stored_app.app_context():
        Watch(storage.signs, APPID).note_failure(refused())

    assert [(row.code, row.errcode) for row in counted()] == [("operator_needed", 40164)]


def test_what_cannot_be_written_is_written_later(storage: Site) -> None:
    seen = Signs()
    seen.note_failure(APPID, refused(), now=NOW)
    seen.keep(APPID, {"refused_at": NOW, "refused_reason": "wrong signature"})
    db.session.remove()
    PlatformErrorCount.__table__.drop(db.engine)  # type: ignore[attr-defined]
    try:
        signs.write_down(seen)
        kept = not seen.check_empty()
    finally:
        PlatformErrorCount.__table__.create(db.engine)  # type: ignore[attr-defined]
    signs.write_down(seen)

    assert kept
    assert [row.count for row in counted()] == [1]


def test_the_signs_of_an_account_are_one_row(storage: Site) -> None:
    seen = Signs()
    seen.note_verified(APPID, now=NOW)
    signs.write_down(seen)
    seen.note_refusal(APPID, "wrong signature", now=NOW + MINUTE)
    signs.write_down(seen)

    row = db.session.scalars(select(AccountHealth)).one()
    assert (row.verified_at, row.refused_at) == (NOW, NOW + MINUTE)
    assert row.refused_reason == "wrong signature"


def test_a_flood_of_refusals_is_not_a_flood_of_writes() -> None:
    seen = Signs()
    seen.note_refusal(APPID, "wrong signature", now=NOW)
    seen.take_account()

    seen.note_refusal(APPID, "wrong signature", now=NOW + timedelta(seconds=4))
    too_soon = seen.check_empty()
    seen.note_refusal(APPID, "wrong signature", now=NOW + timedelta(seconds=6))

    assert too_soon
    assert not seen.check_empty()


def test_wechats_clock_is_noted_once_a_minute() -> None:
    seen = Signs()
    seen.note_clock(APPID, timedelta(seconds=90), now=NOW)
    seen.note_clock(APPID, timedelta(seconds=91), now=NOW + timedelta(seconds=59))

    assert seen.take_account() == (APPID, {"clock_ahead_ms": 90_000, "clock_seen_at": NOW})


def test_half_of_the_way_is_no_difference_of_clocks() -> None:
    seen = Signs()
    took = timedelta(seconds=4)
    before = datetime.now(UTC)

    # A date without its fraction, given two seconds ago by a clock that is right.
    Watch(seen, APPID).note_date(before - took / 2 - timedelta(seconds=0.5), took)

    kept = seen.take_account()
    assert kept is not None
    assert abs(int(str(kept[1]["clock_ahead_ms"]))) < 1000


def test_failures_are_read_together_over_the_hours(storage: Site) -> None:
    seen = Signs()
    for hours in (0, 1, 2):
        seen.note_failure(APPID, refused(), now=NOW + hours * 60 * MINUTE)
    seen.note_failure(APPID, refused(-1), now=NOW + 30 * MINUTE)
    signs.write_down(seen)

    recent = platform_errors.get_recent(since=NOW - MINUTE)
    later = platform_errors.get_recent(since=NOW + 90 * MINUTE)

    assert [(one.errcode, one.count) for one in recent] == [(40164, 3), (-1, 1)]
    assert (recent[0].first_at, recent[0].last_at) == (NOW, NOW + 120 * MINUTE)
    assert [one.count for one in later] == [1]


def test_a_profile_that_a_snapshot_page_may_not_have_is_no_missing_right(storage: Site) -> None:
    seen = Signs()
    refusal = errors.error_for(48001, "api unauthorized", path="/sns/userinfo")
    seen.note_failure(APPID, refusal, now=NOW)
    signs.write_down(seen)

    assert platform_errors.get_recent(since=NOW - MINUTE)[0].code == "snapshot_user"
