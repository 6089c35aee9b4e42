"""A program that writes people into a database, one after another, and says whom it has written."""

import os
import sys

from tests.servers import settings_for_tests
from wechatlogin import clock, create_app
from wechatlogin.models import AuditTag, User
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import audit

PEOPLE = 40


@repeatable
def add_person(user_id: str) -> None:
    """Write one person, and a line about them."""
    with write() as session:
        session.add(User(id=user_id, created_at=clock.now()))
        session.flush()
        audit.record(AuditTag.USER_LOGIN, user_id=user_id, now=clock.now())


if __name__ == "__main__":
    app = create_app(settings_for_tests(database_url=f"sqlite:///{sys.argv[1]}"))
    with app.app_context():
        for number in range(PEOPLE):
            add_person(f"{number:032}")
            # In one call, and only now: whoever hears of it may rely on it.
            os.write(1, f"{number:032}".encode())
