"""WeChat's own look at the callback URL of an account, from its network.

Follows WeChat's page 网络检测 (`/cgi-bin/callback/check`): the addresses that the URL's name means
there, and how many packets get lost on the way to each. 40201 says that the console has no URL.
"""

import re
from dataclasses import dataclass

from wechatlogin.wechat import errors
from wechatlogin.wechat.http import Answer

PATH = "/cgi-bin/callback/check"
REQUEST = {"action": "all", "check_operator": "DEFAULT"}
_PERCENT = re.compile(r"(\d{1,3})(?:\.\d+)?%")


@dataclass(frozen=True)
class CallbackCheck:
    """How the callback URL looks from WeChat's network."""

    addresses: tuple[str, ...]
    #: Of the address to which most get lost.
    loss_percent: int

    @property
    def is_lossy(self) -> bool:
        """Whether so much is lost that pushes fail."""
        return self.loss_percent >= 50


def read_check(answer: Answer) -> CallbackCheck:
    """Return what WeChat saw.

    :raise WeChatGarbled: if the answer is none of this call's.
    """
    resolved, pinged = answer.get("dns"), answer.get("ping")
    if not isinstance(resolved, list) or not isinstance(pinged, list):
        raise errors.WeChatGarbled(path=PATH, reason="no dns or ping")
    return CallbackCheck(
        addresses=tuple(_text(one, "ip") for one in resolved if _text(one, "ip")),
        loss_percent=max((_loss(one) for one in pinged), default=0),
    )


def _loss(one: object) -> int:
    found = _PERCENT.fullmatch(_text(one, "package_loss"))
    return int(found[1]) if found else 0


def _text(one: object, name: str) -> str:
    value = one.get(name) if isinstance(one, dict) else None
    return value[:64] if isinstance(value, str) else ""
