"""Signing keys: published before they sign, accepted until they are retired."""

from datetime import UTC, datetime, timedelta

import pytest
import requests

from tests.conftest import Installation
from wechatlogin import clock
from wechatlogin.errors import KeyInUse, KeyUnknown, TokenInvalid
from wechatlogin.models import Algorithm
from wechatlogin.services import (
    applications,
    authing_tokens,
    end_user_tokens,
    jwts,
    keys,
)
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.jwts import Claims, Expected
from wechatlogin.services.keys import KeyState, Signer
from wechatlogin.services.site import Site

NOW = datetime(2026, 11, 21, 3, 4, tzinfo=UTC)
LATER = NOW + keys.LEAD + timedelta(seconds=1)
HOUR = timedelta(hours=1)
BOTH = list(Algorithm)


def signed(signer: Signer, *, now: datetime = NOW, lifetime: timedelta = 30 * keys.LEAD) -> str:
    return jwts.sign(signer, {"sub": "lin", "exp": int((now + lifetime).timestamp())})


def read(token: str, *, now: datetime) -> Claims:
    algorithms = tuple(Algorithm)
    return jwts.verify(token, keys.get_public_keys(now=now), Expected(algorithms), now=now)


def published(*, now: datetime) -> set[str | None]:
    return {key.kid for key in keys.get_public_keys(now=now).keys}


@pytest.mark.parametrize("algorithm", BOTH)
def test_the_first_key_is_made_on_first_need_and_signs_at_once(
    storage: Site, algorithm: Algorithm
) -> None:
    signer = keys.find_or_create_current(storage, algorithm, now=NOW)
    again = keys.find_or_create_current(storage, algorithm, now=NOW)

    claims = read(signed(signer), now=NOW)

    assert again.kid == signer.kid
    assert claims["sub"] == "lin"


@pytest.mark.parametrize("algorithm", BOTH)
def test_a_new_key_is_published_at_once_and_signs_a_day_later(
    storage: Site, algorithm: Algorithm
) -> None:
    old = keys.find_or_create_current(storage, algorithm, now=NOW)

    new = keys.rotate(storage, algorithm, now=NOW)

    assert published(now=NOW) == {old.kid, new.kid}
    assert keys.find_or_create_current(storage, algorithm, now=NOW).kid == old.kid
    assert keys.find_or_create_current(storage, algorithm, now=LATER).kid == new.kid


def test_nobody_keeps_our_key_set_until_a_new_key_signs() -> None:
    assert keys.KEPT_FOR < keys.LEAD


def test_an_urgent_key_signs_at_once(storage: Site) -> None:
    keys.find_or_create_current(storage, Algorithm.RS256, now=NOW)

    new = keys.rotate(storage, Algorithm.RS256, is_urgent=True, now=NOW + HOUR)

    assert keys.find_or_create_current(storage, Algorithm.RS256, now=NOW + HOUR).kid == new.kid


def test_a_key_of_each_algorithm_is_published_before_anybody_needs_it(storage: Site) -> None:
    made = keys.find_or_create_public_keys(storage, now=NOW)

    assert [key.alg for key in made.keys] == ["RS256", "ES256"]
    for key in made.keys:
        signer = keys.find_or_create_current(storage, Algorithm(str(key.alg)), now=LATER)
        assert signer.kid == key.kid


@pytest.mark.parametrize("algorithm", BOTH)
def test_what_an_older_key_signed_holds_for_its_time_and_then_the_key_can_go(
    storage: Site, algorithm: Algorithm
) -> None:
    """The application's access tokens live longer than any other of ES256."""
    applications.create(storage.vault, NewApplication(name="书店", access_seconds=7200), now=NOW)
    old = keys.find_or_create_current(storage, algorithm, now=NOW)
    new = keys.rotate(storage, algorithm, now=NOW)
    longest = max(keys.LONGEST[algorithm], 2 * HOUR)
    ends = new.active_from + longest
    last = new.active_from - timedelta(seconds=1)
    token = signed(old, now=last, lifetime=longest)
    almost = ends - timedelta(seconds=2)

    before = read(token, now=almost)
    with pytest.raises(KeyInUse) as refused:
        keys.retire(old.kid, now=almost)
    keys.retire(old.kid, now=ends)

    assert before["sub"] == "lin"
    assert refused.value.until == ends
    assert published(now=ends) == {new.kid}
    with pytest.raises(TokenInvalid):
        read(token, now=ends)


