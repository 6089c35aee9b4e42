"""What is derived from SECRET_KEY: sealing values at rest, keyed hashes, repeatable tokens.

Each use has its own key (HKDF with the use as `info`), so a value made for one can never be
taken for another. The first key seals and derives. What a fallback has sealed is still opened,
and what it has derived is found again, by whoever asks for what all keys derive.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr


def sha256_hex(value: str) -> str:
    """Return the plain SHA-256 of a value that is random enough to need no key."""
    return hashlib.sha256(value.encode()).hexdigest()


def equal(first: str, second: str) -> bool:
    """Compare two texts as bytes in constant time; text outside ASCII is simply unequal."""
    return hmac.compare_digest(first.encode("utf-8", "replace"), second.encode("utf-8", "replace"))


class Vault:
    """The keys of one installation."""

    def __init__(self, secret_key: SecretStr, fallbacks: Sequence[SecretStr] = ()) -> None:
        secrets = [key.get_secret_value().encode() for key in (secret_key, *fallbacks)]
        self._fernet = MultiFernet(
            [Fernet(base64.urlsafe_b64encode(_derive(key, "seal"))) for key in secrets]
        )
        self._hash_keys = [_derive(key, "hash") for key in secrets]

    def seal(self, value: str) -> str:
        """Return the value encrypted and authenticated, as text for a column."""
        return self._fernet.encrypt(value.encode()).decode()

    def open(self, sealed: str) -> str:
        """Return what `seal` was given.

        :raise cryptography.fernet.InvalidToken: if no key of ours sealed it.
        """
        return self._fernet.decrypt(sealed.encode()).decode()

    def keyed_hash(self, purpose: str, *parts: str) -> str:
        """Return an HMAC-SHA256 in hex over the purpose and parts, unambiguous in their bounds."""
        return self.keyed_hashes(purpose, *parts)[0]

    def keyed_hashes(self, purpose: str, *parts: str) -> tuple[str, ...]:
        """Return the same by each key, the newest first."""
        return tuple(_digest(key, purpose, parts).hex() for key in self._hash_keys)

    def derive_token(self, purpose: str, *parts: str) -> str:
        """Return a token of 256 bits that the same purpose and parts give again."""
        return self.derive_tokens(purpose, *parts)[0]

    def derive_tokens(self, purpose: str, *parts: str) -> tuple[str, ...]:
        """Return the same by each key, the newest first."""
        digests = (_digest(key, purpose, parts) for key in self._hash_keys)
        return tuple(base64.urlsafe_b64encode(each).decode().rstrip("=") for each in digests)

    def derive_token_again(
        self, check_given: Callable[[str], bool], purpose: str, *parts: str
    ) -> str:
        """Return the token that was given already, by whichever key; else the newest key's."""
        newest, *former = self.derive_tokens(purpose, *parts)
        # With one key there is nothing to look up.
        given = (token for token in (newest, *former) if former and check_given(token))
        return next(given, newest)


def _digest(key: bytes, purpose: str, parts: Sequence[str]) -> bytes:
    encoded = [part.encode("utf-8", "surrogatepass") for part in (purpose, *parts)]
    message = b"".join(len(part).to_bytes(4, "big") + part for part in encoded)
    return hmac.digest(key, message, "sha256")


def _derive(secret: bytes, use: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"wechatlogin " + use.encode()).derive(secret)
