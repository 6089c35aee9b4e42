"""Operators: their passwords and their sessions, apart from people's."""

import secrets
from datetime import datetime

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import SecretStr
from sqlalchemy import select

from wechatlogin.errors import OperatorCredentialsWrong
from wechatlogin.extensions import db
from wechatlogin.models import AuditTag, Operator
from wechatlogin.models.transaction import write
from wechatlogin.services import audit, sessions
from wechatlogin.services.site import Browser

_hasher = PasswordHasher()
# Checked when the name is unknown, so that both cases take the same time.
_NOBODY = _hasher.hash(secrets.token_urlsafe(16))


def save(name: str, password: SecretStr, *, now: datetime) -> Operator:
    """Write an operator down, or give a known one a new password."""
    with write() as session:
        operator = _get_by_name(name) or Operator(name=name, created_at=now)
        operator.password_hash = _hasher.hash(password.get_secret_value())
        session.add(operator)
        audit.record(AuditTag.OPERATOR_CREATED, actor=name, now=now)
    return operator


def log_in(name: str, password: SecretStr, *, browser: Browser, now: datetime) -> SecretStr:
    """Return the token of an operator's new session.

    :raise OperatorCredentialsWrong: if name or password is wrong; which one is not told.
    """
    operator = _get_by_name(name)
    is_right = _check_password(operator.password_hash if operator else _NOBODY, password)
    if operator is None or not is_right:
        audit.record(AuditTag.OPERATOR_LOGIN_FAILED, actor=name[:64], ip=browser.ip, now=now)
        raise OperatorCredentialsWrong
    token = secrets.token_urlsafe(32)
    with write():
        sessions.start(
            token,
            sessions.Owner(operator_id=operator.id),
            browser=browser,
            way="operator",
            lifetime=sessions.OPERATOR_LIFETIME,
            now=now,
        )
        audit.record(AuditTag.OPERATOR_LOGIN, actor=operator.name, ip=browser.ip, now=now)
    return SecretStr(token)


def get_logged_in(token: str, *, now: datetime) -> Operator | None:
    """Return the operator of a session's token."""
    session = sessions.get(token, idle=sessions.OPERATOR_IDLE, now=now)
    if session is None or session.operator_id is None:
        return None
    return db.session.get(Operator, session.operator_id)


def _get_by_name(name: str) -> Operator | None:
    return db.session.scalar(select(Operator).where(Operator.name == name))


def _check_password(password_hash: str, password: SecretStr) -> bool:
    try:
        return _hasher.verify(password_hash, password.get_secret_value())
    except (VerificationError, InvalidHashError):
        return False
