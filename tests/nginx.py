"""nginx in front of several services.

in_order       everybody comes to the first service, and to the second once that is gone
as_deployed    the very file that deploy/ has, over two services, on ports of this machine
"""

import re
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests import databases
from tests.servers import ROOT, free_port
from tests.waiters import eventually

DEPLOYED = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
#: Whom the deployed file serves, and the name by which a test reaches this machine.
NAME, HERE = "login.example.com", "localhost"
CERTIFICATE = "fullchain.pem"
#: Where it puts things down: not where root alone may write.
PLACES = "".join(
    f"{name}_temp_path {{folder}}/{name}; "
    for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
)
#: An nginx that keeps to one folder, as many as there may be on a machine.
FRAME = """
daemon off;
worker_processes {processes};
worker_rlimit_nofile {connections};
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{ worker_connections {connections}; }}
http {{
  access_log off;
  {places}
  {servers}
}}
"""
SERVERS = """
  upstream service {{
    server {first} max_fails=1 fail_timeout=60s;
    server {second} backup;
    keepalive 16;
  }}
  server {{
    listen {listen};
    location / {{
      proxy_pass http://service;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_buffering off;
      proxy_read_timeout 60s;
      proxy_next_upstream error timeout;
    }}
  }}
"""


def write_config(
    folder: Path, servers: str, *, processes: int = 1, connections: int = 1024
) -> Path:
    """Write the configuration of an nginx into its folder, and return the file."""
    config = folder / "nginx.conf"
    written = FRAME.format(
        folder=folder,
        places=PLACES.format(folder=folder),
        servers=servers,
        processes=processes,
        connections=connections,
    )
    config.write_text(written)
    return config


def get_program() -> str | None:
    """Return where nginx is installed, if it is."""
    return shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin:/usr/local/sbin")


def require_program() -> str:
    """Return where nginx is installed; without it the test is skipped, or fails."""
    program = get_program()
    if program is None:
        databases.missing("nginx")
    return str(program)


class Nginx:
    """A running nginx, found at `url`; `certificate` is the file that proves who it is."""

    def __init__(self, config: Path, url: str, *, certificate: Path | None = None) -> None:
        self.url, self.certificate = url, certificate
        program = require_program()
        self._process = subprocess.Popen([program, "-p", str(config.parent), "-c", str(config)])
        assert eventually(self._answers, 10)

    def stop(self) -> None:
        """Stop it."""
        self._process.terminate()
        self._process.wait()

    def _answers(self) -> bool:
        verify = str(self.certificate) if self.certificate else True
        try:
            answer = requests.get(f"{self.url}/healthz", timeout=5, verify=verify)
        except requests.ConnectionError:
            return False
        return answer.status_code < 600


def in_order(folder: Path, listen: str, first: str, second: str) -> Nginx:
    """Run nginx so that the second of two services only has what the first does not take."""
    servers = SERVERS.format(listen=listen, first=first, second=second)
    return Nginx(write_config(folder, servers), f"http://{listen}")


def as_deployed(folder: Path, port: int, services: Sequence[str]) -> Nginx:
    """Run nginx over TLS with the file of deploy/."""
    write_certificate(folder, HERE)
    text = at_home(DEPLOYED, folder, services).replace(NAME, HERE)
    text = text.replace("listen 443 ", f"listen {port} ").replace(
        "listen 80", f"listen {free_port()}"
    )
    config = folder / "nginx.conf"
    config.write_text(f"daemon off;\n{text}", encoding="utf-8")
    return Nginx(config, f"https://{HERE}:{port}", certificate=folder / CERTIFICATE)


def at_home(text: str, folder: Path, services: Sequence[str]) -> str:
    """Return a configuration of deploy/ whose files are in a folder and its services here."""
    text = re.sub(r"/etc/nginx/tls|/var/log/nginx", str(folder), text)
    text = re.sub(r"wechatlogin-([12]):8000", lambda named: services[int(named[1]) - 1], text)
    text = text.replace("\nhttp {", f"\nhttp {{\n{PLACES.format(folder=folder)}")
    return f"pid {folder}/nginx.pid;\n{text}"


def write_certificate(folder: Path, name: str = NAME) -> None:
    """Write a certificate for nginx, good for an hour."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    in_text, as_it_is = serialization.Encoding.PEM, serialization.NoEncryption()
    secret = key.private_bytes(in_text, serialization.PrivateFormat.PKCS8, as_it_is)
    (folder / CERTIFICATE).write_bytes(certificate.public_bytes(in_text))
    (folder / "privkey.pem").write_bytes(secret)
