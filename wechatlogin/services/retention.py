"""How long things are kept: whatever is older than the owner's settings say goes, bit by bit.

    purge      everything that is due, in units of writes that are short (`services/pace.py`)
    count_due  what a purge would take

The rows of a table go in the order of an indexed moment, each search from where the one before has
come to: what is gone already is not passed again. What hangs on them goes with them: the
refresh tokens and codes of a session, the device codes of an attempt. People who no longer log in
are deleted one by one like any other (`services/deletion.py`), and addresses are shortened
(`services/addresses.py`).
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, select
from sqlalchemy.orm import InstrumentedAttribute

from wechatlogin.config import Settings, UnfollowPolicy
from wechatlogin.errors import UserUnknown
from wechatlogin.extensions import db
from wechatlogin.models import (
    Attempt,
    AuditEntry,
    AuthorizationCode,
    AuthorizationRequest,
    Code,
    Identity,
    LogoutNotice,
    Operator,
    PlatformErrorCount,
    ReceivedMessage,
    RefreshToken,
    SentMessage,
    Session,
    User,
    WebhookDelivery,
)
from wechatlogin.models.transaction import count_changed
from wechatlogin.services import accounts, addresses, deletion
from wechatlogin.services.audit import Actor
from wechatlogin.services.pace import Pace, Rest
from wechatlogin.services.site import Site

#: So many of those who are removed one by one are looked up at a time.
AT_A_TIME = 500
#: Who deletes people, in the audit.
RETENTION = Actor("retention")

Column = InstrumentedAttribute[Any]


@dataclass(frozen=True)
class Rule:
    """Rows of one table that go some days after a moment of theirs."""

    setting: str
    key: Column
    moment: Column
    #: What has to hold besides.
    also: tuple[ColumnElement[bool], ...] = ()

    @property
    def table(self) -> str:
        """What the table is called."""
        return str(self.key.class_.__tablename__)


@dataclass(frozen=True)
class Purged:
    """How many rows have gone, or would go."""

    name: str
    count: int


def _given_up(model: type[LogoutNotice | WebhookDelivery]) -> tuple[ColumnElement[bool], ...]:
    return model.delivered_at.is_(None), model.next_try_at.is_(None)


RULES = (
    Rule("attempt_days", Attempt.id, Attempt.created_at),
    Rule("expired_days", RefreshToken.id, RefreshToken.expires_at),
    Rule("expired_days", AuthorizationCode.id, AuthorizationCode.expires_at),
    Rule("expired_days", AuthorizationRequest.id, AuthorizationRequest.expires_at),
    Rule("expired_days", Session.key_hash, Session.expires_at),
    Rule("expired_days", Code.id, Code.expires_at),
    Rule("message_days", ReceivedMessage.id, ReceivedMessage.received_at),
    Rule("message_days", SentMessage.id, SentMessage.created_at),
    Rule("audit_days", AuditEntry.id, AuditEntry.at),
    Rule("delivery_days", LogoutNotice.id, LogoutNotice.delivered_at),
    Rule("delivery_days", LogoutNotice.id, LogoutNotice.created_at, _given_up(LogoutNotice)),
    Rule("delivery_days", WebhookDelivery.id, WebhookDelivery.delivered_at),
    Rule(
        "delivery_days", WebhookDelivery.id, WebhookDelivery.created_at, _given_up(WebhookDelivery)
    ),
    Rule("error_days", PlatformErrorCount.id, PlatformErrorCount.last_at),
)


def purge(site: Site, *, now: datetime, rest: Rest = time.sleep) -> list[Purged]:
    """Take away everything that is due, and return how much that was by table.

    After each unit of writes it gives way to others by `rest`, for as long as the unit took. No
    unit may be open around it. To be cut off does no harm: the next one goes on.
    """
    settings = site.settings
    counted = [(rule.table, _apply(rule, settings, now, Pace(rest))) for rule in RULES]
    counted.append(("identities", _erase_unfollowed(settings, now, Pace(rest))))
    counted.append(("users", _delete_absent(settings, now, Pace(rest))))
    shortened = addresses.shorten_old(days=settings.ip_days, now=now, rest=rest)
    return [*_sum_up(counted), Purged("addresses shortened", shortened)]


def count_due(site: Site, *, now: datetime) -> list[Purged]:
    """Return how many rows of each table a purge would take now."""
    settings = site.settings
    counted = [(rule.table, _count(_due(rule, settings, now))) for rule in RULES]
    counted.append(("identities", _count(_unfollowed(settings, now))))
    counted.append(("users", sum(_count(query) for query in _absent(settings, now))))
    shortened = addresses.count_old(days=settings.ip_days, now=now)
    return [*_sum_up(counted), Purged("addresses shortened", shortened)]


def _apply(rule: Rule, settings: Settings, now: datetime, pace: Pace) -> int:
    due = _due(rule, settings, now)
    if due is None:
        return 0
    count = 0
    for keys in _batches(due, rule, pace):
        # It may have been given more time since it was found.
        still_due = (rule.key.in_(keys), *_conditions(rule, settings, now))
        count += pace.unit(
            len(keys), partial(count_changed, delete(rule.key.class_).where(*still_due))
        )
    return count


def _due(rule: Rule, settings: Settings, now: datetime) -> Select[Any] | None:
    """Return the query for the keys of what is due; None where it is kept for ever."""
    if not getattr(settings, rule.setting):
        return None
    return select(rule.key, rule.moment).where(*_conditions(rule, settings, now))


def _conditions(rule: Rule, settings: Settings, now: datetime) -> tuple[ColumnElement[bool], ...]:
    before = now - timedelta(days=getattr(settings, rule.setting))
    return rule.moment < before, *rule.also


def _erase_unfollowed(settings: Settings, now: datetime, pace: Pace) -> int:
    due = _unfollowed(settings, now)
    if due is None:
        return 0
    return _one_by_one(due, lambda key: _erase(key, settings, now), pace)


def _unfollowed(settings: Settings, now: datetime) -> Select[Any] | None:
    if settings.unfollowed is not UnfollowPolicy.ERASE:
        return None
    before = now - timedelta(days=settings.unfollowed_erase_days)
    # Only an event says that somebody followed before.
    left = (
        Identity.follows.is_(False),
        Identity.follows_since < before,
        # That event may be the one of the following, where WeChat's answer told of the end.
        Identity.follows_checked_at < before,
    )
    banned = select(User.id).where(User.id == Identity.user_id, User.banned_at.is_not(None))
    return select(Identity.id).where(*left, ~banned.exists()).order_by(Identity.id)


def _erase(identity_id: int, settings: Settings, now: datetime) -> bool:
    due = _unfollowed(settings, now)
    identity = db.session.get(Identity, identity_id, populate_existing=True)
    if due is None or identity is None:
        return False
    if db.session.scalar(due.where(Identity.id == identity_id)) is None:
        return False
    accounts.erase_identity(identity.appid, identity.openid, now=now)
    return True


def _delete_absent(settings: Settings, now: datetime, pace: Pace) -> int:
    return sum(
        _one_by_one(query, lambda key: _delete(key, now), pace) for query in _absent(settings, now)
    )


def _absent(settings: Settings, now: datetime) -> list[Select[Any]]:
    """Return the queries for people who have not been here: once they were, or never.

    Whoever is banned stays banned, and an operator's own WeChat stays theirs.
    """
    if not settings.people_days:
        return []
    before = now - timedelta(days=settings.people_days)
    visits = select(Session.key_hash).where(
        Session.user_id == User.id, Session.last_seen_at >= before
    )
    operators = select(Operator.id).where(Operator.user_id == User.id)
    absent = select(User.id).where(User.banned_at.is_(None), ~visits.exists(), ~operators.exists())
    return [
        absent.where(User.last_login_at < before).order_by(User.last_login_at),
        absent.where(User.last_login_at.is_(None), User.created_at < before).order_by(
            User.created_at
        ),
    ]


def _delete(user_id: str, now: datetime) -> bool:
    try:
        deletion.delete_person(user_id, by=RETENTION, now=now)
    except UserUnknown:
        return False
    return True


def _one_by_one(query: Select[Any], remove: Callable[[Any], bool], pace: Pace) -> int:
    """Remove what a query finds, each in a unit of its own."""
    count, former = 0, None
    # What could not be removed would be found for ever.
    while (keys := list(db.session.scalars(query.limit(AT_A_TIME)))) and keys[0] != former:
        former = keys[0]
        for key in keys:
            with pace.giving_way():
                count += remove(key)
    return count


def _batches(due: Select[Any], rule: Rule, pace: Pace) -> Iterator[list[Any]]:
    """Yield the keys of what is due, as many at a time as the pace says."""
    rows = list(db.session.execute(due.order_by(rule.moment).limit(pace.rows)))
    while rows:
        yield [key for key, _ in rows]
        former, (_, reached) = rows[0], rows[-1]
        further = due.where(rule.moment >= reached).order_by(rule.moment)
        rows = list(db.session.execute(further.limit(pace.rows)))
        # What could not be taken away would be found for ever.
        if rows and rows[0] == former:
            return


def _count(query: Select[Any] | None) -> int:
    if query is None:
        return 0
    return db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0


def _sum_up(counted: list[tuple[str, int]]) -> list[Purged]:
    names = dict.fromkeys(name for name, _ in counted)
    return [Purged(each, sum(n for name, n in counted if name == each)) for each in names]
