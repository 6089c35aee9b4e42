"""Everything one simulator knows; two simulators in one process share nothing.

Whoever reads or changes it holds `lock`, and nobody holds it while calling out to a service.
`changed` is the same lock; who moves a website's login, or the time, tells those who wait by it.
"""

import threading
from datetime import datetime

from flask import current_app

from wechatlogin.simulator import people as population
from wechatlogin.simulator.apps import Account, Right
from wechatlogin.simulator.calls import CallLog
from wechatlogin.simulator.chats import ChatMessage, MessageKind
from wechatlogin.simulator.clock import Clock
from wechatlogin.simulator.errors import ControlError, PlatformError
from wechatlogin.simulator.faults import Faults
from wechatlogin.simulator.grants import Grants
from wechatlogin.simulator.outbox import Outbox
from wechatlogin.simulator.people import Person
from wechatlogin.simulator.qrcodes import QRCodes
from wechatlogin.simulator.quotas import Quotas
from wechatlogin.simulator.settings import SimulatorSettings
from wechatlogin.simulator.switches import Switches
from wechatlogin.simulator.tokens import AccountTokens
from wechatlogin.simulator.web_profiles import WebProfile
from wechatlogin.simulator.website_logins import WebsiteLogins

EXTENSION = "simulator"
FIRST_MESSAGE_NUMBER = 3_087_468_464_848_986_112


class Simulation:
    """One WeChat, with its accounts and people."""

    def __init__(self, settings: SimulatorSettings) -> None:
        self.settings = settings
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.clock = Clock()
        self.outbox = Outbox()
        self.accounts: dict[str, Account] = {}
        self._start()

    def _start(self) -> None:
        self.switches = Switches()
        self.tokens = AccountTokens()
        self.grants = Grants()
        self.quotas = Quotas()
        self.qrcodes = QRCodes(self.settings.qr_base)
        self.website_logins = WebsiteLogins()
        self.faults = Faults(self.settings.seed)
        self.calls = CallLog()
        self.people = {person.name: person for person in population.starting_people()}
        self.sent_templates: dict[tuple[str, str, str], tuple[datetime, int]] = {}
        self.pending_consents: dict[str, object] = {}
        self.web: dict[tuple[str, str], WebProfile] = {}
        self._numbers = FIRST_MESSAGE_NUMBER

    def reset(self, *, apps: bool) -> None:
        """Go back to the start; the accounts stay unless `apps` says otherwise."""
        with self.lock:
            self.clock.reset()
            self._start()
            if apps:
                self.accounts.clear()
            self.changed.notify_all()

    def next_number(self) -> int:
        """Return a message id, larger than 53 bits as WeChat's are."""
        with self.lock:
            self._numbers += 1
            return self._numbers

    def account(self, appid: str) -> Account:
        """Return an account that an API call names.

        :raise PlatformError: 41002 without an appid, 40013 if there is none of this id.
        """
        if not appid:
            raise PlatformError(41002)
        if appid not in self.accounts:
            raise PlatformError(40013)
        return self.accounts[appid]

    def chosen_account(self, appid: str) -> Account:
        """Return an account that the phone or a test names.

        :raise ControlError: if there is none of this id.
        """
        if appid not in self.accounts:
            raise ControlError("unknown_app", f"没有这个账号：{appid}", status=404)
        return self.accounts[appid]

    def person(self, name: str) -> Person:
        """Return the person of this name.

        :raise ControlError: if there is nobody of that name.
        """
        if name not in self.people:
            raise ControlError("unknown_person", f"没有这个人：{name}", status=404)
        return self.people[name]

    def person_known_as(self, account: Account, openid: str) -> Person:
        """Return whom an account means by an openid.

        :raise PlatformError: 40003 if the account has never met anybody of this openid.
        """
        for person in self.people.values():
            if account.appid in person.known and person.openid(account.appid) == openid:
                return person
        raise PlatformError(40003)

    def web_profile(self, person: str, device: str) -> WebProfile:
        """Return the cookies and the visit of a person's browser on a device."""
        with self.lock:
            return self.web.setdefault((person, device), WebProfile())

    def say(
        self,
        person: Person,
        appid: str,
        *,
        sender: str,
        kind: MessageKind,
        text: str,
        url: str | None = None,
    ) -> ChatMessage:
        """Put a bubble into a chat."""
        with self.lock:
            message = ChatMessage(self.next_number(), sender, kind, text, url, self.clock.now())
            person.chats.setdefault(appid, []).append(message)
            return message

    def require(self, account: Account, right: Right) -> None:
        """:raise PlatformError: 48004 for a banned account, 48001 without the right."""
        if account.banned:
            raise PlatformError(48004)
        if not account.may(right):
            raise PlatformError(48001)


def current() -> Simulation:
    """Return the simulation that the request is for."""
    found = current_app.extensions[EXTENSION]
    if not isinstance(found, Simulation):
        raise TypeError("no simulation is set up")
    return found
