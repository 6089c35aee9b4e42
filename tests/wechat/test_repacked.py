"""What Authing's forwarder hands on: taken in its one shape, and only if it decrypts."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wechat.test_envelope import PLAIN, account, sealed
from wechatlogin.errors import PushRefused
from wechatlogin.wechat import repacked
from wechatlogin.wechat.app import MessageMode

SAFE = account(MessageMode.SAFE)


def body_of(encrypted: object) -> bytes:
    return json.dumps({"xml": {"tousername": ["gh_x"], "encrypt": [encrypted]}}).encode()


def test_what_wechat_encrypted_is_opened() -> None:
    _, encrypted = sealed()

    opened = repacked.open_repacked(SAFE, body_of(encrypted))

    assert (opened.content, opened.encrypted) == (PLAIN, True)


def test_the_mark_is_the_same_for_the_same_message_alone() -> None:
    _, encrypted = sealed()
    _, other = sealed(b"<xml></xml>")
    marks = [
        repacked.open_repacked(SAFE, body_of(text)).signature
        for text in (encrypted, encrypted, other)
    ]

    assert marks[0] == marks[1] != marks[2]


@pytest.mark.parametrize("name", ["xml", "encrypt"])
def test_a_name_that_comes_twice_is_refused(name: str) -> None:
    _, encrypted = sealed()
    twice = body_of(encrypted).decode().replace(f'"{name}"', f'"{name}": 1, "{name}"', 1)

    with pytest.raises(PushRefused):
        repacked.open_repacked(SAFE, twice.encode())


@given(st.binary(max_size=300) | st.recursive(st.none() | st.text(), st.lists).map(body_of))
def test_anything_else_is_refused_and_breaks_nothing(body: bytes) -> None:
    with pytest.raises(PushRefused):
        repacked.open_repacked(SAFE, body)


@pytest.mark.parametrize("mode", [MessageMode.PLAIN, MessageMode.COMPATIBLE])
def test_where_plain_pushes_come_the_encryption_vouches_for_nothing(mode: MessageMode) -> None:
    _, encrypted = sealed()

    with pytest.raises(PushRefused):
        repacked.open_repacked(account(mode), body_of(encrypted))