def test_an_urgent_retirement_ends_what_the_key_has_signed(storage: Site) -> None:
    old = keys.find_or_create_current(storage, Algorithm.RS256, now=NOW)
    token = signed(old)
    new = keys.rotate(storage, Algorithm.RS256, now=NOW)

    keys.retire(old.kid, is_urgent=True, now=LATER)

    assert published(now=LATER) == {new.kid}
    with pytest.raises(TokenInvalid):
        read(token, now=LATER)


@pytest.mark.parametrize("is_urgent", [False, True])
def test_the_key_that_signs_and_an_unknown_one_cannot_be_retired(
    storage: Site, is_urgent: bool
) -> None:
    signer = keys.find_or_create_current(storage, Algorithm.ES256, now=NOW)

    with pytest.raises(KeyInUse) as refused:
        keys.retire(signer.kid, is_urgent=is_urgent, now=NOW)
    with pytest.raises(KeyUnknown):
        keys.retire("nobody's", is_urgent=is_urgent, now=NOW)

    assert refused.value.until is None


def test_a_key_that_has_not_signed_yet_can_be_taken_back(storage: Site) -> None:
    signer = keys.find_or_create_current(storage, Algorithm.ES256, now=NOW)
    waiting = keys.rotate(storage, Algorithm.ES256, now=NOW)

    keys.retire(waiting.kid, now=NOW + HOUR)

    assert keys.find_or_create_current(storage, Algorithm.ES256, now=LATER).kid == signer.kid


def test_each_key_is_said_to_be_there_for_something(storage: Site) -> None:
    oldest = keys.rotate(storage, Algorithm.ES256, now=NOW)
    middle = keys.rotate(storage, Algorithm.ES256, now=NOW + HOUR)
    newest = keys.rotate(storage, Algorithm.ES256, now=LATER + HOUR)
    keys.rotate(storage, Algorithm.RS256, now=NOW)
    then = LATER + HOUR

    uses = [keys.get_use(row, now=then) for row in (oldest, middle, newest)]

    told = [(use.state, use.since, use.until) for use in uses]
    assert told == [
        (KeyState.VERIFIES, middle.active_from, middle.active_from),
        (KeyState.SIGNS, middle.active_from, None),
        (KeyState.PUBLISHED, then, newest.active_from),
    ]
    keys.retire(oldest.kid, now=then)
    row = next(row for row in keys.get_all() if row.kid == oldest.kid)
    assert keys.get_use(row, now=then) == keys.KeyUse(KeyState.RETIRED, then)


def test_no_token_whose_time_we_set_ourselves_outlives_its_key() -> None:
    ours = (authing_tokens.LIFETIME, end_user_tokens.ACCESS_LIFETIME)

    assert max(*ours, end_user_tokens.REFRESH_LIFETIME) <= keys.LONGEST[Algorithm.RS256]


def test_the_key_set_may_be_kept_but_a_refusal_may_not(installation: Installation) -> None:
    url = f"{installation.url}/oidc/.well-known/jwks.json"

    answer = requests.get(url, timeout=20)
    refusal = requests.post(url, timeout=20)

    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    assert "Set-Cookie" not in answer.headers
    assert {key["alg"] for key in answer.json()["keys"]} == {"RS256", "ES256"}
    assert (refusal.status_code, refusal.headers["Cache-Control"]) == (405, "no-store")


def test_a_key_that_another_process_publishes_is_seen_at_once(installation: Installation) -> None:
    url = f"{installation.url}/oidc/.well-known/jwks.json"
    before = {key["kid"] for key in requests.get(url, timeout=20).json()["keys"]}

    with installation.app.app_context():
        new = keys.rotate(installation.site, Algorithm.ES256, now=clock.now()).kid

    after = {key["kid"] for key in requests.get(url, timeout=20).json()["keys"]}
    assert after - before == {new}


def test_the_published_half_says_what_it_is_and_holds_nothing_private(storage: Site) -> None:
    for algorithm in Algorithm:
        keys.find_or_create_current(storage, algorithm, now=NOW)

    published = [key.as_dict(private=False) for key in keys.get_public_keys(now=NOW).keys]

    assert {(key["alg"], key["use"]) for key in published} == {("RS256", "sig"), ("ES256", "sig")}
    assert not any({"d", "p", "q"} & set(row.public_jwk) for row in keys.get_all())
    assert all("BEGIN" not in row.sealed_private_key for row in keys.get_all())
