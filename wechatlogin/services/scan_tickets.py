"""What a page of another site holds of a scan, and the ticket that it is given in the end.

held      the attempt's id and a secret of as many digits, which the page keeps to itself; what
          stands for a browser's cookie follows from the secret, so a held value is worth
          nothing at another door, or for another owner
ticket    the attempt's id and a proof, for the site's server; good once, within 300 s
"""

import re
import secrets
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import SecretStr
from sqlalchemy import update

from wechatlogin import vault
from wechatlogin.errors import AttemptNotFound, TicketInvalid
from wechatlogin.models import Application, Attempt, Status
from wechatlogin.models.transaction import count_changed, repeatable, write
from wechatlogin.services import attempts, users
from wechatlogin.services.site import Site
from wechatlogin.vault import sha256_hex

LIFETIME = timedelta(seconds=300)
#: The digits of an attempt's id.
ID_LENGTH = 32

_HELD = re.compile(r"([0-9a-f]{32})([0-9a-f]{32})")
_TICKET = re.compile(r"([0-9a-f]{32})([A-Za-z0-9_-]{43})")


class Door(StrEnum):
    """By whose protocol a page scans; what is held at one is nothing at the other."""

    OURS = "page scan"
    AUTHING = "authing scan"


def new_secret() -> str:
    """Return the secret half of a held value."""
    return secrets.token_hex(ID_LENGTH // 2)


def verify_held(held: str) -> tuple[str, str]:
    """Return the attempt's id and the secret of a held value.

    :raise AttemptNotFound: if it cannot be one.
    """
    parts = _HELD.fullmatch(held)
    if parts is None:
        raise AttemptNotFound
    return parts[1], parts[2]


def derive_binding(site: Site, door: Door, owner: str, secret: str) -> str:
    """Return what stands for the cookie of a browser; the owner is an origin or a client id."""
    return site.vault.derive_token(door, owner, secret)


def issue(site: Site, door: Door, attempt: Attempt) -> SecretStr:
    """Return the ticket of a claimed attempt, the same each time."""
    return SecretStr(attempt.id + _proof(site, door, attempt))


@repeatable
def spend(
    site: Site, door: Door, application: Application, ticket: str, *, now: datetime
) -> tuple[Attempt, str]:
    """Spend a ticket of this application; return its attempt and the user, who is locked.

    It is a part of the unit of writes that makes something of it.

    :raise TicketInvalid: if it is unknown, another application's, spent or older than 300 s.
    """
    attempt = _verify(site, door, application, ticket)
    with write():
        user_id = users.lock(attempt.user_id or "")
        unspent = update(Attempt).where(
            Attempt.id == attempt.id,
            Attempt.status == Status.CLAIMED,
            Attempt.claimed_at > now - LIFETIME,
            Attempt.exchange_hash.is_(None),
        )
        values = {"exchange_hash": sha256_hex(ticket), "exchange_at": now}
        if user_id is None or not count_changed(unspent.values(**values)):
            raise TicketInvalid
    return attempt, user_id


def _verify(site: Site, door: Door, application: Application, ticket: str) -> Attempt:
    parts = _TICKET.fullmatch(ticket)
    attempt = attempts.get(parts[1]) if parts else None
    if parts is None or attempt is None or attempt.application_id != application.id:
        raise TicketInvalid
    if not vault.equal(parts[2], _proof(site, door, attempt)):
        raise TicketInvalid
    return attempt


def _proof(site: Site, door: Door, attempt: Attempt) -> str:
    # The hash of the page's secret is in it: only an attempt that a page began has a ticket.
    return site.vault.derive_token(f"{door} ticket", attempt.id, attempt.binding_hash)
