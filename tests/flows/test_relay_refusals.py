"""What a site may not ask of us in WeChat's place is refused on a page, never by a redirect."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.conftest import Installation
from tests.flows.phones import Browser, Phone
from tests.flows.shop import Shop, asked, open_shop


@pytest.fixture
def shop(installation: Installation) -> Iterator[Shop]:
    with open_shop(installation) as site:
        yield site


@pytest.mark.parametrize("target", ["https://evil.example/", "{uri}x", "{uri}%23", "{url}/", "//x"])
def test_an_address_that_nobody_registered_is_never_redirected_to(
    installation: Installation, shop: Shop, target: str
) -> None:
    uri = target.format(uri=shop.redirect_uri, url=shop.url)

    answer = Phone("lin").step(asked(installation, shop, redirect_uri=uri))

    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert "这个网站的回调地址没有登记" in answer.text
    assert f'href="{uri}' not in answer.text


@pytest.mark.parametrize(
    "changed",
    [
        {"scope": "snsapi_login"},
        {"scope": "snsapi_base,snsapi_userinfo"},
        {"scope": ""},
        {"response_type": "token"},
        {"response_type": ""},
        {"state": ""},
        {"state": "x" * 129},
        {"state": "微"},
        {"state": "a\r\nSet-Cookie: a=b"},
        {"appid": ""},
        {"redirect_uri": ""},
        {"appid": "wx0000000000000000"},
        {"client_id": "nobodys"},
        {"padding": "x" * 2000},
    ],
)
def test_what_wechat_would_not_take_is_refused_on_a_page(
    installation: Installation, shop: Shop, changed: dict[str, str]
) -> None:
    answer = Phone("lin").step(asked(installation, shop, **changed))

    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert "没有完成" in answer.text


@pytest.mark.parametrize(
    "more",
    [
        "state=2",
        "redirect_uri=https%3A%2F%2Fevil.example",
        "unknown=1&unknown=2",
        "scope=snsapi_base",
    ],
)
def test_a_doubled_parameter_is_refused(installation: Installation, shop: Shop, more: str) -> None:
    answer = Phone("lin").step(f"{asked(installation, shop)}&{more}")

    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_a_program_is_told_in_json(installation: Installation, shop: Shop) -> None:
    phone = Phone("lin")
    phone.headers["Accept"] = "application/json"

    answer = phone.step(asked(installation, shop, redirect_uri="https://evil.example/"))

    assert answer.json()["error"] == "redirect_unknown"


def test_outside_wechat_the_page_says_how_to_open_it_there(
    installation: Installation, shop: Shop
) -> None:
    url = asked(installation, shop)

    page = Browser().step(url)
    unknown = Browser().step(asked(installation, shop, redirect_uri="https://evil.example/"))

    assert page.status_code == 200
    assert url.replace("&", "&amp;") in page.text
    assert "<svg" in page.text
    assert unknown.status_code == 400


def test_the_longest_address_that_is_taken_still_fits_into_the_qr(
    installation: Installation, shop: Shop
) -> None:
    url = asked(installation, shop, padding="")
    longest = 2000 - len(urlsplit(url).query)

    page = Browser().step(url + "x" * longest)

    assert page.status_code == 200
    assert "<svg" in page.text
