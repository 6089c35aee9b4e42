"""Client secrets: a new one does not lock anybody out, and an old one does not stay for ever."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from tests.stories import a_browser, an_account, an_identity
from wechatlogin.errors import SettingRefused, TokenInvalid
from wechatlogin.extensions import db
from wechatlogin.models import Application, ClientSecret, Identity, Session
from wechatlogin.services import applications, authing_tokens, client_secrets, jwts, sessions
from wechatlogin.services.applications import Credentials, NewApplication
from wechatlogin.services.site import Site

NOW = datetime(2026, 11, 21, 3, 4, 5, tzinfo=UTC)
DAY = timedelta(days=1)


def make(site: Site, **given: Any) -> tuple[Application, Credentials]:
    made = applications.create(site.vault, NewApplication("书店", **given), now=NOW)
    return applications.verify(made.client_id), made


def rotate(site: Site, application: Application, now: datetime = NOW, **given: Any) -> str:
    return client_secrets.rotate(site.vault, application, now=now, **given).get_secret_value()


def start_session(application: Application, identity: Identity) -> Session:
    return sessions.start(
        "program",
        sessions.Owner(user_id=identity.user_id),
        browser=a_browser(),
        way="scan",
        lifetime=authing_tokens.LIFETIME,
        application_id=application.id,
        now=NOW,
    )


def test_both_secrets_are_good_for_a_day(storage: Site) -> None:
    application, made = make(storage)
    old = made.client_secret or ""

    new = rotate(storage, application)

    def is_good(secret: str, now: datetime) -> bool:
        return client_secrets.check(application, secret, now=now)

    assert new != old
    assert is_good(old, NOW + DAY - timedelta(microseconds=1))
    assert not is_good(old, NOW + DAY)
    assert is_good(new, NOW + DAY)
    assert is_good(new, NOW + 365 * DAY)


def test_without_an_overlap_the_old_one_ends_at_once(storage: Site) -> None:
    application, made = make(storage)

    rotate(storage, application, overlap=timedelta())

    assert not client_secrets.check(application, made.client_secret or "", now=NOW)


def test_rotating_again_gives_no_secret_more_time(storage: Site) -> None:
    application, made = make(storage)
    rotate(storage, application, overlap=timedelta(hours=1))
    second = rotate(storage, application, now=NOW + timedelta(minutes=30), overlap=DAY)

    assert not client_secrets.check(
        application, made.client_secret or "", now=NOW + timedelta(hours=1)
    )
    assert client_secrets.check(application, second, now=NOW + timedelta(hours=1))
    rotate(storage, application, now=NOW + 2 * DAY)
    kept = db.session.scalars(select(ClientSecret)).all()
    assert len(kept) == 2


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=91)])
def test_the_overlap_is_not_endless(storage: Site, overlap: timedelta) -> None:
    application, made = make(storage)

    with pytest.raises(SettingRefused) as caught:
        rotate(storage, application, overlap=overlap)

    assert caught.value.field == "overlap"
    assert client_secrets.check(application, made.client_secret or "", now=NOW + 365 * DAY)


def test_a_public_application_gets_no_secret(storage: Site) -> None:
    application, _ = make(storage, is_public=True)

    with pytest.raises(SettingRefused):
        rotate(storage, application)
    for given in ({"client_secret": SecretStr("s" * 32)}, {"keeps_secret": True}):
        with pytest.raises(SettingRefused) as caught:
            make(storage, is_public=True, **given)
        assert caught.value.field in given


@pytest.mark.parametrize("secret", ["s" * 31, "s" * 129, "s" * 32 + " ", "密" * 32])
def test_a_secret_from_elsewhere_fits_into_a_header(storage: Site, secret: str) -> None:
    with pytest.raises(SettingRefused) as caught:
        make(storage, client_secret=SecretStr(secret))

    assert caught.value.field == "client_secret"
    assert secret not in str(caught.value)


@pytest.mark.parametrize("secret", ["", "密钥", "\ud800", "a\x00b", "ü" * 40])
def test_whatever_is_shown_as_a_secret_is_only_wrong(storage: Site, secret: str) -> None:
    application, _ = make(storage)

    assert not client_secrets.check(application, secret, now=NOW)


def test_only_hashes_are_stored_unless_a_scheme_needs_the_secret(storage: Site) -> None:
    hashed, made = make(storage)
    sealed, kept = make(storage, keeps_secret=True)

    assert client_secrets.get_kept(storage.vault, hashed, now=NOW) is None
    assert client_secrets.get_kept(storage.vault, sealed, now=NOW) == kept.client_secret
    for row in db.session.scalars(select(ClientSecret)):
        stored = f"{row.secret_hash} {row.sealed_secret}"
        assert made.client_secret not in stored
        assert kept.client_secret not in stored


def test_a_new_secret_is_kept_as_the_last_one_was_unless_said_otherwise(storage: Site) -> None:
    application, made = make(storage, keeps_secret=True)
    old = made.client_secret

    def kept() -> list[str]:
        return client_secrets.get_all_kept(storage.vault, application, now=NOW)

    second = rotate(storage, application)
    assert kept() == [second, old]
    rotate(storage, application, keeps_secret=False)
    assert kept() == [second, old]
    assert client_secrets.get_kept(storage.vault, application, now=NOW) is None
    rotate(storage, application)
    assert client_secrets.get_kept(storage.vault, application, now=NOW) is None
    fifth = rotate(storage, application, keeps_secret=True)
    assert kept() == [fifth, second, old]


def test_a_token_that_the_old_secret_signed_is_good_as_long_as_that_is(storage: Site) -> None:
    application, made = make(storage, keeps_secret=True)
    identity = an_identity(an_account(storage, now=NOW), "o-lin", now=NOW)
    session = start_session(application, identity)

    def issue() -> str:
        issued = authing_tokens.issue(storage, application, session, identity, now=NOW)
        return issued.token.get_secret_value()

    old = issue()
    new_secret = rotate(storage, application)
    new = issue()

    def verify(token: str, now: datetime) -> str:
        return authing_tokens.verify(storage, token, now=now).user_id

    in_time, too_late = NOW + DAY - timedelta(seconds=1), NOW + DAY
    assert jwts.verify_with_secret(old, made.client_secret or "", now=NOW)
    assert jwts.verify_with_secret(new, new_secret, now=NOW)
    assert verify(old, in_time) == verify(new, in_time) == identity.user_id
    assert verify(new, too_late) == identity.user_id
    with pytest.raises(TokenInvalid):
        verify(old, too_late)
