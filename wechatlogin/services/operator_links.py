"""The WeChat that lets an operator in as well: at most one person for each, and one of each person.

The person may be merged (the link moves with them, `services/merge_moves.py`) and erased (it is
gone); then the password is left.
"""

from datetime import datetime

from sqlalchemy import select

from wechatlogin.errors import OperatorLinkTaken, UserUnknown
from wechatlogin.extensions import db
from wechatlogin.models import AuditTag, Operator, Session
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import audit, operators, session_ends, users
from wechatlogin.services.audit import Actor

#: The way of a session that was begun by the linked WeChat.
BY_WECHAT = "operator_wechat"


def get_linked(user_id: str) -> Operator | None:
    """Return the operator whom a person is."""
    query = select(Operator).where(Operator.user_id == user_id)
    return db.session.scalar(query.execution_options(populate_existing=True))


@repeatable
def link(operator_id: int, user_id: str, *, by: Actor, now: datetime) -> None:
    """Let a person's WeChat open an operator's pages, in place of another's.

    :raise UserUnknown: if the person has been erased meanwhile.
    :raise UserBanned: if an operator has banned them.
    :raise OperatorUnknown: if there is no such operator.
    :raise OperatorLinkTaken: if the person is another operator already.
    """
    with write():
        living = users.lock(user_id)
        if living is None:
            raise UserUnknown
        users.verify_admitted(living)
        operator = operators.lock(operator_id)
        holder = get_linked(living)
        if holder is not None and holder.id != operator.id:
            raise OperatorLinkTaken
        _change(operator, living, by, now)


@repeatable
def unlink(operator_id: int, *, by: Actor, now: datetime) -> bool:
    """Let an operator in by password alone, and end what WeChat began; False if it was so.

    :raise OperatorUnknown: if there is no such operator.
    """
    with write():
        operator = operators.lock(operator_id)
        if operator.user_id is None:
            return False
        _change(operator, None, by, now)
    return True


def _change(operator: Operator, user_id: str | None, by: Actor, now: datetime) -> None:
    before = operator.user_id
    operator.user_id = user_id
    begun_by_wechat = (Session.operator_id == operator.id, Session.way == BY_WECHAT)
    session_ends.end_matching(*begun_by_wechat, now=now)
    audit.record_change(
        AuditTag.OPERATOR_LINKED if user_id else AuditTag.OPERATOR_UNLINKED,
        by,
        before={"user_id": before},
        after={"user_id": user_id},
        detail=operator.name,
        user_id=user_id or before,
        now=now,
    )
