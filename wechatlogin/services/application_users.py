"""The people that an application knows, each by a number in its own user space.

A number is drawn at random and never given to anybody else: a database that counts would give the
number of an erased person to the next one, and tell everybody how many there are.
"""

import hashlib
import secrets
from datetime import datetime
from typing import cast

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.attributes import set_committed_value

from wechatlogin.extensions import db
from wechatlogin.models import Application, ApplicationUser, SubjectType
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import webhook_events

#: The numbers have 12 digits, so even JavaScript keeps them whole.
LOWEST = 10**11
TRIES = 5

_KNOWN = (
    select(ApplicationUser)
    .where(
        ApplicationUser.application_id == bindparam("application_id"),
        ApplicationUser.user_id == bindparam("user_id"),
    )
    .execution_options(populate_existing=True)
)
_ROWS = cast(Table, ApplicationUser.__table__)
_SEEN = (
    update(_ROWS)
    .where(_ROWS.c.id == bindparam("row_id"))
    .values(last_login_at=bindparam("now", type_=_ROWS.c.last_login_at.type))
)


def get(application_id: int, user_id: str) -> ApplicationUser | None:
    """Return a person as an application knows them."""
    return db.session.scalar(_KNOWN, {"application_id": application_id, "user_id": user_id})


def check_known(number: int) -> bool:
    """Tell whether a number is still somebody's."""
    query = select(ApplicationUser.id).where(ApplicationUser.id == number)
    return db.session.scalar(query) is not None


@repeatable
def find_or_create(application_id: int, user_id: str, *, now: datetime) -> ApplicationUser:
    """Return a person as an application knows them from this login on, and note the login."""
    with write() as session:
        known = get(application_id, user_id) or _create(application_id, user_id, now)
        webhook_events.note_login(known, now=now)
        session.execute(_SEEN, {"row_id": known.id, "now": now})
        set_committed_value(known, "last_login_at", now)
    return known


def get_by_subject(application_id: int, subject: str) -> ApplicationUser | None:
    """Return the person whom an application knows by this `sub`."""
    query = select(ApplicationUser).where(
        ApplicationUser.application_id == application_id, ApplicationUser.subject == subject
    )
    return db.session.scalar(query)


def subject_of(application_id: int, user_id: str) -> str:
    """Return the `sub` by which an application gets to know a person (OpenID Connect Core, 8).

    It follows from the two alone, never from a key of ours, so that it stays when keys change.
    """
    application = db.session.get_one(Application, application_id)
    if application.subject_type == SubjectType.PUBLIC:
        return user_id
    return hashlib.sha256(f"{application.subject_salt} {user_id}".encode()).hexdigest()


def _create(application_id: int, user_id: str, now: datetime) -> ApplicationUser:
    for _ in range(TRIES):
        row = ApplicationUser(
            id=LOWEST + secrets.randbelow(9 * LOWEST),
            application_id=application_id,
            user_id=user_id,
            subject=subject_of(application_id, user_id),
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
