"""A television that logs in over HTTP, and how its person answers."""

from typing import Any

import requests

from tests.conftest import Installation
from tests.flows.phones import Browser
from tests.oidc.programs import Program
from wechatlogin.extensions import db
from wechatlogin.models import Attempt, DeviceCode

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
SCOPE = "openid profile offline_access"


class Device:
    """A television that has asked for its codes."""

    def __init__(self, program: Program, scope: str | None = SCOPE) -> None:
        self.program = program
        answer = program.post("device/auth", scope=scope)
        assert answer.ok, answer.text
        self.given: dict[str, Any] = answer.json()
        self.url = str(self.given["verification_uri_complete"])

    def ask(self, **more: str | None) -> requests.Response:
        """Ask the token endpoint."""
        given = {"grant_type": GRANT_TYPE, "device_code": self.given["device_code"], **more}
        return self.program.post("token", **given)

    def error(self) -> str:
        """Ask, and return why there are no tokens."""
        answer = self.ask()
        assert answer.status_code == 400, answer.text
        return str(answer.json()["error"])


def answer(phone: Browser, device: Device, decision: str) -> requests.Response:
    """Open what the QR holds, and press a button."""
    page = phone.open(device.url)
    assert device.given["user_code"] in page.text
    return phone.submit(page, decision=decision)


def states(installation: Installation) -> list[tuple[object, ...]]:
    """Return how all devices' logins stand."""
    with installation.app.app_context():
        rows = db.session.query(
            Attempt.id, Attempt.status, Attempt.openid, Attempt.expires_at, DeviceCode.session_key
        ).join(DeviceCode)
        found = [tuple(row) for row in rows.order_by(Attempt.id)]
        db.session.remove()
    return found
