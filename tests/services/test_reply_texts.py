"""What a text of the owner's may hold, and what it becomes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatlogin.errors import ReplyRefused
from wechatlogin.models import Occasion
from wechatlogin.services import reply_texts
from wechatlogin.wechat import messages

OWN_LINK = '<a href="https://shop.example/hours?a=1&b=%E4%BD%A0#top">营业时间</a>'
FREE = (Occasion.WELCOME, Occasion.KEYWORD, Occasion.DEFAULT)
#: Whatever a name may be: it tries to be a link, to end one, and to be filled again.
HOSTILE = '</a><a href="https://evil.example">{code}{link}{name}</a>]]>\\1'
A_TAG = re.compile(r"<[\s/]*a\b", re.IGNORECASE)

PIECES = st.sampled_from(
    [
        *("{name}", "{link}", "{code}", "{minutes}", "{", "}", "{{", "{nam", "e}"),
        *("<", ">", "</", "/", " ", "a", "A", "a ", 'href="', '">', '"', "</a>", "<b>", "\n"),
        *("https://shop.example/", "javascript:x", OWN_LINK, '<a href="https://x.example">'),
        *("你好", "😀", "&", "%s", "\\1"),
    ]
)
TEXTS = st.lists(PIECES, min_size=1, max_size=12).map("".join)


def verified(occasion: Occasion, text: str) -> str | None:
    try:
        return reply_texts.verify_text(occasion, text)
    except ReplyRefused:
        return None


@pytest.mark.parametrize(
    ("occasion", "text"),
    [
        (Occasion.CONFIRM, "登录{name}：{link}"),
        (Occasion.CONFIRM, "{link}, or {link}"),
        (Occasion.CODE, "{code}"),
        (Occasion.CODE, "{name}: {code} ({minutes} min)\n5 < 6 & 7 > 6"),
        *((occasion, "欢迎来到{name} 😀 <b>") for occasion in FREE),
        *((occasion, f"看{OWN_LINK}，或 {OWN_LINK}") for occasion in FREE),
        (Occasion.WELCOME, '<a href="http://127.0.0.1:8080/">{name}</a>'),
        (Occasion.WELCOME, "<abc> a<b </b>"),
    ],
)
def test_what_can_be_said_is_kept_as_it_is(occasion: Occasion, text: str) -> None:
    assert reply_texts.verify_text(occasion, text) == text


def test_blanks_around_a_text_go_and_its_lines_end_alike() -> None:
    assert reply_texts.verify_text(Occasion.WELCOME, " \n你好\r\n再见\r。 ") == "你好\n再见\n。"


@pytest.mark.parametrize("occasion", Occasion)
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "不能是空的"),
        (" \n\t", "不能是空的"),
        ("a\x00b", "不能传送的字符"),
        ("a\x1bb", "不能传送的字符"),
        ("a\ud800b", "不能传送的字符"),
        ("a\uffffb", "不能传送的字符"),
        ("{nickname}", "花括号里只能写"),
        ("{", "花括号里只能写"),
        ("{{name}}", "花括号里只能写"),
        ("{na{name}me}", "花括号里只能写"),
        ("{ name }", "花括号里只能写"),
        ("{name", "花括号里只能写"),
    ],
)
def test_what_is_wrong_on_every_occasion_is_said(
    occasion: Occasion, text: str, problem: str
) -> None:
    with pytest.raises(ReplyRefused, match=problem):
        reply_texts.verify_text(occasion, text)


@pytest.mark.parametrize(
    ("occasion", "text", "problem"),
    [
        (Occasion.CONFIRM, "点我", "要有 {link}"),
        (Occasion.CONFIRM, "{link} {code}", "{link} 和 {name}"),
        (Occasion.CODE, "{minutes} 分钟", "要有 {code}"),
        (Occasion.CODE, "{code} {link}", "{code}、{minutes} 和 {name}"),
        *((occasion, "{code}", "只能写 {name}") for occasion in FREE),
        *((occasion, "{link}", "只能写 {name}") for occasion in FREE),
        (Occasion.CONFIRM, f"{{link}} {OWN_LINK}", "不能有自己的链接"),
        (Occasion.CODE, f"{{code}} {OWN_LINK}", "不能有自己的链接"),
        (Occasion.CODE, "{code} <A", "不能有自己的链接"),
    ],
)
def test_an_occasion_has_its_own_placeholders_and_links(
    occasion: Occasion, text: str, problem: str
) -> None:
    with pytest.raises(ReplyRefused) as refused:
        reply_texts.verify_text(occasion, text)

    assert problem in refused.value.message


@pytest.mark.parametrize(
    "text",
    [
        '<a href="javascript:alert(1)">x</a>',
        '<a href="weixin://bizmsgmenu?msgmenucontent=x">x</a>',
        '<a href="HTTPS://shop.example">x</a>',
        '<a href="//shop.example">x</a>',
        '<a href="https://">x</a>',
        '<a href="https://[shop">x</a>',
        '<a href="https:///path">x</a>',
        "<a href='https://shop.example'>x</a>",
        '<a href="https://shop.example" data-miniprogram-appid="wx">x</a>',
        '<a href="https://shop.example/你好">x</a>',
        '<a href="https://shop.example/a b">x</a>',
        '<a href="https://shop.example/{name}">x</a>',
        '<a href="https://shop.example">x',
        '<a href="https://shop.example"></a>',
        '<a href="https://shop.example"> </a>',
        '<a href="https://shop.example"><b>x</b></a>',
        f"<a {OWN_LINK}",
        f"{OWN_LINK}</a>",
        '<A HREF="https://shop.example">x</A>',
        "< a >",
        "</ a>",
        '<{name} href="https://shop.example">x',
        "x</{name}>",
    ],
)
@pytest.mark.parametrize("occasion", FREE)
def test_whatever_is_nearly_a_link_is_refused(occasion: Occasion, text: str) -> None:
    with pytest.raises(ReplyRefused) as refused:
        reply_texts.verify_text(occasion, text)

    assert "链接只能写成" in refused.value.message or "花括号" in refused.value.message


@pytest.mark.parametrize(
    ("occasion", "text", "left"),
    [
        (Occasion.WELCOME, "", 2048),
        (Occasion.WELCOME, "{name}", 2048 - 256),
        (Occasion.WELCOME, OWN_LINK, 2048 - len(OWN_LINK.encode())),
        (Occasion.CONFIRM, "{link}{link}", 2048 - 800),
        (Occasion.CODE, "{code}{minutes}", 2048 - 8),
    ],
)
def test_the_longest_that_a_text_can_become_has_to_fit(
    occasion: Occasion, text: str, left: int
) -> None:
    letters, odd = divmod(left, 3)
    longest = text + "你" * letters + "a" * odd

    assert reply_texts.verify_text(occasion, longest) == longest
    with pytest.raises(ReplyRefused, match="太长"):
        reply_texts.verify_text(occasion, longest + "a")


@pytest.mark.parametrize("words", ["点这里确认登录", "tap here to confirm"])
def test_no_confirm_link_is_longer_than_was_reckoned_with(words: str) -> None:
    host = ".".join(["a" * 63] * 3 + ["b" * 61])
    url = f"https://{host}:65535/confirm/{'t' * 43}"

    assert len(host) == 253
    assert len(messages.link(url, words).encode()) <= reply_texts.LONGEST["link"]


def test_each_placeholder_is_filled_wherever_it_stands() -> None:
    filled = reply_texts.fill(
        "{code}{code} {minutes} {name}", code="123456", minutes="30", name="店"
    )

    assert filled == "123456123456 30 店"


def test_a_value_is_not_looked_into_and_cannot_become_a_link() -> None:
    link = messages.link("https://login.example/confirm/x", "{name}")

    filled = reply_texts.fill("{name}|{link}", name=HOSTILE, link=link)

    name, _, after = filled.partition("|")
    assert "<" not in name
    assert "{code}{link}{name}" in name
    assert after == link


def test_a_placeholder_without_a_value_stays() -> None:
    assert reply_texts.fill("{code}", name="店") == "{code}"


@given(occasion=st.sampled_from(Occasion), text=TEXTS)
def test_only_whole_links_of_the_owner_reach_the_chat(occasion: Occasion, text: str) -> None:
    kept = verified(occasion, text)
    if kept is None:
        return

    filled = reply_texts.fill(kept, name=HOSTILE, code="123456", minutes="30", link="(link)")

    without = re.sub(r'<a href="https?://[^"<>\s]+">[^<>]+</a>', "", filled)
    assert not A_TAG.search(without)
    assert (without == filled) or occasion in FREE
    assert "evil.example" not in "".join(re.findall(r'<a href="([^"]*)"', filled))


@given(occasion=st.sampled_from(Occasion), text=TEXTS)
def test_what_was_accepted_is_accepted_again_and_has_no_loose_braces(
    occasion: Occasion, text: str
) -> None:
    kept = verified(occasion, text)
    if kept is None:
        return

    filled = reply_texts.fill(kept, name="店", code="123456", minutes="30", link="(link)")

    assert verified(occasion, kept) == kept
    assert not re.search(r"[{}]", filled)
    assert len(filled.encode()) <= 2048


@given(text=st.text(max_size=300))
def test_any_text_at_all_is_kept_or_refused(text: str) -> None:
    kept = verified(Occasion.DEFAULT, text)

    plain = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    assert kept in {None, plain}
    if plain and plain.isalnum() and plain.isascii():
        assert kept == plain
