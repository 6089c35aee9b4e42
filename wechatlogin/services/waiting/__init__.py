"""The wake-up bus: it says that an attempt may have moved, and to other processes nothing else.

The row is the truth and the bus is a hint. A wake-up that gets lost costs a second, never a
login, because whoever waits reads again from time to time. Within a process whoever has moved the
attempt can say how it stands now, which then need not be read.

    redis.py       one process tells the others by a channel of Redis
    postgresql.py  the same by LISTEN and NOTIFY
    sqlite.py      the same by sockets beside the file; looks whether any process has written to it
    siblings.py    these sockets
    rereading.py   for every other database: says once a second that everybody should look
    listening.py   what Redis and PostgreSQL share: the channel, and what happens when it is lost
    watching.py    what the others share: the looks
    threaded.py    what all share: the thread, and wake-ups inside the process at once
"""

from collections.abc import Callable
from typing import Protocol

from sqlalchemy import Engine

from wechatlogin.config import Settings
from wechatlogin.services.attempt_status import AttemptStatus
from wechatlogin.services.waiting.rereading import RereadingBus
from wechatlogin.services.waiting.sqlite import SqliteBus
from wechatlogin.services.waiting.threaded import Listener


class Bus(Protocol):
    """What every bus does; each call may come from any thread."""

    @property
    def healthy(self) -> bool:
        """Whether a change made by another process will be heard of."""

    def wake(self, attempt_id: str, news: AttemptStatus | None = None) -> None:
        """Tell all listeners, here and in other processes; call it after the commit.

        `news` is how the attempt stands by that commit, for the listeners in this process: whoever
        knows need not let them read it again.
        """

    def subscribe(self, callback: Listener) -> Callable[[], None]:
        """Call back on every change from now on, and return what ends that.

        The callback runs in the thread of whoever wakes, so it asks nobody and waits for nothing.
        """

    def start(self) -> None:
        """Begin to listen to other processes; call it after a fork. Again does nothing."""

    def close(self) -> None:
        """End for good, with the threads and connections of the bus."""


def make_bus(engine: Engine, settings: Settings) -> Bus:
    """Return the bus that suits what there is; it is quiet until it is started."""
    # What is not used is not loaded, which every start and every command would wait for.
    if settings.redis_url is not None:
        from wechatlogin.services.waiting.redis import RedisBus

        return RedisBus(settings.redis_url, settings.public_url)
    if engine.dialect.name == "postgresql":
        from wechatlogin.services.waiting.postgresql import PostgresqlBus

        return PostgresqlBus(engine)
    if engine.dialect.name == "sqlite" and _is_file(engine.url.database):
        return SqliteBus(engine)
    return RereadingBus()


def _is_file(database: str | None) -> bool:
    # A database in memory belongs to one process, which hears its own wake-ups anyway.
    return bool(database) and ":memory:" not in str(database)
