"""Texts that a database might choke on are stored, or are found to be nobody's, on all three."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from tests.stories import an_account, an_identity
from wechatlogin.extensions import db
from wechatlogin.models import Identity
from wechatlogin.models.transaction import write
from wechatlogin.services import accounts, attempts
from wechatlogin.services.site import Site

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize("odd", ["\0", "o-lin\0", "\0o-lin", "o\0lin"])
def test_nobody_is_found_by_a_text_with_a_nul(storage: Site, odd: str) -> None:
    row = an_account(storage, now=NOW)
    an_identity(row, "o-lin", now=NOW)

    assert accounts.get_identity(row.appid, odd) is None
    assert attempts.get_by_scene(odd) is None


def test_a_text_with_a_nul_takes_nothing_else_along(storage: Site) -> None:
    lin = an_identity(an_account(storage, now=NOW), "o-lin", now=NOW)

    with write() as session:
        session.get_one(Identity, lin.id).nickname = "a\0b🌈"

    stored = db.session.scalar(select(Identity.nickname).where(Identity.openid == "o-lin"))
    assert stored in {"a\0b🌈", "a\ufffdb🌈"}


def test_a_text_that_has_no_nul_is_stored_as_it_is(storage: Site) -> None:
    lin = an_identity(an_account(storage, now=NOW), "o-lin", now=NOW)
    text = "".join(map(chr, range(1, 400))) + "🌈\U0010ffff\ufffd"

    with write() as session:
        session.get_one(Identity, lin.id).avatar_url = text

    assert db.session.scalar(select(Identity.avatar_url)) == text
