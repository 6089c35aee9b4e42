"""The values of template fields, type by type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatlogin.simulator import template_fields
from wechatlogin.simulator.apps import Template
from wechatlogin.simulator.errors import PlatformError

GOOD = {
    "thing": ["巧克力", "x" * 20],
    "short_thing": ["五个字以内"],
    "character_string": ["A-1 (ok)", "x" * 32],
    "time": ["15:01", "2019年10月1日 15:01", "2019年10月1日", "15:01~16:02", "2026-11-21 08:00:00"],
    "date": ["2019年10月1日", "2019年10月1日 15:01", "2019年10月1日~2019年10月2日"],
    "amount": ["39.8元", "¥100", "$5.5", "12"],
    "phone_number": ["+86-0766-66888866"],
    "car_number": ["粤A8Z888挂"],
    "const": ["已登录"],
    "phrase": ["已通过"],
    "name": ["林小满", "Lin Xiaoman"],
    "number": ["12", "1.5"],
    "letter": ["abc"],
    "symbol": ["#!"],
}
BAD = {
    "thing": ["x" * 21],
    "short_thing": ["六个字就太长了"],
    "character_string": ["中文", "x" * 33],
    "time": ["明天", "25:00", "15:01～16:02", "2019/10"],
    "date": ["15:01"],
    "amount": ["一百元", "12345678901"],
    "phone_number": ["1" * 18, "电话"],
    "car_number": ["粤粤粤", "A23456789"],
    "const": ["x" * 21],
    "phrase": ["abc", "六个汉字的词语"],
    "name": ["林小满林小满林小满林小", "Lin小满", "12"],
    "number": ["十二", "1" * 33],
    "letter": ["a1", "a" * 33],
    "symbol": ["a", "!!!!!!"],
}


def template(*keywords: str, **constants: tuple[str, ...]) -> Template:
    content = "\n".join(f"栏：{{{{{keyword}.DATA}}}}" for keyword in keywords)
    return Template(template_id="T", title="标题", content=content, constants=constants)


def checked(value: object, keyword: str = "thing1", *, typed: bool = True) -> str:
    data = {keyword: {"value": value}}
    return template_fields.checked(template(keyword), data, typed=typed)[keyword]


def refused(value: object, keyword: str = "thing1") -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        checked(value, keyword)
    assert caught.value.errcode == 47003
    return caught.value


@pytest.mark.parametrize(
    ("kind", "value"), [(kind, value) for kind, values in GOOD.items() for value in values]
)
def test_a_value_of_its_type_is_taken(kind: str, value: str) -> None:
    assert checked(value, f"{kind}1") == value


@pytest.mark.parametrize(
    ("kind", "value"), [(kind, value) for kind, values in BAD.items() for value in values]
)
def test_a_value_that_breaks_its_type_is_47003(kind: str, value: str) -> None:
    assert refused(value, f"{kind}1").detail == f"argument invalid! data.{kind}1.value invalid"


def test_a_type_that_wechat_does_not_have_is_47003() -> None:
    refused("x", "keyword1")


@pytest.mark.parametrize("value", ["", "  ", None, {}, True])
def test_an_empty_value_is_refused_in_wechats_spelling(value: object) -> None:
    assert refused(value).detail == "argument invalid! data.thing1.value is emtpy"


def test_a_missing_field_is_an_empty_one() -> None:
    with pytest.raises(PlatformError) as caught:
        template_fields.checked(template("thing1", "time2"), {"thing1": {"value": "a"}}, typed=True)

    assert "data.time2.value is emtpy" in caught.value.detail


def test_a_number_is_written_as_text() -> None:
    assert checked(12, "number1") == "12"


def test_emoji_and_line_breaks_are_removed_and_the_rest_is_sent() -> None:
    assert checked("登录🎉成功\n了") == "登录成功了"


def test_nothing_but_emoji_leaves_nothing_to_send() -> None:
    refused("🎉")


def test_first_and_remark_are_removed() -> None:
    made = template("first", "thing1", "remark")
    data = {name: {"value": name} for name in ("first", "thing1", "remark")}

    values = template_fields.checked(made, data, typed=True)

    assert template_fields.rendered(made, values) == "标题\n栏：thing1"


def test_a_const_has_to_be_one_of_those_registered() -> None:
    made = template("const1", const1=("已登录", "已退出"))

    assert template_fields.checked(made, {"const1": {"value": "已登录"}}, typed=True)
    with pytest.raises(PlatformError):
        template_fields.checked(made, {"const1": {"value": "别的"}}, typed=True)


def test_a_test_account_has_no_types() -> None:
    assert checked("无论多长的文字都可以写在测试号的模板里面没有限制", "anything", typed=False)


@given(st.text(st.characters(codec="utf-8"), min_size=21, max_size=40))
def test_whatever_is_shown_of_a_thing_has_20_characters_at_most(value: str) -> None:
    try:
        shown = checked(value)
    except PlatformError:
        shown = ""

    assert len(shown) <= 20
