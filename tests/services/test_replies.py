"""The owner's texts, kept per account and language on each database."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from tests.stories import an_account, an_identity
from wechatlogin.errors import ReplyRefused
from wechatlogin.extensions import db
from wechatlogin.models import AuditEntry, Occasion, Reply, WeChatAppRow
from wechatlogin.models.transaction import write
from wechatlogin.services import accounts, chats, replies
from wechatlogin.services.accounts import Sighting
from wechatlogin.services.replies import NewReply
from wechatlogin.services.site import Site

NOW = datetime(2026, 11, 21, 3, 4, tzinfo=UTC)
HOURS = NewReply(Occasion.KEYWORD, "zh_CN", "九点到六点 😀", "营业时间")


@pytest.fixture
def row(storage: Site) -> WeChatAppRow:
    return an_account(storage, now=NOW)


def save(row: WeChatAppRow, occasion: Occasion, text: str, language: str = "zh_CN") -> None:
    replies.save(row, NewReply(occasion, language, text), now=NOW)


def kept(row: WeChatAppRow) -> list[tuple[str, str, str, str]]:
    return [
        (reply.occasion, reply.language, reply.keyword, reply.text)
        for reply in replies.get_all(row)
    ]


def test_a_text_is_found_as_it_was_saved(storage: Site, row: WeChatAppRow) -> None:
    replies.save(row, HOURS, now=NOW)

    found = replies.get_text(storage, row, Occasion.KEYWORD, "zh_CN", keyword="营业时间")

    assert found == "九点到六点 😀"
    assert kept(row) == [("keyword", "zh_CN", "营业时间", "九点到六点 😀")]


def test_saving_again_replaces_the_same_one_alone(storage: Site, row: WeChatAppRow) -> None:
    other = an_account(storage, now=NOW, appid="wxfedcba9876543210")
    for account in (row, other):
        save(account, Occasion.WELCOME, "你好")
        save(account, Occasion.WELCOME, "Hello", "en")
        save(account, Occasion.DEFAULT, "什么？")

    save(row, Occasion.WELCOME, "你好啊")

    assert kept(row) == [
        ("welcome", "en", "", "Hello"),
        ("welcome", "zh_CN", "", "你好啊"),
        ("default", "zh_CN", "", "什么？"),
    ]
    assert [text for *_, text in kept(other)] == ["Hello", "你好", "什么？"]


def test_a_text_of_the_default_language_stands_in(storage: Site, row: WeChatAppRow) -> None:
    save(row, Occasion.WELCOME, "你好")
    save(row, Occasion.DEFAULT, "What?", "en")
    save(row, Occasion.CONFIRM, "点{link}")
    save(row, Occasion.CONFIRM, "Tap {link}", "en")

    assert replies.get_text(storage, row, Occasion.CONFIRM, "en") == "Tap {link}"
    assert replies.get_text(storage, row, Occasion.CONFIRM, "zh_CN") == "点{link}"
    assert replies.get_text(storage, row, Occasion.WELCOME, "en") == "你好"
    assert replies.get_text(storage, row, Occasion.DEFAULT, "en") == "What?"
    assert replies.get_text(storage, row, Occasion.DEFAULT, "zh_CN") is None
    assert replies.get_text(storage, row, Occasion.CODE, "en") is None


@pytest.mark.parametrize("written", ["hours", "HOURS", " Hours\n", "ｈｏｕｒｓ", "　hOuRs"])
def test_a_keyword_is_met_in_any_case_and_width(
    storage: Site, row: WeChatAppRow, written: str
) -> None:
    replies.save(row, NewReply(Occasion.KEYWORD, "zh_CN", "9-18", " Hours "), now=NOW)

    assert replies.get_text(storage, row, Occasion.KEYWORD, "zh_CN", keyword=written) == "9-18"


@pytest.mark.parametrize("written", ["hour", "hours?", "opening hours", "", "h" * 65, "%", "_____"])
def test_a_keyword_is_met_whole(storage: Site, row: WeChatAppRow, written: str) -> None:
    replies.save(row, replace(HOURS, keyword="hours"), now=NOW)

    assert replies.get_text(storage, row, Occasion.KEYWORD, "zh_CN", keyword=written) is None


def test_an_accented_keyword_is_another_one(storage: Site, row: WeChatAppRow) -> None:
    replies.save(row, NewReply(Occasion.KEYWORD, "zh_CN", "plain", "cafe"), now=NOW)
    replies.save(row, NewReply(Occasion.KEYWORD, "zh_CN", "accented", "café"), now=NOW)

    found = replies.get_text(storage, row, Occasion.KEYWORD, "zh_CN", keyword="CAFE\u0301")

    assert found == "accented"


@pytest.mark.parametrize(
    ("new", "problem"),
    [
        (NewReply(Occasion.WELCOME, "zh_TW", "你好"), "语言"),
        (NewReply(Occasion.WELCOME, "", "你好"), "语言"),
        (NewReply(Occasion.WELCOME, "zh_CN", "你好", "hours"), "只有关键词回复"),
        (NewReply(Occasion.KEYWORD, "zh_CN", "你好"), "要有关键词"),
        (NewReply(Occasion.KEYWORD, "zh_CN", "你好", " 　"), "要有关键词"),
        (NewReply(Occasion.KEYWORD, "zh_CN", "你好", "ﷺ" * 4), "最多 64 个字"),
        (NewReply(Occasion.KEYWORD, "zh_CN", "你好", "a\x00b"), "不能传送"),
        (NewReply(Occasion.KEYWORD, "zh_CN", "你好", "a\ud800b"), "不能传送"),
        (NewReply(Occasion.CONFIRM, "zh_CN", "点我"), "要有 {link}"),
    ],
)
def test_what_is_refused_leaves_everything_as_it_was(
    row: WeChatAppRow, new: NewReply, problem: str
) -> None:
    replies.save(row, HOURS, now=NOW)

    with pytest.raises(ReplyRefused) as refused:
        replies.save(row, new, now=NOW)

    assert problem in refused.value.message
    assert len(kept(row)) == 1
    assert len(db.session.scalars(db.select(AuditEntry).filter_by(tag="reply:saved")).all()) == 1


def test_a_keyword_of_64_characters_is_kept(storage: Site, row: WeChatAppRow) -> None:
    keyword = "😀" * 64

    replies.save(row, replace(HOURS, keyword=keyword), now=NOW)

    assert replies.get_text(storage, row, Occasion.KEYWORD, "en", keyword=keyword) == HOURS.text
    with pytest.raises(ReplyRefused, match="最多 64"):
        replies.save(row, replace(HOURS, keyword=keyword + "a"), now=NOW)


def test_what_is_removed_is_said_no_more(storage: Site, row: WeChatAppRow) -> None:
    save(row, Occasion.WELCOME, "你好")
    save(row, Occasion.WELCOME, "Hello", "en")
    replies.save(row, replace(HOURS, keyword="hours"), now=NOW)

    gone = [
        replies.remove(row, Occasion.WELCOME, "zh_CN", now=NOW),
        replies.remove(row, Occasion.KEYWORD, "zh_CN", keyword=" HOURS", now=NOW),
        replies.remove(row, Occasion.WELCOME, "zh_CN", now=NOW),
    ]

    assert gone == [True, True, False]
    assert kept(row) == [("welcome", "en", "", "Hello")]
    assert replies.get_text(storage, row, Occasion.WELCOME, "zh_CN") is None


def test_the_audit_tells_which_text_changed(row: WeChatAppRow) -> None:
    replies.save(row, HOURS, now=NOW)
    replies.remove(row, Occasion.KEYWORD, "zh_CN", keyword=HOURS.keyword, now=NOW)

    found = db.select(AuditEntry).filter_by(tag="reply:saved").order_by(AuditEntry.id)
    saved, removed = db.session.scalars(found)
    assert saved.detail == removed.detail == f"{row.appid} keyword zh_CN 营业时间"
    assert (saved.before, saved.after) == (None, {"text": HOURS.text})
    assert (removed.before, removed.after) == ({"text": HOURS.text}, None)


def test_two_who_save_at_once_leave_one_text(stored_app: Flask, row: WeChatAppRow) -> None:
    appid, texts = row.id, [f"你好 {number}" for number in range(4)]

    def save_one(text: str) -> None:
        with stored_app.app_context():
            own = db.session.get_one(WeChatAppRow, appid)
            save(own, Occasion.WELCOME, text)
            db.session.remove()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(save_one, texts))

    db.session.commit()
    assert len(kept(row)) == 1
    assert kept(row)[0][-1] in texts


def test_a_chat_speaks_the_persons_language_where_it_is_known(
    storage: Site, row: WeChatAppRow
) -> None:
    an_identity(row, "o-lin", now=NOW)
    accounts.find_or_create_identity(row, Sighting("o-ann", language="en"), now=NOW)
    accounts.find_or_create_identity(row, Sighting("o-ann"), now=NOW)
    accounts.find_or_create_identity(row, Sighting("o-zoe", language="fr"), now=NOW)

    spoken = {
        openid: chats.open_chat(storage, row, openid).language
        for openid in ("o-stranger", "o-lin", "o-ann", "o-zoe")
    }

    assert spoken == {"o-stranger": "zh_CN", "o-lin": "zh_CN", "o-ann": "en", "o-zoe": "zh_CN"}


def test_a_site_speaks_another_language_without_a_request(storage: Site) -> None:
    told = [
        storage.speaking(language).translate("已登录%(name)s。", name="x</a>%(name)s")
        for language in ("zh_CN", "en", "zh_CN")
    ]

    assert told[0] == told[2] == "已登录x</a>%(name)s。"
    assert told[1].isascii()


def test_a_text_that_came_to_be_too_long_is_not_said(storage: Site, row: WeChatAppRow) -> None:
    save(row, Occasion.WELCOME, "{name}" * 3)
    with write():
        row.name = "名" * 64
    chat = chats.open_chat(storage, row, "o-lin")
    fits = chats.welcome(chat)
    with write() as session:
        session.execute(db.update(Reply).values(text="{name}" * 12))

    assert fits == "名" * 192
    assert chats.welcome(chat) == f"欢迎关注{'名' * 64}。"
    assert replies.get_filled("你" * 683, row) is None
    assert replies.get_filled("你" * 682, row) == "你" * 682


@pytest.mark.parametrize("word", ["Straße", "ΐ", "ﬁn", "Ⅷ", "①", "café"])
def test_a_keyword_is_the_same_in_capitals(word: str) -> None:
    assert replies.fold(word.upper()) == replies.fold(word) == replies.fold(word.lower())


@given(st.text(max_size=80))
def test_a_folded_keyword_is_folded_for_good(written: str) -> None:
    folded = replies.fold(written)

    assert replies.fold(folded) == folded
    assert replies.fold(f" {written.strip()}\n") == folded
