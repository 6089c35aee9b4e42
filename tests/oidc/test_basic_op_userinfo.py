"""Modules of "Basic OP" and "Form Post OP": what a scope tells, at the UserInfo endpoint."""

from typing import Any

import requests

from tests.flows.phones import Phone
from tests.oidc.conformance import ConformanceClient, Flow
from tests.oidc.programs import TIMEOUT
from wechatlogin.services import claims


def test_oidcc_userinfo_get(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-userinfo-get."""
    flow = client.flow(phone)

    told = client.verify_userinfo(client.userinfo(flow.access_token), flow)

    assert told.keys() == {"sub"}


def test_oidcc_userinfo_post_header(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-userinfo-post-header."""
    flow = client.flow(phone)
    headers = {"Authorization": f"Bearer {flow.access_token}"}

    answer = requests.post(f"{client.issuer}/me", headers=headers, timeout=TIMEOUT)

    client.verify_userinfo(answer, flow)


def test_oidcc_userinfo_post_body(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-userinfo-post-body."""
    flow = client.flow(phone)
    form = {"access_token": flow.access_token}

    answer = requests.post(f"{client.issuer}/me", data=form, timeout=TIMEOUT)

    client.verify_userinfo(answer, flow)


def told_for(client: ConformanceClient, phone: Phone, scope: str) -> tuple[Flow, dict[str, Any]]:
    flow = client.flow(phone, scope=scope)
    return flow, client.verify_userinfo(client.userinfo(flow.access_token), flow)


def test_oidcc_scope_profile(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-scope-profile: all that WeChat tells of it."""
    flow, told = told_for(client, phone, "openid profile")

    assert told.keys() == {"sub", *claims.CLAIMS_OF["profile"]}
    assert told["name"] == told["nickname"] == "林小满"
    assert told["locale"] == "zh-CN"
    assert flow.tokens["scope"] == "openid profile"


def test_oidcc_scope_email(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-scope-email: an address that stands in for one, and nothing of the profile."""
    flow, told = told_for(client, phone, "openid email")

    assert told.keys() == {"sub", *claims.CLAIMS_OF["email"]}
    assert told["email"] == f"{told['sub']}@wechat.invalid"
    assert told["email_verified"] is False
    assert "name" not in flow.id_token


def test_oidcc_scope_address(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-scope-address: nobody knows one here, and asking does no harm."""
    flow, told = told_for(client, phone, "openid address")

    assert "address" not in client.metadata()["scopes_supported"]
    assert flow.tokens["scope"] == "openid"
    assert told.keys() == {"sub"}


def test_oidcc_scope_phone(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-scope-phone: WeChat tells no number, and asking does no harm."""
    flow, told = told_for(client, phone, "openid phone")

    assert "phone" not in client.metadata()["scopes_supported"]
    assert flow.tokens["scope"] == "openid"
    assert told.keys() == {"sub"}


def test_oidcc_scope_all(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-scope-all: what there is of all of them."""
    flow, told = told_for(client, phone, "openid email phone address profile")

    names = (*claims.CLAIMS_OF["email"], *claims.CLAIMS_OF["profile"])
    assert told.keys() == {"sub", *names}
    assert flow.tokens["scope"] == "openid email profile"


def test_oidcc_claims_essential(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-claims-essential: a claim is asked for by its scope; by `claims` it is left out."""
    essential = '{"userinfo": {"name": {"essential": true}}}'

    flow = client.flow(phone, claims=essential)

    told = client.verify_userinfo(client.userinfo(flow.access_token), flow)
    assert client.metadata()["claims_parameter_supported"] is False
    assert "name" not in flow.id_token
    assert told.keys() == {"sub"}
