"""JSON as WeChat writes it: raw UTF-8, sometimes raw bytes, and not always called JSON."""

import json
import re
from collections.abc import Mapping
from typing import Any

from flask import Response

from wechatlogin.simulator.errors import PlatformError

_SLOT = "\ue000nickname\ue000"
_ESCAPED = re.compile(r"(?<!\\)((?:\\\\)*)\\u(?!00[01][0-9a-fA-F])")


def answer(
    payload: Mapping[str, object], *, plain_type: bool = False, raw_nickname: bytes | None = None
) -> Response:
    """Return the answer; `raw_nickname` stands in it as it is, control characters and all."""
    told = dict(payload)
    if raw_nickname is not None:
        told["nickname"] = _SLOT
    body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    if raw_nickname is not None:
        quoted = raw_nickname.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        body = body.replace(_SLOT.encode(), quoted)
    # The user-level calls answer text/plain, without a charset.
    kind = "text/plain" if plain_type else "application/json; encoding=utf-8"
    return Response(body, content_type=kind)


def read_body(raw: bytes) -> dict[str, Any]:
    r"""Return the JSON object of a request.

    WeChat takes `\uXXXX` literally, so that text which was escaped arrives as gibberish.

    :raise PlatformError: 44002 if there is nothing, 47001 if it is no JSON object in UTF-8.
    """
    if not raw.strip():
        raise PlatformError(44002)
    try:
        text = _ESCAPED.sub(r"\1\\\\u", raw.decode("utf-8"))
        body = json.loads(text)
    except ValueError as err:
        raise PlatformError(47001) from err
    if not isinstance(body, dict):
        raise PlatformError(47001)
    return body
