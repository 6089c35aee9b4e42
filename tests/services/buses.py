"""The wake-up buses under test, each with what stands for another process."""

import secrets
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import redis
from sqlalchemy import Engine, create_engine, text

from tests import databases, waiters
from tests.servers import free_port, settings_for_tests
from wechatlogin.models.transaction import prepare_sqlite
from wechatlogin.services.attempt_status import AttemptStatus
from wechatlogin.services.waiting import Bus, make_bus

SOON = 3.0
NOWHERE = "127.0.0.1:1"
#: Waits until something is so, and tells whether it came to be.
eventually = partial(waiters.eventually, within=SOON)


class Notes:
    """A listener that writes down what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, ...] | None] = []
        self._condition = threading.Condition()

    def __call__(self, ids: Iterable[str] | None, news: AttemptStatus | None = None, /) -> None:
        with self._condition:
            self.heard.append(None if ids is None else tuple(ids))
            self._condition.notify_all()

    def hears(self, wanted: tuple[str, ...] | None, within: float = SOON) -> bool:
        """Wait until it has heard this."""
        with self._condition:
            return self._condition.wait_for(lambda: wanted in self.heard, within)

    def forget(self) -> None:
        """Begin anew."""
        with self._condition:
            self.heard.clear()


@dataclass(frozen=True)
class Exchange:
    """What the processes of one installation share."""

    engine: Engine
    redis_url: str | None = None
    name: str = "https://login.example.com"

    def bus(self) -> Bus:
        """Return the bus of one more process."""
        settings = settings_for_tests(redis_url=self.redis_url, public_url=self.name)
        return make_bus(self.engine, settings)

    def change_elsewhere(self) -> None:
        """Let another process change an attempt, and say so."""
        other = self.bus()
        if self.redis_url is None:
            with self.engine.begin() as connection:
                connection.execute(text("INSERT INTO things VALUES ('x')"))
        other.wake("abc")
        other.close()


@contextmanager
def exchange(kind: str, folder: Path) -> Iterator[Exchange]:
    """Set up a kind of bus: sqlite, rereading, postgresql or redis."""
    stored = "postgresql" if kind == "postgresql" else "sqlite"
    with databases.fresh_database(stored, folder) as url:
        engine = create_engine(url if kind != "rereading" else "sqlite://")
        if engine.dialect.name == "sqlite":
            prepare_sqlite(engine)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE things (name TEXT)"))
        shared = databases.REDIS if kind == "redis" else None
        # Tests that run at the same time are different installations.
        yield Exchange(engine, shared, f"https://{secrets.token_hex(8)}.example.com")
        engine.dispose()


class OwnRedis:
    """A Redis server that may be stopped and frozen."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        program = shutil.which("redis-server")
        if program is None:
            databases.missing("redis-server")
        self._process = subprocess.Popen(
            [str(program), "--port", str(self.port), "--save", "", "--dir", str(self._folder)],
            stdout=subprocess.DEVNULL,
        )
        assert eventually(self._answers)

    def stop(self) -> None:
        """Stop it at once."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Let it keep its connections and say nothing."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        client = redis.Redis.from_url(self.url)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()
