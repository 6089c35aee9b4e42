"""The keys that tokens are signed with: created, published, used, rotated and retired.

    PUBLISHED    a new key waits a day, until every copy of our key set has it (`rotate`)
    SIGNS        the newest key whose day is over; the very first of an algorithm signs at once
    VERIFIES     an older one stays published, since what it signed is still about
    RETIRED      taken out: what it signed is refused from then on (`retire`)

A key is known by its thumbprint (RFC 7638); the private half is sealed at rest.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from joserfc.jwk import ECKey, Key, KeySet, RSAKey
from sqlalchemy import bindparam, func, or_, select, update

from wechatlogin.errors import KeyInUse, KeyUnknown
from wechatlogin.extensions import db
from wechatlogin.models import Algorithm, Application, AuditTag, SigningKey
from wechatlogin.models.transaction import count_changed, repeatable, write
from wechatlogin.services import audit
from wechatlogin.services.site import Site

#: How long a key is published before it signs; longer than anybody keeps our key set.
LEAD = timedelta(days=1)
#: How long anybody may keep our key set.
KEPT_FOR = timedelta(hours=1)
#: The longest that a token lives whose time no application sets: a refresh token of the end-user
#: API is signed.
LONGEST = {Algorithm.RS256: timedelta(days=30), Algorithm.ES256: timedelta(0)}
RSA_BITS = 2048

_CURRENT = (
    select(SigningKey)
    .where(
        SigningKey.algorithm == bindparam("algorithm"),
        SigningKey.active_from <= bindparam("now"),
        SigningKey.retired_at.is_(None),
    )
    .order_by(SigningKey.active_from.desc(), SigningKey.kid)
    .limit(1)
)
_PUBLISHED = (
    select(SigningKey)
    .where(or_(SigningKey.retired_at.is_(None), SigningKey.retired_at > bindparam("now")))
    .order_by(SigningKey.algorithm.desc(), SigningKey.created_at, SigningKey.kid)
)


class KeyState(StrEnum):
    """What a key is there for."""

    PUBLISHED = "published"
    SIGNS = "signs"
    VERIFIES = "verifies"
    RETIRED = "retired"


@dataclass(frozen=True)
class KeyUse:
    """What a key is there for now."""

    state: KeyState
    since: datetime
    #: When a published one begins to sign, or the last token of one that verifies is over.
    until: datetime | None = None


@dataclass(frozen=True)
class Signer:
    """A key that signs now."""

    kid: str
    algorithm: Algorithm
    key: Key


@repeatable
def find_or_create_current(site: Site, algorithm: Algorithm, *, now: datetime) -> Signer:
    """Return the key that signs now, making the first one."""
    row = _get_current(algorithm, now)
    if row is None:
        with write():
            # Another process may have made it a moment ago.
            row = _get_current(algorithm, now) or _create(site, algorithm, now, active_from=now)
    pem = site.vault.open(row.sealed_private_key)
    algorithm = Algorithm(row.algorithm)
    return Signer(row.kid, algorithm, _read_private(algorithm, row.kid, pem))


@repeatable
def rotate(
    site: Site, algorithm: Algorithm, *, is_urgent: bool = False, now: datetime
) -> SigningKey:
    """Publish a new key, which signs as soon as `LEAD` is over; an urgent one signs at once."""
    with write():
        is_first = _get_current(algorithm, now) is None
        active_from = now if is_first or is_urgent else now + LEAD
        return _create(site, algorithm, now, active_from=active_from)


@repeatable
def retire(kid: str, *, is_urgent: bool = False, now: datetime) -> None:
    """Take a key out: it is no longer published, and nothing that it signed is accepted.

    :raise KeyUnknown: if there is no such key.
    :raise KeyInUse: if it is the one that signs; or if a token that it signed may still be about,
        unless it is urgent.
    """
    with write():
        row = db.session.get(SigningKey, kid, populate_existing=True)
        if row is None:
            raise KeyUnknown
        use = get_use(row, now=now)
        if use.state is KeyState.SIGNS:
            raise KeyInUse
        if use.state is KeyState.VERIFIES and not is_urgent and use.until and now < use.until:
            raise KeyInUse(use.until)
        live = update(SigningKey).where(SigningKey.kid == kid, SigningKey.retired_at.is_(None))
        if count_changed(live.values(retired_at=now)):
            audit.record(AuditTag.KEY_RETIRED, detail=kid, now=now)


def get_all() -> list[SigningKey]:
    """Return every key, the newest first."""
    query = select(SigningKey).order_by(SigningKey.created_at.desc(), SigningKey.kid)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def get_use(row: SigningKey, *, now: datetime) -> KeyUse:
    """Return what a key is there for."""
    if row.retired_at is not None:
        return KeyUse(KeyState.RETIRED, row.retired_at)
    if row.active_from > now:
        return KeyUse(KeyState.PUBLISHED, row.created_at, until=row.active_from)
    current = _get_current(row.algorithm, now)
    if current is None or current.kid == row.kid:
        return KeyUse(KeyState.SIGNS, row.active_from)
    replaced_at = _get_replaced_at(row) or current.active_from
    return KeyUse(KeyState.VERIFIES, replaced_at, until=replaced_at + _longest(row.algorithm))


def find_or_create_public_keys(site: Site, *, now: datetime) -> KeySet:
    """Return what is published.

    There is always a key of each algorithm, long before an application is switched to it.
    """
    for algorithm in Algorithm:
        find_or_create_current(site, algorithm, now=now)
    return get_public_keys(now=now)


def get_public_keys(*, now: datetime) -> KeySet:
    """Return the public half of every key that is not retired, the commoner algorithm first."""
    return KeySet([_public(row) for row in db.session.scalars(_PUBLISHED, {"now": now})])


def _get_current(algorithm: Algorithm, now: datetime) -> SigningKey | None:
    return db.session.scalar(_CURRENT, {"algorithm": algorithm, "now": now})


def _get_replaced_at(row: SigningKey) -> datetime | None:
    """Return when another key began to sign in this one's place."""
    has_signed = or_(
        SigningKey.retired_at.is_(None), SigningKey.retired_at > SigningKey.active_from
    )
    others = select(func.min(SigningKey.active_from)).where(
        SigningKey.algorithm == row.algorithm,
        SigningKey.active_from >= row.active_from,
        SigningKey.kid != row.kid,
        has_signed,
    )
    return db.session.scalar(others)


