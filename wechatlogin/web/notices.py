"""Telling applications of log-outs, once the answer to the person has gone out.

A request in which notices were written starts threads for them when its answer is closed: the
person waits for nobody else's server, nor does the next request on their connection. What was not
taken, or was written by a command, is looked for now and then while there are requests at all;
`flask logout deliver` does the same from a timetable.
"""

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import cast

from flask import Flask, Response, current_app
from sqlalchemy.exc import SQLAlchemyError

from wechatlogin import clock
from wechatlogin.services import logout_notices
from wechatlogin.web.context import current_site

log = logging.getLogger(__name__)

#: Servers that are told at the same time by one process.
AT_ONCE = 4
#: How often a process looks for notices that it has not written itself.
LOOK_SECONDS = 30.0


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
            threading.Thread(target=self._run, name="logout-notices", daemon=True).start()

    def _run(self) -> None:
        try:
            with self.app.app_context():
                deliver_due()
        except SQLAlchemyError as err:
            log.warning("notices of log-outs have to wait: %s", type(err).__name__)
        finally:
            self.free.release()


def init_app(app: Flask) -> None:
    """Deliver the notices that an app's requests write."""
    app.extensions["wechatlogin-courier"] = Courier(app)
    app.after_request(_deliver_afterwards)


def deliver_due() -> int:
    """Deliver what is due and return how many notices that was, taken or not."""
    count = 0
    while logout_notices.deliver_next(current_site(), now=clock.now()):
        count += 1
    return count


def _deliver_afterwards(response: Response) -> Response:
    courier = cast(Courier, current_app.extensions["wechatlogin-courier"])
    count = logout_notices.count_written() or int(courier.check_overdue())
    if count:
        response.call_on_close(lambda: courier.send(count))
    return response
