"""How a login attempt stands, as the waiting page is told.

Read with plain SQL on a connection of its own, for one attempt or for many at once: this is the
most frequent question of all, and nobody who waits holds a session of the ORM meanwhile.
"""

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Engine, and_, bindparam, func, inspect, or_, select

from wechatlogin.models import Attempt, Identity, Status
from wechatlogin.models.lookup import Lookup
from wechatlogin.services.attempts import CLAIM_GRACE

#: Nothing follows these.
TERMINAL = frozenset({Status.CLAIMED, Status.DECLINED, Status.EXPIRED, Status.FAILED})
#: Time ends these.
OPEN = frozenset(Status) - TERMINAL
#: What follows these comes later in the list, or ends the attempt.
_COURSE = (Status.PENDING, Status.SCANNED, Status.CONFIRMED)
#: How many ids one statement names, well below what any of the databases takes.
CHUNK = 500
#: How many are listed in one parameter; longer, and the statement would keep writers waiting.
LISTED_CHUNK = 2000

_attempts = inspect(Attempt).local_table
_identities = inspect(Identity).local_table
_IDS: BindParameter[list[str]] = bindparam("ids", expanding=True)
_ALL = select(
    _attempts.c.id,
    _attempts.c.status,
    _attempts.c.binding_hash,
    _attempts.c.expires_at,
    _attempts.c.number,
    _attempts.c.awaits_follow,
    _identities.c.nickname,
    _identities.c.avatar_url,
).select_from(
    _attempts.outerjoin(
        _identities,
        and_(
            _identities.c.appid == _attempts.c.appid,
            _identities.c.openid == _attempts.c.openid,
        ),
    )
)
_STATUS = Lookup(_ALL.where(_attempts.c.id == bindparam("id")), "id")
_STATUSES = _ALL.where(_attempts.c.id.in_(_IDS))
_IS_CHANGED = or_(
    _attempts.c.status != bindparam("known"),
    _attempts.c.awaits_follow != bindparam("follow"),
)
_CHANGED = select(_attempts.c.id).where(_attempts.c.id.in_(_IDS), _IS_CHANGED)
# One parameter for all: SQLite then compares thousands in one go, and other threads run meanwhile.
_LISTED = func.json_each(bindparam("ids")).table_valued("value")
_CHANGED_SQLITE = (
    select(_attempts.c.id)
    .select_from(_LISTED.join(_attempts, _attempts.c.id == _LISTED.c.value))
    .where(_IS_CHANGED)
)


class Known(NamedTuple):
    """What somebody who waits has been told of an attempt."""

    attempt_id: str
    status: Status
    follow: bool = False


@dataclass(frozen=True, slots=True)
class AttemptStatus:
    """One attempt at one moment."""

    status: Status
    #: Whose attempt it is; never part of the answer.
    binding_hash: str
    #: Whole seconds, rounded up, until it counts as expired.
    expires_in: int
    #: What the person taps on the phone; shown while it is scanned.
    number: int | None = None
    nickname: str | None = None
    avatar_url: str | None = None
    #: It is scanned and waits for nothing but that the person follows the account.
    follow: bool = False

    @property
    def is_terminal(self) -> bool:
        """Whether it stays as it is for good."""
        return self.status in TERMINAL

    def says_the_same_as(self, other: "AttemptStatus") -> bool:
        """Tell whether nothing has moved between the two."""
        return self.status is other.status and self.follow is other.follow

    def comes_after(self, other: "AttemptStatus") -> bool:
        """Tell whether an attempt that stands as the other says can have come to this since."""
        if other.is_terminal or self.is_terminal:
            return not other.is_terminal
        return _COURSE.index(self.status) > _COURSE.index(other.status)

    def later(self, elapsed: timedelta) -> "AttemptStatus":
        """Return the same state, told so much later."""
        left = max(0, self.expires_in - int(elapsed.total_seconds()))
        return dataclasses.replace(self, expires_in=left)

    def expired(self) -> "AttemptStatus":
        """Return what is left of it when its time is over."""
        over = Status.EXPIRED
        return dataclasses.replace(self, status=over, expires_in=0, number=None, follow=False)

    def as_json(self, *, retry_after: float | None = None) -> bytes:
        """Return the answer to the page; `retry_after` says how long to stay away."""
        answer: dict[str, str | float | bool | None] = {
            "status": self.status.value,
            "expires_in": self.expires_in,
            "number": self.number,
            "nickname": self.nickname,
            "avatar_url": self.avatar_url,
        }
        if self.follow:
            answer["follow"] = True
        if retry_after is not None:
            answer["retry_after"] = retry_after
        return json.dumps(answer, separators=(",", ":")).encode()


