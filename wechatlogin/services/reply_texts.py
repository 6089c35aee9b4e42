"""The grammar of a text that the owner writes for the chat: what it may hold, and filling it.

placeholders   confirm   {link}, which must be there, and {name}
               code      {code}, which must be there, {minutes} and {name}
               others    {name}
               A brace that belongs to none of them is refused: it would be a typing error.
links          welcome, keyword and default may hold the owner's own, exactly
               `<a href="https://…">words</a>`. Anything else that begins like a link, or ends
               like one, is refused, and every link is where the message has to be ours alone.
               Any other `<` stays what it is, and the chat shows it: the chat is no HTML page.
length         with the longest values at most the 2048 bytes that WeChat carries
"""

import re
from types import MappingProxyType
from urllib.parse import urlsplit

from wechatlogin.errors import ReplyRefused
from wechatlogin.i18n import msgid
from wechatlogin.models import Occasion
from wechatlogin.wechat.replies import LONGEST_CONTENT, as_words, check_sayable

#: What a placeholder becomes at most, in bytes of UTF-8.
LONGEST = MappingProxyType(
    {
        # An account's name has up to 64 characters of up to four bytes.
        "name": 64 * 4,
        "code": 6,
        "minutes": 2,
        # A host of 253 characters with scheme and port, the path of 52, the markup of 15, and
        # what is left for the words.
        "link": 400,
    }
)
#: What is markup; every other value is words, whatever it holds.
MARKUP = frozenset({"link"})

_ALLOWED = {Occasion.CONFIRM: {"link", "name"}, Occasion.CODE: {"code", "minutes", "name"}}
_REQUIRED = {Occasion.CONFIRM: "link", Occasion.CODE: "code"}
_ONLY_OURS = frozenset({Occasion.CONFIRM, Occasion.CODE})

_PLACEHOLDER = re.compile(r"\{(" + "|".join(LONGEST) + r")\}")
# No quotes or blanks, and no letter beyond ASCII: the chat would not find the end of such a link.
_LINK = re.compile(
    r'<a href="(https?://[A-Za-z0-9._~:/?#\[\]@!$&()*+,;=%-]+)">([^<>\n]*[^<>\s][^<>\n]*)</a>'
)
# A placeholder at such a place could complete a link.
_LIKE_A_LINK = re.compile(r"<[\s/]*(a\b|\{)", re.IGNORECASE)


def verify_text(occasion: Occasion, text: str) -> str:
    """Return a text as it is kept: without blanks around it, its lines ended by newlines.

    :raise ReplyRefused: if it breaks the rules; the message says which one.
    """
    kept = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not kept:
        raise ReplyRefused(msgid("内容不能是空的。"))
    if not check_sayable(kept):
        raise ReplyRefused(msgid("内容里有微信不能传送的字符。"))
    _verify_links(occasion, kept)
    _verify_placeholders(occasion, kept)
    if get_longest(kept) > LONGEST_CONTENT:
        raise ReplyRefused(msgid("内容太长了：填好占位符以后，最多 2048 字节。"))
    return kept


def fill(text: str, **values: str) -> str:
    """Return a text with its placeholders filled, each once: a value is not looked into.

    `link` is markup of `wechat.replies.link`; any other value cannot become a link. A placeholder
    without a value stays.
    """

    def value_of(found: re.Match[str]) -> str:
        name = found[1]
        value = values.get(name, found[0])
        return value if name in MARKUP else as_words(value)

    return _PLACEHOLDER.sub(value_of, text)


def get_longest(text: str) -> int:
    """Return the bytes of a text with the longest values."""
    values = sum(LONGEST[name] for name in _PLACEHOLDER.findall(text))
    return len(_PLACEHOLDER.sub("", text).encode("utf-8")) + values


def split_links(said: str) -> list[tuple[str, str | None]]:
    """Return the words of a filled text piece by piece, each with the address that it leads to."""
    pieces: list[tuple[str, str | None]] = []
    end = 0
    for found in _LINK.finditer(said):
        pieces += [(said[end : found.start()], None), (found[2], found[1])]
        end = found.end()
    return [(words, url) for words, url in (*pieces, (said[end:], None)) if words]


def _verify_links(occasion: Occasion, text: str) -> None:
    links = _LINK.findall(text)
    if occasion in _ONLY_OURS and (links or _LIKE_A_LINK.search(text)):
        raise ReplyRefused(msgid("确认登录和验证码的内容里不能有自己的链接。"))
    if _LIKE_A_LINK.search(_LINK.sub("", text)) or not all(_has_host(url) for url, _ in links):
        raise ReplyRefused(
            msgid('链接只能写成 <a href="https://…">文字</a>，网址里不能有空格、引号和中文。')
        )


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False


def _verify_placeholders(occasion: Occasion, text: str) -> None:
    found = set(_PLACEHOLDER.findall(text))
    has_loose_brace = re.search(r"[{}]", _PLACEHOLDER.sub("", text)) is not None
    if has_loose_brace or not found <= _ALLOWED.get(occasion, {"name"}):
        raise ReplyRefused(_ALLOWED_WORDS.get(occasion, msgid("花括号里只能写 {name}。")))
    required = _REQUIRED.get(occasion)
    if required is not None and required not in found:
        raise ReplyRefused(_REQUIRED_WORDS[occasion])


_ALLOWED_WORDS = {
    Occasion.CONFIRM: msgid("花括号里只能写 {link} 和 {name}。"),
    Occasion.CODE: msgid("花括号里只能写 {code}、{minutes} 和 {name}。"),
}
_REQUIRED_WORDS = {
    Occasion.CONFIRM: msgid("内容里要有 {link}，它会变成确认登录的链接。"),
    Occasion.CODE: msgid("内容里要有 {code}，它会变成验证码。"),
}
