"""An access token is one as long as its session lives, and nothing else can be taken for one."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt as pyjwt
import pytest
from sqlalchemy import update

from tests.forgeries import ANYWHERE, FOR_ONE, PUBLISHED, Forger, read_part
from tests.stories import a_program
from wechatlogin.errors import TokenInvalid
from wechatlogin.models import Algorithm, Application, Session, User
from wechatlogin.models.transaction import write
from wechatlogin.services import access_tokens, id_tokens, keys, sessions
from wechatlogin.services.site import Site

NOW = datetime(2026, 11, 21, 3, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
FORGERIES = {**ANYWHERE, **PUBLISHED, **FOR_ONE}
BOTH = list(Algorithm)


@dataclass(frozen=True)
class Holder:
    """An application and its session."""

    site: Site
    application: Application
    session: Session

    def issue(self, **changed: Any) -> str:
        given = {"subject": "lin", "scope": "openid profile", "now": NOW, **changed}
        token = access_tokens.issue(self.site, self.application, self.session, **given)
        return token.get_secret_value()

    def issue_id_token(self) -> str:
        token = id_tokens.issue(
            self.site,
            self.application,
            self.session,
            claims={"sub": "lin"},
            nonce=None,
            access_token=None,
            now=NOW,
        )
        return token.get_secret_value()

    def verify(self, token: str, *, after: timedelta = timedelta(0)) -> access_tokens.AccessToken:
        return access_tokens.verify(self.site, token, now=NOW + after)

    def is_refused(self, token: str, *, after: timedelta = timedelta(0)) -> bool:
        try:
            self.verify(token, after=after)
        except TokenInvalid:
            return True
        return False


def begin(site: Site, algorithm: Algorithm = Algorithm.RS256) -> Holder:
    return Holder(site, *a_program(site, now=NOW, id_token_algorithm=algorithm))


@pytest.mark.parametrize("algorithm", BOTH)
def test_a_token_says_what_rfc_9068_wants_and_gives_it_back(
    storage: Site, algorithm: Algorithm
) -> None:
    holder = begin(storage, algorithm)

    token = holder.issue()
    verified = holder.verify(token)

    signer = keys.find_or_create_current(storage, algorithm, now=NOW)
    assert read_part(token, 0) == {"alg": algorithm, "kid": signer.kid, "typ": "at+jwt"}
    claims = dict(verified.claims)
    assert len(claims.pop("jti")) >= 16
    assert claims == {
        "iss": f"{storage.settings.public_url}/oidc",
        "aud": holder.application.client_id,
        "client_id": holder.application.client_id,
        "sub": "lin",
        "scope": "openid profile",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 3600,
        "auth_time": int(NOW.timestamp()),
        "amr": ["scan"],
        "sid": holder.session.public_id,
    }
    assert (verified.application.id, verified.scope) == (holder.application.id, "openid profile")
    assert verified.session.key_hash == holder.session.key_hash


def test_no_two_tokens_are_the_same(storage: Site) -> None:
    holder = begin(storage)

    assert read_part(holder.issue(), 1)["jti"] != read_part(holder.issue(), 1)["jti"]


def test_a_token_is_good_for_as_long_as_its_application_has_it(storage: Site) -> None:
    holder = begin(storage)
    token = holder.issue()

    assert holder.verify(token, after=HOUR - timedelta(seconds=1))
    assert holder.is_refused(token, after=HOUR)


@pytest.mark.parametrize("algorithm", BOTH)
def test_no_forgery_is_taken(storage: Site, algorithm: Algorithm) -> None:
    holder = begin(storage, algorithm)
    other = next(each for each in Algorithm if each is not algorithm)
    signer, wrong = (
        keys.find_or_create_current(storage, each, now=NOW) for each in (algorithm, other)
    )
    forger = Forger(holder.issue(), signer.key, wrong.kid)

    taken = [name for name, forge in FORGERIES.items() if not holder.is_refused(forge(forger))]

    assert taken == []
    assert not holder.is_refused(forger.with_header())


def test_an_id_token_is_no_access_token(storage: Site) -> None:
    holder = begin(storage)

    assert holder.is_refused(holder.issue_id_token())


def test_a_token_of_the_session_of_another_application_is_refused(storage: Site) -> None:
    holder, other = begin(storage), begin(storage)

    mixed = replace(holder, session=other.session).issue()

    assert holder.is_refused(mixed)


def test_no_token_outlives_its_session(storage: Site) -> None:
    ended, expired = begin(storage), begin(storage)
    of_ended, of_expired = ended.issue(), expired.issue()

    sessions.end_by_key(ended.session.key_hash, now=NOW)
    with write() as database:
        which = update(Session).where(Session.key_hash == expired.session.key_hash)
        database.execute(which.values(expires_at=NOW + timedelta(minutes=1)))

    assert ended.is_refused(of_ended)
    assert expired.verify(of_expired)
    assert expired.is_refused(of_expired, after=timedelta(minutes=1))


def test_the_person_of_a_token_may_not_be_banned(storage: Site) -> None:
    holder = begin(storage)
    token = holder.issue()

    with write() as database:
        who = update(User).where(User.id == holder.session.user_id)
        database.execute(who.values(banned_at=NOW))

    assert holder.is_refused(token)


def test_the_application_of_a_token_may_not_be_stopped(storage: Site) -> None:
    holder = begin(storage)
    token = holder.issue()
    with write() as database:
        which = update(Application).where(Application.id == holder.application.id)
        database.execute(which.values(is_disabled=True))

    assert holder.is_refused(token)


@pytest.mark.parametrize("algorithm", BOTH)
def test_another_library_reads_the_same(storage: Site, algorithm: Algorithm) -> None:
    holder = begin(storage, algorithm)
    token = holder.issue()

    published = keys.find_or_create_public_keys(storage, now=NOW).as_dict(private=False)
    key_set = pyjwt.PyJWKSet.from_dict(dict(published))
    key = key_set[pyjwt.get_unverified_header(token)["kid"]]
    read = pyjwt.decode(
        token,
        key,
        algorithms=[algorithm],
        audience=holder.application.client_id,
        issuer=storage.issuer,
        # It has no clock to be told the time of.
        options={"verify_exp": False, "verify_iat": False, "require": ["exp", "iat", "sub"]},
    )

    assert read == holder.verify(token).claims
