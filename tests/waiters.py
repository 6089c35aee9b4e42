"""Browsers that wait, as raw connections, and the rows they wait for."""

import json
import secrets
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, insert, update

from wechatlogin import clock
from wechatlogin.config import ConfirmPolicy
from wechatlogin.extensions import db
from wechatlogin.models import Attempt, Purpose, Status, Way
from wechatlogin.models.transaction import prepare_sqlite
from wechatlogin.services import readiness
from wechatlogin.vault import sha256_hex
from wechatlogin.web import cookies

#: What the cookie of these browsers holds.
SECRET = "canary-secret-of-a-waiting-browser"
#: How long a test waits for what should happen at once.
PATIENCE = 5.0


def new_engine(folder: Path) -> Engine:
    """Return an engine over a new file with all tables, as after the last migration."""
    engine = create_engine(f"sqlite:///{folder / 'waiting.db'}")
    prepare_sqlite(engine)
    db.metadata.create_all(engine)
    with engine.begin() as connection:
        script = ScriptDirectory(str(readiness.MIGRATIONS))
        MigrationContext.configure(connection).stamp(script, "head")
    return engine


def add_attempt(engine: Engine, *, seconds: float = 60, **more: Any) -> str:
    """Write a pending attempt of the browser whose secret is known, and return its id."""
    now = clock.now()
    given = {
        "id": secrets.token_hex(16),
        "scene": secrets.token_hex(16),
        "binding_hash": sha256_hex(SECRET),
        "way": Way.PAGE,
        "purpose": Purpose.LOGIN,
        "status": Status.PENDING,
        "confirm": ConfirmPolicy.NUMBER,
        "restarts": 0,
        "tries": 0,
        "browser": "Windows · Edge",
        "created_at": now,
        "expires_at": now + timedelta(seconds=seconds),
        **more,
    }
    with engine.begin() as connection:
        connection.execute(insert(Attempt).values(given))
    return str(given["id"])


def mark_scanned(engine: Engine, attempt_id: str) -> None:
    """Write to the row as another process would, and tell no bus."""
    with engine.begin() as connection:
        connection.execute(
            update(Attempt)
            .where(Attempt.id == attempt_id)
            .values(status=Status.SCANNED, openid="o-lin", number=42)
        )


def eventually(condition: Callable[[], bool], within: float = PATIENCE) -> bool:
    """Return whether the condition comes true in time."""
    give_up_at = time.monotonic() + within
    while not condition():
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.005)
    return True


@dataclass(frozen=True)
class Answer:
    """What came back on a connection."""

    status: int
    headers: dict[str, str]
    content: bytes
    protocol: str
    #: Seconds from asking to the last byte.
    seconds: float

    @property
    def body(self) -> Any:
        """The JSON in it."""
        return json.loads(self.content)


@dataclass
class Waiter:
    """One connection that asks how an attempt stands."""

    connection: socket.socket
    asked_at: float = field(default_factory=time.monotonic)

    @classmethod
    def asks(
        cls,
        url: str,
        attempt_id: str,
        *,
        wait: int = 20,
        protocol: str = "HTTP/1.1",
        more: bytes = b"",
    ) -> "Waiter":
        """Connect and send the request, with whatever else goes out in the same breath."""
        parts = urlsplit(url)
        connection = socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE)
        connection.sendall(
            f"GET /login/attempts/{attempt_id}?known=pending&wait={wait} {protocol}\r\n"
            f"Host: {parts.netloc}\r\n"
            f"Cookie: {cookies.BROWSER}={SECRET}\r\n\r\n".encode()
            + more
        )
        return cls(connection)

    def answer(self, within: float = PATIENCE) -> Answer:
        """Return the answer, and leave whatever follows it unread."""
        self.connection.settimeout(within)
        with self.connection.makefile("rb") as stream:
            protocol, status, _ = stream.readline().decode().split(" ", 2)
            headers = {}
            while line := stream.readline().decode().strip():
                name, _, value = line.partition(": ")
                headers[name] = value
            content = stream.read(int(headers["Content-Length"]))
        seconds = time.monotonic() - self.asked_at
        return Answer(int(status), headers, content, protocol, seconds)

    def is_kept_waiting(self, seconds: float = 0.2) -> bool:
        """Return whether nothing at all arrives for so long; 0 looks at what is there already."""
        self.connection.settimeout(seconds)
        try:
            self.connection.recv(1, socket.MSG_PEEK)
        except (TimeoutError, BlockingIOError):
            return True
        return False

    def is_closed_by_the_server(self) -> bool:
        """Return whether nothing follows what has been read."""
        self.connection.settimeout(PATIENCE)
        return self.connection.recv(1) == b""

    def hangs_up(self) -> None:
        """Close the connection."""
        self.connection.close()
