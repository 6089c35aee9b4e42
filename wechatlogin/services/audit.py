"""Writing down who did what."""

from datetime import datetime

from wechatlogin.models import AuditEntry, AuditTag
from wechatlogin.models.transaction import write


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
