"""What must never be in the database, whoever writes it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError

from tests.stories import a_user, an_account, an_identity, start_attempt
from wechatlogin.extensions import db
from wechatlogin.models import Attempt, Code, Identity, Session
from wechatlogin.models.transaction import write
from wechatlogin.services.site import Site

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
EMOJI = "🌈✨小仙女👩‍👩‍👧"
# MariaDB's driver takes a failed CHECK for trouble of the server.
REFUSED = (IntegrityError, OperationalError)


#: When an identity was made, and when it last changed.
AT = {"created_at": NOW, "updated_at": NOW}


def add(row: Any) -> None:
    with write() as session:
        session.add(row)


def test_one_person_has_one_identity_in_an_app(storage: Site) -> None:
    known = an_identity(an_account(storage, now=NOW), "o-lin", now=NOW)

    with pytest.raises(REFUSED):
        add(Identity(user_id=known.user_id, appid=known.appid, openid="o-lin", **AT))


def test_openids_that_differ_in_case_are_two(storage: Site) -> None:
    row = an_account(storage, now=NOW)

    first, second = an_identity(row, "oAbC", now=NOW), an_identity(row, "oabc", now=NOW)

    assert first.user_id != second.user_id


def test_an_empty_unionid_is_never_kept(storage: Site) -> None:
    user_id = a_user(NOW)

    with pytest.raises(REFUSED):
        add(Identity(user_id=user_id, appid="wx", openid="o", unionid="", **AT))


@pytest.mark.parametrize("values", [{"status": "waiting"}, {"way": "magic"}, {"tries": -1}])
@pytest.mark.usefixtures("storage")
def test_an_attempt_is_in_a_state_that_exists(values: dict[str, Any]) -> None:
    attempt = start_attempt(now=NOW)

    with pytest.raises(REFUSED), write() as session:
        session.execute(db.update(Attempt).where(Attempt.id == attempt.id).values(**values))


@pytest.mark.usefixtures("storage")
def test_nobody_is_confirmed_as_nobody() -> None:
    attempt = start_attempt(now=NOW)

    with pytest.raises(REFUSED), write() as session:
        session.execute(
            db.update(Attempt).where(Attempt.id == attempt.id).values(status="confirmed")
        )


@pytest.mark.usefixtures("storage")
def test_a_session_belongs_to_a_person_or_to_an_operator() -> None:
    common = {
        "public_id": "p",
        "way": "scan",
        "browser": "x",
        "auth_time": NOW,
        "created_at": NOW,
        "last_seen_at": NOW,
        "expires_at": NOW + timedelta(days=1),
    }

    with pytest.raises(REFUSED):
        add(Session(key_hash="k", **common))


def test_two_live_codes_are_never_alike(storage: Site) -> None:
    identity = an_identity(an_account(storage, now=NOW), "o-lin", now=NOW)
    common = {
        "purpose": "login",
        "identity_id": identity.id,
        "nonce": "n",
        "code_hash": "h",
        "created_at": NOW,
        "expires_at": NOW,
    }
    add(Code(**common))

    with pytest.raises(REFUSED):
        add(Code(**common))


@pytest.mark.usefixtures("storage")
def test_a_moment_without_its_zone_is_refused() -> None:
    with pytest.raises((StatementError, ValueError), match="without a zone"):
        start_attempt(now=NOW.replace(tzinfo=None))


def test_a_nickname_of_emoji_is_kept_whole(storage: Site) -> None:
    identity = an_identity(an_account(storage, now=NOW), "o-lin", now=NOW)
    with write() as session:
        session.execute(
            db.update(Identity)
            .where(Identity.id == identity.id)
            .values(nickname="🌈✨小仙女👩‍👩‍👧")
        )

    kept = db.session.get(Identity, identity.id, populate_existing=True)

    assert kept is not None
    assert kept.nickname == EMOJI
