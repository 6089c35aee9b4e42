"""Modules of "Basic OP" and "Form Post OP": the parameters of an authorization request."""

import base64
import json
import secrets
from datetime import timedelta

from tests.flows.phones import Browser, Phone
from tests.oidc.conformance import ConformanceClient, Flow

#: Older than any `max_age` of a second, and than one second of the clock.
A_MOMENT = timedelta(seconds=2)


def logged_in_before(client: ConformanceClient, phone: Phone) -> Flow:
    """Log somebody in, and return what they are known by a moment later."""
    client.flow(phone)
    client.let_pass(A_MOMENT)
    return client.flow(phone)


def on_a_desktop(phone: Phone) -> Browser:
    """Return the same browser as one in which no login is silent."""
    desktop = Browser()
    desktop.cookies.update(phone.cookies)
    return desktop


def assert_asks_anew(client: ConformanceClient, phone: Phone, **given: str) -> None:
    """Expect that somebody who is logged in logs in once more."""
    first = logged_in_before(client, phone)

    page = client.open(on_a_desktop(phone), **given)
    second = client.flow(phone, **given)

    assert "data-login" in page.text
    assert second.auth_time > first.auth_time
    assert second.id_token["sub"] == first.id_token["sub"]


def test_oidcc_response_type_missing(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-response-type-missing."""
    answer = client.authorize(phone, response_type=None)

    client.verify_error(answer, "invalid_request", "unsupported_response_type")


def test_oidcc_display_page(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-display-page: our login is one."""
    page = client.open(Browser(), display="page")

    assert "data-login" in page.text
    client.flow(phone, display="page")


def test_oidcc_display_popup(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-display-popup: it fits a small window, which stays in touch with its opener."""
    page = client.open(Browser(), display="popup")

    assert "data-login" in page.text
    client.flow(phone, display="popup")


def test_oidcc_prompt_login(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-prompt-login: the person shows anew who they are."""
    assert_asks_anew(client, phone, prompt="login")


def test_oidcc_prompt_none_not_logged_in(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-prompt-none-not-logged-in: the client is told, with its long state as it is."""
    state = secrets.token_urlsafe(96)

    answer = client.authorize(phone, prompt="none", state=state)

    client.state = state
    client.verify_error(answer, "login_required")


def test_oidcc_prompt_none_logged_in(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-prompt-none-logged-in: the same login, and nobody is asked anything."""
    first = logged_in_before(client, phone)

    second = client.flow(on_a_desktop(phone), prompt="none")

    assert second.auth_time == first.auth_time
    assert second.id_token["sub"] == first.id_token["sub"]


def test_oidcc_max_age_1(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-max-age-1: after two seconds the login is too old."""
    assert_asks_anew(client, phone, max_age="1")


def test_oidcc_max_age_10000(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-max-age-10000: two seconds are nothing."""
    client.flow(phone, max_age="15000")
    client.let_pass(A_MOMENT)
    first = client.flow(phone, max_age="15000")

    second = client.flow(on_a_desktop(phone), max_age="10000")

    assert second.auth_time == first.auth_time
    assert second.id_token["sub"] == first.id_token["sub"]


def test_oidcc_ensure_request_with_unknown_parameter_succeeds(
    client: ConformanceClient, phone: Phone
) -> None:
    """oidcc-ensure-request-with-unknown-parameter-succeeds."""
    client.flow(phone, extra="foobar")


def test_oidcc_id_token_hint(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-id-token-hint: whom the client means is logged in."""
    first = logged_in_before(client, phone)
    hint = first.tokens["id_token"]

    second = client.flow(on_a_desktop(phone), prompt="none", id_token_hint=hint)

    assert second.auth_time == first.auth_time
    assert second.id_token["sub"] == first.id_token["sub"]


def test_oidcc_login_hint(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-login-hint: WeChat alone says who holds the phone."""
    client.flow(phone, login_hint="buffy@127.0.0.1")


def test_oidcc_ui_locales(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-ui-locales: the first language that we speak; one that we do not is no error."""
    spoken = client.open(Browser(), ui_locales="se en zh-CN")
    unspoken = client.open(Browser(), ui_locales="se")

    assert '<html lang="en"' in spoken.text
    assert '<html lang="zh-CN"' in unspoken.text
    client.flow(phone, ui_locales="se")


def test_oidcc_claims_locales(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-claims-locales."""
    client.flow(phone, claims_locales="se")


def test_oidcc_ensure_request_with_acr_values_succeeds(
    client: ConformanceClient, phone: Phone
) -> None:
    """oidcc-ensure-request-with-acr-values-succeeds: no class is promised; `amr` says the way."""
    flow = client.flow(phone, acr_values="1 2")

    assert "acr_values_supported" not in client.metadata()
    assert "acr" not in flow.id_token
    assert flow.id_token["amr"] == ["in_wechat"]


def test_oidcc_ensure_registered_redirect_uri(client: ConformanceClient, phone: Phone) -> None:
    """oidcc-ensure-registered-redirect-uri: the person is shown the error, and stays here."""
    answer = client.ask(phone, redirect_uri=f"{client.redirect_uri}/{secrets.token_hex(5)}")

    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert "data-post" not in answer.text
    assert "redirect_unknown" in answer.text


def an_unsigned_object(client: ConformanceClient) -> str:
    """Return a request as an object that nobody has signed (Core, 6.1)."""
    parts = ({"alg": "none"}, client.parameters())
    texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts]
    return ".".join([*(text.rstrip("=") for text in texts), ""])


def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(
    client: ConformanceClient, phone: Phone
) -> None:
    """oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported: rejected."""
    request = an_unsigned_object(client)

    answer = client.authorize(phone, request=request)

    client.verify_error(answer, "request_not_supported")
    assert client.metadata()["request_parameter_supported"] is False


def test_oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(
    client: ConformanceClient, phone: Phone
) -> None:
    """oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported: rejected."""
    answer = client.authorize(phone, request_uri="https://program.example/request.jwt")

    client.verify_error(answer, "request_uri_not_supported")
    assert client.metadata()["request_uri_parameter_supported"] is False


def test_oidcc_ensure_request_object_with_redirect_uri(
    client: ConformanceClient, phone: Phone
) -> None:
    """oidcc-ensure-request-object-with-redirect-uri: the wrong address outside is not followed."""
    request = an_unsigned_object(client)

    answer = client.ask(phone, request=request, redirect_uri="https://attacker.example/callback")

    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert "redirect_unknown" in answer.text
