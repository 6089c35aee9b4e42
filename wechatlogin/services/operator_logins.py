"""Operators' sessions, apart from people's: begun by a password, or by WeChat once it is linked.

A session begun by WeChat counts only while the link is there and its person is let in, so a ban,
an erasure and an unlinking end it wherever they happen.
"""

import secrets
from datetime import datetime

from pydantic import SecretStr
from sqlalchemy import select

from wechatlogin.errors import OperatorCredentialsWrong, OperatorNotLinked, UserBanned
from wechatlogin.extensions import db
from wechatlogin.models import AuditTag, Operator, Session
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import audit, operators, passwords, session_ends, sessions, users
from wechatlogin.services.audit import Actor
from wechatlogin.services.operator_links import BY_WECHAT, get_linked
from wechatlogin.services.site import Browser

BY_PASSWORD = "operator"  # noqa: S105 - the name of a way


@repeatable
def log_in(name: str, password: SecretStr, *, browser: Browser, now: datetime) -> SecretStr:
    """Return the token of an operator's new session.

    :raise OperatorCredentialsWrong: if name or password is wrong; which one is not told.
    """
    operator = operators.get_by_name(name)
    if not passwords.check_password(operator.password_hash if operator else None, password):
        # Of a name that nobody has nothing is kept: people type their password there.
        known = operator.name if operator else None
        audit.record(AuditTag.OPERATOR_LOGIN_FAILED, actor=known, ip=browser.ip, now=now)
        raise OperatorCredentialsWrong
    verified = operator.password_hash if operator else ""
    renewed = passwords.hash_password(password) if passwords.check_outdated(verified) else verified
    with write():
        operator = operators.get_by_name(name)
        # While we checked, the password may have been changed, or the operator removed.
        if operator is None or operators.lock(operator.id).password_hash != verified:
            raise OperatorCredentialsWrong
        operator.password_hash = renewed
        return _start(operator, BY_PASSWORD, browser, now)


@repeatable
def log_in_by_wechat(user_id: str, *, browser: Browser, now: datetime) -> SecretStr:
    """Return the token of a new session of the operator whom this person is.

    :raise OperatorNotLinked: if they are none.
    :raise UserBanned: if an operator has banned the person.
    """
    with write():
        living = users.lock(user_id)
        users.verify_admitted(living)
        operator = get_linked(living) if living else None
        # While we waited, the link may have been taken away.
        if operator is None or operators.lock(operator.id).user_id != living:
            raise OperatorNotLinked
        return _start(operator, BY_WECHAT, browser, now)


@repeatable
def log_out(token: str, *, ip: str | None, now: datetime) -> None:
    """End the session of a token."""
    operator = get_logged_in(token, now=now)
    with write():
        sessions.end(token, now=now)
        if operator is not None:
            audit.record(AuditTag.OPERATOR_LOGOUT, actor=operator.name, ip=ip, now=now)


def get_logged_in(token: str, *, now: datetime, is_visit: bool = True) -> Operator | None:
    """Return the operator of a session's token."""
    session = sessions.get(token, idle=sessions.OPERATOR_IDLE, now=now, is_visit=is_visit)
    if session is None or session.operator_id is None:
        return None
    operator = operators.get(session.operator_id)
    if operator is not None and session.way == BY_WECHAT and not _check_admitted(operator):
        return None
    return operator


def verify_password(operator: Operator, password: SecretStr, *, by: Actor, now: datetime) -> None:
    """Let an operator pass who knows their password.

    :raise OperatorCredentialsWrong: if it is another; the audit keeps that.
    """
    if not passwords.check_password(operator.password_hash, password):
        audit.record(AuditTag.OPERATOR_LOGIN_FAILED, actor=by.name, ip=by.ip, now=now)
        raise OperatorCredentialsWrong


def get_sessions(operator: Operator, *, now: datetime) -> list[Session]:
    """Return the live sessions of an operator, the last used first."""
    query = select(Session).where(
        Session.operator_id == operator.id,
        Session.expires_at > now,
        Session.last_seen_at > now - sessions.OPERATOR_IDLE,
    )
    return list(db.session.scalars(query.order_by(Session.last_seen_at.desc(), Session.public_id)))


@repeatable
def end_session(operator: Operator, public_id: str, *, by: Actor, now: datetime) -> bool:
    """End one of an operator's sessions by its public id; False when it is not theirs."""
    with write():
        theirs = (Session.operator_id == operator.id, Session.public_id == public_id)
        is_ended = bool(session_ends.end_matching(*theirs, now=now))
        if is_ended:
            audit.record(
                AuditTag.OPERATOR_SESSION_ENDED,
                actor=by.name,
                ip=by.ip,
                detail=operator.name,
                now=now,
            )
    return is_ended


def _start(operator: Operator, way: str, browser: Browser, now: datetime) -> SecretStr:
    token = secrets.token_urlsafe(32)
    owner = sessions.Owner(operator_id=operator.id)
    lifetime = sessions.OPERATOR_LIFETIME
    sessions.start(token, owner, browser=browser, way=way, lifetime=lifetime, now=now)
    audit.record(
        AuditTag.OPERATOR_LOGIN,
        actor=operator.name,
        ip=browser.ip,
        user_id=operator.user_id if way == BY_WECHAT else None,
        now=now,
    )
    return SecretStr(token)


def _check_admitted(operator: Operator) -> bool:
    try:
        users.verify_admitted(operator.user_id)
    except UserBanned:
        return False
    return operator.user_id is not None
