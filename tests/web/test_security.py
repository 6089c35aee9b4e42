"""What every request must satisfy and every answer carries; what leads where."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ada_url
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from tests.servers import settings_for_tests
from wechatlogin import create_app
from wechatlogin.extensions import db
from wechatlogin.web import own_paths

BASE = "https://login.example.com"
DESKTOP = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/142.0 Safari/537.36"}

# Strings that some browser or some check has been fooled by.
CORPUS = [
    "//evil.com", "///evil.com", "////evil.com", "/\\evil.com", "\\/evil.com", "\\\\evil.com",
    "/\\/evil.com", "http:evil.com", "https:///evil.com", "https:\\\\evil.com",
    "HTTPS://EVIL.com", "https://login.example.com@evil.com",
    "https://login.example.com:pw@evil.com", "https://evil.com\\@login.example.com",
    "https://evil.com#@login.example.com", "https://evil.com?@login.example.com",
    "https://login.example.com.evil.com", "https://evillogin.example.com",
    "https://login.example.com%2eevil.com", "https://login.example.com。evil.com",
    "https://evil。com", "https://ⓔvil.com", "https://evıl.com", "https://[::1]@evil.com",
    "/\t/evil.com", "/\n/evil.com", "/\r/evil.com", "\t//evil.com", " //evil.com",
    "\x00//evil.com", "\x01//evil.com", "https://login.example.com;evil.com",
    "https://login.example.com,evil.com", "https://0x7f000001/", "https://2130706433/",
    "https://127.1/", "https://login.example.com/cb/../../evil", "https://[evil.com",
    "javascript:alert(1)", "data:text/html,x", "", "account", "?x", "#x",
]  # fmt: skip


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("security")
    app = create_app(
        settings_for_tests(
            public_url=BASE,
            trusted_hosts=("login.example.com",),
            database_url=f"sqlite:///{folder / 'test.db'}",
            limit_login="100000 per minute",
            limit_operator="100000 per minute",
        )
    )
    with app.app_context():
        db.create_all()
    yield app
    with app.app_context():
        db.engine.dispose()


class OverHttps(FlaskClient):
    """A client that comes by the public address."""

    def open(self, *args: Any, **given: Any) -> Any:
        return super().open(*args, **{"base_url": BASE, **given})


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    app.test_client_class = OverHttps
    return app.test_client()


@pytest.mark.parametrize("path", CORPUS, ids=ascii)
def test_no_string_leads_away(path: str) -> None:
    kept = own_paths.get_own_path(path)

    if kept is not None:
        assert ada_url.URL(kept, BASE).origin == BASE


@given(st.text(alphabet=st.sampled_from("/\\.:@?#%ea\t\n\r \x00。"), max_size=12))
def test_what_passes_for_an_own_path_stays_with_us(path: str) -> None:
    if own_paths.check_own_path(path):
        assert ada_url.URL(path, BASE).origin == BASE


@pytest.mark.parametrize("path", ["/", "/account", "/help?lang=en#code", "/a/b;c=d?e=%2F%2F"])
def test_our_own_paths_pass(path: str) -> None:
    assert own_paths.get_own_path(path) == path


PAGES = [
    "/login/code",
    "/help",
    "/operator/login",
    "/account",
    "/nothing-here",
    "/q/unknown",
    "/confirm/unknown",
    "/api/wechat/auth",
    "/healthz",
    f"/login/attempts/{'0' * 32}",
]


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_carries_the_security_headers(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers=DESKTOP)

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_the_nonce_is_another_each_time(client: FlaskClient) -> None:
    policies = {
        client.get("/help", headers=DESKTOP).headers["Content-Security-Policy"] for _ in range(5)
    }

    assert len(policies) == 5


def test_cookies_are_locked_to_this_host(client: FlaskClient) -> None:
    answer = client.get("/login/code", headers=DESKTOP)

    cookies = answer.headers.getlist("Set-Cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        assert "Secure" in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie


def test_waiting_sets_no_cookie(client: FlaskClient) -> None:
    answer = client.get("/login/attempts/" + "0" * 32)

    assert answer.status_code == 404
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("host", ["evil.example", "login.example.com.evil.example", "LOGIN"])
def test_a_foreign_host_is_refused(client: FlaskClient, host: str) -> None:
    answer = client.get("/help", base_url=f"https://{host}")

    assert answer.status_code == 400
    assert host not in answer.text


def test_wechat_is_given_our_own_address_whatever_the_request_says(client: FlaskClient) -> None:
    spoofed = {
        "User-Agent": "MicroMessenger/8.0 Mobile iPhone",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "host=evil.example",
    }

    answer = client.get("/api/wechat/auth", headers=spoofed)

    assert "evil" not in answer.headers.get("Location", "")


# What proves itself otherwise: WeChat by its signature, the confirm link and the hidden token of
# "log in here" by being secret, the claim by a header that no other site can send.
WITHOUT_FORM_TOKEN = {
    "pushes.receive",
    "confirm.choose",
    "anqicms.log_in_here",
    # The verification code, in a body that only a script of our own pages or a program sends.
    "anqicms_users.log_in",
}
# What answers programs: no cookie of ours is read there, so there is none to misuse.
FOR_PROGRAMS = {
    "authing_events.receive",
    "device_authorization.start",
    "introspection.introspect",
    "token.issue",
    "token.push",
    "token.revoke",
    "userinfo.show",
    # Another site's form; it only leads on to the same by GET.
    "authorize.start_by_post",
    "end_session.lead_on",
    "page_scans.exchange",
    "quectel.log_in_by_page",
    "quectel.log_in_by_mini_program",
    "quectel.refresh",
    "quectel.log_out",
}
# What answers pages of other sites, without cookies: each looks at the origin by itself.
FOR_PAGES = {
    "authing_scans.exchange",
    "authing_scans.generate",
    "page_scans.begin",
    "page_scans.claim",
}


def unsafe_rules(app: Flask) -> list[tuple[str, str, str]]:
    return [
        (rule.endpoint, method, re.sub(r"<[^>]+>", "0" * 18, rule.rule))
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"GET", "HEAD", "OPTIONS"})
    ]


def test_every_change_needs_a_token_of_ours(app: Flask, client: FlaskClient) -> None:
    open_doors = [
        (endpoint, path)
        for endpoint, method, path in unsafe_rules(app)
        if endpoint not in WITHOUT_FORM_TOKEN | FOR_PROGRAMS | FOR_PAGES
        if client.open(path, method=method).status_code not in {302, 400, 401, 403}
    ]

    assert open_doors == []


def test_no_form_is_taken_from_another_site(app: Flask, client: FlaskClient) -> None:
    taken = [
        (endpoint, headers)
        for endpoint, method, path in unsafe_rules(app)
        if endpoint not in {"pushes.receive", *FOR_PROGRAMS, *FOR_PAGES}
        for headers in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://evil.example"},
        )
        if client.open(path, method=method, headers=headers).status_code != 403
    ]

    assert taken == []


def test_a_page_of_an_origin_that_nobody_registered_does_and_reads_nothing(
    app: Flask, client: FlaskClient
) -> None:
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    asked = [rule for rule in unsafe_rules(app) if rule[0] in FOR_PAGES]

    answers = [client.open(path, method=method, headers=headers) for _, method, path in asked]

    assert {rule[0] for rule in asked} == FOR_PAGES
    assert [answer.status for answer in answers if answer.status_code < 400] == []
    assert not any("Access-Control-Allow-Origin" in answer.headers for answer in answers)


def test_a_doubled_parameter_is_refused(client: FlaskClient) -> None:
    assert client.get("/login?next=/a&next=/b", headers=DESKTOP).status_code == 400


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE"])
def test_other_methods_are_not_taken(client: FlaskClient, method: str) -> None:
    assert client.open("/login", method=method).status_code in {400, 405}


def test_programs_get_errors_as_json(client: FlaskClient) -> None:
    answer = client.get("/nothing-here", headers={"Accept": "application/json"})

    assert answer.status_code == 404
    assert answer.get_json() == {"error": "not_found", "message": "没有这个页面。"}


def test_a_bug_of_ours_shows_a_number_and_no_stack(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = create_app(settings_for_tests(database_url=f"sqlite:///{tmp_path / 'empty.db'}"))

    @broken.get("/broken")
    def view() -> str:
        raise ValueError("canary")

    answer = broken.test_client().get("/broken", headers={"Host": "127.0.0.1:5000"})

    assert answer.status_code == 500
    assert "canary" not in answer.text
    assert "Traceback" not in answer.text
