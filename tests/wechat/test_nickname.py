"""Nicknames that are fit to show."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatlogin.wechat import nickname

FAMILY = "👨\u200d👩\u200d👧\u200d👦"


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        pytest.param("张三", "张三", id="Chinese"),
        pytest.param("  a \t b\n", "a b", id="blanks"),
        pytest.param("a\x00\x07\x1b[31mb", "a[31mb", id="control characters"),
        pytest.param("\u202egnp.exe", "gnp.exe", id="right to left"),
        pytest.param("a\u2066b\u2069\u200f\ufeffc", "abc", id="other invisible ones"),
        pytest.param("\ud83d\ude00", "😀", id="two halves"),
        pytest.param("a\ud83db\ude00", "ab", id="lone halves"),
        pytest.param("e\u0301", "é", id="composed"),
        pytest.param("Z" + "\u0335" * 50, "Z" + "\u0335" * 3, id="a tower of marks"),
        pytest.param(FAMILY + "👍🏽", FAMILY + "👍🏽", id="built emoji"),
        pytest.param("\u200d\u200c", "", id="nothing visible"),
        pytest.param("\ue415a", "a", id="private use"),
        pytest.param("", "", id="empty"),
        pytest.param("微信用户", "微信用户", id="the default one"),
        pytest.param("字" * 100, "字" * 64, id="long"),
        pytest.param(FAMILY * 65, FAMILY * 36, id="long, of emoji"),
        pytest.param("Z\u0335\u0336\u0337" * 65, "Z\u0335\u0336\u0337" * 63, id="long, of marks"),
        pytest.param("Z" + "\u0335" * 10_000, "Z" + "\u0335" * 3, id="10,000 marks"),
        pytest.param("😀\u200d" * 40, "😀\u200d" * 6 + "", id="one endless emoji"),
    ],
)
def test_a_nickname_becomes_fit_to_show(raw: str, clean: str) -> None:
    assert nickname.clean_nickname(raw) == clean.strip("\u200d")


@given(raw=st.text(st.characters()))
def test_any_nickname_becomes_harmless(raw: str) -> None:
    clean = nickname.clean_nickname(raw)

    clean.encode("utf-8")
    assert not {unicodedata.category(letter) for letter in clean} & {"Cc", "Cs", "Co"}
    assert len(clean) <= nickname.LONGEST_STORED
    assert clean == clean.strip()


@given(raw=st.text(st.characters()))
def test_cleaning_twice_changes_nothing_more(raw: str) -> None:
    clean = nickname.clean_nickname(raw)

    assert nickname.clean_nickname(clean) == clean
