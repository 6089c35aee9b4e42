"""A token is one only if it is exactly what its reader expects."""

import base64
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from tests.forgeries import ANYWHERE, PUBLISHED, Forger
from wechatlogin.errors import TokenInvalid
from wechatlogin.models import Algorithm
from wechatlogin.services import jwts
from wechatlogin.services.jwts import Expected
from wechatlogin.services.keys import Signer

NOW = datetime(2026, 11, 21, 3, 4, tzinfo=UTC)
SECRET = "a secret of thirty-two characters"
KEY = ECKey.generate_key("P-256", {"use": "sig"}, auto_kid=True)
RSA_KEY = RSAKey.generate_key(2048, auto_kid=True)
SIGNER = Signer(str(KEY.kid), Algorithm.ES256, KEY)
KEYS = KeySet([KEY])
EXPECTED = Expected(("ES256",), type="at+jwt", issuer="https://us", audience="them")


def claims(**more: object) -> dict[str, object]:
    times = {"iat": int(NOW.timestamp()), "exp": int(NOW.timestamp()) + 60}
    return {"iss": "https://us", "aud": "them", "sub": "lin", **times, **more}


def signed(**more: object) -> str:
    return jwts.sign(SIGNER, claims(**more), type_="at+jwt")


def encoded(part: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def refuse(token: str, keys: KeySet = KEYS) -> None:
    with pytest.raises(TokenInvalid):
        jwts.verify(token, keys, EXPECTED, now=NOW)


def test_a_token_as_expected_gives_its_claims() -> None:
    assert jwts.verify(signed(), KEYS, EXPECTED, now=NOW)["sub"] == "lin"


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://others"},
        {"aud": "others"},
        {"aud": []},
        {"aud": ["them"]},
        {"aud": ["them", "others"]},
        {"exp": int(NOW.timestamp()) - 1},
        {"nbf": int(NOW.timestamp()) + 5},
        {"exp": "tomorrow"},
        {"exp": None},
    ],
    ids=str,
)
def test_another_issuer_audience_or_time_is_refused(wrong: dict[str, object]) -> None:
    refuse(signed(**wrong))


def test_another_type_is_refused() -> None:
    refuse(jwts.sign(SIGNER, claims()))


def test_another_key_is_refused() -> None:
    refuse(signed(), KeySet([ECKey.generate_key("P-256", auto_kid=True)]))


def test_an_algorithm_that_was_not_asked_for_is_refused() -> None:
    signer = Signer(str(RSA_KEY.kid), Algorithm.RS256, RSA_KEY)

    refuse(jwts.sign(signer, claims(), type_="at+jwt"), KeySet([RSA_KEY]))


def test_a_token_that_names_no_key_is_refused_though_there_is_only_one() -> None:
    refuse(Forger(signed(), KEY).without("kid"))


def test_no_key_at_all_verifies_nothing() -> None:
    refuse(signed(), KeySet([]))


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_no_forgery_is_taken(algorithm: Algorithm) -> None:
    keys = KeySet([KEY, RSA_KEY])
    key, other = (KEY, RSA_KEY) if algorithm is Algorithm.ES256 else (RSA_KEY, KEY)
    signer = Signer(str(key.kid), algorithm, key)
    expected = replace(EXPECTED, algorithms=tuple(Algorithm))
    forger = Forger(jwts.sign(signer, claims(), type_="at+jwt"), key, other.kid)

    def is_taken(token: str) -> bool:
        try:
            jwts.verify(token, keys, expected, now=NOW)
        except TokenInvalid:
            return False
        return True

    taken = [name for name, forge in {**ANYWHERE, **PUBLISHED}.items() if is_taken(forge(forger))]

    assert taken == []
    assert is_taken(forger.with_claims())


