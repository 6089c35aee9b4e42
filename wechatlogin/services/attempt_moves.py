"""The statements by which nearly every login moves its attempt: made once, as making one costs more
than running it.

Each changes one attempt whose time is not over, if it is in a state that the move begins in:

    SCAN       pending, and nobody's
    CONFIRM    pending or scanned, nobody's or this person's
    CLAIM      confirmed, and this browser's

`services/attempts.py` alone runs them, in the unit of writes that is open.
"""

from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, Table, Update, bindparam, or_, update

from wechatlogin.models import Attempt, Status
from wechatlogin.models.transaction import count_changed

# As a table: a row that the session knows is read anew by whoever wants to see it.
_ATTEMPTS = cast(Table, Attempt.__table__)
_ROW = _ATTEMPTS.c


def _moving(*begins: ColumnElement[bool], sets: tuple[str, ...]) -> Update:
    where = (_ROW.id == bindparam("moved_id"), _ROW.expires_at > bindparam("moved_at"))
    new = {name: bindparam(f"new_{name}", type_=_ROW[name].type) for name in sets}
    return update(_ATTEMPTS).where(*where, *begins).values(**new)


SCAN = _moving(
    _ROW.status == Status.PENDING,
    _ROW.openid.is_(None),
    sets=("status", "openid", "confirm_hash", "number", "choices", "scanned_at", "expires_at"),
)
CONFIRM = _moving(
    _ROW.status.in_([Status.PENDING, Status.SCANNED]),
    _ROW.awaits_follow.is_(False),
    or_(_ROW.openid.is_(None), _ROW.openid == bindparam("new_openid")),
    sets=("status", "openid", "user_id", "confirmed_at"),
)
CLAIM = _moving(
    _ROW.status == Status.CONFIRMED,
    _ROW.binding_hash == bindparam("claimed_by"),
    sets=("status", "claimed_at"),
)


def run(
    move: Update, attempt_id: str, at: datetime, *, claimed_by: str | None = None, **new: object
) -> bool:
    """Move an attempt whose time was not over then, and tell whether it was there to be moved.

    `new` is all that the move sets.
    """
    values: dict[str, object] = {f"new_{name}": value for name, value in new.items()}
    values |= {"moved_id": attempt_id, "moved_at": at, "claimed_by": claimed_by}
    return count_changed(move, values) == 1
