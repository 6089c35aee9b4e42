"""The next release has changed the tables and writes to them, while this one serves people too."""

from pathlib import Path

import pytest
from sqlalchemy import text

from tests.conftest import Installation, Installer
from tests.faults.test_kills import confirm_on_phone, newest_attempt
from tests.faults.test_live_migration import begin, next_migrations
from tests.flows.phones import Browser, Phone
from tests.operator.desks import Desk
from tests.stories import a_program
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import Application, AuditTag, Status, Way
from wechatlogin.models.transaction import write
from wechatlogin.services import audit

__all__ = ["next_migrations"]
#: What only the next release knows.
MOOD, DISPLAY = "wild", "hologram"
UNKNOWN = "of.tomorrow"


@pytest.fixture
def installation(install: Installer, next_migrations: Path) -> Installation:
    """A service whose tables the next release has changed."""
    made = install()
    command = begin(made.service.settings, "upgrade", "--directory", str(next_migrations))
    assert command.communicate(timeout=120)
    assert command.returncode == 0
    return made


def run(installation: Installation, statement: str, **values: object) -> list[str]:
    """Run a statement as the next release does, and return the first column of what it found."""
    with installation.app.app_context():
        found = db.session.execute(text(statement), values)
        rows = [str(row[0]) for row in found] if found.returns_rows else []  # type: ignore[attr-defined]
        db.session.commit()
        db.session.remove()
    return rows


@pytest.mark.fault("C-27")
def test_an_attempt_that_the_next_release_began_is_confirmed_and_claimed_by_this_one(
    installation: Installation,
) -> None:
    desktop = Browser()
    assert desktop.open(f"{installation.url}/login").status_code == 200
    attempt = newest_attempt(installation)
    values = {"mood": MOOD, "display": DISPLAY, "id": attempt.id}
    run(
        installation,
        "UPDATE attempts SET mood = :mood, display = :display WHERE id = :id",
        **values,
    )

    confirm_on_phone(installation, attempt)
    status = f"{installation.url}/login/attempts/{attempt.id}"
    told = desktop.step(f"{status}?known=scanned&wait=0")
    claimed = desktop.submit(desktop.open(f"{status}/check"))

    assert told.json()["status"] == Status.CONFIRMED
    assert (claimed.status_code, claimed.url) == (200, f"{installation.url}/account")
    assert run(installation, "SELECT mood FROM attempts WHERE id = :id", id=attempt.id) == [MOOD]
    assert run(installation, "SELECT display FROM attempts WHERE id = :id", id=attempt.id) == [
        DISPLAY
    ]
    assert "Traceback" not in installation.service.log_path.read_text()


@pytest.mark.fault("C-27")
def test_a_session_that_the_next_release_wrote_to_goes_on_and_keeps_what_it_was_given(
    installation: Installation,
) -> None:
    phone = Phone(installation.simulator.add_person())
    assert phone.open(f"{installation.url}/login").url == f"{installation.url}/account"
    run(installation, "UPDATE sessions SET mood = :mood", mood=MOOD)

    page = phone.open(f"{installation.url}/account")

    assert page.status_code == 200
    assert run(installation, "SELECT DISTINCT mood FROM sessions") == [MOOD]


@pytest.mark.fault("C-27")
def test_words_that_only_the_next_release_knows_break_no_page_and_stay(
    installation: Installation,
) -> None:
    with installation.app.app_context():
        program, _ = a_program(installation.site, now=clock.now())
        client_id = program.client_id
        with write() as session:
            stored = session.get_one(Application, program.id)
            stored.ways = [*Way, UNKNOWN]
            stored.scopes = ["openid", "profile", UNKNOWN]
            stored.webhook_events = [UNKNOWN]
        audit.record(AuditTag.USER_LOGIN, now=clock.now())
        db.session.remove()
    run(installation, "UPDATE audit SET tag = :tag", tag=UNKNOWN)
    desk = Desk(installation)

    pages = [
        Browser().open(f"{installation.url}/login?client_id={client_id}"),
        desk.open("/operator/audit"),
        desk.open("/operator/applications"),
        desk.open(f"/operator/applications/{client_id}"),
        desk.open("/operator/status"),
    ]

    assert [page.status_code for page in pages] == [200] * len(pages)
    assert "Traceback" not in installation.service.log_path.read_text()
    [ways] = run(installation, "SELECT ways FROM applications")
    assert UNKNOWN in ways
    assert UNKNOWN in run(installation, "SELECT tag FROM audit")
