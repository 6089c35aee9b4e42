"""Work that is done now and then while there are requests: taking away what is kept no longer.

Every process looks once in a while, after an answer has gone out, and one of all does what is due,
in a thread that nobody waits for: a process that ends lets it fall, and the next time goes on.
`flask purge` does the same at once.
"""

import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

from flask import Flask, Response, current_app
from sqlalchemy.exc import SQLAlchemyError

from wechatlogin import clock
from wechatlogin.services import retention, timers
from wechatlogin.services.retention import Purged
from wechatlogin.web.context import current_site

log = logging.getLogger(__name__)

PURGE = "purge"
PURGE_EVERY = timedelta(hours=1)
#: How often a process looks whether something is due.
LOOK_SECONDS = 60.0


@dataclass
class Clockwork:
    """What one process does now and then."""

    app: Flask
    at_work: threading.Lock = field(default_factory=threading.Lock)
    looked_at: float = field(default_factory=time.monotonic)

    def check_time(self) -> bool:
        """Tell whether it is time to look; whoever asks then looks."""
        is_time = time.monotonic() - self.looked_at >= LOOK_SECONDS
        if is_time:
            self.looked_at = time.monotonic()
        return is_time

    def look(self) -> None:
        """Let a thread do what is due, unless one is at it."""
        if self.at_work.acquire(blocking=False):
            threading.Thread(target=self._run, name="timers", daemon=True).start()

    def _run(self) -> None:
        try:
            with self.app.app_context():
                purge_if_due()
        except SQLAlchemyError as err:
            log.warning("the purge has to wait: %s", type(err).__name__)
        finally:
            self.at_work.release()


def init_app(app: Flask) -> None:
    """Look now and then, after a request, whether something is due."""
    app.extensions["wechatlogin-timers"] = Clockwork(app)
    app.after_request(_look_afterwards)


def purge_if_due() -> bool:
    """Purge, if no process has done so within the hour."""
    if not timers.claim(PURGE, every=PURGE_EVERY, now=clock.now()):
        return False
    purge()
    return True


def purge() -> list[Purged]:
    """Purge now, and return what has gone."""
    purged = retention.purge(current_site(), now=clock.now())
    timers.note_done(PURGE, now=clock.now())
    for each in purged:
        if each.count:
            log.info("purged %s: %s", each.name, each.count)
    return purged


def _look_afterwards(response: Response) -> Response:
    clockwork = cast(Clockwork, current_app.extensions["wechatlogin-timers"])
    if clockwork.check_time():
        response.call_on_close(clockwork.look)
    return response
