"""Target 9: OpenID Connect from authorize to token to userinfo, beside Authlib's bare example.

The person is logged in at the provider and asked nothing; both sides keep their data in SQLite.
"""

import base64
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from sqlalchemy import create_engine

from benchmarks import results
from benchmarks.clients import Request, Unexpected, Visitor, find, form, is_ok, is_redirect, verify
from benchmarks.journeys import Desktop
from benchmarks.measuring import Cost, Effort, compare, in_processes
from benchmarks.results import Line
from benchmarks.services import (
    SERVICE,
    Installed,
    Program,
    answering_at_once,
    baseline,
    installed,
    serving,
)
from tests.oidc.programs import Pkce
from wechatlogin import clock
from wechatlogin.services import applications
from wechatlogin.services.applications import NewApplication

#: As in `baselines/authlib_provider.py`, which makes its database when it is imported.
DATABASE_VARIABLE = "BENCHMARK_DATABASE"
CLIENT = ("benchmark", "secret-of-the-benchmark")
REDIRECT_URI = "https://program.example/callback"
FLOWS = 200
MOST = 1.5


@dataclass(frozen=True)
class Provider:
    """A provider with a browser that is logged in there, and the program it knows."""

    program: Program
    visitor: Visitor
    client: tuple[str, str]
    authorize: str
    token: str
    userinfo: str


def measure(effort: Effort) -> list[Line]:
    """Measure and return the line of the table."""
    count = effort.times(FLOWS)
    with _house() as house, _ours(house) as ours, _authlib(house) as theirs:
        compared = compare(
            lambda: _run(ours, count), lambda: _run(theirs, count), rounds=effort.rounds
        )
    mine, other = compared.ours, compared.theirs
    is_met = all(
        results.check_at_most(one, MOST) for one in (compared.cpu_ratio, compared.wall_ratio)
    )
    return [
        Line(
            target=9,
            what="OIDC: authorize to token to userinfo: CPU, and time",
            baseline="Authlib's bare example of the same",
            measured=results.costs(compared),
            aim=f"at most {MOST} x",
            is_met=is_met,
            ours=tuple(one.cpu for one in mine),
            theirs=tuple(one.cpu for one in other),
        )
    ]


@contextmanager
def _house() -> Iterator[Installed]:
    with (
        answering_at_once() as platform,
        installed(platform=platform.url) as house,
    ):
        yield house


@contextmanager
def _ours(house: Installed) -> Iterator[Provider]:
    with serving(SERVICE, house.settings) as program:
        visitor = Visitor(program.url)
        engine = create_engine(house.settings.database_url)
        Desktop(visitor, house.account, engine).log_in()
        engine.dispose()
        client = _register(house)
        yield Provider(program, visitor, client, "/oidc/auth", "/oidc/token", "/oidc/me")
        visitor.close()


def _register(house: Installed) -> tuple[str, str]:
    new = NewApplication("林记书店", redirect_uris=(REDIRECT_URI,), is_first_party=True)
    with house.app.app_context():
        made = applications.create(house.site.vault, new, now=clock.now())
    return made.client_id, made.client_secret or ""


@contextmanager
def _authlib(house: Installed) -> Iterator[Provider]:
    with tempfile.TemporaryDirectory() as folder:
        os.environ[DATABASE_VARIABLE] = f"sqlite:///{Path(folder) / 'authlib.db'}"
        with baseline("authlib_provider", house.settings) as program:
            visitor = Visitor(program.url)
            verify(visitor.send(Request("/login")), is_ok)
            paths = ("/oauth/authorize", "/oauth/token", "/oauth/userinfo")
            yield Provider(program, visitor, CLIENT, *paths)
            visitor.close()
        del os.environ[DATABASE_VARIABLE]


def _run(provider: Provider, count: int) -> Cost:
    def run_all() -> int:
        for _ in range(count):
            _log_in(provider)
        return count

    return in_processes(provider.program.pid, run_all)


def _log_in(provider: Provider) -> None:
    client_id, secret = provider.client
    pkce = Pkce()
    wanted = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": REDIRECT_URI,
        "scope": "openid profile",
        "state": secrets.token_urlsafe(16),
        "nonce": secrets.token_urlsafe(16),
        "code_challenge": pkce.challenge,
        "code_challenge_method": "S256",
    }
    asked = Request(f"{provider.authorize}?{urlencode(wanted)}")
    back = verify(provider.visitor.send(asked), is_redirect).location
    code = parse_qs(urlsplit(back).query).get("code", [""])[0]
    if not code:
        raise Unexpected(f"no code came back: {back}")
    body, headers = form(
        grant_type="authorization_code",
        code=code,
        redirect_uri=REDIRECT_URI,
        code_verifier=pkce.verifier,
    )
    basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    spent = Request(provider.token, "POST", body, {**headers, "Authorization": f"Basic {basic}"})
    tokens = verify(provider.visitor.send(spent), is_ok)
    find('("id_token")', tokens)
    bearer = {"Authorization": f"Bearer {tokens.json['access_token']}"}
    find(
        '("sub")', verify(provider.visitor.send(Request(provider.userinfo, headers=bearer)), is_ok)
    )
