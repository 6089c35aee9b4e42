"""The address of the authorize page: one order, nothing missing, nothing more."""

from itertools import permutations
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulator.platform import APPID, authorize_query
from wechatlogin.simulator import authorize_request
from wechatlogin.simulator.apps import Account
from wechatlogin.simulator.errors import AuthorizeRefused

PARTS = authorize_query().split("&")


def refusal(query: str, *, state_required: bool = True) -> AuthorizeRefused:
    with pytest.raises(AuthorizeRefused) as caught:
        authorize_request.parse(query, state_required=state_required)
    return caught.value


def account(*domains: str) -> Account:
    return Account.model_validate({"appid": APPID, "secret": "s", "domains": domains})


def test_the_canonical_order_is_read() -> None:
    wish = authorize_request.parse("&".join(PARTS), state_required=True)

    assert wish.appid == APPID
    assert wish.redirect_uri == "http://shop.example/back"
    assert (wish.scope, wish.state) == ("snsapi_userinfo", "abc123")


@pytest.mark.parametrize("order", [one for one in permutations(PARTS) if list(one) != PARTS])
def test_every_other_order_is_refused(order: tuple[str, ...]) -> None:
    error = refusal("&".join(order))

    assert (error.number, error.text) == (None, "该链接无法访问")


@given(
    name=st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", min_size=1, max_size=12),
    place=st.integers(0, len(PARTS)),
)
def test_an_unknown_parameter_is_refused_wherever_it_stands(name: str, place: int) -> None:
    if name in authorize_request.ADDITIONS:
        return

    error = refusal("&".join([*PARTS[:place], f"{name}=1", *PARTS[place:]]))

    assert error.number is None


@pytest.mark.parametrize("addition", sorted(authorize_request.ADDITIONS))
def test_an_addition_is_taken_after_the_state_alone(addition: str) -> None:
    wish = authorize_request.parse(f"{'&'.join(PARTS)}&{addition}=true", state_required=True)

    assert wish.additions == {addition}
    assert refusal(f"{addition}=true&{'&'.join(PARTS)}").number is None


@pytest.mark.parametrize("part", PARTS)
def test_a_parameter_that_stands_twice_is_refused(part: str) -> None:
    assert refusal("&".join([*PARTS, part])).number is None


@pytest.mark.parametrize(
    ("name", "number"),
    [("appid", 10012), ("redirect_uri", 10011), ("scope", 10010), ("state", 10013)],
)
def test_a_missing_parameter_has_a_number_of_its_own(name: str, number: int) -> None:
    without = "&".join(part for part in PARTS if not part.startswith(f"{name}="))

    assert refusal(without).number == number
    assert refusal(authorize_query(**{name: ""})).number == number


def test_the_state_may_be_left_out_where_the_switch_says_so() -> None:
    wish = authorize_request.parse("&".join(PARTS[:-1]), state_required=False)

    assert wish.state == ""


def test_a_response_type_other_than_code_is_refused() -> None:
    assert refusal(authorize_query(response_type="token")).text == "该链接无法访问"


@pytest.mark.parametrize("scope", ["snsapi_login", "openid", "snsapi_base,snsapi_userinfo"])
def test_a_scope_of_another_page_is_refused(scope: str) -> None:
    assert "Scope 参数错误" in refusal(authorize_query(scope=scope)).text


def test_a_redirect_uri_has_to_be_escaped() -> None:
    query = authorize_query().replace(
        quote("http://shop.example/back", safe=""), "http://shop.example/back"
    )

    assert refusal(query).text == "redirect_uri 参数错误"


@given(st.text("abcXYZ019", min_size=1, max_size=128))
def test_a_state_of_letters_and_digits_is_taken_up_to_128_bytes(state: str) -> None:
    assert authorize_request.parse(authorize_query(state=state), state_required=True).state == state


@pytest.mark.parametrize("state", ["a" * 129, "a-b", "a_b", "a.b", "a=", "a b", "状态"])
def test_a_state_that_is_too_long_or_out_of_the_alphabet_is_refused(state: str) -> None:
    assert refusal(authorize_query(state=state)).text == "state 参数错误"


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "http://shop.example/back",
        "https://shop.example/back?a=1",
        "https://SHOP.example:443/",
        "http://shop.example:80/",
    ],
)
def test_the_configured_host_is_let_through(redirect_uri: str) -> None:
    authorize_request.verify_redirect(account("shop.example"), redirect_uri)


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "http://www.shop.example/back",
        "http://example/back",
        "http://shop.example.evil.example/",
        "http://shop.example:8080/back",
        "http://shop.example@evil.example/",
        "http://shop.example:x/",
        "ftp://shop.example/",
        "//shop.example/",
        "javascript:alert(1)",
    ],
)
def test_any_other_host_or_port_is_10003(redirect_uri: str) -> None:
    with pytest.raises(AuthorizeRefused) as caught:
        authorize_request.verify_redirect(account("shop.example"), redirect_uri)

    assert caught.value.number == 10003


def test_a_domain_with_a_port_covers_that_port_alone() -> None:
    laptop = account("127.0.0.1:5000")

    authorize_request.verify_redirect(laptop, "http://127.0.0.1:5000/back")
    with pytest.raises(AuthorizeRefused):
        authorize_request.verify_redirect(laptop, "http://127.0.0.1/back")


def test_the_code_is_appended_before_the_hash_and_after_the_query() -> None:
    query = authorize_query(redirect_uri="http://shop.example/back?a=1#/page")

    wish = authorize_request.parse(query, state_required=True)

    assert wish.callback("C") == "http://shop.example/back?a=1&code=C&state=abc123#/page"
