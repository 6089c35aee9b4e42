"""Attacks on a client's credentials, at every endpoint that takes them."""

import base64
from urllib.parse import quote

import pytest
import requests

from tests import databases
from tests.conftest import Installation
from tests.oidc.programs import TIMEOUT, Program

ENDPOINTS = {
    "token": {"grant_type": "refresh_token", "refresh_token": "none"},
    "request": {"response_type": "code"},
    "token/revocation": {"token": "none"},
    "token/introspection": {"token": "none"},
    "device/auth": {"scope": "openid"},
}


@pytest.fixture(scope="module")
def program(installation: Installation) -> Program:
    return Program(installation)


@pytest.fixture(scope="module")
def public(installation: Installation) -> Program:
    return Program(installation, is_public=True)


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def ask(program: Program, path: str, header: str | None, **more: str) -> requests.Response:
    headers = {} if header is None else {"Authorization": header}
    form = {**ENDPOINTS[path], **more}
    url = f"{program.issuer}/{path}"
    return requests.post(url, data=form, headers=headers, timeout=TIMEOUT)


def assert_unknown(answer: requests.Response) -> None:
    assert answer.status_code == 401, answer.text
    assert answer.json()["error"] == "invalid_client"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_wrong_secret_is_refused_whatever_it_looks_like(program: Program, path: str) -> None:
    secret, client_id = str(program.made.client_secret), program.client_id
    assert_unknown(ask(program, path, basic(client_id, "\x00")))
    for wrong in ("", "wrong", "é", "ß😀", secret[:-1], secret + "a", secret.swapcase(), ":"):
        assert_unknown(ask(program, path, basic(client_id, wrong)))
        assert_unknown(ask(program, path, None, client_id=client_id, client_secret=wrong or " "))


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic AAA",
        "Basic /////",
        "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(),
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode(b":").decode(),
        "Basic " + base64.b64encode("é:é".encode()).decode(),
        "Basic " + base64.b64encode(b"x" * 3000).decode(),
        "Bearer nothing",
        "Digest username=x",
        "\xff\xfe",
    ],
    ids=range(13),
)
def test_a_header_that_is_none_is_refused(program: Program, path: str, header: str) -> None:
    answer = requests.post(
        f"{program.issuer}/{path}",
        data=ENDPOINTS[path],
        headers={"Authorization": header.encode("latin-1")},
        timeout=TIMEOUT,
    )

    assert_unknown(answer)


@pytest.mark.parametrize("path", ENDPOINTS)
def test_nobody_is_nobody(program: Program, path: str) -> None:
    for client_id in ("nobodys-client", "x", "é" * 8, "' OR 1=1 --", "\x01" * 8, "a" * 300):
        assert_unknown(ask(program, path, basic(client_id, "secret")))
        assert_unknown(ask(program, path, None, client_id=client_id, client_secret="secret"))


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_secret_in_the_address_is_not_read(program: Program, path: str) -> None:
    secret = quote(str(program.made.client_secret))
    address = f"{program.issuer}/{path}?client_id={program.client_id}&client_secret={secret}"

    answer = requests.post(address, data=ENDPOINTS[path], timeout=TIMEOUT)

    assert_unknown(answer)


@pytest.mark.parametrize("path", [path for path in ENDPOINTS if path != "token/introspection"])
def test_a_client_that_has_a_secret_must_show_it(program: Program, path: str) -> None:
    assert_unknown(ask(program, path, None, client_id=program.client_id))


def test_a_client_that_shows_no_secret_learns_nothing_of_our_tokens(program: Program) -> None:
    """Authing's clients may ask so about Authing's tokens."""
    answer = ask(program, "token/introspection", None, client_id=program.client_id)

    assert answer.status_code == 200
    assert answer.json() == {"active": False}


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_public_client_has_no_secret_to_show(public: Program, path: str) -> None:
    with_id = ask(public, path, None, client_id=public.client_id)

    assert with_id.status_code != 401
    assert_unknown(ask(public, path, basic(public.client_id, "anything")))
    assert_unknown(ask(public, path, None, client_id=public.client_id, client_secret="anything"))


@pytest.mark.parametrize("name", ["client_id", "client_secret", "token", "grant_type", "scope"])
@pytest.mark.parametrize("path", ENDPOINTS)
def test_what_is_given_twice_is_refused(program: Program, path: str, name: str) -> None:
    credentials = {"client_id": program.client_id, "client_secret": program.made.client_secret}
    form = [*ENDPOINTS[path].items(), *credentials.items(), (name, "x"), (name, "x")]

    answer = requests.post(f"{program.issuer}/{path}", data=form, timeout=TIMEOUT)

    assert answer.status_code in {400, 401}
    assert answer.json()["error"] in {"invalid_request", "invalid_client"}


@pytest.mark.parametrize(
    "grant_type",
    [
        *("", "password", "client_credentials", "implicit", 'a "quoted" one', "é", "\\"),
        *("x" * 3000, "urn:ietf:params:oauth:grant-type:jwt-bearer"),
    ],
    ids=range(9),
)
def test_no_other_grant_is_taken(program: Program, grant_type: str) -> None:
    answer = program.post("token", grant_type=grant_type, username="lin", password="x")

    assert answer.status_code == 400
    assert answer.json()["error"] in {"unsupported_grant_type", "invalid_request"}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"{", "application/json"),
        (b'{"grant_type": "refresh_token"}', "application/json"),
        (b"\xff\xfe\x00=%zz&&&=", "application/x-www-form-urlencoded"),
        (b"a=1;b=2", "text/plain"),
        (b"--x\r\n\r\n", "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data"),
    ],
    ids=range(7),
)
@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_body_that_is_no_form_is_no_trouble(
    program: Program, path: str, body: bytes, kind: str
) -> None:
    auth = (program.client_id, str(program.made.client_secret))
    headers = {"Content-Type": kind}

    answer = requests.post(
        f"{program.issuer}/{path}", data=body, headers=headers, auth=auth, timeout=TIMEOUT
    )

    assert answer.status_code < 500
    if answer.status_code >= 400:
        assert "error" in answer.json()


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_stopped_client_is_let_in_nowhere(installation: Installation, path: str) -> None:
    stopped = Program(installation)
    stopped.disable()

    answer = stopped.post(path, **ENDPOINTS[path])

    assert_unknown(answer)


def test_no_secret_is_stored_as_it_is(program: Program) -> None:
    dump = databases.dump(program.installation.service.settings.database_url)

    assert program.client_id in dump
    assert str(program.made.client_secret) not in dump
