"""The one place where sessions are ended on purpose: a log-out, a ban, a removal, a stolen token.

With a session end those that programs began from it. Each program that wants to hear of it is
written a notice in the same unit of writes (`services/logout_notices.py`). A session whose time
is over has not been ended: what began from it lives on.

The people are locked first (`services/users.py`), then browsers' sessions, then those that began
from them: so none begins meanwhile, and no end is noticed twice.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select

from wechatlogin.extensions import db
from wechatlogin.models import Session
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import logout_notices, users
from wechatlogin.services.logout_notices import Ended

#: So many rows are named by one statement.
BATCH = 500


@repeatable
def end_matching(*which: ColumnElement[bool], now: datetime) -> int:
    """End the sessions that match and those begun from them; return how many matched."""
    count = 0
    query = select(Session.key_hash, Session.user_id).where(*which)
    query = query.order_by(Session.user_id, Session.key_hash).limit(BATCH)
    with write() as database:
        while rows := database.execute(query).all():
            users.lock_all({user_id for _, user_id in rows if user_id is not None})
            count += _end([key for key, _ in rows], now)
    return count


def _end(keys: Sequence[str], now: datetime) -> int:
    named = Session.key_hash.in_(keys)
    ended = [
        *_lock(named, Session.parent_key.is_(None)),
        *_lock(named, Session.parent_key.is_not(None)),
    ]
    begun_from_them = Session.parent_key.in_(keys)
    children = _lock(begun_from_them, Session.key_hash.not_in(keys))
    logout_notices.write_down([*ended, *children], now=now)
    db.session.execute(delete(Session).where(begun_from_them))
    db.session.execute(delete(Session).where(named))
    return len(ended)


def _lock(*which: ColumnElement[bool]) -> list[Ended]:
    columns = (Session.public_id, Session.application_id, Session.user_id)
    query = select(*columns).where(*which).order_by(Session.key_hash).with_for_update()
    return [Ended(*row) for row in db.session.execute(query)]
