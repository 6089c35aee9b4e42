"""The people that an application knows, each by a number in its own user space.

A number is drawn at random and never given to anybody else: a database that counts would give the
number of an erased person to the next one, and tell everybody how many there are.
"""

import secrets
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from wechatlogin.extensions import db
from wechatlogin.models import ApplicationUser
from wechatlogin.models.transaction import write

#: The numbers have 12 digits, so even JavaScript keeps them whole.
LOWEST = 10**11
TRIES = 5


def get(application_id: int, user_id: str) -> ApplicationUser | None:
    """Return a person as an application knows them."""
    query = select(ApplicationUser).where(
        ApplicationUser.application_id == application_id, ApplicationUser.user_id == user_id
    )
    return db.session.scalar(query.execution_options(populate_existing=True))


def check_known(number: int) -> bool:
    """Tell whether a number is still somebody's."""
    query = select(ApplicationUser.id).where(ApplicationUser.id == number)
    return db.session.scalar(query) is not None


def find_or_create(application_id: int, user_id: str, *, now: datetime) -> ApplicationUser:
    """Return a person as an application knows them from this login on, and note the login."""
    with write() as session:
        known = get(application_id, user_id) or _create(application_id, user_id, now)
        session.execute(
            update(ApplicationUser).where(ApplicationUser.id == known.id).values(last_login_at=now)
        )
    return known


def _create(application_id: int, user_id: str, now: datetime) -> ApplicationUser:
    for _ in range(TRIES):
        row = ApplicationUser(
            id=LOWEST + secrets.randbelow(9 * LOWEST),
            application_id=application_id,
            user_id=user_id,
            first_login_at=now,
            last_login_at=now,
        )
        try:
            with db.session.begin_nested():
                db.session.add(row)
        except IntegrityError as err:
            # Another process met the same person a moment ago, or the number is taken.
            known, failure = get(application_id, user_id), err
            if known is not None:
                return known
        else:
            return row
    raise failure
