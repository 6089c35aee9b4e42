"""The scan of a login code is worked on in one unit of writes, or else step by step."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select

from tests.stories import an_account, an_identity, start_attempt
from wechatlogin.config import ConfirmPolicy
from wechatlogin.errors import PushRefused
from wechatlogin.extensions import db
from wechatlogin.models import Attempt, Identity, ReceivedMessage, Status, Way, WeChatAppRow
from wechatlogin.services import accounts, attempts, callbacks, plain_scans
from wechatlogin.services.site import Site
from wechatlogin.wechat.messages import ScanEvent, SubscribeEvent

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
SOON = NOW + timedelta(seconds=5)
OPENID = "o-lin"


def a_scan(attempt: Attempt, openid: str = OPENID, **more: Any) -> ScanEvent:
    given: dict[str, Any] = {
        "to_user": "gh_x",
        "from_user": openid,
        "openid": openid,
        "created_at": NOW,
        "dedupe_key": "k" * 64,
        "signature": "s" * 40,
        "body_sha256": "b" * 64,
        "encrypted": True,
        "scene": attempt.scene,
        "ticket": None,
    }
    return ScanEvent(**{**given, **more})


@pytest.fixture
def row(storage: Site) -> WeChatAppRow:
    return an_account(storage, now=NOW)


def an_attempt(row: WeChatAppRow, confirm: ConfirmPolicy = ConfirmPolicy.NUMBER) -> Attempt:
    return start_attempt(way=Way.SCAN, appid=row.appid, confirm=confirm, now=NOW)


def status_of(attempt: Attempt) -> tuple[str, str | None]:
    db.session.commit()
    found = attempts.get(attempt.id)
    assert found
    return found.status, found.openid


def noted() -> int:
    db.session.commit()
    return len(db.session.scalars(select(ReceivedMessage.id)).all())


@contextmanager
def counting_writes() -> Iterator[list[None]]:
    """Count the transactions that wrote something."""
    seen: list[None] = []
    is_dirty = False

    def execute(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal is_dirty
        is_dirty = is_dirty or statement.startswith(("INSERT", "UPDATE", "DELETE"))

    def commit(_c: Any) -> None:
        nonlocal is_dirty
        seen.extend([None] * is_dirty)
        is_dirty = False

    engine = db.engine
    event.listen(engine, "after_cursor_execute", execute)
    event.listen(engine, "commit", commit)
    try:
        yield seen
    finally:
        event.remove(engine, "after_cursor_execute", execute)
        event.remove(engine, "commit", commit)


@pytest.mark.parametrize("is_known", [False, True], ids=["a stranger", "a follower"])
def test_a_scan_is_one_unit_of_writes(storage: Site, row: WeChatAppRow, is_known: bool) -> None:
    if is_known:
        an_identity(row, OPENID, now=NOW)
        accounts.note_follow_event(row.appid, OPENID, follows=True, at=NOW, now=NOW)
    attempt = an_attempt(row)

    with counting_writes() as writes:
        reply = callbacks.answer(storage, row, a_scan(attempt), now=NOW)

    assert reply
    assert "/confirm/" in reply.text
    assert len(writes) == 1
    assert status_of(attempt) == (Status.SCANNED, OPENID)
    assert noted() == 1


def test_to_follow_by_the_code_is_no_different(storage: Site, row: WeChatAppRow) -> None:
    attempt = an_attempt(row)
    scan = a_scan(attempt)
    follow = SubscribeEvent(**vars(scan))

    with counting_writes() as writes:
        reply = callbacks.answer(storage, row, follow, now=NOW)

    assert reply
    assert "/confirm/" in reply.text
    assert len(writes) == 1


def test_the_retry_is_given_the_same_reply_and_changes_nothing(
    storage: Site, row: WeChatAppRow
) -> None:
    attempt = an_attempt(row)
    first = callbacks.answer(storage, row, a_scan(attempt), now=NOW)
    before = status_of(attempt)
    retry = a_scan(attempt, signature="t" * 40, body_sha256="c" * 64)

    assert plain_scans.answer(storage, row, retry, now=SOON) is None
    assert callbacks.answer(storage, row, retry, now=SOON) == first

    assert status_of(attempt) == before
    assert noted() == 1


def test_a_replay_with_another_person_in_it_moves_nothing(storage: Site, row: WeChatAppRow) -> None:
    spent, wanted = an_attempt(row), an_attempt(row)
    callbacks.answer(storage, row, a_scan(spent), now=NOW)
    replay = a_scan(wanted, "o-mallory", dedupe_key="m" * 64, body_sha256="c" * 64)

    with pytest.raises(PushRefused):
        callbacks.answer(storage, row, replay, now=SOON)

    assert status_of(wanted) == (Status.PENDING, None)
    assert noted() == 1


def test_who_comes_second_is_told_so_and_the_attempt_stays(
    storage: Site, row: WeChatAppRow
) -> None:
    attempt = an_attempt(row)
    callbacks.answer(storage, row, a_scan(attempt), now=NOW)
    other = a_scan(attempt, "o-wang", dedupe_key="w" * 64, signature="w" * 40)

    assert plain_scans.answer(storage, row, other, now=SOON) is None
    reply = callbacks.answer(storage, row, other, now=SOON)

    assert reply
    assert "/confirm/" not in reply.text
    assert status_of(attempt) == (Status.SCANNED, OPENID)


@pytest.mark.parametrize("follows", [False, None], ids=["had left", "was not known to follow"])
def test_a_scan_that_shows_that_somebody_follows_again_is_no_plain_one(
    storage: Site, row: WeChatAppRow, follows: bool | None
) -> None:
    an_identity(row, OPENID, now=NOW)
    if follows is not None:
        accounts.note_follow_event(row.appid, OPENID, follows=follows, at=NOW, now=NOW)
    attempt = an_attempt(row)
    scan = a_scan(attempt, created_at=SOON)

    assert plain_scans.answer(storage, row, scan, now=SOON) is None
    assert status_of(attempt) == (Status.PENDING, None)
    callbacks.answer(storage, row, scan, now=SOON)

    assert status_of(attempt) == (Status.SCANNED, OPENID)
    identity = db.session.scalar(select(Identity).execution_options(populate_existing=True))
    assert identity
    assert identity.follows


def test_where_to_scan_is_enough_it_is_no_plain_one(storage: Site, row: WeChatAppRow) -> None:
    attempt = an_attempt(row, ConfirmPolicy.NEVER)

    assert plain_scans.answer(storage, row, a_scan(attempt), now=NOW) is None
    reply = callbacks.answer(storage, row, a_scan(attempt), now=NOW)

    assert reply
    assert "/confirm/" not in reply.text
    assert status_of(attempt) == (Status.CONFIRMED, OPENID)


@pytest.mark.parametrize("change", [{"way": Way.PAGE}, {"appid": "wxffffffffffffffff"}])
def test_a_scene_that_is_not_the_codes_is_no_plain_one(
    storage: Site, row: WeChatAppRow, change: dict[str, Any]
) -> None:
    attempt = start_attempt(**{"way": Way.SCAN, "appid": row.appid, "now": NOW, **change})

    assert plain_scans.answer(storage, row, a_scan(attempt), now=NOW) is None
    assert status_of(attempt) == (Status.PENDING, None)
    assert noted() == 0


def test_a_push_and_its_retry_at_once_are_one(
    storage: Site, row: WeChatAppRow, stored_app: Flask
) -> None:
    attempt = an_attempt(row)
    pushes = [a_scan(attempt), a_scan(attempt, signature="t" * 40, body_sha256="c" * 64)]
    appid = row.appid
    start = threading.Barrier(2)
    replies: list[str | None] = []
    db.session.remove()

    def push(scan: ScanEvent) -> None:
        with stored_app.app_context():
            mine = db.session.scalars(select(WeChatAppRow).filter_by(appid=appid)).one()
            start.wait()
            reply = callbacks.answer(storage, mine, scan, now=NOW)
            replies.append(reply.text if reply else None)
            db.session.remove()

    threads = [threading.Thread(target=push, args=(one,)) for one in pushes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(replies) == 2
    assert len(set(replies)) == 1
    assert replies[0]
    assert "/confirm/" in replies[0]
    assert noted() == 1
