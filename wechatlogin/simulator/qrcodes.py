"""Parametric QR codes: what may be asked for, and the tickets that are given (reference 4)."""

import base64
import re
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from wechatlogin.simulator.errors import PlatformError

TEMPORARY = {"QR_SCENE": "scene_id", "QR_STR_SCENE": "scene_str"}
PERMANENT = {"QR_LIMIT_SCENE": "scene_id", "QR_LIMIT_STR_SCENE": "scene_str"}
LONGEST_LIFE = 2_592_000
MOST_PERMANENT = 100_000
ALPHABET = string.ascii_letters + string.digits
TICKET_HEADER = bytes.fromhex("8101")


@dataclass(frozen=True)
class QRCode:
    """One code; `number` is the scene_id, or 0 when the scene is a text."""

    id: str
    ticket: str
    url: str
    appid: str
    scene: str
    number: int
    created: datetime
    expires: datetime | None

    def alive(self, now: datetime) -> bool:
        """Tell whether a scan still does something."""
        return self.expires is None or now < self.expires


class QRCodes:
    """Every code that was created."""

    def __init__(self, base: str) -> None:
        self._base = base.rstrip("/")
        self._by_id: dict[str, QRCode] = {}
        self._by_ticket: dict[str, QRCode] = {}

    def create(
        self, appid: str, wish: Mapping[str, Any], *, now: datetime, default_expiry: int
    ) -> QRCode:
        """Return a new code.

        :raise PlatformError: 40052 for an action WeChat does not have, 40053 for a scene or a
            life outside its bounds, 45029 if the account has its 100 000 permanent codes.
        """
        action = wish.get("action_name")
        if not isinstance(action, str) or action not in TEMPORARY | PERMANENT:
            raise PlatformError(40052)
        scene, number = _scene(action, wish.get("action_info"))
        expires = None
        if action in TEMPORARY:
            expires = now + timedelta(seconds=_life(wish, default_expiry))
        elif self._permanent(appid) >= MOST_PERMANENT:
            raise PlatformError(45029)
        made = self._mint(appid, scene, number=number, now=now, expires=expires)
        self._by_id[made.id] = made
        self._by_ticket[made.ticket] = made
        return made

    def by_id(self, qr_id: str) -> QRCode | None:
        """Return the code that an address holds, or None."""
        return self._by_id.get(qr_id)

    def by_ticket(self, ticket: str) -> QRCode | None:
        """Return the code of a ticket, or None."""
        return self._by_ticket.get(ticket)

    def newest(self) -> QRCode | None:
        """Return the code that was created last, or None."""
        return next(reversed(self._by_id.values()), None)

    def _permanent(self, appid: str) -> int:
        return sum(one.appid == appid and one.expires is None for one in self._by_id.values())

    def _mint(
        self, appid: str, scene: str, *, number: int, now: datetime, expires: datetime | None
    ) -> QRCode:
        qr_id = "".join(secrets.choice(ALPHABET) for _ in range(20))
        url = f"{self._base}/q/{qr_id}"
        ticket = _mint_ticket(url, created=now, expires=expires or now)
        return QRCode(qr_id, ticket, url, appid, scene, number, now, expires)


def id_in(text: str, own_base: str, qr_base: str) -> str | None:
    """Return the id of the parametric code a scanned text holds, or None."""
    bases = {"https?://weixin\\.qq\\.com", re.escape(own_base), re.escape(qr_base.rstrip("/"))}
    found = re.fullmatch(rf"(?:{'|'.join(sorted(bases))})/q/([A-Za-z0-9]+)", text.strip())
    return found.group(1) if found else None


def _scene(action: str, info: object) -> tuple[str, int]:
    scene = info.get("scene") if isinstance(info, dict) else None
    field = (TEMPORARY | PERMANENT)[action]
    value = scene.get(field) if isinstance(scene, dict) else None
    if field == "scene_str":
        if not isinstance(value, str) or not 1 <= len(value) <= 64:
            raise PlatformError(40053)
        return value, 0
    largest = 100_000 if action in PERMANENT else 2**32 - 1
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= largest:
        raise PlatformError(40053)
    return str(value), value


def _life(wish: Mapping[str, Any], default: int) -> int:
    life = wish.get("expire_seconds", default)
    if not isinstance(life, int) or isinstance(life, bool) or not 1 <= life <= LONGEST_LIFE:
        raise PlatformError(40053)
    return life


def _mint_ticket(url: str, *, created: datetime, expires: datetime) -> str:
    """Return base64 of what a real ticket holds, with the characters that need escaping."""
    address = url.encode() + b"\0"
    body = b"\x01" + bytes([len(address)]) + address
    for tag, moment in ((2, created), (3, expires)):
        body += bytes([tag, 4]) + int(moment.timestamp()).to_bytes(4, "little")
    # A length that three does not divide ends in =, as every real ticket does.
    header_length = 12 if (12 + len(body)) % 3 else 13
    while True:
        header = TICKET_HEADER + secrets.token_bytes(header_length - len(TICKET_HEADER))
        ticket = base64.b64encode(header + body).decode()
        if "+" in ticket and "/" in ticket:
            return ticket
