"""A mini program: `wx.login` gives a code, which is good for the person's ids once."""

import base64

import pytest

from tests.simulator.platform import APPID, OTHER_APPID, RID, SECRET, Platform, read

MINI_PROGRAM = "wx00000000000000c3"


@pytest.fixture
def mini_program(empty: Platform) -> Platform:
    """A simulator with one mini program."""
    empty.add_app(appid=MINI_PROGRAM, kind="mini_program", name="", domains=[], templates=[])
    return empty


def js_code(platform: Platform, name: str = "lin", appid: str = MINI_PROGRAM) -> str:
    return str(platform.person(name, "js-code", appid=appid)["code"])


def exchanged(platform: Platform, code: str, **given: str) -> dict[str, object]:
    query = {
        "appid": MINI_PROGRAM,
        "secret": SECRET,
        "js_code": code,
        "grant_type": "authorization_code",
        **given,
    }
    return read(platform.client.get("/sns/jscode2session", query_string=query))


def test_a_code_brings_the_ids_and_a_session_key(mini_program: Platform) -> None:
    code = js_code(mini_program)

    answer = exchanged(mini_program, code)

    assert len(code) == 32
    assert set(answer) == {"session_key", "openid", "unionid"}
    assert answer["openid"] == mini_program.openid("lin", MINI_PROGRAM)
    assert len(base64.b64decode(str(answer["session_key"]))) == 16


def test_who_has_no_unionid_gets_none(mini_program: Platform) -> None:
    assert "unionid" not in exchanged(mini_program, js_code(mini_program, "nounion"))


def test_the_unionid_is_that_of_the_other_accounts_of_the_open_platform(
    mini_program: Platform,
) -> None:
    mini_program.add_app()

    answer = exchanged(mini_program, js_code(mini_program))

    assert answer["unionid"] == mini_program.user_token()["unionid"]
    assert answer["openid"] != mini_program.openid("lin", APPID)


def test_a_code_is_good_once(mini_program: Platform) -> None:
    code = js_code(mini_program)
    assert "openid" in exchanged(mini_program, code)

    again = exchanged(mini_program, code)

    assert again["errcode"] == 40163
    assert RID.search(str(again["errmsg"]))


def test_a_code_lives_for_five_minutes(mini_program: Platform) -> None:
    code = js_code(mini_program)
    mini_program.advance(301)

    assert exchanged(mini_program, code)["errcode"] == 40029


def test_a_code_of_another_app_is_40029_and_stays_good_for_its_own(mini_program: Platform) -> None:
    mini_program.add_app(appid=OTHER_APPID, kind="mini_program")
    code = js_code(mini_program)

    assert exchanged(mini_program, code, appid=OTHER_APPID)["errcode"] == 40029
    assert "openid" in exchanged(mini_program, code)


@pytest.mark.parametrize(
    ("given", "errcode"),
    [
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"js_code": ""}, 41008),
        ({"js_code": "nobody's"}, 40029),
        ({"grant_type": "client_credential"}, 40002),
        ({"appid": "wx9999999999999999"}, 40013),
        ({"secret": "wrong"}, 40125),
    ],
)
def test_a_wrong_parameter_has_its_errcode_and_spends_nothing(
    mini_program: Platform, given: dict[str, str], errcode: int
) -> None:
    code = js_code(mini_program)

    assert exchanged(mini_program, code, **given)["errcode"] == errcode
    assert "openid" in exchanged(mini_program, code)


def test_an_official_account_may_not_ask(platform: Platform) -> None:
    assert exchanged(platform, platform.code(), appid=APPID)["errcode"] == 48001


def test_a_mini_program_has_no_authorize_page(mini_program: Platform) -> None:
    page = mini_program.consented(appid=MINI_PROGRAM)

    assert page.status_code == 200
    assert "10005" in page.text


def test_only_a_mini_program_is_opened_as_one(platform: Platform) -> None:
    refused = platform.client.post("/simulator/people/lin/js-code", json={"appid": APPID})

    assert (refused.status_code, refused.get_json()["error"]) == (400, "not_a_mini_program")


def test_too_many_calls_in_a_minute_are_refused(empty: Platform) -> None:
    quotas = {"/sns/jscode2session:minute": 1}
    empty.add_app(appid=MINI_PROGRAM, kind="mini_program", quotas=quotas)

    assert "openid" in exchanged(empty, js_code(empty))
    assert exchanged(empty, js_code(empty))["errcode"] == 45011


def test_the_method_has_to_be_get_and_the_answer_is_text(mini_program: Platform) -> None:
    assert read(mini_program.client.post("/sns/jscode2session"))["errcode"] == 43001
    assert mini_program.client.get("/sns/jscode2session").content_type == "text/plain"


def test_the_log_of_calls_holds_neither_code_nor_session_key(mini_program: Platform) -> None:
    code = js_code(mini_program)
    key = str(exchanged(mini_program, code)["session_key"])

    told = str(mini_program.control("GET", "/calls?path=/sns/jscode2session"))

    assert MINI_PROGRAM in told
    assert code not in told
    assert key not in told
