"""The module of "Config OP": what the provider says of itself before anybody asks it."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.discovery import OpenIDProviderMetadata
from babel import Locale
from flask.testing import FlaskClient
from joserfc.jwk import KeySet, RSAKey

from tests.conftest import Installation
from tests.servers import settings_for_tests
from wechatlogin import clock, create_app
from wechatlogin.extensions import db
from wechatlogin.models import Algorithm
from wechatlogin.services import keys

HOST = "https://login.example.com"
WELL_KNOWN = "/.well-known/openid-configuration"
#: RFC 6749, appendix A.4.
SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
#: BCP 47, with its customary capitals.
CANONICAL_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")
PRIVATE_PARTS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
REGISTERED = {
    *AuthorizationServerMetadata.REGISTRY_KEYS,
    *OpenIDProviderMetadata.REGISTRY_KEYS,
    # What Authlib does not know: OpenID Connect Discovery, RFC 9126, RFC 9207, RFC 8628, the
    # logouts, and "Initiating User Registration" 1.0.
    "pushed_authorization_request_endpoint",
    "require_pushed_authorization_requests",
    "authorization_response_iss_parameter_supported",
    "device_authorization_endpoint",
    "userinfo_endpoint",
    "backchannel_logout_supported",
    "backchannel_logout_session_supported",
    "end_session_endpoint",
    "prompt_values_supported",
}


@pytest.fixture(scope="module")
def provider(installation: Installation) -> Iterator[FlaskClient]:
    """The provider under https, as it is deployed."""
    url = installation.service.settings.database_url
    app = create_app(settings_for_tests(public_url=HOST, database_url=url))
    with app.app_context():
        now_published = app.extensions["wechatlogin"]
        for algorithm in Algorithm:
            keys.find_or_create_current(now_published, algorithm, now=clock.now())
    yield app.test_client()
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="module")
def metadata(provider: FlaskClient) -> dict[str, Any]:
    answer = provider.get(f"/oidc{WELL_KNOWN}", base_url=HOST)
    assert answer.status_code == 200
    assert answer.content_type == "application/json"
    return dict(answer.get_json())


def test_oidcc_discovery_endpoint_verification(
    provider: FlaskClient, metadata: dict[str, Any]
) -> None:
    """oidcc-discovery-endpoint-verification: the issuer, the endpoints, and what they can."""
    issuer = urlsplit(metadata["issuer"])
    endpoints = {
        name: url for name, url in metadata.items() if name.endswith(("_endpoint", "_uri"))
    }

    assert metadata["issuer"] == f"{HOST}/oidc"
    assert (issuer.scheme, issuer.query, issuer.fragment, issuer.username) == (
        "https",
        "",
        "",
        None,
    )
    assert metadata["response_types_supported"] == ["code"]
    assert sorted(metadata["subject_types_supported"]) == ["pairwise", "public"]
    assert "RS256" in metadata["id_token_signing_alg_values_supported"]
    assert "RS256" in metadata.get("userinfo_signing_alg_values_supported", ["RS256"])
    assert {"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"} <= {
        *endpoints
    }
    assert [name for name, url in endpoints.items() if not url.startswith(f"{HOST}/oidc/")] == []
    assert "registration_endpoint" not in endpoints
    assert metadata.keys() <= REGISTERED
    answered = {name: _status(provider, url) for name, url in endpoints.items()}
    assert [name for name, status in answered.items() if status in {404, 500}] == []


def _status(provider: FlaskClient, url: str) -> int:
    return provider.get(url, base_url=HOST, follow_redirects=False).status_code


def test_what_discovery_says_is_of_the_right_kind(metadata: dict[str, Any]) -> None:
    supported = {name: value for name, value in metadata.items() if name.endswith("_supported")}
    lists = {name: value for name, value in supported.items() if isinstance(value, list)}
    flags = supported.keys() - lists.keys()

    assert [name for name in flags if not isinstance(supported[name], bool)] == []
    assert [name for name, value in lists.items() if not value] == []
    assert [name for name, value in lists.items() if len(value) != len(set(value))] == []
    assert "openid" in metadata["scopes_supported"]
    assert all(SCOPE_TOKEN.fullmatch(scope) for scope in metadata["scopes_supported"])
    assert "authorization_code" in metadata["grant_types_supported"]
    assert {"sub", "iss", "name", "email"} <= set(metadata["claims_supported"])
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    for locale in metadata["ui_locales_supported"]:
        assert Locale.parse(locale, sep="-").language == locale.split("-")[0]
        assert CANONICAL_LOCALE.fullmatch(locale)


def test_authlib_finds_no_fault_with_it(metadata: dict[str, Any]) -> None:
    OpenIDProviderMetadata(metadata).validate()
    AuthorizationServerMetadata(metadata).validate()


def test_it_is_where_rfc_8414_looks_for_it_too(
    provider: FlaskClient, metadata: dict[str, Any]
) -> None:
    answer = provider.get("/.well-known/oauth-authorization-server/oidc", base_url=HOST)

    assert answer.get_json() == metadata


def test_the_published_keys_are_public_and_each_has_its_own_name(
    provider: FlaskClient, metadata: dict[str, Any]
) -> None:
    published = provider.get(metadata["jwks_uri"], base_url=HOST).get_json()["keys"]

    names = [key["kid"] for key in published]
    assert len(names) == len(set(names)) >= 2
    assert [key["kid"] for key in published if key.keys() & PRIVATE_PARTS] == []
    assert {(key["use"], key["alg"], key["kty"]) for key in published} == {
        ("sig", "RS256", "RSA"),
        ("sig", "ES256", "EC"),
    }
    for key in KeySet.import_key_set({"keys": published}).keys:
        assert key.thumbprint() == key.kid
        assert key.public_key.key_size >= (2048 if isinstance(key, RSAKey) else 256)
