"""Modules of "Basic OP" and "Form Post OP": the code, what it is exchanged for, and how often."""

from datetime import timedelta

from tests.conftest import Installation
from tests.flows.phones import Browser, Phone
from tests.oidc.conformance import OF_AN_ID_TOKEN, ConformanceClient, entropy
from tests.oidc.programs import Answer, Pkce
from wechatlogin.models import Algorithm


def test_oidcc_server(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-server: the code flow; an ID token says nothing that was not asked for."""
    flow = client.flow(phone)

    assert client.metadata()["token_endpoint_auth_methods_supported"][0] == "client_secret_basic"
    assert flow.id_token.keys() == OF_AN_ID_TOKEN
    assert flow.tokens.keys() == {"access_token", "token_type", "expires_in", "scope", "id_token"}


def test_oidcc_server_client_secret_post(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-server-client-secret-post: the same with the secret in the form."""
    client.authentication = "client_secret_post"

    client.flow(phone)

    assert "client_secret_post" in client.metadata()["token_endpoint_auth_methods_supported"]


def test_oidcc_idtoken_signature(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-idtoken-signature: without a word about it RS256, by a key that `kid` names."""
    flow = client.flow(phone)

    header = client.read_header(flow.tokens["id_token"])
    assert header["alg"] == "RS256"
    assert header["kid"]


def test_oidcc_idtoken_unsigned(client: ConformanceClient) -> None:
    """oidcc-idtoken-unsigned: nobody is offered a token that is not signed, nor can ask for it."""
    offered = client.metadata()["id_token_signing_alg_values_supported"]

    assert sorted(offered) == ["ES256", "RS256"]
    assert sorted(algorithm.value for algorithm in Algorithm) == ["ES256", "RS256"]


def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(
    client: ConformanceClient, phone: Phone
) -> None:
    """oidcc-ensure-request-without-nonce-succeeds-for-code-flow."""
    flow = client.flow(phone, nonce=None)

    assert "nonce" not in flow.id_token


def test_oidcc_alternate_happy_flow(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-alternate-happy-flow: neither scopes nor parameters have an order."""
    wanted = client.parameters(scope="email openid")
    backwards = dict(sorted(wanted.items(), reverse=True))
    address = f"{client.issuer}/auth"

    page = phone.step(address, params=backwards)
    url = str(page.headers["Location"])
    answer = _read(client, phone, url)
    client.verify_answer(answer)
    tokens = client.verify_tokens(client.exchange(answer["code"]))

    assert tokens["scope"].split() == ["email", "openid"]
    told = client.userinfo(tokens["access_token"]).json()
    assert told.keys() == {"sub", "email", "email_verified"}
    assert "name" not in client.verify_id_token(tokens)


def test_oidcc_ensure_post_request_succeeds(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-ensure-post-request-succeeds: a request may be a form of another site's."""
    request = client.parameters()

    sent = phone.post(
        f"{client.issuer}/auth",
        data=request,
        headers={"Origin": "https://program.example", "Sec-Fetch-Site": "cross-site"},
        allow_redirects=False,
        timeout=20,
    )
    assert sent.status_code == 303
    answer = _read(client, phone, client.installation.url + sent.headers["Location"])

    client.verify_answer(answer)
    client.verify_id_token(client.verify_tokens(client.exchange(answer["code"])))


def _read(client: ConformanceClient, phone: Browser, location: str) -> Answer:
    url = location if location.startswith("http") else client.installation.url + location
    if client.response_mode is None:
        return client.come_back(phone, url)
    return client.read_form(phone.open(url))


def test_oidcc_ensure_request_with_valid_pkce_succeeds(
    client: ConformanceClient, phone: Phone
) -> None:
    """oidcc-ensure-request-with-valid-pkce-succeeds, for a client that need not use it."""
    pkce = Pkce()

    flow = client.flow(
        phone,
        verifier=pkce.verifier,
        code_challenge=pkce.challenge,
        code_challenge_method="S256",
    )

    assert client.metadata()["code_challenge_methods_supported"] == ["S256"]
    assert flow.access_token


def test_oidcc_codereuse(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-codereuse: a code is good for one exchange."""
    flow = client.flow(phone)

    again = client.exchange(flow.code)

    client.verify_refusal(again, "invalid_grant")


def test_oidcc_codereuse_30seconds(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-codereuse-30seconds: and after half a minute what was issued is worth nothing."""
    flow = client.flow(phone)
    client.let_pass(timedelta(seconds=30))

    again = client.exchange(flow.code)

    client.verify_refusal(again, "invalid_grant")
    assert client.userinfo(flow.access_token).status_code == 401
    assert client.introspect(flow.access_token) == {"active": False}


def test_oidcc_refresh_token(
    client: ConformanceClient, installation: Installation, phone: Phone
) -> None:
    """oidcc-refresh-token: it gives new tokens of the same login, to its own client alone."""
    asked = {"scope": "openid offline_access", "prompt": "consent"}
    flow = client.flow(phone, **asked)
    other = ConformanceClient(installation, response_mode=client.response_mode)
    others = other.flow(phone, **asked).tokens["refresh_token"]

    first = flow.tokens["refresh_token"]
    answer = client.refresh(first, scope=asked["scope"])

    tokens = client.verify_tokens(answer)
    claims = client.read(tokens["id_token"])
    assert {name: claims[name] for name in ("iss", "sub", "aud", "auth_time")} == {
        name: flow.id_token[name] for name in ("iss", "sub", "aud", "auth_time")
    }
    assert claims["iat"] >= flow.id_token["iat"]
    assert "nonce" not in claims
    assert entropy(tokens["refresh_token"]) > 96
    assert tokens["refresh_token"] != first
    assert client.userinfo(tokens["access_token"]).status_code == 200
    client.verify_refusal(client.refresh(others), "invalid_grant")
    assert "refresh_token" in client.metadata()["grant_types_supported"]
    assert other.refresh(others).status_code == 200
