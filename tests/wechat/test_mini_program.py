"""The code of `wx.login` becomes a person, in one try."""

import pytest

from tests.wechat.conftest import Answers
from wechatlogin.wechat import errors
from wechatlogin.wechat.client import WeChatClient

JS_CODE = "0b1LmX000canaryJsCode00000000Abc"
OPENID = "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"
UNIONID = "o6_bmasdasdsad6_2sgVt7hMZOPfL"
ANSWER = {"session_key": "canary-session-key==", "openid": OPENID, "unionid": UNIONID}


def test_wechat_is_asked_as_its_page_says(wechat: WeChatClient, answers: Answers) -> None:
    answers.json(ANSWER)

    wechat.exchange_js_code(JS_CODE)

    assert [(call.method, call.path) for call in answers.calls] == [("GET", "/sns/jscode2session")]
    assert answers.calls[0].query == {
        "appid": "wx0123456789abcdef",
        "secret": "canary-secret-0123456789abcdef",
        "js_code": JS_CODE,
        "grant_type": "authorization_code",
    }


def test_the_answer_names_the_person_and_the_session_key_is_left_behind(
    wechat: WeChatClient, answers: Answers
) -> None:
    answers.json(ANSWER)

    grant = wechat.exchange_js_code(JS_CODE)

    assert (grant.openid, grant.unionid) == (OPENID, UNIONID)
    assert "canary" not in repr(grant)


@pytest.mark.parametrize("unionid", [None, "", " "])
def test_an_empty_unionid_is_none(
    wechat: WeChatClient, answers: Answers, unionid: str | None
) -> None:
    answers.json({**ANSWER, "unionid": unionid})

    assert wechat.exchange_js_code(JS_CODE).unionid is None


@pytest.mark.parametrize(
    ("errcode", "kind"),
    [
        (40029, errors.LoginMustRestart),
        (40163, errors.LoginMustRestart),
        (40226, errors.AccountRestricted),
        (45011, errors.WeChatBusy),
        (-1, errors.WeChatBusy),
        (40125, errors.OperatorNeeded),
        (40001, errors.OperatorNeeded),
    ],
)
def test_an_errcode_says_what_to_do_and_the_code_is_not_tried_again(
    wechat: WeChatClient, answers: Answers, errcode: int, kind: type[errors.PlatformError]
) -> None:
    answers.json({"errcode": errcode, "errmsg": f"no good: {JS_CODE}"})

    with pytest.raises(kind) as caught:
        wechat.exchange_js_code(JS_CODE)

    assert len(answers.calls) == 1
    assert JS_CODE not in str(caught.value)


@pytest.mark.parametrize("answer", [{"session_key": "k"}, {"openid": ""}, {"openid": "o 1"}, {}])
def test_an_answer_without_an_openid_is_garbled(
    wechat: WeChatClient, answers: Answers, answer: dict[str, str]
) -> None:
    answers.json(answer)

    with pytest.raises(errors.WeChatGarbled):
        wechat.exchange_js_code(JS_CODE)


@pytest.mark.parametrize("code", ["", "a b", "验证码", "x" * 513, "a&secret=b"])
def test_what_cannot_be_a_code_is_not_sent(
    wechat: WeChatClient, answers: Answers, code: str
) -> None:
    with pytest.raises(errors.LoginMustRestart):
        wechat.exchange_js_code(code)

    assert answers.calls == []
