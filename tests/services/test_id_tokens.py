"""An ID token says who logged in, to the application alone; and, as a hint, who once did."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt as pyjwt
import pytest
from authlib.oidc.core.util import create_half_hash
from pydantic import SecretStr

from tests.forgeries import ANYWHERE, PUBLISHED, Forger, read_part
from tests.stories import a_program
from wechatlogin.errors import TokenInvalid
from wechatlogin.models import Algorithm, Application, Session
from wechatlogin.services import access_tokens, applications, id_tokens, keys
from wechatlogin.services.site import Site

NOW = datetime(2026, 11, 21, 3, 4, tzinfo=UTC)
BOTH = list(Algorithm)
CLAIMS = {"sub": "lin", "name": "林小满", "email": "lin@wechat.invalid", "email_verified": False}
Given = tuple[Site, Application, Session]


def begin(site: Site, algorithm: Algorithm = Algorithm.RS256) -> Given:
    return site, *a_program(site, now=NOW, id_token_algorithm=algorithm, access_seconds=600)


def issue(given: Given, **changed: Any) -> str:
    wanted = {"claims": CLAIMS, "nonce": None, "access_token": None, "now": NOW, **changed}
    return id_tokens.issue(*given, **wanted).get_secret_value()


@pytest.mark.parametrize("algorithm", BOTH)
def test_a_token_says_who_logged_in_when_and_how(storage: Site, algorithm: Algorithm) -> None:
    given = begin(storage, algorithm)
    _, application, session = given

    token = issue(given, nonce="the nonce")

    signer = keys.find_or_create_current(storage, algorithm, now=NOW)
    assert read_part(token, 0) == {"alg": algorithm, "kid": signer.kid, "typ": "JWT"}
    assert read_part(token, 1) == {
        **CLAIMS,
        "iss": f"{storage.settings.public_url}/oidc",
        "aud": application.client_id,
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 600,
        "auth_time": int(NOW.timestamp()),
        "amr": ["scan"],
        "sid": session.public_id,
        "nonce": "the nonce",
    }


@pytest.mark.parametrize("algorithm", BOTH)
def test_another_library_verifies_it_and_the_access_token_beside_it(
    storage: Site, algorithm: Algorithm
) -> None:
    given = begin(storage, algorithm)
    access_token = access_tokens.issue(*given, subject="lin", scope="openid", now=NOW)

    token = issue(given, access_token=access_token)

    published = keys.get_public_keys(now=NOW).as_dict(private=False)
    key = pyjwt.PyJWKSet.from_dict(dict(published))[read_part(token, 0)["kid"]]
    options: Any = {"verify_exp": False, "verify_iat": False}
    read = pyjwt.decode(
        token, key, algorithms=[algorithm], audience=given[1].client_id, options=options
    )
    plain = access_token.get_secret_value()
    assert read["at_hash"].encode() == create_half_hash(plain, algorithm)
    half = hashlib.sha256(plain.encode()).digest()[:16]
    assert base64.urlsafe_b64decode(read["at_hash"] + "==") == half


def test_what_the_request_did_not_have_the_token_does_not_say(storage: Site) -> None:
    said = read_part(issue(begin(storage)), 1)

    assert not {"nonce", "at_hash"} & said.keys()


def test_no_claim_of_a_person_takes_the_place_of_one_of_the_token(storage: Site) -> None:
    given = begin(storage)
    lies = dict.fromkeys(("iss", "aud", "exp", "iat", "auth_time", "amr", "sid"), "a lie")

    said = read_part(issue(given, claims={"sub": "lin", **lies}), 1)

    assert "a lie" not in said.values()


def test_the_token_is_kept_out_of_logs(storage: Site) -> None:
    given = begin(storage)

    token = id_tokens.issue(*given, claims=CLAIMS, nonce=None, access_token=None, now=NOW)

    assert isinstance(token, SecretStr)
    assert token.get_secret_value() not in repr(token)


def test_as_a_hint_it_says_who_it_was_after_its_time_too(storage: Site) -> None:
    given = begin(storage)
    token = issue(given)

    hint = id_tokens.verify_hint(storage, token, now=NOW + timedelta(days=20))

    assert (hint.application.id, hint.subject) == (given[1].id, "lin")
    assert hint.session_id == given[2].public_id


@pytest.mark.parametrize("algorithm", BOTH)
def test_no_forgery_is_a_hint(storage: Site, algorithm: Algorithm) -> None:
    given = begin(storage, algorithm)
    other = next(each for each in Algorithm if each is not algorithm)
    signer, wrong = (
        keys.find_or_create_current(storage, each, now=NOW) for each in (algorithm, other)
    )
    forger = Forger(issue(given), signer.key, wrong.kid)
    # Its time does not matter, so neither does how that is written.
    is_about_time = {name for name in ANYWHERE if name.startswith(("exp t", "exp a", "expired"))}

    def is_taken(token: str) -> bool:
        try:
            id_tokens.verify_hint(storage, token, now=NOW)
        except TokenInvalid:
            return False
        return True

    taken = {name for name, forge in {**ANYWHERE, **PUBLISHED}.items() if is_taken(forge(forger))}

    assert taken <= is_about_time - {"exp twice"}
    assert is_taken(forger.with_claims())


def test_an_access_token_and_one_of_a_stopped_application_are_no_hints(storage: Site) -> None:
    given = begin(storage)
    access_token = access_tokens.issue(*given, subject="lin", scope="openid", now=NOW)
    token = issue(given)

    with pytest.raises(TokenInvalid):
        id_tokens.verify_hint(storage, access_token.get_secret_value(), now=NOW)
    applications.save_disabled(given[1], is_disabled=True, now=NOW)
    with pytest.raises(TokenInvalid):
        id_tokens.verify_hint(storage, token, now=NOW)
