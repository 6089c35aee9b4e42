"""Signing keys: published before they sign, accepted until they are retired."""

from datetime import UTC, datetime, timedelta

import pytest

from wechatlogin.errors import KeyInUse, TokenInvalid
from wechatlogin.models import Algorithm
from wechatlogin.services import jwts, keys
from wechatlogin.services.jwts import Expected
from wechatlogin.services.site import Site

NOW = datetime(2026, 11, 21, 3, 4, tzinfo=UTC)
LATER = NOW + keys.LEAD + timedelta(seconds=1)
BOTH = list(Algorithm)


def expected(algorithm: Algorithm) -> Expected:
    return Expected((algorithm.value,))


@pytest.mark.parametrize("algorithm", BOTH)
def test_the_first_key_is_made_on_first_need_and_signs_at_once(
    storage: Site, algorithm: Algorithm
) -> None:
    signer = keys.find_or_create_current(storage, algorithm, now=NOW)
    again = keys.find_or_create_current(storage, algorithm, now=NOW)

    token = jwts.sign(signer, {"sub": "lin"})
    claims = jwts.verify(token, keys.get_public_keys(now=NOW), expected(algorithm), now=NOW)

    assert again.kid == signer.kid
    assert claims["sub"] == "lin"


@pytest.mark.parametrize("algorithm", BOTH)
def test_a_new_key_is_published_at_once_and_signs_a_day_later(
    storage: Site, algorithm: Algorithm
) -> None:
    old = keys.find_or_create_current(storage, algorithm, now=NOW)

    new = keys.rotate(storage, algorithm, now=NOW)

    published = {key.kid for key in keys.get_public_keys(now=NOW).keys}
    assert published == {old.kid, new.kid}
    assert keys.find_or_create_current(storage, algorithm, now=NOW).kid == old.kid
    assert keys.find_or_create_current(storage, algorithm, now=LATER).kid == new.kid


def test_what_an_older_key_signed_holds_until_that_key_is_retired(storage: Site) -> None:
    old = keys.find_or_create_current(storage, Algorithm.ES256, now=NOW)
    token = jwts.sign(old, {"sub": "lin"})
    keys.rotate(storage, Algorithm.ES256, now=NOW)
    before = jwts.verify(
        token, keys.get_public_keys(now=LATER), expected(Algorithm.ES256), now=LATER
    )

    keys.retire(old.kid, now=LATER)

    assert before["sub"] == "lin"
    assert old.kid not in {key.kid for key in keys.get_public_keys(now=LATER).keys}
    with pytest.raises(TokenInvalid):
        jwts.verify(token, keys.get_public_keys(now=LATER), expected(Algorithm.ES256), now=LATER)


def test_the_key_that_signs_and_an_unknown_one_cannot_be_retired(storage: Site) -> None:
    signer = keys.find_or_create_current(storage, Algorithm.ES256, now=NOW)

    with pytest.raises(KeyInUse):
        keys.retire(signer.kid, now=NOW)
    with pytest.raises(KeyInUse):
        keys.retire("nobody's", now=NOW)


def test_the_published_half_says_what_it_is_and_holds_nothing_private(storage: Site) -> None:
    for algorithm in Algorithm:
        keys.find_or_create_current(storage, algorithm, now=NOW)

    published = [key.as_dict(private=False) for key in keys.get_public_keys(now=NOW).keys]

    assert {(key["alg"], key["use"]) for key in published} == {("RS256", "sig"), ("ES256", "sig")}
    assert not any({"d", "p", "q"} & set(row.public_jwk) for row in keys.get_all())
    assert all("BEGIN" not in row.sealed_private_key for row in keys.get_all())
