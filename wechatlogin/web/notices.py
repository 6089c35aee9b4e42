"""Telling applications of log-outs and of people, once the answer to the person has gone out.

A request in which notices were written starts threads for them when its answer is closed: the
person waits for nobody else's server, nor does the next request on their connection. What was not
taken, or was written by a command, is looked for now and then while there are requests at all;
`flask logout deliver` and `flask webhook deliver` do the same from a timetable.
"""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, cast

from flask import Flask, Response, current_app
from sqlalchemy.exc import SQLAlchemyError

from wechatlogin import clock
from wechatlogin.services import logout_notices, webhooks
from wechatlogin.services.site import Site
from wechatlogin.web.context import current_site

log = logging.getLogger(__name__)

#: Servers that are told at the same time by one process.
AT_ONCE = 4
#: How often a process looks for notices that it has not written itself.
LOOK_SECONDS = 30.0


class Deliver(Protocol):
    """What delivers one notice of a kind, the one that has been due for longest."""

    def __call__(self, site: Site, *, now: datetime) -> bool:
        """Return False when none is due."""


#: A log-out is told of before anything else.
KINDS: tuple[Deliver, ...] = (logout_notices.deliver_next, webhooks.deliver_next)


@dataclass
class Courier:
    """The threads of one process that deliver notices."""

    app: Flask
    free: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(AT_ONCE)
    )
    looked_at: float = field(default_factory=time.monotonic)

    def check_overdue(self) -> bool:
        """Tell whether it is time to look for notices; whoever asks then looks."""
        is_time = time.monotonic() - self.looked_at >= LOOK_SECONDS
        if is_time:
            self.looked_at = time.monotonic()
        return is_time

    def send(self, count: int) -> None:
        """Let as many threads deliver what is due as are wanted and free."""
        for _ in range(count):
            if not self.free.acquire(blocking=False):
                # Those that are under way go on until nothing is due.
                return
            # A process that ends does not wait for it: what is claimed is due again soon.
            threading.Thread(target=self._run, name="notices", daemon=True).start()

    def _run(self) -> None:
        try:
            with self.app.app_context():
                deliver_due()
        except SQLAlchemyError as err:
            log.warning("notices have to wait: %s", type(err).__name__)
        finally:
            self.free.release()


def init_app(app: Flask) -> None:
    """Deliver the notices that an app's requests write."""
    app.extensions["wechatlogin-courier"] = Courier(app)
    app.after_request(_deliver_afterwards)


def deliver_due(kinds: Sequence[Deliver] = KINDS) -> int:
    """Deliver what is due and return how many notices that was, taken or not."""
    count = 0
    while any(deliver(current_site(), now=clock.now()) for deliver in kinds):
        count += 1
    return count


def _deliver_afterwards(response: Response) -> Response:
    courier = cast(Courier, current_app.extensions["wechatlogin-courier"])
    written = logout_notices.count_written() + webhooks.count_written()
    count = written or int(courier.check_overdue())
    if count:
        response.call_on_close(lambda: courier.send(count))
    return response
