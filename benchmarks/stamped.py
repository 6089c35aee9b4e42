"""The service, which besides notes the moment of each commit that wakes somebody.

The session says when its commit is over, and the bus then, in the same thread, whose attempt it
was. Nothing else differs from `wsgi:app`.
"""

import threading
import time

from sqlalchemy import event

from benchmarks.stamps import Pen
from wechatlogin.extensions import db
from wechatlogin.services.attempt_status import AttemptStatus
from wechatlogin.services.site import Site
from wsgi import app as app

_thread = threading.local()
_pen = Pen()


@event.listens_for(db.session, "after_commit")
def _note_commit(_session: object) -> None:
    _thread.committed_at = time.monotonic_ns()


def _wake_and_note(attempt_id: str, news: AttemptStatus | None = None) -> None:
    _wake(attempt_id, news)
    # Afterwards: who writes may lose its turn, and would hold up what is measured.
    _pen.note(attempt_id, _thread.committed_at)


_site: Site = app.extensions["wechatlogin"]
_wake = _site.bus.wake
_site.bus.wake = _wake_and_note  # type: ignore[method-assign]