def _longest(algorithm: Algorithm) -> timedelta:
    of_applications = db.session.scalar(select(func.max(Application.access_seconds))) or 0
    return max(LONGEST[algorithm], timedelta(seconds=of_applications))


def _create(
    site: Site, algorithm: Algorithm, now: datetime, *, active_from: datetime
) -> SigningKey:
    is_rsa = algorithm == Algorithm.RS256
    key = RSAKey.generate_key(RSA_BITS) if is_rsa else ECKey.generate_key("P-256")
    kid = key.thumbprint()
    public = {name: str(value) for name, value in key.as_dict(private=False).items()}
    row = SigningKey(
        kid=kid,
        algorithm=algorithm,
        sealed_private_key=site.vault.seal(key.as_pem(private=True).decode()),
        public_jwk={**public, "kid": kid, "use": "sig", "alg": str(algorithm)},
        created_at=now,
        active_from=active_from,
    )
    db.session.add(row)
    db.session.flush()
    audit.record(AuditTag.KEY_CREATED, detail=kid, now=now)
    return row


@lru_cache(maxsize=len(Algorithm) * 2)
def _read_private(algorithm: Algorithm, kid: str, pem: str) -> Key:
    # Reading an RSA key proves its numbers, which takes as long as a hundred signatures.
    return _kind(algorithm).import_key(pem, {"kid": kid})


def _public(row: SigningKey) -> Key:
    return _kind(row.algorithm).import_key(dict(row.public_jwk))


def _kind(algorithm: Algorithm) -> type[RSAKey] | type[ECKey]:
    return RSAKey if algorithm == Algorithm.RS256 else ECKey
