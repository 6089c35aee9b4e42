"""The service, which besides notes the moment of each commit that wakes somebody.

The session says when its commit is over, and the bus then, in the same thread, whose attempt it
was. Nothing else differs from `wsgi:app`.
"""

import threading
import time
from collections.abc import Iterable

from sqlalchemy import event

from benchmarks.stamps import Pen
from wechatlogin.extensions import db
from wechatlogin.services.site import Site
from wsgi import app as app

_thread = threading.local()
_pen = Pen()


@event.listens_for(db.session, "after_commit")
def _note_commit(_session: object) -> None:
    _thread.committed_at = time.monotonic_ns()


def _note_wake_up(ids: Iterable[str] | None) -> None:
    # What another process has committed is noted there.
    committed_at = getattr(_thread, "committed_at", None)
    if committed_at is not None:
        for attempt_id in ids or ():
            _pen.note(attempt_id, committed_at)


_site: Site = app.extensions["wechatlogin"]
_site.bus.subscribe(_note_wake_up)
