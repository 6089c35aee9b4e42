"""A refresh token is good for one rotation; the second use of one ends its family."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import func, select

from tests.stories import a_browser, a_user
from wechatlogin.errors import TokenInvalid
from wechatlogin.extensions import db
from wechatlogin.models import AuditEntry, AuditTag, RefreshToken, Session
from wechatlogin.services import refresh_tokens, sessions
from wechatlogin.services.refresh_tokens import GRACE
from wechatlogin.services.site import Site

NOW = datetime(2026, 11, 21, 3, 4, tzinfo=UTC)
LIFETIME = timedelta(days=30)


def begin(site: Site) -> tuple[Session, str]:
    owner = sessions.Owner(user_id=a_user(NOW))
    session = sessions.start(
        "a session", owner, browser=a_browser(), way="scan", lifetime=LIFETIME * 2, now=NOW
    )
    return session, _plain(
        refresh_tokens.issue(site, session, scope="openid", lifetime=LIFETIME, now=NOW)
    )


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

    sessions.end("a session")

    with pytest.raises(TokenInvalid):
        rotate(storage, first)
    assert refresh_tokens.get_session(first, now=NOW) is None


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
