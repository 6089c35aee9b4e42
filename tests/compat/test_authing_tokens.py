"""Authing's tokens: verified with the secret, with our published keys, and by asking us."""

from typing import Any

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey

from tests.compat.authing import Program
from tests.conftest import Installation
from tests.flows.phones import Phone
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.services import applications, sessions

DAYS_15 = 1_296_000


@pytest.fixture(scope="module")
def shop(installation: Installation) -> Program:
    """It keeps its secret: HS256."""
    return Program(installation)


@pytest.fixture(scope="module")
def public_shop(installation: Installation) -> Program:
    """We keep nothing but a hash of its secret: RS256."""
    return Program(installation, keeps_secret=False)


def read_with_secret(program: Program, token: str) -> dict[str, Any]:
    """Verify as a back end that knows the secret does."""
    key = OctKey.import_key(program.made.client_secret.encode())
    return dict(jwt.decode(token, key, algorithms=["HS256"]).claims)


def read_with_keys(program: Program, token: str) -> dict[str, Any]:
    """Verify as a back end that fetches our keys does."""
    published = requests.get(f"{program.url}/oidc/.well-known/jwks.json", timeout=20).json()
    assert "d" not in published["keys"][0]
    keys = KeySet.import_key_set(published)
    return dict(jwt.decode(token, keys, algorithms=["RS256"]).claims)


def test_the_secret_verifies_the_token_and_its_claims_are_authings(
    shop: Program, person: str
) -> None:
    user = shop.log_in(person)

    claims = read_with_secret(shop, user["token"])

    assert set(claims) == {"data", "sid", "iat", "exp"}
    assert claims["data"] == {
        "unionid": user["unionid"],
        "id": user["id"],
        "clientId": shop.client_id,
    }
    assert claims["exp"] - claims["iat"] == DAYS_15


def test_without_the_secret_our_published_keys_verify_it(public_shop: Program, person: str) -> None:
    user = public_shop.log_in(person)

    claims = read_with_keys(public_shop, user["token"])

    assert claims["iss"] == f"{public_shop.url}/oidc"
    assert claims["aud"] == public_shop.client_id
    assert claims["sub"] == claims["data"]["id"] == user["id"]
    assert claims["nickname"] == user["nickname"]
    assert claims["exp"] - claims["iat"] == DAYS_15


@pytest.mark.parametrize("which", ["shop", "public_shop"])
def test_whoever_asks_us_is_told_what_a_live_token_says(
    request: pytest.FixtureRequest, person: str, which: str
) -> None:
    program: Program = request.getfixturevalue(which)
    user = program.log_in(person)
    token = user["token"]

    told = program.introspect(token)

    assert (told["active"], told["sub"], told["client_id"]) == (True, user["id"], program.client_id)
    for name in ("access_token", "id_token"):
        valid = program.validate(token, name)
        assert valid.status_code == 200
        assert valid.json()["data"]["id"] == user["id"]
    old = program.validate_old(token)
    assert old["status"] is True
    assert old["token"]["data"]["id"] == user["id"]


@pytest.mark.parametrize("which", ["shop", "public_shop"])
def test_a_token_is_worth_nothing_once_its_session_has_ended(
    request: pytest.FixtureRequest, person: str, which: str
) -> None:
    program: Program = request.getfixturevalue(which)
    user = program.log_in(person)
    with program.installation.app.app_context():
        sessions.end_all(user["id"], now=clock.now())
        db.session.remove()

    assert program.introspect(user["token"]) == {"active": False}
    assert program.validate(user["token"]).json() == {
        "code": 400,
        "message": "access_token 不合法",
    }
    assert program.validate_old(user["token"])["status"] is False


def test_the_person_ends_it_on_the_account_page(shop: Program, person: str) -> None:
    user = shop.log_in(person)
    phone = Phone(person)
    page = phone.open(f"{shop.url}/login")
    sid = read_with_secret(shop, user["token"])["sid"]
    field = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]

    ended = phone.post(
        f"{shop.url}/account/sessions/{sid}/end", data={"csrf_token": field}, timeout=20
    )

    assert ended.ok
    assert shop.introspect(user["token"]) == {"active": False}


