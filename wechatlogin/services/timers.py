"""Work that is done now and then, by whichever process sees first that it is due."""

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from wechatlogin.extensions import db
from wechatlogin.models import Timer
from wechatlogin.models.transaction import count_changed, repeatable, write


@repeatable
def claim(name: str, *, every: timedelta, now: datetime) -> bool:
    """Take work that is due; one caller of all gets it, and it is due again after the pause.

    The first time it is due at once. Who is cut off has had their turn.
    """
    due = update(Timer).where(Timer.name == name, Timer.due_at <= now)
    with write():
        if count_changed(due.values(due_at=now + every)):
            return True
    if db.session.get(Timer, name, populate_existing=True) is not None:
        return False
    try:
        with write() as session:
            session.add(Timer(name=name, due_at=now + every))
    except IntegrityError:
        # Another process has begun a moment ago.
        return False
    return True


@repeatable
def note_done(name: str, *, now: datetime) -> None:
    """Note when the work was last done to its end."""
    known = update(Timer).where(Timer.name == name)
    with write() as session:
        if not count_changed(known.values(done_at=now)):
            # By hand, before any process has looked.
            session.add(Timer(name=name, due_at=now, done_at=now))


def get_done_at(name: str) -> datetime | None:
    """Return when the work was last done to its end, or None if never."""
    timer = db.session.get(Timer, name, populate_existing=True)
    return timer.done_at if timer else None