def get_status(engine: Engine, attempt_id: str, *, now: datetime) -> AttemptStatus | None:
    """Return how the attempt stands, or None where there is no such attempt."""
    row = _STATUS.get(engine, attempt_id)
    return None if row is None else _status_of(_Read(*row), now)


def status_of(attempt: Attempt, person: Identity | None, *, now: datetime) -> AttemptStatus:
    """Return the same of an attempt that has just been read; `person` is the one who scanned it."""
    row = _Read(
        id=attempt.id,
        status=attempt.status,
        binding_hash=attempt.binding_hash,
        expires_at=attempt.expires_at,
        number=attempt.number,
        awaits_follow=attempt.awaits_follow,
        nickname=person.nickname if person else None,
        avatar_url=person.avatar_url if person else None,
    )
    return _status_of(row, now)


def get_statuses(engine: Engine, ids: Iterable[str], *, now: datetime) -> dict[str, AttemptStatus]:
    """Return how these attempts stand, by id; ids that do not exist are left out."""
    asked = list(ids)
    if len(asked) == 1:
        # By far the most often, and by the quickest way.
        status = get_status(engine, asked[0], now=now)
        return {} if status is None else {asked[0]: status}
    found: dict[str, AttemptStatus] = {}
    with engine.connect() as connection:
        for chunk in _chunks(asked):
            for row in connection.execute(_STATUSES, {"ids": chunk}):
                found[row.id] = _status_of(_Read(*row), now)
    return found


def find_changed(engine: Engine, known: Iterable[Known]) -> set[str]:
    """Return the ids whose row says something else than is known; time is not looked at.

    The database compares, so ten thousand that have not changed cost no row each.
    """
    by_state: dict[tuple[Status, bool], list[str]] = {}
    for one in known:
        by_state.setdefault((one.status, one.follow), []).append(one.attempt_id)
    changed: set[str] = set()
    with engine.connect() as connection:
        for (status, follow), ids in by_state.items():
            values: dict[str, Any] = {"known": status.value, "follow": follow}
            if engine.dialect.name == "sqlite":
                for chunk in _chunks(ids, LISTED_CHUNK):
                    listed = {**values, "ids": json.dumps(chunk)}
                    changed.update(connection.scalars(_CHANGED_SQLITE, listed))
            else:
                for chunk in _chunks(ids):
                    changed.update(connection.scalars(_CHANGED, {**values, "ids": chunk}))
    return changed


class _Read(NamedTuple):
    """A row as it is read; the columns as in `_ALL`."""

    id: str
    status: str
    binding_hash: str
    expires_at: datetime
    number: int | None
    awaits_follow: bool
    nickname: str | None
    avatar_url: str | None


def _status_of(row: _Read, now: datetime) -> AttemptStatus:
    status = Status(row.status)
    ends = row.expires_at + (CLAIM_GRACE if status is Status.CONFIRMED else timedelta())
    if status in OPEN and now >= ends:
        status = Status.EXPIRED
    return AttemptStatus(
        status=status,
        binding_hash=row.binding_hash,
        expires_in=max(0, -((now - ends) // timedelta(seconds=1))) if status in OPEN else 0,
        number=row.number if status is Status.SCANNED else None,
        nickname=row.nickname,
        avatar_url=row.avatar_url,
        follow=bool(row.awaits_follow) and status is Status.SCANNED,
    )


def _chunks(ids: Iterable[str], size: int = CHUNK) -> Iterable[list[str]]:
    listed = list(ids)
    return (listed[at : at + size] for at in range(0, len(listed), size))
