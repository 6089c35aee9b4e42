"""An installation for the doctor: its account at the simulator, and a front that may be broken."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from tests.servers import TEMPLATE_ID, Account, Simulator
from wechatlogin import clock
from wechatlogin.models import AccountHealth, PlatformErrorCount, ReceivedMessage, WeChatAppRow
from wechatlogin.models.transaction import write
from wechatlogin.services import audit, doctor, wechat_app_changes, wechat_app_settings, wechat_apps
from wechatlogin.services.doctor import Arrival, Finding, Step
from wechatlogin.services.site import Site
from wechatlogin.services.wechat_app_settings import GivenSecrets
from wechatlogin.services.wechat_apps import NewWeChatApp
from wechatlogin.wechat.app import AppKind, MessageMode, Platform
from wechatlogin.wechat.http import WeChatHTTP
from wechatlogin.wechat.visiting import Visitor

#: Path and query to status, body and headers.
Answers = Callable[[str, dict[str, str]], tuple[int, bytes, dict[str, str]]]
FIELDS = {"character_string1": "{code}", "thing2": "{minutes} 分钟内有效"}
TEMPLATE = {
    "template_id": TEMPLATE_ID,
    "title": "验证码",
    "content": "验证码：{{character_string1.DATA}}\n有效期：{{thing2.DATA}}",
}


def as_it_should(path: str, query: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
    """Answer as the service does behind a good proxy."""
    if path == "/healthz":
        return 200, b"ok\n", {}
    return 200, query.get("echostr", "").encode(), {}


class Front:
    """What answers at PUBLIC_URL."""

    def __init__(self, answers: Answers, context: ssl.SSLContext | None = None) -> None:
        front = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                status, body, headers = front.answers(parts.path, query)
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self.answers = answers
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        scheme = "https" if context else "http"
        self.url = f"{scheme}://localhost:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def front(
    answers: Answers = as_it_should, context: ssl.SSLContext | None = None
) -> Iterator[Front]:
    """Run a front as long as the block does."""
    running = Front(answers, context)
    try:
        yield running
    finally:
        running.stop()


@dataclass(frozen=True)
class Clinic:
    """A site whose WeChat is the simulator, and its account on both sides."""

    site: Site
    simulator: Simulator
    account: Account
    row: WeChatAppRow
    visitor: Visitor = field(default_factory=Visitor)

    def examine(self, step: Step) -> Finding:
        """Return what a step about the account shows."""
        findings = doctor.examine_app(
            self.site, self.row, step, now=clock.now(), visitor=self.visitor
        )
        assert len(findings) == 1, f"{step} does not concern this account"
        return findings[0]

    def examine_installation(
        self, step: Step, *, arrival: Arrival | None = None, ahead: timedelta = timedelta(0)
    ) -> Finding:
        """Return what a step about the installation shows, to a clock that is so much ahead."""
        now = clock.now() + ahead
        (finding,) = doctor.examine_installation(
            self.site, step, now=now, arrival=arrival, visitor=self.visitor
        )
        return finding

    def with_settings(self, **given: object) -> "Clinic":
        """Return the same with other settings."""
        settings = self.site.settings.model_copy(update=given)
        return replace(self, site=replace(self.site, settings=settings))


def set_up(
    site: Site,
    simulator: Simulator,
    *,
    kind: AppKind = AppKind.SERVICE,
    really: AppKind | None = None,
    mode: MessageMode = MessageMode.PLAIN,
    secret: str | None = None,
    template: bool = False,
    **entered: Any,
) -> Clinic:
    """Register an account with the simulator, and write it down here."""
    account = Account()
    mine = {
        "appid": account.appid,
        "secret": account.secret,
        "token": account.token,
        "kind": (really or kind).value,
        "domains": [],
        "templates": [TEMPLATE],
    }
    simulator.call("POST", "/simulator/apps", {**mine, **entered})
    here = replace(
        site.speaking("zh_CN"),
        http=WeChatHTTP(Platform(simulator.url, simulator.url, simulator.url)),
        settings=site.settings.model_copy(update={"wechat_api_url": simulator.url}),
    )
    new = NewWeChatApp(
        appid=account.appid,
        secret=SecretStr(secret or account.secret),
        kind=kind,
        name="晨光书店",
        token=SecretStr(account.token),
        mode=mode,
        template_id=TEMPLATE_ID if template else None,
        template_fields=FIELDS if template else None,
    )
    row = wechat_apps.save(site.vault, new, now=clock.now())
    return Clinic(here, simulator, account, row)


def enter(ready: Clinic, **given: str) -> None:
    """Enter secrets of the account here, as an operator does later."""
    wechat_app_changes.change(
        ready.site,
        ready.row,
        wechat_app_settings.of(ready.row),
        GivenSecrets(**{name: SecretStr(value) for name, value in given.items()}),
        by=audit.COMMAND_LINE,
        now=clock.now(),
    )


def note_signs(ready: Clinic, **values: object) -> None:
    """Note what was seen of the account lately."""
    with write() as session:
        session.merge(AccountHealth(appid=ready.row.appid, **values))


def note_push(ready: Clinic) -> None:
    """Note a push that was taken."""
    with write() as session:
        session.add(
            ReceivedMessage(
                appid=ready.row.appid,
                dedupe_key="0" * 64,
                signature="0" * 40,
                body_hash="0" * 64,
                kind="TextMessage",
                received_at=clock.now(),
            )
        )


def note_error(ready: Clinic, path: str, errcode: int, *, count: int = 1) -> None:
    """Note something that WeChat refused."""
    now = clock.now()
    with write() as session:
        session.add(
            PlatformErrorCount(
                appid=ready.row.appid,
                hour=now.replace(minute=0, second=0, microsecond=0),
                path=path,
                code="access_token_rejected",
                errcode=errcode,
                count=count,
                first_at=now,
                last_at=now,
            )
        )


def make_certificate(
    folder: Path, *, host: str = "localhost", lasts: timedelta = timedelta(days=90)
) -> tuple[ssl.SSLContext, Path]:
    """Return a server's side of TLS for a host, and the file of the authority that vouches."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    until = datetime.now(UTC) + lasts
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - timedelta(days=365))
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, secret)
    return context, certificate
