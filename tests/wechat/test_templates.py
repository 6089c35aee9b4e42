"""Message templates: the account's list, and what fits into a field of each type."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wechat.conftest import Answers
from wechatlogin.simulator import template_fields
from wechatlogin.simulator.apps import Template as SimulatedTemplate
from wechatlogin.wechat import templates
from wechatlogin.wechat.client import WeChatClient
from wechatlogin.wechat.errors import Misfit, OperatorNeeded, ValueRefused, WeChatGarbled
from wechatlogin.wechat.templates import FieldType, TemplateField

#: Of WeChat's page, with a second line about the fields that came before the types.
DOCUMENTED = {
    "template_list": [
        {
            "template_id": "iPk5sOIt5X_flOVKn5GrTFpncEYTojx6ddbt8WYoV5s",
            "title": "领取奖金提醒",
            "primary_industry": "IT科技",
            "deputy_industry": "互联网|电子商务",
            "content": "{{first.DATA}}\n领奖金额:{{keyword1.DATA}}\n{{remark.DATA}}",
            "example": "您已提交领奖申请\n领奖金额：xxxx元",
        },
        {
            "template_id": "ngqIpbwh8bUfcSsECmogfXcV14J0tQlEpBO27izEYtY",
            "title": "验证码通知",
            "content": "验证码：{{character_string1.DATA}}\n有效期：{{ thing2.DATA }}\n",
        },
    ]
}
FITTING = {
    "thing1": ["巧克力", "字" * 20, "x" * 20],
    "short_thing1": ["五个字以内"],
    "character_string1": ["482915", "A-1 (ok)", "x" * 32],
    "time1": ["15:01", "2019年10月1日 15:01", "2019年10月1日", "15:01~16:02", "15:01～16:02"],
    "date1": ["2019年10月1日", "2019年10月1日 15:01", "2019年10月1日~2019年10月2日"],
    "amount1": ["39.8元", "¥100", "12"],
    "phone_number1": ["+86-0766-66888866"],
    "car_number1": ["粤A8Z888挂"],
    "const1": ["已登录"],
    "phrase1": ["已通过"],
    "name1": ["林小满", "Lin Xiaoman"],
    "number1": ["482915", "1.5"],
    "letter1": ["abc"],
    "symbol1": ["#!"],
}
MISFITS = {
    "thing1": {"字" * 21: Misfit.TOO_LONG},
    "short_thing1": {"六个字太长了": Misfit.TOO_LONG},
    "character_string1": {"中文": Misfit.CHARACTERS, "x" * 33: Misfit.TOO_LONG},
    "time1": {"明天": Misfit.CHARACTERS, "25:00": Misfit.CHARACTERS},
    "date1": {"15:01": Misfit.CHARACTERS},
    "amount1": {"一百元": Misfit.CHARACTERS, "12345678901": Misfit.CHARACTERS},
    "phone_number1": {"1" * 18: Misfit.TOO_LONG, "电话": Misfit.CHARACTERS},
    "car_number1": {"粤粤粤": Misfit.CHARACTERS},
    "const1": {"x" * 21: Misfit.TOO_LONG},
    "phrase1": {"abc": Misfit.CHARACTERS, "六个汉字的词": Misfit.TOO_LONG},
    "name1": {"林小满林小满林小满林小": Misfit.CHARACTERS, "Lin小满": Misfit.CHARACTERS},
    "number1": {"十二": Misfit.CHARACTERS, "１２": Misfit.CHARACTERS, "1" * 33: Misfit.TOO_LONG},
    "letter1": {"a1": Misfit.CHARACTERS, "a" * 33: Misfit.TOO_LONG},
    "symbol1": {"a": Misfit.CHARACTERS, "!!!!!!": Misfit.TOO_LONG},
    "keyword1": {"字" * 21: Misfit.TOO_LONG},
}
FIELDS = st.sampled_from([f"{one.value}1" for one in FieldType if one is not FieldType.OTHER])
TEXTS = st.one_of(
    st.text(max_size=40),
    st.text("0123456789~～:年月日- .元¥ABcd粤", max_size=24),
    st.sampled_from([text for texts in FITTING.values() for text in texts]),
)
JSON = st.recursive(
    st.none() | st.integers() | st.text("{}.DAT thing1\n", max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["template_list", "template_id", "title", "content", "x"]), inner
        )
    ),
)


def refusal(field: str, text: str) -> ValueRefused:
    with pytest.raises(ValueRefused) as caught:
        templates.verify_value(field, text)
    return caught.value


def simulated(field: str, value: str) -> str:
    """Return what the simulator shows of a value; it refuses one that breaks its type."""
    made = SimulatedTemplate(template_id="T", content=f"栏：{{{{{field}.DATA}}}}")
    return template_fields.checked(made, {field: {"value": value}}, typed=True)[field]


def test_the_list_is_read_with_fields_labels_and_types() -> None:
    old, new = templates.read_templates(DOCUMENTED)

    assert (old.title, new.template_id) == (
        "领取奖金提醒",
        "ngqIpbwh8bUfcSsECmogfXcV14J0tQlEpBO27izEYtY",
    )
    assert [field.name for field in old.fields] == ["first", "keyword1", "remark"]
    assert {field.type for field in old.fields} == {FieldType.OTHER}
    assert new.fields == (
        TemplateField("character_string1", "验证码"),
        TemplateField("thing2", "有效期"),
    )
    assert [field.type for field in new.fields] == [FieldType.CHARACTER_STRING, FieldType.THING]


def test_an_account_without_templates_has_an_empty_list() -> None:
    assert templates.read_templates({"template_list": []}) == ()


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"template_list": {}},
        {"template_list": ["x"]},
        {"template_list": [{"content": "{{thing1.DATA}}"}]},
        {"template_list": [{"template_id": "T", "content": ""}]},
    ],
)
def test_what_is_no_list_of_templates_is_garbled(answer: dict[str, Any]) -> None:
    with pytest.raises(WeChatGarbled):
        templates.read_templates(answer)


@given(answer=st.dictionaries(st.just("template_list"), JSON))
def test_noise_is_read_or_garbled_and_nothing_else(answer: dict[str, Any]) -> None:
    with contextlib.suppress(WeChatGarbled):
        for template in templates.read_templates(answer):
            assert all(field.name for field in template.fields)


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("thing12", FieldType.THING),
        ("character_string1", FieldType.CHARACTER_STRING),
        ("thing", FieldType.OTHER),
        ("keyword1", FieldType.OTHER),
        ("first", FieldType.OTHER),
        ("12", FieldType.OTHER),
    ],
)
def test_a_fields_name_tells_its_type(name: str, type_: FieldType) -> None:
    assert templates.type_of(name) is type_


@pytest.mark.parametrize(
    ("field", "text"), [(field, text) for field, texts in FITTING.items() for text in texts]
)
def test_a_value_of_its_type_fits_and_the_platform_takes_it(field: str, text: str) -> None:
    value = templates.verify_value(field, text)

    assert value == text.replace("～", "~")
    assert simulated(field, value) == value


@pytest.mark.parametrize(
    ("field", "text", "misfit"),
    [(field, text, misfit) for field, texts in MISFITS.items() for text, misfit in texts.items()],
)
def test_a_value_that_breaks_its_type_is_refused_with_the_reason(
    field: str, text: str, misfit: Misfit
) -> None:
    err = refusal(field, text)

    assert (err.field, err.misfit) == (field, misfit)


@pytest.mark.parametrize("text", ["", "  \n", "🎉", "\u200d", "\x00"])
def test_a_value_of_which_nothing_is_left_is_refused(text: str) -> None:
    assert refusal("thing1", text).misfit is Misfit.EMPTY


def test_emoji_go_and_line_breaks_become_blanks() -> None:
    assert templates.verify_value("thing1", "登录🎉成功\n 👨‍👩‍👧了") == "登录成功 了"


def test_a_character_outside_the_first_plane_counts_twice_as_on_a_phone() -> None:
    assert templates.verify_value("thing1", "𠮷" * 10) == "𠮷" * 10
    assert refusal("thing1", "𠮷" * 11).misfit is Misfit.TOO_LONG


def test_what_wechat_takes_out_may_have_any_length() -> None:
    assert templates.verify_value("first", "字" * 100) == "字" * 100


def test_prose_is_cut_to_fit_and_ends_in_an_ellipsis() -> None:
    assert templates.fit_value("thing1", "字" * 21) == "字" * 19 + "…"
    assert templates.fit_value("keyword1", "短") == "短"
    assert templates.fit_value("thing1", "𠮷" * 11) == "𠮷" * 9 + "…"


@pytest.mark.parametrize("field", ["character_string1", "number1", "const1", "time1"])
def test_what_is_no_prose_is_never_cut(field: str) -> None:
    with pytest.raises(ValueRefused):
        templates.fit_value(field, "1" * 70)


def test_a_refusal_is_known_before_any_call() -> None:
    err = refusal("number1", "十二")

    assert err.errcode is None
    assert "number1: characters" in err.detail


@given(field=FIELDS, text=TEXTS)
def test_whatever_is_passed_the_platform_takes_as_it_is(field: str, text: str) -> None:
    with contextlib.suppress(ValueRefused):
        value = templates.verify_value(field, text)
        assert simulated(field, value) == value
        assert templates.verify_value(field, value) == value


@given(text=st.text(max_size=60), word=st.text("字ab1", min_size=1, max_size=40))
def test_any_text_with_something_to_show_is_made_to_fit(text: str, word: str) -> None:
    value = templates.fit_value("thing1", text + word)

    assert 0 < len(value.encode("utf-16-le")) <= 40
    assert simulated("thing1", value) == value


def test_the_client_asks_once_more_when_wechat_is_busy(
    wechat: WeChatClient, answers: Answers
) -> None:
    answers.json({"errcode": -1, "errmsg": "system error"})
    answers.json(DOCUMENTED)

    listed = wechat.get_templates()

    assert len(listed) == 2
    assert {call.path for call in answers.calls} == {"/cgi-bin/template/get_all_private_template"}
    assert [call.query for call in answers.calls] == [{"access_token": "token-1"}] * 2


def test_an_account_that_may_not_ask_says_so(wechat: WeChatClient, answers: Answers) -> None:
    answers.json({"errcode": 48001, "errmsg": "api unauthorized"})

    with pytest.raises(OperatorNeeded):
        wechat.get_templates()

    assert len(answers.calls) == 1
