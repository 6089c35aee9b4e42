"""The connections to the database: how many there are, how they begin, how many are taken."""

from typing import Any

from sqlalchemy import Engine, event, make_url

from wechatlogin.metrics import CONNECTIONS
from wechatlogin.models.transaction import LOCK_SECONDS

#: For what works beside the threads that answer: the purge, notices, whoever waits.
OVERFLOW = 4
#: How long a thread waits for a connection: for a free one, and for a new one to come about.
CONNECT_SECONDS = 3
#: Firewalls forget connections that are older.
RECYCLE_SECONDS = 1800
#: How long somebody who asks for a page waits for one statement; commands have their time.
STATEMENT_SECONDS = 10
#: How long a machine may be silent until it counts as lost.
SILENCE_SECONDS = 5


def engine_options(database_url: str, *, threads: int, is_command: bool) -> dict[str, Any]:
    """Return how a process with so many threads connects to a database."""
    url = make_url(database_url)
    # An error of the database would otherwise carry what was to be stored into the log.
    secrecy = {"hide_parameters": True}
    is_file = url.get_backend_name() == "sqlite"
    if is_file and not url.database:
        return secrecy
    size = {"pool_size": threads, "max_overflow": OVERFLOW, "pool_timeout": CONNECT_SECONDS}
    if is_file:
        return {**secrecy, **size}
    return {
        **secrecy,
        **size,
        # The one that was used last is warm on both sides: its server's process has the tables and
        # the prepared statements at hand.
        "pool_use_lifo": True,
        # What another process has committed is seen by the next statement, on every database.
        "isolation_level": "READ COMMITTED",
        # One that has ended is found out before it is used, and replaced; of PostgreSQL's that is
        # known without asking.
        "pool_pre_ping": url.get_backend_name() != "postgresql",
        "pool_recycle": RECYCLE_SECONDS,
        "connect_args": {
            "connect_timeout": CONNECT_SECONDS,
            **_limits_of_driver(url.get_backend_name(), is_command=is_command),
        },
    }


def _limits_of_driver(backend: str, *, is_command: bool) -> dict[str, int]:
    """Return what finds out that the server's machine is gone and will never answer."""
    if backend == "postgresql":
        return {
            "tcp_user_timeout": SILENCE_SECONDS * 1000,
            "keepalives_idle": SILENCE_SECONDS,
            "keepalives_interval": 1,
            "keepalives_count": SILENCE_SECONDS,
        }
    return {} if is_command else {"read_timeout": STATEMENT_SECONDS}


def prepare_server(engine: Engine, *, is_command: bool) -> None:
    """Let what is asked of PostgreSQL and MariaDB wait for locks, and take, only so long."""
    if engine.dialect.name == "postgresql":
        limits = {"lock_timeout": LOCK_SECONDS * 1000}
        if not is_command:
            limits["statement_timeout"] = STATEMENT_SECONDS * 1000
        # The driver is loaded only where it is used.
        from wechatlogin.models import postgresql

        event.listen(engine, "connect", lambda connection, _: postgresql.prepare(connection))
        postgresql.replace_ended(engine)
    else:
        limits = {"innodb_lock_wait_timeout": LOCK_SECONDS, "lock_wait_timeout": LOCK_SECONDS}

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            for name, value in limits.items():
                cursor.execute(f"SET SESSION {name} = {value}")
        connection.commit()


def count_connections(engine: Engine) -> None:
    """Keep count of the connections that an engine has given out."""

    @event.listens_for(engine, "checkout")
    def take(_connection: Any, _record: object, _proxy: object) -> None:
        CONNECTIONS.inc()

    @event.listens_for(engine, "checkin")
    def give_back(_connection: Any, _record: object) -> None:
        # A connection that broke comes back, too, as nothing.
        CONNECTIONS.dec()
