"""What the service itself stands on, in numbers for the status page."""

import os
import platform
import socket
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.services import readiness
from wechatlogin.services.readiness import Condition
from wechatlogin.services.site import Site

#: When this process began, as far as this module has seen; gunicorn's master reads it first.
_began = {"at": clock.now()}
os.register_at_fork(after_in_child=lambda: _began.update(at=clock.now()))


@dataclass(frozen=True)
class Health:
    """Database, Redis and processes."""

    database: str
    database_version: str
    #: Of the file of SQLite; servers keep theirs to themselves.
    database_bytes: int | None
    redis: Condition
    #: Which tables the database has, by the number of the last migration.
    schema: str
    python: str
    #: The machine and process that answers.
    process: str
    started_at: datetime
    workers: int
    threads: int


def get_started_at() -> datetime:
    """Return when this process began."""
    return _began["at"]


def get_health(site: Site) -> Health:
    """Return how the service is.

    :raise LoginError: if the tables are not those that the code expects.
    :raise SQLAlchemyError: if the database does not answer.
    """
    ready = readiness.verify(site)
    dialect = db.engine.dialect
    version = ".".join(str(part) for part in dialect.server_version_info or ())
    return Health(
        database=dialect.name,
        database_version=version,
        database_bytes=_file_size(),
        redis=ready.redis,
        schema=ready.schema,
        python=platform.python_version(),
        process=f"{socket.gethostname()}:{os.getpid()}",
        started_at=get_started_at(),
        workers=site.settings.workers or os.cpu_count() or 1,
        threads=site.settings.threads,
    )


def _file_size() -> int | None:
    path = db.engine.url.database
    if db.engine.dialect.name != "sqlite" or not path or not Path(path).is_file():
        return None
    return Path(path).stat().st_size
