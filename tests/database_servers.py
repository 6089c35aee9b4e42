"""Database servers that a test has to itself, so that it may stop, freeze and restart them.

Their data lies in a folder of their own and is never brought to the disk: what a test does to a
server ends its process, not the machine.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg
import pymysql

from tests import databases
from tests.servers import free_port
from tests.waiters import eventually

#: How long a server may take to start, on a machine that does other things too.
STARTING_SECONDS = 30


class OwnServer:
    """A server with data of its own: `start` begins where the last end has left it."""

    #: The user it runs as where the tests are root's, since it refuses to be root.
    user: str | None = None

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="wechatlogin-tests-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._runs_as = self.user if os.geteuid() == 0 else None
        if self._runs_as:
            shutil.chown(self.folder, self._runs_as)
        self._install()
        self.start()

    @property
    def url(self) -> str:
        """The address of an empty database, as `DATABASE_URL` has it."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = subprocess.Popen(
            self._command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **self._rights()
        )
        assert eventually(self._answers, STARTING_SECONDS)

    def crash(self) -> None:
        """Let it be gone at once, without a word to whoever is connected."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Stop it, and whoever is connected is told."""
        self._end(signal.SIGTERM)

    def remove(self) -> None:
        """Stop it and take its data away."""
        self._end(signal.SIGKILL)
        shutil.rmtree(self.folder)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait()
            self._process = None

    def _run(self, *words: str) -> None:
        subprocess.run(words, check=True, capture_output=True, **self._rights())

    def _rights(self) -> dict[str, object]:
        if self._runs_as is None:
            return {}
        return {"user": self._runs_as, "group": self._runs_as, "extra_groups": []}

    def _install(self) -> None:
        raise NotImplementedError

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _answers(self) -> bool:
        raise NotImplementedError


class OwnPostgreSQL(OwnServer):
    """A PostgreSQL; `max_connections` is what it has for everybody together."""

    user = "postgres"

    def __init__(self, *, max_connections: int = 40) -> None:
        self._max_connections = max_connections
        super().__init__()

    @property
    def url(self) -> str:
        """The address of an empty database, as `DATABASE_URL` has it."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"

    def crash(self) -> None:
        """Let it end at once, as `pg_ctl stop -m immediate` does; it recovers at its start."""
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        """Stop it and end all connections."""
        self._end(signal.SIGINT)

    def _install(self) -> None:
        options = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self._run(_program("initdb"), "-D", str(self.folder / "data"), *options)

    def _command(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.folder,
            "max_connections": self._max_connections,
            "superuser_reserved_connections": 0,
            "shared_buffers": "16MB",
            "fsync": "off",
            "log_min_messages": "fatal",
        }
        given = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [_program("postgres"), "-D", str(self.folder / "data"), *given]

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url.replace("+psycopg", ""), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


class OwnMariaDB(OwnServer):
    """A MariaDB."""

    user = "mysql"

    @property
    def url(self) -> str:
        """The address of an empty database, as `DATABASE_URL` has it."""
        return f"mysql+pymysql://root@127.0.0.1:{self.port}/service?charset=utf8mb4"

    def _install(self) -> None:
        options = ("--auth-root-authentication-method=normal", "--skip-test-db", self._log_size)
        self._run(_program("mariadb-install-db"), "--no-defaults", self._data, *options)

    def _command(self) -> list[str]:
        settings = {
            "bind-address": "127.0.0.1",
            "port": self.port,
            "socket": self.folder / "socket",
            "pid-file": self.folder / "pid",
            "innodb-buffer-pool-size": "16M",
            # What is committed outlives the process, though not the machine.
            "innodb-flush-log-at-trx-commit": 2,
        }
        given = [f"--{name}={value}" for name, value in settings.items()]
        return [_program("mariadbd"), "--no-defaults", self._data, self._log_size, *given]

    def _answers(self) -> bool:
        try:
            connection = pymysql.connect(host="127.0.0.1", port=self.port, user="root")
        except pymysql.MySQLError:
            return False
        with connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE IF NOT EXISTS service CHARACTER SET utf8mb4")
        return True

    @property
    def _data(self) -> str:
        return f"--datadir={self.folder / 'data'}"

    _log_size = "--innodb-log-file-size=8M"


def _program(name: str) -> str:
    # Debian keeps the programs of each PostgreSQL in a folder of its own.
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name)
    folders = [*map(str, versions[::-1]), os.environ["PATH"], "/usr/sbin", "/usr/local/sbin"]
    found = shutil.which(name, path=os.pathsep.join(folders))
    if found is None:
        databases.missing(name)
    return str(found)
