"""The two codes of a device that waits for its login: the one it shows, and the one it asks by.

shown    `WDJB-MJHT`, for the person to type, or in the QR; worth nothing without a login
asked by 256 random bits, of which the row keeps the hash; not more often than it was told to
"""

import re
import secrets
import unicodedata
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.exc import IntegrityError

from wechatlogin.errors import PolledTooSoon
from wechatlogin.extensions import db
from wechatlogin.models import Attempt, DeviceCode
from wechatlogin.models.transaction import count_changed, repeatable, write
from wechatlogin.vault import sha256_hex

#: How many seconds a device waits between two questions, and how many more once it did not.
INTERVAL = 5
#: On its way one question is held up longer than the next.
JITTER = timedelta(seconds=1)
#: Letters that make no word and are like no digit (RFC 8628, 6.1).
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH = 8
TRIES = 5

_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015]+")
_USER_CODE = re.compile(rf"[{ALPHABET}]{{{LENGTH}}}")


@repeatable
def add(attempt: Attempt, scope: str) -> DeviceCode:
    """Write down the codes of an attempt whose binding is the one that the device asks by."""
    for _ in range(TRIES):
        row = DeviceCode(
            attempt_id=attempt.id,
            device_code_hash=attempt.binding_hash,
            user_code="".join(secrets.choice(ALPHABET) for _ in range(LENGTH)),
            scope=scope,
            interval_seconds=INTERVAL,
        )
        try:
            with write() as database, database.begin_nested():
                database.add(row)
        except IntegrityError as err:
            # Another device shows this code.
            failure = err
        else:
            return row
    raise failure


def get_by_user_code(typed: str) -> DeviceCode | None:
    """Return the row of a code as somebody has typed it: capitals, dashes and spaces are the same.

    So are the wide letters of a Chinese keyboard.
    """
    user_code = _SEPARATORS.sub("", unicodedata.normalize("NFKC", typed)).upper()
    return _get(DeviceCode.user_code == user_code) if _USER_CODE.fullmatch(user_code) else None


def get_by_device_code(device_code: str) -> DeviceCode | None:
    """Return the row of the code that a device asks by."""
    return _get(DeviceCode.device_code_hash == sha256_hex(device_code))


def as_shown(row: DeviceCode) -> str:
    """Return the code of the screen, which is easier to read in two halves."""
    return f"{row.user_code[: LENGTH // 2]}-{row.user_code[LENGTH // 2 :]}"


@repeatable
def note_poll(row: DeviceCode, *, now: datetime) -> None:
    """Write down that a device asks while nobody has answered.

    :raise PolledTooSoon: if it had to wait longer, and has to from now on (RFC 8628, 3.5); of two
        questions at once the second came too soon.
    """
    due = now + JITTER - timedelta(seconds=row.interval_seconds)
    this = update(DeviceCode).where(DeviceCode.attempt_id == row.attempt_id)
    in_time = this.where(
        DeviceCode.interval_seconds == row.interval_seconds,
        or_(DeviceCode.polled_at.is_(None), DeviceCode.polled_at <= due),
    )
    longer = DeviceCode.interval_seconds + INTERVAL
    with write():
        is_in_time = count_changed(in_time.values(polled_at=now)) == 1
        if not is_in_time:
            count_changed(this.values(polled_at=now, interval_seconds=longer))
    if not is_in_time:
        raise PolledTooSoon


def _get(condition: ColumnElement[bool]) -> DeviceCode | None:
    query = select(DeviceCode).where(condition).execution_options(populate_existing=True)
    return db.session.scalar(query)
