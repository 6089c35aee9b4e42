"""Operators' passwords: argon2id, and what a password must be to be taken."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import SecretStr

from wechatlogin.errors import OperatorPasswordRefused
from wechatlogin.i18n import msgid

SHORTEST = 12
_hasher = PasswordHasher()
# Checked when the name is unknown, so that both cases take the same time; of a password that nobody
# knows. Made here at every start, it would take longer than everything else together.
NOBODYS = (
    "$argon2id$v=19$m=65536,t=3,p=4$7fBJFQd09XBMVhvwdCbC1Q$EzUS0l"
    "K3QUwylcwtKgv7ldK7ZYkYLjirp3e9BDYOfgA"
)


def make_random() -> SecretStr:
    """Return a new password of 96 random bits."""
    return SecretStr(secrets.token_urlsafe(12))


def verify_acceptable(password: SecretStr, name: str) -> None:
    """Let a password pass that an operator of this name may have.

    :raise OperatorPasswordRefused: if it is too short, or is the name.
    """
    value = password.get_secret_value()
    if len(value) < SHORTEST:
        raise OperatorPasswordRefused(msgid("密码至少要 12 个字符。"))
    if value.casefold() == name.casefold():
        raise OperatorPasswordRefused(msgid("密码不能和用户名相同。"))


def hash_password(password: SecretStr) -> str:
    """Return what is kept of a password."""
    return _hasher.hash(password.get_secret_value())


def check_password(password_hash: str | None, password: SecretStr) -> bool:
    """Tell whether it is the password that was hashed; None is nobody's, and takes as long."""
    try:
        _hasher.verify(password_hash or NOBODYS, password.get_secret_value())
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def check_outdated(password_hash: str) -> bool:
    """Tell whether a password would be hashed otherwise today."""
    return _hasher.check_needs_rehash(password_hash)
