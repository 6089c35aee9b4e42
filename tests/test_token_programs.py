"""The programs in docs/tokens.md, taken out of the page and run."""

import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
from flask import Flask
from flask_migrate import upgrade
from werkzeug.serving import make_server

from tests import databases, node
from tests.forgeries import ANYWHERE, PUBLISHED, Forger
from tests.servers import ROOT, free_port, settings_for_tests
from tests.stories import a_program
from wechatlogin import clock, create_app
from wechatlogin.extensions import db
from wechatlogin.models import Algorithm, Application, Session
from wechatlogin.services import access_tokens, id_tokens, keys
from wechatlogin.services.site import Site

PAGE = (ROOT / "docs" / "tokens.md").read_text(encoding="utf-8")
KEY_SET = "/oidc/.well-known/jwks.json"
GSON = Path("/usr/share/java/gson.jar")
PHPSECLIB = Path("/usr/share/php/phpseclib3/autoload.php")
HOUR = timedelta(hours=1)
ALL = {**ANYWHERE, **PUBLISHED}
#: What a program has to refuse; of the rest some is no harm to a reader of our key set.
FORGED = (
    "no token",
    "alg none",
    "alg None",
    "alg none, still signed",
    "HS256 by our public key, PEM",
    "HS256 by our public key, JWK",
    "a key in the header",
    "kid a path",
    "kid missing",
    "kid of another key of ours",
    "signed by a stranger",
    "claims changed",
    "claims no JSON",
    "signature of zeros",
    "signature empty",
    "signature missing",
    "a part too many",
    "typ of another token",
    "typ missing",
    "aud of another",
    "iss of another",
    "iss missing",
    "expired",
    "exp missing",
)


@dataclass(frozen=True)
class Language:
    """How the program of one language is run."""

    name: str
    file: str
    command: tuple[str, ...]
    #: Gets a folder ready for it.
    prepare: Callable[[Path], None]
    #: CI installs what it needs, so there it may not be missing.
    is_required: bool = True


def _prepare_python(_folder: Path) -> None:
    """The packages of the tests hold PyJWT."""


def _prepare_node(folder: Path) -> None:
    (folder / "node_modules").symlink_to(node.install_packages())


def _prepare_php(folder: Path) -> None:
    _need(shutil.which("php"), PHPSECLIB)
    (folder / "vendor").mkdir()
    (folder / "vendor" / "autoload.php").write_text(f"<?php require '{PHPSECLIB}';")


def _prepare_java(_folder: Path) -> None:
    _need(shutil.which("javac"), GSON)


def _prepare_go(folder: Path) -> None:
    _need(shutil.which("go"))
    done = subprocess.run(["go", "mod", "init", "verify"], cwd=folder, capture_output=True)
    assert done.returncode == 0, done.stderr


def _need(*programs: str | Path | None) -> None:
    for program in programs:
        if program is None or not Path(program).exists():
            raise FileNotFoundError


LANGUAGES = (
    Language("python", "verify.py", (sys.executable, "verify.py"), _prepare_python),
    Language("javascript", "verify.mjs", ("node", "verify.mjs"), _prepare_node),
    Language("php", "verify.php", ("php", "verify.php"), _prepare_php),
    Language(
        "java", "Verify.java", ("java", "-cp", str(GSON), "Verify.java"), _prepare_java, False
    ),
    Language("go", "verify.go", ("go", "run", "verify.go"), _prepare_go, False),
)