def test_no_forgery_is_taken_where_a_secret_signs() -> None:
    token = jwts.sign_with_secret(SECRET, claims(), kid="shop")
    forger = Forger(token, OctKey.import_key(SECRET))

    def is_taken(token: str) -> bool:
        try:
            jwts.verify_with_secret_of(token, {"shop": [SECRET]}.get, now=NOW)
        except TokenInvalid:
            return False
        return True

    taken = [name for name, forge in ANYWHERE.items() if is_taken(forge(forger))]

    assert taken == []
    assert is_taken(forger.with_claims())


def test_only_a_token_of_one_secret_may_be_undated() -> None:
    undated = jwts.sign_with_secret(SECRET, {"sub": "lin"}, kid="shop")

    assert jwts.verify_with_secret(undated, SECRET, now=NOW)["sub"] == "lin"
    with pytest.raises(TokenInvalid):
        jwts.verify_with_secret_of(undated, {"shop": [SECRET]}.get, now=NOW)
    refuse(jwts.sign(SIGNER, {"iss": "https://us", "aud": "them"}, type_="at+jwt"))


def test_a_token_without_a_signature_is_refused() -> None:
    refuse(f"{encoded({'alg': 'none', 'typ': 'at+jwt'})}.{encoded(claims())}.")


def test_our_public_key_is_no_shared_secret() -> None:
    body = f"{encoded({'alg': 'HS256', 'typ': 'at+jwt'})}.{encoded(claims())}"
    mark = hmac.digest(KEY.as_pem(private=False), body.encode(), "sha256")

    refuse(f"{body}.{base64.urlsafe_b64encode(mark).decode().rstrip('=')}")


@given(st.text(max_size=400))
def test_no_text_makes_the_reader_fail_otherwise(text: str) -> None:
    with pytest.raises(TokenInvalid):
        jwts.verify(text, KEYS, EXPECTED, now=NOW)
    with pytest.raises(TokenInvalid):
        jwts.verify_with_secret(text, SECRET, now=NOW)


def test_a_shared_secret_signs_and_verifies() -> None:
    token = jwts.sign_with_secret(SECRET, claims())

    assert jwts.verify_with_secret(token, SECRET, now=NOW)["sub"] == "lin"
    with pytest.raises(TokenInvalid):
        jwts.verify_with_secret(token, SECRET[:-1] + "!", now=NOW)
    with pytest.raises(TokenInvalid):
        jwts.verify_with_secret(token, SECRET, now=NOW + timedelta(minutes=2))


def test_a_token_names_which_of_several_secrets_signed_it() -> None:
    secrets = {"shop": [SECRET[1:], SECRET], "club": [SECRET[::-1]]}
    token = jwts.sign_with_secret(SECRET, claims(), kid="shop")
    borrowed = jwts.sign_with_secret(SECRET, claims(), kid="club")

    assert jwts.verify_with_secret_of(token, secrets.get, now=NOW)["sub"] == "lin"
    for wrong in (
        borrowed,
        jwts.sign_with_secret(SECRET, claims(), kid="nobody"),
        jwts.sign_with_secret(SECRET, claims()),
        f"{encoded({'alg': 'HS256', 'kid': ['shop']})}.{token.split('.', 1)[1]}",
        f"{encoded({'alg': 'none', 'kid': 'shop'})}.{token.split('.')[1]}.",
        signed(),
    ):
        with pytest.raises(TokenInvalid):
            jwts.verify_with_secret_of(wrong, secrets.get, now=NOW)
    with pytest.raises(TokenInvalid):
        jwts.verify_with_secret_of(token, secrets.get, now=NOW + timedelta(minutes=2))


@given(st.text(max_size=200))
def test_no_name_of_a_secret_makes_the_reader_fail_otherwise(kid: str) -> None:
    token = f"{encoded({'alg': 'HS256', 'kid': kid})}.{encoded(claims())}.e30"

    with pytest.raises(TokenInvalid):
        jwts.verify_with_secret_of(token, {"shop": [SECRET]}.get, now=NOW)
