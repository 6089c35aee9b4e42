"""What the chat would show of a text for the chat, before anybody is sent it."""

from dataclasses import dataclass

from wechatlogin.models import Occasion, WeChatAppRow
from wechatlogin.services import chats, reply_texts
from wechatlogin.services.site import Site
from wechatlogin.wechat.replies import LONGEST_CONTENT

#: Six digits like those of any code.
_DIGITS = "482913"


@dataclass(frozen=True)
class Preview:
    """One message, piece by piece; a piece with an address is a link."""

    pieces: tuple[tuple[str, str | None], ...]
    #: How many bytes it has at most, with the longest values, of how many WeChat carries.
    most_bytes: int
    limit: int = LONGEST_CONTENT


def show(site: Site, row: WeChatAppRow, language: str, text: str) -> Preview:
    """Return what a text of the owner's becomes, which has been verified."""
    spoken = site.speaking(language)
    said = reply_texts.fill(
        text,
        name=row.name,
        code=_DIGITS,
        minutes=str(site.settings.code_seconds // 60),
        link=_link(spoken),
    )
    return Preview(tuple(reply_texts.split_links(said)), reply_texts.get_longest(text))


def show_built_in(
    site: Site, row: WeChatAppRow, occasion: Occasion, language: str
) -> Preview | None:
    """Return what is said where the owner has written nothing, or None where nothing is."""
    spoken = site.speaking(language)
    match occasion:
        case Occasion.WELCOME:
            said = chats.built_in_welcome(spoken, row)
        case Occasion.CONFIRM:
            said = chats.built_in_confirm(spoken, _link(spoken))
        case Occasion.CODE:
            said = chats.built_in_code(spoken, _DIGITS)
        case _:
            return None
    return Preview(tuple(reply_texts.split_links(said)), len(said.encode("utf-8")))


def _link(spoken: Site) -> str:
    return chats.confirm_link(spoken, spoken.url("/confirm/"))
