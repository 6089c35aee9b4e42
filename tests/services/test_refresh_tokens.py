"""A refresh token is good for one rotation; the second use of one ends its family."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from tests.servers import settings_for_tests
from tests.stories import a_browser, a_user
from wechatlogin import create_app
from wechatlogin.errors import TokenInvalid
from wechatlogin.extensions import db
from wechatlogin.models import AuditEntry, AuditTag, RefreshToken, Session, User
from wechatlogin.models.transaction import write
from wechatlogin.services import refresh_tokens, sessions
from wechatlogin.services.refresh_tokens import GRACE
from wechatlogin.services.site import Site

NOW = datetime(2026, 11, 21, 3, 4, tzinfo=UTC)
LIFETIME = timedelta(days=30)
GIVEN: dict[str, Any] = {"scope": "openid", "lifetime": LIFETIME}
TICK = timedelta(milliseconds=1)


def begin(site: Site) -> tuple[Session, str]:
    owner = sessions.Owner(user_id=a_user(NOW))
    session = sessions.start(
        "a session", owner, browser=a_browser(), way="scan", lifetime=LIFETIME * 2, now=NOW
    )
    return session, _plain(refresh_tokens.issue(site, session, **GIVEN, now=NOW))


def rotate(site: Site, token: str, *, after: timedelta = timedelta(0)) -> str:
    rotated = refresh_tokens.rotate(site, token, lifetime=LIFETIME, now=NOW + after)
    return _plain(rotated.token)


def _plain(token: SecretStr) -> str:
    return token.get_secret_value()


def count(model: type[Session | RefreshToken]) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_rotation_gives_a_successor_of_the_same_session_and_scope(storage: Site) -> None:
    session, first = begin(storage)

    rotated = refresh_tokens.rotate(storage, first, lifetime=LIFETIME, now=NOW)

    assert _plain(rotated.token) != first
    assert (rotated.session.key_hash, rotated.scope) == (session.key_hash, "openid")
    assert rotated.expires_at == NOW + LIFETIME
    assert rotate(storage, _plain(rotated.token))


def test_whose_answer_was_lost_gets_the_same_successor_again(storage: Site) -> None:
    _, first = begin(storage)
    second = rotate(storage, first)

    assert rotate(storage, first, after=GRACE / 2) == second
    assert count(RefreshToken) == 2


def test_a_token_that_comes_again_later_ends_the_session(storage: Site) -> None:
    _, first = begin(storage)
    second = rotate(storage, first)

    with pytest.raises(TokenInvalid):
        rotate(storage, first, after=GRACE)

    with pytest.raises(TokenInvalid):
        rotate(storage, second, after=GRACE)
    assert (count(Session), count(RefreshToken)) == (0, 0)
    reported = select(AuditEntry).where(AuditEntry.tag == AuditTag.TOKEN_REUSED)
    assert len(list(db.session.scalars(reported))) == 1


def test_the_grace_ends_after_ten_seconds_at_the_latest(storage: Site) -> None:
    _, first = begin(storage)
    second = rotate(storage, first)

    assert rotate(storage, first, after=timedelta(seconds=10) - TICK) == second
    with pytest.raises(TokenInvalid):
        rotate(storage, first, after=timedelta(seconds=10))
    assert count(Session) == 0


def test_asking_again_does_not_make_the_grace_longer(storage: Site) -> None:
    _, first = begin(storage)
    rotate(storage, first)
    rotate(storage, first, after=GRACE - TICK)

    with pytest.raises(TokenInvalid):
        rotate(storage, first, after=GRACE)


def test_a_reuse_is_reported_without_the_token(
    storage: Site, caplog: pytest.LogCaptureFixture
) -> None:
    session, first = begin(storage)
    session_id, user_id = session.public_id, session.user_id
    second = rotate(storage, first)

    with pytest.raises(TokenInvalid):
        rotate(storage, first, after=GRACE)

    entry = db.session.scalars(
        select(AuditEntry).where(AuditEntry.tag == AuditTag.TOKEN_REUSED)
    ).one()
    assert entry.user_id == user_id
    said = [
        record.getMessage() for record in caplog.records if "second time" in record.getMessage()
    ]
    assert len(said) == 1
    assert session_id in said[0]
    assert first not in caplog.text
    assert second not in caplog.text


def test_another_worker_and_one_after_a_restart_know_which_tokens_are_spent(
    storage: Site, stored_app: Flask
) -> None:
    _, first = begin(storage)
    second = rotate(storage, first)
    address = stored_app.config["SQLALCHEMY_DATABASE_URI"]
    db.session.remove()

    restarted = create_app(settings_for_tests(database_url=address))
    with restarted.app_context():
        site = restarted.extensions["wechatlogin"]
        answered_again = rotate(site, first, after=GRACE / 2)
        with pytest.raises(TokenInvalid):
            rotate(site, first, after=GRACE)
        db.session.remove()
        db.engine.dispose()

    assert answered_again == second
    assert count(Session) == 0


def test_the_grace_is_for_the_immediate_predecessor_alone(storage: Site) -> None:
    _, first = begin(storage)
    rotate(storage, rotate(storage, first))

    with pytest.raises(TokenInvalid):
        rotate(storage, first, after=timedelta(seconds=1))

    assert count(Session) == 0


def test_an_unknown_and_an_expired_token_are_refused_and_end_nothing(storage: Site) -> None:
    _, first = begin(storage)

    with pytest.raises(TokenInvalid):
        rotate(storage, "nobody's")
    with pytest.raises(TokenInvalid):
        rotate(storage, first, after=LIFETIME)

    assert count(Session) == 1


def test_the_end_of_the_session_ends_its_tokens(storage: Site) -> None:
    _, first = begin(storage)

    sessions.end("a session", now=NOW)

    with pytest.raises(TokenInvalid):
        rotate(storage, first)
    assert refresh_tokens.get_granted(first, now=NOW) is None


def test_a_banned_person_gets_no_new_tokens_and_loses_none(storage: Site) -> None:
    """The ban ends the sessions itself; a token that slips through is worth nothing."""
    session, first = begin(storage)
    who = update(User).where(User.id == session.user_id)
    with write() as database:
        database.execute(who.values(banned_at=NOW))

    with pytest.raises(TokenInvalid):
        rotate(storage, first)
    assert refresh_tokens.get_granted(first, now=NOW) is None

    with write() as database:
        database.execute(who.values(banned_at=None))
    assert rotate(storage, first)


def test_logging_out_everywhere_ends_every_family(storage: Site) -> None:
    session, first = begin(storage)

    sessions.end_all(str(session.user_id), now=NOW)

    with pytest.raises(TokenInvalid):
        rotate(storage, first)
    assert count(RefreshToken) == 0


def test_a_token_ends_with_the_time_of_its_session(storage: Site) -> None:
    _, first = begin(storage)
    after = LIFETIME * 2 - timedelta(days=1)
    token = _plain(
        refresh_tokens.issue(
            storage, db.session.scalars(select(Session)).one(), **GIVEN, now=NOW + after
        )
    )

    with pytest.raises(TokenInvalid):
        rotate(storage, token, after=LIFETIME * 2)
    assert rotate(storage, token, after=after)
    assert first != token


def test_what_a_token_was_given_for_can_be_asked_without_spending_it(storage: Site) -> None:
    session, first = begin(storage)
    key = session.key_hash

    unspent = refresh_tokens.get_granted(first, now=NOW)
    rotate(storage, first)
    spent = refresh_tokens.get_granted(first, now=NOW)

    assert unspent is not None
    assert spent is not None
    assert (unspent.session.key_hash, unspent.scope, unspent.is_spent) == (key, "openid", False)
    assert (spent.session.key_hash, spent.scope, spent.is_spent) == (key, "openid", True)
    assert refresh_tokens.get_granted(first, now=NOW + LIFETIME) is None
    assert refresh_tokens.get_granted("nobody's", now=NOW) is None


def test_a_rotation_and_a_log_out_at_once_do_not_wait_for_each_other(
    storage: Site, stored_app: Flask
) -> None:
    failures: list[str] = []

    for _ in range(5):
        _, first = begin(storage)
        db.session.remove()
        start = threading.Barrier(2)

        def run(act: Callable[[], object], start: threading.Barrier = start) -> None:
            with stored_app.app_context():
                start.wait()
                try:
                    act()
                except TokenInvalid:
                    pass
                except OperationalError as err:
                    failures.append(str(err))
                finally:
                    db.session.remove()

        acts = (partial(rotate, storage, first), partial(sessions.end, "a session", now=NOW))
        threads = [threading.Thread(target=run, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert (count(Session), count(RefreshToken)) == (0, 0)
        db.session.rollback()

    assert failures == []


def test_of_two_that_rotate_at_once_both_get_the_same_successor(
    storage: Site, stored_app: Flask
) -> None:
    _, first = begin(storage)
    db.session.remove()
    got: list[str] = []
    start = threading.Barrier(2)

    def rotate_once() -> None:
        with stored_app.app_context():
            start.wait()
            got.append(rotate(storage, first))
            db.session.remove()

    threads = [threading.Thread(target=rotate_once) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(got) == 2
    assert got[0] == got[1]
    assert count(RefreshToken) == 2


def test_no_token_is_kept_as_it_is(storage: Site) -> None:
    _, first = begin(storage)

    kept = db.session.scalars(select(RefreshToken.token_hash)).all()

    assert first not in kept
