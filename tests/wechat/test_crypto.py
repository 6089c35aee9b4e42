"""Signatures and encryption, against WeChat's published example and against every fault."""

import base64
import json
import struct

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from wechatlogin.errors import NotConfigured
from wechatlogin.wechat import crypto

TOKEN = "AAAAA"
AES_KEY = "A" * 43
APPID = "wxba5fad812f8e6fb9"
ENCRYPTED = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzD"
    "pVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2I"
    "uQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F"
    "9mFUPAJGj04="
)
KEY = base64.b64decode(AES_KEY + "=")


@pytest.fixture
def published() -> crypto.MessageCrypto:
    """The account of WeChat's worked example."""
    return crypto.MessageCrypto(TOKEN, AES_KEY, APPID)


def seal(padded: bytes) -> str:
    encryptor = Cipher(algorithms.AES(KEY), modes.CBC(KEY[:16])).encryptor()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def framed(message: bytes, *, length: int | None = None, appid: str = APPID) -> bytes:
    declared = len(message) if length is None else length
    return b"r" * 16 + struct.pack(">I", declared) + message + appid.encode()


def padded(content: bytes) -> bytes:
    count = 32 - len(content) % 32
    return content + bytes([count]) * count


@pytest.mark.parametrize(
    ("parts", "signature"),
    [
        (("1714036504", "1514711492"), "f464b24fc39322e44b38aa78f5edd27bd1441696"),
        (("1714037059", "486452656"), "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
        (("1714112445", "415670741"), "6c5c811b55cc85e0e1b54100749188c20beb3f5d"),
        (("1714112445", "415670741", ENCRYPTED), "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"),
    ],
    ids=["URL check", "plain push", "safe push, signature", "safe push, msg_signature"],
)
def test_the_published_signatures_are_ours(parts: tuple[str, ...], signature: str) -> None:
    assert crypto.sign(TOKEN, *parts) == signature
    assert crypto.check_signature(signature, TOKEN, *parts)


def test_the_published_push_decrypts(published: crypto.MessageCrypto) -> None:
    message = published.decrypt(ENCRYPTED)

    assert len(message) == 167
    assert json.loads(message) == {
        "ToUserName": "gh_97417a04a28d",
        "FromUserName": "o9AgO5Kd5ggOC-bXrbNODIiE3bGY",
        "CreateTime": 1714112445,
        "MsgType": "event",
        "Event": "debug_demo",
        "debug_str": "hello world",
    }


def test_the_published_push_encrypts_to_the_same_bytes(published: crypto.MessageCrypto) -> None:
    message = published.decrypt(ENCRYPTED)

    assert published.encrypt(message, random16=b"a8eedb185eb2fecf") == ENCRYPTED


def test_the_published_reply_is_ours(published: crypto.MessageCrypto) -> None:
    encrypted = published.encrypt(b'{"demo_resp":"good luck"}', random16=b"707722b803182950")

    assert encrypted == (
        "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
    )
    assert (
        published.sign("1713424427", "415670741", encrypted)
        == "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"
    )


@given(message=st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_whatever_is_encrypted_decrypts_to_itself(message: str) -> None:
    messages = crypto.MessageCrypto(TOKEN, AES_KEY, APPID)

    assert messages.decrypt(messages.encrypt(message.encode())) == message.encode()


@pytest.mark.parametrize("length", range(64))
def test_point_3_every_padding_up_to_32_is_accepted(length: int) -> None:
    """Libraries that unpad in blocks of 16 fail on half of all messages."""
    messages = crypto.MessageCrypto(TOKEN, AES_KEY, APPID)

    assert messages.decrypt(seal(padded(framed(b"m" * length)))) == b"m" * length


def test_the_random_part_makes_equal_messages_look_different(
    published: crypto.MessageCrypto,
) -> None:
    assert published.encrypt(b"same") != published.encrypt(b"same")


@pytest.mark.parametrize(
    "encrypted",
    [
        "",
        "not base64!",
        "AAA",
        "ключ",
        "AAAA",
        base64.b64encode(b"\0" * 16).decode(),
        seal(padded(framed(b"message"))[:-1] + b"\0"),
        seal(padded(framed(b"message"))[:-1] + b"\x21"),
        seal(padded(framed(b"message"))[:-1] + b"\xff"),
        seal(padded(framed(b"message", length=2**32 - 1))),
        seal(padded(framed(b"message", length=200))),
        seal(padded(framed(b"message", length=0))),
        seal(padded(framed(b"message", appid="wx0000000000000000"))),
        seal(padded(framed(b"message", appid=""))),
        seal(padded(framed(b"message", appid=APPID + "x"))),
        seal(padded(framed(b"\xff\xfe"))),
        seal(padded(b"")),
        seal(padded(b"r" * 18)),
    ],
    ids=[
        "empty",
        "no base64",
        "cut base64",
        "not ASCII",
        "no whole block",
        "half a WeChat block",
        "padding 0",
        "padding 33",
        "padding 255",
        "length 2^32-1",
        "length past the end",
        "length 0",
        "another appid",
        "no appid",
        "longer appid",
        "not UTF-8",
        "nothing inside",
        "no length field",
    ],
)
def test_point_3_every_fault_is_one_and_the_same_error(
    published: crypto.MessageCrypto, encrypted: str
) -> None:
    with pytest.raises(crypto.CryptoError) as caught:
        published.decrypt(encrypted)

    assert str(caught.value) == crypto.CryptoError.message
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@given(data=st.binary(max_size=200))
def test_noise_never_gets_past_decryption(data: bytes) -> None:
    messages = crypto.MessageCrypto(TOKEN, AES_KEY, APPID)

    with pytest.raises(crypto.CryptoError):
        messages.decrypt(base64.b64encode(data).decode())


@pytest.mark.parametrize(
    "signature", ["", "é", "\ud800", "0" * 40, "F464B24FC39322E44B38AA78F5EDD27BD1441696"]
)
def test_a_wrong_signature_is_refused_whatever_it_is_made_of(signature: str) -> None:
    assert not crypto.check_signature(signature, TOKEN, "1714036504", "1514711492")


@given(parts=st.lists(st.text(), max_size=4), token=st.text())
def test_the_order_of_the_parts_does_not_matter(parts: list[str], token: str) -> None:
    assert crypto.sign(token, *parts) == crypto.sign(token, *reversed(parts))


@pytest.mark.parametrize("aes_key", ["", "A" * 42, "A" * 44, "A" * 42 + "+", "A" * 42 + "\n"])
def test_a_key_of_another_shape_is_a_matter_of_settings(aes_key: str) -> None:
    with pytest.raises(NotConfigured):
        crypto.MessageCrypto(TOKEN, aes_key, APPID)


@pytest.mark.parametrize("last", "GCA9z")
def test_a_key_with_spare_bits_at_its_end_works(last: str) -> None:
    messages = crypto.MessageCrypto(TOKEN, "a" * 42 + last, APPID)

    assert messages.decrypt(messages.encrypt(b"message")) == b"message"


def test_the_random_part_has_to_be_whole(published: crypto.MessageCrypto) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        published.encrypt(b"message", random16=b"short")


def test_no_secret_shows_in_a_repr() -> None:
    messages = crypto.MessageCrypto("canaryToken", "canaryKey" + "A" * 34, APPID)

    assert "canary" not in repr(messages)
    assert APPID in repr(messages)