def test_a_disabled_applications_tokens_end(installation: Installation, person: str) -> None:
    program = Program(installation)
    token = program.log_in(person)["token"]
    with installation.app.app_context():
        stopped = applications.verify(program.client_id)
        applications.save_disabled(stopped, is_disabled=True, now=clock.now())
        db.session.remove()

    assert program.validate(token).status_code == 400
    assert program.introspect(token, status=401)["error"] == "invalid_client"


def test_the_caller_shows_its_secret_by_form_or_by_basic_or_the_token_alone(
    shop: Program, person: str
) -> None:
    token = shop.log_in(person)["token"]
    basic = (shop.client_id, shop.made.client_secret)

    assert shop.introspect(token)["active"] is True
    assert shop.introspect(token, form={}, auth=basic)["active"] is True
    assert shop.introspect(token, form={"client_id": shop.client_id})["active"] is True


@pytest.mark.parametrize(
    "given",
    [
        {"form": {}},
        {"form": {"client_id": "nobody-has-it"}},
        {"form": {"client_id": "nobody-has-it", "client_secret": "x"}},
        {"form": {}, "auth": ("nobody-has-it", "x")},
    ],
    ids=str,
)
def test_an_unknown_caller_is_refused(shop: Program, person: str, given: dict[str, Any]) -> None:
    token = shop.log_in(person)["token"]

    assert shop.introspect(token, status=401, **given)["error"] == "invalid_client"


def test_a_wrong_secret_is_refused(shop: Program, person: str) -> None:
    token = shop.log_in(person)["token"]
    form = {"client_id": shop.client_id, "client_secret": "wrong"}

    assert shop.introspect(token, status=401, form=form)["error"] == "invalid_client"
    basic = (shop.client_id, "")
    assert shop.introspect(token, status=401, form={}, auth=basic)["error"] == "invalid_client"


def test_a_token_is_live_for_its_own_application_alone(
    shop: Program, public_shop: Program, person: str
) -> None:
    token = shop.log_in(person)["token"]

    assert public_shop.introspect(token) == {"active": False}


def test_one_applications_secret_makes_no_token_for_another(
    shop: Program, public_shop: Program, person: str
) -> None:
    theirs = read_with_keys(public_shop, public_shop.log_in(person)["token"])
    key = OctKey.import_key(shop.made.client_secret.encode())
    header = {"alg": "HS256", "kid": shop.client_id}

    forged = jwt.encode(header, theirs, key, algorithms=["HS256"])

    assert public_shop.introspect(forged) == {"active": False}
    assert public_shop.validate(forged).status_code == 400


def test_the_public_key_is_no_secret(public_shop: Program, person: str) -> None:
    claims = read_with_keys(public_shop, public_shop.log_in(person)["token"])
    published = requests.get(f"{public_shop.url}/oidc/.well-known/jwks.json", timeout=20).json()
    key = OctKey.import_key(published["keys"][0]["n"].encode())

    forged = jwt.encode({"alg": "HS256", "kid": public_shop.client_id}, claims, key)

    assert public_shop.validate(forged).status_code == 400


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "x" * 3500])
def test_what_is_no_token_is_refused_in_each_shape(shop: Program, token: str) -> None:
    refused = shop.validate(token, "id_token")

    assert refused.status_code == 400
    assert refused.json()["code"] == 400
    assert shop.validate_old(token)["status"] is False
    if 0 < len(token) < 8192:
        assert shop.introspect(token) == {"active": False}


def test_a_token_with_another_body_is_refused(shop: Program, person: str) -> None:
    header, body, signature = shop.log_in(person)["token"].split(".")
    changed = body[:-2] + ("AA" if body[-2:] != "AA" else "BB")

    assert shop.validate(f"{header}.{changed}.{signature}").json() == {
        "code": 400,
        "message": "access_token 不合法",
    }
