"""Operators: who may open their pages, and how far. One admin always stays.

    operators            the rows: add, password, role, remove
    operator_logins      their sessions, begun by a password or by WeChat
    operator_links       the WeChat that lets an operator in as well
    passwords            argon2id

What takes something from an operator (a new password, a smaller role, being removed) ends their
sessions.
"""

import re
from datetime import datetime

from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from wechatlogin.errors import LastAdmin, OperatorExists, OperatorNameRefused, OperatorUnknown
from wechatlogin.extensions import db
from wechatlogin.models import AuditTag, Operator, Role, Session
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import audit, passwords, session_ends
from wechatlogin.services.audit import Actor, Hidden
from wechatlogin.vault import sha256_hex

# Without a space nobody is called like the command line in the audit.
_NAME = re.compile(r"[\w.@-]{1,64}\Z")


def get(operator_id: int) -> Operator | None:
    """Return an operator as they are now."""
    return db.session.get(Operator, operator_id, populate_existing=True)


def get_by_name(name: str) -> Operator | None:
    """Return the operator of a name as they are now."""
    query = select(Operator).where(Operator.name == name)
    return db.session.scalar(query.execution_options(populate_existing=True))


def get_all() -> list[Operator]:
    """Return all operators by their names."""
    query = select(Operator).order_by(Operator.name)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def verify(operator_id: int) -> Operator:
    """Return an operator.

    :raise OperatorUnknown: if there is none.
    """
    operator = get(operator_id)
    if operator is None:
        raise OperatorUnknown
    return operator


def save(
    name: str,
    password: SecretStr,
    *,
    role: Role = Role.ADMIN,
    by: Actor = audit.COMMAND_LINE,
    now: datetime,
) -> Operator:
    """Add an operator, or give a known one a new password."""
    known = get_by_name(name)
    if known is None:
        return create(name, password, role=role, by=by, now=now)
    return change_password(known.id, password, by=by, now=now)


@repeatable
def create(name: str, password: SecretStr, *, role: Role, by: Actor, now: datetime) -> Operator:
    """Add an operator.

    :raise OperatorNameRefused: if nobody can be called so.
    :raise OperatorPasswordRefused: if the password is too weak.
    :raise OperatorExists: if somebody is called so.
    """
    if not _NAME.match(name):
        raise OperatorNameRefused
    passwords.verify_acceptable(password, name)
    operator = Operator(
        name=name, role=role, password_hash=passwords.hash_password(password), created_at=now
    )
    if get_by_name(name) is not None:
        raise OperatorExists
    try:
        with write() as session:
            session.add(operator)
            session.flush()
            after = {"role": role.value}
            audit.record_change(
                AuditTag.OPERATOR_CREATED, by, before=None, after=after, detail=name, now=now
            )
    except IntegrityError as err:
        # Somebody else has just added one of that name.
        raise OperatorExists from err
    return operator


@repeatable
def change_password(
    operator_id: int,
    password: SecretStr,
    *,
    by: Actor,
    now: datetime,
    kept_token: str | None = None,
) -> Operator:
    """Give an operator a new password and end their sessions but the one of `kept_token`.

    :raise OperatorUnknown: if there is none.
    :raise OperatorPasswordRefused: if the password is too weak.
    """
    passwords.verify_acceptable(password, verify(operator_id).name)
    password_hash = passwords.hash_password(password)
    with write():
        operator = lock(operator_id)
        operator.password_hash = password_hash
        end_sessions(operator, kept_token=kept_token, now=now)
        audit.record_change(
            AuditTag.OPERATOR_PASSWORD_CHANGED,
            by,
            before={"password": Hidden.SET},
            after={"password": Hidden.CHANGED},
            detail=operator.name,
            now=now,
        )
    return operator


@repeatable
def set_role(operator_id: int, role: Role, *, by: Actor, now: datetime) -> Operator:
    """Give an operator a role; a smaller one ends their sessions.

    :raise OperatorUnknown: if there is none.
    :raise LastAdmin: if nobody else would be an admin.
    """
    with write():
        admins = _lock_admins()
        operator = lock(operator_id)
        before = Role(operator.role)
        if before is role:
            return operator
        if before is Role.ADMIN:
            _verify_dispensable(operator, admins)
            end_sessions(operator, now=now)
        operator.role = role
        audit.record_change(
            AuditTag.OPERATOR_ROLE_CHANGED,
            by,
            before={"role": before.value},
            after={"role": role.value},
            detail=operator.name,
            now=now,
        )
    return operator


@repeatable
def remove(operator_id: int, *, by: Actor, now: datetime) -> Operator:
    """Remove an operator and end their sessions.

    :raise OperatorUnknown: if there is none.
    :raise LastAdmin: if nobody else would be an admin.
    """
    with write() as session:
        admins = _lock_admins()
        operator = lock(operator_id)
        _verify_dispensable(operator, admins)
        end_sessions(operator, now=now)
        before = {"role": str(operator.role)}
        session.delete(operator)
        audit.record_change(
            AuditTag.OPERATOR_REMOVED,
            by,
            before=before,
            after=None,
            detail=operator.name,
            now=now,
        )
    return operator


def lock(operator_id: int) -> Operator:
    """Lock an operator for the unit of writes.

    :raise OperatorUnknown: if there is none.
    """
    query = select(Operator).where(Operator.id == operator_id).with_for_update()
    operator = db.session.scalar(query.execution_options(populate_existing=True))
    if operator is None:
        raise OperatorUnknown
    return operator


def end_sessions(operator: Operator, *, kept_token: str | None = None, now: datetime) -> None:
    """End the sessions of an operator but the one of `kept_token`."""
    kept_key = sha256_hex(kept_token) if kept_token else ""
    theirs = (Session.operator_id == operator.id, Session.key_hash != kept_key)
    session_ends.end_matching(*theirs, now=now)


def _lock_admins() -> list[int]:
    """Lock all admins, so that no two are taken away at the same moment; return their ids."""
    query = select(Operator.id).where(Operator.role == Role.ADMIN).order_by(Operator.id)
    return list(db.session.scalars(query.with_for_update()))


def _verify_dispensable(operator: Operator, admins: list[int]) -> None:
    if admins == [operator.id]:
        raise LastAdmin
