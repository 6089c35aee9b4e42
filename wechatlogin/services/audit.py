"""Writing down who did what, from where, and what it changed; no secret and no raw openid."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from wechatlogin.models import AuditEntry, AuditTag
from wechatlogin.models.transaction import repeatable, write


@dataclass(frozen=True)
class Actor:
    """Who does something, and from which address."""

    name: str
    ip: str | None = None


class Hidden(StrEnum):
    """What stands in the audit for a value that nobody may read there."""

    NONE = "(none)"
    SET = "(set)"
    #: Another than before.
    CHANGED = "(changed)"


#: Whoever may run commands is not told apart.
COMMAND_LINE = Actor("command line")


@repeatable
def record(
    tag: AuditTag,
    *,
    now: datetime,
    user_id: str | None = None,
    actor: str | None = None,
    ip: str | None = None,
    detail: str | None = None,
) -> None:
    """Add an entry to the audit, in the unit of writes that is under way."""
    with write() as session:
        session.add(AuditEntry(at=now, tag=tag, user_id=user_id, actor=actor, ip=ip, detail=detail))


@repeatable
def record_change(
    tag: AuditTag,
    by: Actor,
    *,
    before: Mapping[str, object] | None,
    after: Mapping[str, object] | None,
    detail: str | None,
    now: datetime,
    user_id: str | None = None,
) -> None:
    """Add what an operator has changed: of `before` and `after` only the fields that differ.

    Values are what JSON holds; a secret is one of `Hidden`. None means that there was nothing yet,
    or is nothing any more. `detail` names what was changed, such as an appid or a client id.
    """
    names = [name for name in {**(before or {}), **(after or {})} if _differs(name, before, after)]
    with write() as session:
        session.add(
            AuditEntry(
                at=now,
                tag=tag,
                user_id=user_id,
                actor=by.name,
                ip=by.ip,
                detail=detail,
                before=None if before is None else {name: before.get(name) for name in names},
                after=None if after is None else {name: after.get(name) for name in names},
            )
        )


def _differs(
    name: str, before: Mapping[str, object] | None, after: Mapping[str, object] | None
) -> bool:
    if before is None or after is None or after.get(name) == Hidden.CHANGED:
        return True
    return before.get(name) != after.get(name)