class Server:
    """The service, in this process, so that its answers can be counted."""

    def __init__(self, folder: Path) -> None:
        host = f"127.0.0.1:{free_port()}"
        self.asked: list[str] = []
        self.app = create_app(
            settings_for_tests(
                public_url=f"http://{host}", database_url=f"sqlite:///{folder / 'tokens.db'}"
            )
        )
        with self.app.app_context():
            upgrade()
        name, _, port = host.partition(":")
        self._server = make_server(name, int(port), self._counted(self.app), threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def site(self) -> Site:
        site: Site = self.app.extensions["wechatlogin"]
        return site

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        with self.app.app_context():
            db.engine.dispose()

    def _counted(self, app: Flask) -> WSGIApplication:
        def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            self.asked.append(environ["PATH_INFO"])
            return app.wsgi_app(environ, start)

        return answer


@dataclass(frozen=True)
class Issuer:
    """Issues the tokens of an application."""

    site: Site
    application: Application
    session: Session
    key: Any
    other_kid: str

    def issue(self, typ: str, *, now: datetime | None = None) -> str:
        given = (self.site, self.application, self.session)
        now = now or clock.now()
        if typ == access_tokens.TYPE:
            token = access_tokens.issue(*given, subject="lin", scope="openid", now=now)
        else:
            claims = {"sub": "lin", "name": "林"}
            token = id_tokens.issue(*given, claims=claims, nonce="n", access_token=None, now=now)
        return token.get_secret_value()

    def forge(self, typ: str) -> dict[str, str]:
        forger = Forger(self.issue(typ), self.key, self.other_kid)
        return {name: ALL[name](forger) for name in FORGED}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("tokens"))
    yield running
    running.stop()


@pytest.fixture(params=list(Algorithm))
def issuer(server: Server, request: pytest.FixtureRequest) -> Iterator[Issuer]:
    algorithm, now = request.param, clock.now()
    with server.app.app_context():
        program = a_program(server.site, now=now, id_token_algorithm=algorithm)
        signers = {
            each: keys.find_or_create_current(server.site, each, now=now) for each in Algorithm
        }
        other = next(signer for each, signer in signers.items() if each is not algorithm)
        yield Issuer(server.site, *program, signers[algorithm].key, other.kid)
        db.session.remove()


def run(language: Language, issuer: Issuer, folder: Path, typ: str, tokens: list[str]) -> list[str]:
    """Return what the program of a language says of each token."""
    [program] = re.findall(rf"^```{language.name}\n(.+?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for example, value in (
        ("https://login.example.com/oidc", issuer.site.issuer),
        ("YOUR-CLIENT-ID", issuer.application.client_id),
    ):
        assert program.count(example) == 1
        program = program.replace(example, value)
    (folder / language.file).write_text(program, encoding="utf-8")
    try:
        language.prepare(folder)
    except FileNotFoundError:
        if language.is_required:
            databases.missing(f"what runs {language.name}")
        pytest.skip(f"what runs {language.name} is not installed here")
    done = subprocess.run(
        [*language.command, typ, *tokens],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_the_program_takes_good_tokens_and_no_others(
    language: Language, server: Server, issuer: Issuer, tmp_path: Path
) -> None:
    typ, other = access_tokens.TYPE, "JWT"
    forged = {
        **issuer.forge(typ),
        "an ID token": issuer.issue(other),
        "an hour ago": issuer.issue(typ, now=clock.now() - HOUR),
    }
    server.asked.clear()

    good, *said, good_again = run(
        language, issuer, tmp_path, typ, [issuer.issue(typ), *forged.values(), issuer.issue(typ)]
    )

    taken = [name for name, word in zip(forged, said, strict=True) if not is_refused(word)]
    assert taken == []
    assert (good, good_again) == ("lin", "lin")
    assert set(server.asked) == {KEY_SET}


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)
def test_the_program_reads_id_tokens_and_fetches_the_keys_once(
    language: Language, server: Server, issuer: Issuer, tmp_path: Path
) -> None:
    tokens = [issuer.issue("JWT") for _ in range(3)]
    server.asked.clear()

    said = run(language, issuer, tmp_path, "JWT", [*tokens, issuer.issue(access_tokens.TYPE)])

    assert said[:3] == ["lin"] * 3
    assert [is_refused(word) for word in said[3:]] == [True]
    assert server.asked == [KEY_SET]


def is_refused(said: str) -> bool:
    return said.startswith("refused")
