"""The messages a person sees in the chat with one account."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

LINK = re.compile(r"""<a\s[^>]*?href\s*=\s*["']([^"']+)["'][^>]*>(.*?)</a>""", re.I | re.S)


class MessageKind(StrEnum):
    SENT = "sent"
    PASSIVE = "passive"
    TEMPLATE = "template"
    CUSTOM = "custom"
    NOTICE = "notice"


@dataclass(frozen=True)
class ChatMessage:
    """One bubble: `sender` is `person`, `account`, or `wechat` for a grey notice.

    `text` is what was sent, with its `<a href>` links; `url` is where the first of them, or a
    tap on a template message, leads.
    """

    number: int
    sender: str
    kind: MessageKind
    text: str
    url: str | None
    at: datetime

    def facts(self) -> dict[str, object]:
        """Return the message as the control side tells it."""
        return {
            "number": self.number,
            "from": self.sender,
            "kind": self.kind.value,
            "text": self.text,
            "url": self.url,
            "at": self.at.isoformat(),
        }


def first_link(text: str) -> str | None:
    """Return where the first link in a text leads, or None."""
    found = LINK.search(text)
    return found.group(1).replace("&amp;", "&") if found else None
