"""WeChat's signatures and message encryption.

Follows WeChat's page 消息加解密. A signature is the SHA-1 of the sorted parts; a message is

    base64(AES-256-CBC(random(16) || length as uint32 big-endian || message || appid || padding))

with padding to a block of 32 bytes (not AES's 16), the key from EncodingAESKey, and the key's first
16 bytes as IV. The simulator imports this module, so it depends on nothing but `errors`.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import struct
from functools import lru_cache

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from wechatlogin.errors import LoginError, NotConfigured

PADDING_BLOCK = 32
RANDOM_LENGTH = 16
_HEADER_LENGTH = RANDOM_LENGTH + 4
_AES_KEY = re.compile(r"[A-Za-z0-9]{43}")


class CryptoError(LoginError):
    """A message that does not decrypt; why is not told, since an attacker would learn from it."""

    code = "crypto_error"
    status = 403
    message = "消息无法解密。"


def sign(token: str, *parts: str) -> str:
    """Return the hex signature of these parts; which order they are in makes no difference."""
    # WeChat fixed SHA-1 over bare concatenation; sorting is by bytes, not by number.
    pieces = sorted([part.encode("utf-8", "surrogatepass") for part in (token, *parts)])
    return hashlib.sha1(b"".join(pieces), usedforsecurity=False).hexdigest()


def check_signature(signature: str, token: str, *parts: str) -> bool:
    """Return whether the signature is that of these parts, in constant time."""
    given = signature.encode("utf-8", "surrogatepass")
    return hmac.compare_digest(given, sign(token, *parts).encode("ascii"))


class MessageCrypto:
    """Encrypts, decrypts and signs the messages of one account."""

    def __init__(self, token: str, aes_key: str, appid: str) -> None:
        """Take the account's values.

        :raise NotConfigured: if the EncodingAESKey is not 43 letters and digits.
        """
        if not _AES_KEY.fullmatch(aes_key):
            raise NotConfigured("消息加解密密钥（EncodingAESKey）应当是 43 个字母或数字。")
        self._token = token
        self._appid = appid.encode("utf-8")
        # The key's last character may carry two spare bits, which strict decoders refuse.
        key = base64.b64decode(aes_key + "=")
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16]))

    def __repr__(self) -> str:
        return f"MessageCrypto(appid={self._appid.decode('utf-8')!r})"

    def sign(self, *parts: str) -> str:
        """Return the hex signature of these parts under the account's token."""
        return sign(self._token, *parts)

    def encrypt(self, plain: bytes, *, random16: bytes | None = None) -> str:
        """Return the message as WeChat's `Encrypt` text."""
        random = secrets.token_bytes(RANDOM_LENGTH) if random16 is None else random16
        if len(random) != RANDOM_LENGTH:
            raise ValueError(f"random16 must be {RANDOM_LENGTH} bytes long")
        content = random + struct.pack(">I", len(plain)) + plain + self._appid
        missing = PADDING_BLOCK - len(content) % PADDING_BLOCK
        encryptor = self._cipher.encryptor()
        encrypted = encryptor.update(content + bytes([missing]) * missing) + encryptor.finalize()
        return base64.b64encode(encrypted).decode("ascii")

    def decrypt(self, encrypted: str) -> bytes:
        """Return the message inside an `Encrypt` text; it is valid UTF-8.

        :raise CryptoError: whatever is wrong with it, always the same error.
        """
        try:
            content = self._unpad(binascii.a2b_base64(encrypted, strict_mode=True))
            message, appid = _split(content)
            message.decode("utf-8")
        except (ValueError, struct.error):
            # The causes must stay indistinguishable, and a UnicodeDecodeError holds the plaintext.
            raise CryptoError from None
        if not hmac.compare_digest(appid, self._appid):
            raise CryptoError
        return message

    def _unpad(self, ciphertext: bytes) -> bytes:
        decryptor = self._cipher.decryptor()
        padded = decryptor.update(ciphertext) + decryptor.finalize()
        unpadder = padding.PKCS7(PADDING_BLOCK * 8).unpadder()
        return unpadder.update(padded) + unpadder.finalize()


@lru_cache(maxsize=64)
def crypto_of(token: str, aes_key: str, appid: str) -> MessageCrypto:
    """Return what encrypts the messages of an account, made once: its key takes a while to set up.

    :raise NotConfigured: if the EncodingAESKey is not 43 letters and digits.
    """
    return MessageCrypto(token, aes_key, appid)


def _split(content: bytes) -> tuple[bytes, bytes]:
    (length,) = struct.unpack(">I", content[RANDOM_LENGTH:_HEADER_LENGTH])
    end = _HEADER_LENGTH + length
    if end > len(content):
        raise ValueError("the length field points past the end")
    return content[_HEADER_LENGTH:end], content[end:]
