"""The keys that tokens are signed with: created, published, used, rotated and retired.

    rotate    a new key is published now and signs a day later, when every cache has seen it
    current   the newest key that signs already; the very first one signs at once
    jwks      every key that is not retired, so that what an older one signed still verifies
    retire    an old key is taken out; what it signed is refused from then on

A key is known by its thumbprint (RFC 7638); the private half is sealed at rest.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from joserfc.jwk import ECKey, Key, KeySet, RSAKey
from sqlalchemy import or_, select, update

from wechatlogin.errors import KeyInUse
from wechatlogin.extensions import db
from wechatlogin.models import Algorithm, AuditTag, SigningKey
from wechatlogin.models.transaction import count_changed, write
from wechatlogin.services import audit
from wechatlogin.services.site import Site

#: How long a key is published before it signs; longer than anybody keeps our JWKS.
LEAD = timedelta(days=1)
RSA_BITS = 2048


@dataclass(frozen=True)
class Signer:
    """A key that signs now."""

    kid: str
    algorithm: Algorithm
    key: Key


def find_or_create_current(site: Site, algorithm: Algorithm, *, now: datetime) -> Signer:
    """Return the key that signs now, making the first one."""
    row = _get_current(algorithm, now)
    if row is None:
        with write():
            # Another process may have made it a moment ago.
            row = _get_current(algorithm, now) or _create(site, algorithm, now, active_from=now)
    return Signer(row.kid, Algorithm(row.algorithm), _open(site, row))


def rotate(site: Site, algorithm: Algorithm, *, now: datetime) -> SigningKey:
    """Publish a new key, which signs as soon as `LEAD` is over."""
    with write():
        is_first = _get_current(algorithm, now) is None
        return _create(site, algorithm, now, active_from=now if is_first else now + LEAD)


def retire(kid: str, *, now: datetime) -> None:
    """Take a key out: it is no longer published, and nothing that it signed is accepted.

    :raise KeyInUse: if it is the one that signs, or there is no such key.
    """
    with write():
        row = db.session.get(SigningKey, kid)
        current = _get_current(Algorithm(row.algorithm), now) if row else None
        if row is None or current is None or current.kid == kid:
            raise KeyInUse
        retired = update(SigningKey).where(SigningKey.kid == kid, SigningKey.retired_at.is_(None))
        if count_changed(retired.values(retired_at=now)):
            audit.record(AuditTag.KEY_RETIRED, detail=kid, now=now)


def get_all() -> list[SigningKey]:
    """Return every key, the newest first."""
    order = (SigningKey.created_at.desc(), SigningKey.kid)
    return list(db.session.scalars(select(SigningKey).order_by(*order)))


def get_public_keys(*, now: datetime) -> KeySet:
    """Return the public half of every key that is not retired."""
    live = or_(SigningKey.retired_at.is_(None), SigningKey.retired_at > now)
    rows = db.session.scalars(select(SigningKey).where(live).order_by(SigningKey.created_at))
    return KeySet([_public(row) for row in rows])


def _get_current(algorithm: Algorithm, now: datetime) -> SigningKey | None:
    query = select(SigningKey).where(
        SigningKey.algorithm == algorithm,
        SigningKey.active_from <= now,
        SigningKey.retired_at.is_(None),
    )
    return db.session.scalar(query.order_by(SigningKey.active_from.desc(), SigningKey.kid).limit(1))


def _create(
    site: Site, algorithm: Algorithm, now: datetime, *, active_from: datetime
) -> SigningKey:
    is_rsa = algorithm is Algorithm.RS256
    key = RSAKey.generate_key(RSA_BITS) if is_rsa else ECKey.generate_key("P-256")
    kid = key.thumbprint()
    public = {name: str(value) for name, value in key.as_dict(private=False).items()}
    row = SigningKey(
        kid=kid,
        algorithm=algorithm,
        sealed_private_key=site.vault.seal(key.as_pem(private=True).decode()),
        public_jwk={**public, "kid": kid, "use": "sig", "alg": algorithm.value},
        created_at=now,
        active_from=active_from,
    )
    db.session.add(row)
    db.session.flush()
    audit.record(AuditTag.KEY_CREATED, detail=kid, now=now)
    return row


def _open(site: Site, row: SigningKey) -> Key:
    pem = site.vault.open(row.sealed_private_key)
    return _kind(row).import_key(pem, {"kid": row.kid})


def _public(row: SigningKey) -> Key:
    return _kind(row).import_key(dict(row.public_jwk))


def _kind(row: SigningKey) -> type[RSAKey] | type[ECKey]:
    return RSAKey if row.algorithm == Algorithm.RS256 else ECKey
