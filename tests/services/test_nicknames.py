"""Nicknames as WeChat tells them, kept and read back on every database."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from tests.stories import BINDING, an_account, start_attempt
from wechatlogin.extensions import db
from wechatlogin.models import Identity, User
from wechatlogin.services import accounts, attempt_status, attempts
from wechatlogin.services.accounts import Sighting
from wechatlogin.services.site import Site
from wechatlogin.wechat import profile
from wechatlogin.wechat.app import Platform

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
FAMILY = "👨\u200d👩\u200d👧\u200d👦"


def keep(site: Site, nickname: str, openid: str = "o-lin") -> Identity:
    """Meet a person who is called this, through all that an answer of WeChat's goes through."""
    row = an_account(site, now=NOW)
    told = profile.read_profile({"openid": openid, "nickname": nickname}, Platform())
    return accounts.find_or_create_identity(row, Sighting(openid, profile=told), now=NOW)


def read_back(identity: Identity) -> str | None:
    db.session.expire_all()
    return db.session.scalar(select(Identity.nickname).where(Identity.id == identity.id))


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        pytest.param("🌈✨小仙女" + FAMILY, "🌈✨小仙女" + FAMILY, id="emoji"),
        pytest.param("a\x00b", "ab", id="NUL"),
        pytest.param("a\x07\x1b[31mb", "a[31mb", id="control characters"),
        pytest.param("\u202eelpoep\u202c", "elpoep", id="turned around"),
        pytest.param("\u2067شخص\u2069", "شخص", id="isolates of its own"),
        pytest.param("a\ud83db", "ab", id="lone surrogate"),
        pytest.param("a" + "\u0335" * 10_000, "a" + "\u0335" * 3, id="10,000 marks"),
        pytest.param("b\u0335\u0336\u0337" * 64, "b\u0335\u0336\u0337" * 63, id="marks everywhere"),
        pytest.param(FAMILY * 64, FAMILY * 36, id="longer than a column"),
        pytest.param("字" * 10_000, "字" * 64, id="long"),
    ],
)
def test_a_nickname_is_kept_as_it_can_be_shown(storage: Site, told: str, kept: str) -> None:
    assert read_back(keep(storage, told)) == kept


@given(nickname=st.text(st.characters(), max_size=400))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_nickname_is_too_much_for_a_database(storage: Site, nickname: str) -> None:
    identity = keep(storage, nickname)

    kept = read_back(identity)

    assert kept is None or len(kept) <= 255


@pytest.mark.parametrize("nickname", ["", "\x00", "\u202e", "\ud83d", "\u200d"])
def test_one_of_which_nothing_is_left_does_not_replace_a_name(storage: Site, nickname: str) -> None:
    keep(storage, "林小满")

    assert read_back(keep(storage, nickname)) == "林小满"


def test_two_people_of_one_name_stay_two(storage: Site) -> None:
    one, two = keep(storage, "微信用户"), keep(storage, "微信用户", "o-chen")

    assert one.user_id != two.user_id
    assert len(db.session.scalars(select(User)).all()) == 2


def test_the_waiting_page_is_told_the_kept_name_in_plain_json(storage: Site) -> None:
    identity = keep(storage, '\u202e</script>"\x00🌈')
    attempt = start_attempt(appid=identity.appid, now=NOW)
    attempts.confirm(attempt.id, identity.openid, user_id=identity.user_id, now=NOW)

    status = attempt_status.get_status(db.engine, attempt.id, now=NOW)

    assert status is not None
    assert status.binding_hash == BINDING
    assert status.as_json().isascii()
    assert json.loads(status.as_json())["nickname"] == '</script>"🌈'
