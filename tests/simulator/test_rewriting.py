"""Addresses of the built-in browser, and the pages it makes fit into the frame."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wechatlogin.simulator import addresses, rewriting
from wechatlogin.simulator.addresses import Place

PAGE = Place("lin", "ios", "http://shop.example:5000/login/scan?a=1")
FRONT = "/phone/web/lin~ios/http/shop.example:5000"


def shown(page: str) -> str:
    return rewriting.rewritten(page, PAGE, snapshot=False)


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("/static/a.css", f"{FRONT}/static/a.css"),
        ("http://shop.example:5000/x?y=1#z", f"{FRONT}/x?y=1#z"),
        ("//cdn.example/a.js", "/phone/web/lin~ios/http/cdn.example/a.js"),
        ("https://other.example", "/phone/web/lin~ios/https/other.example/"),
        ("next", "next"),
        ("?b=2", "?b=2"),
        ("#top", "#top"),
        ("", ""),
        ("data:image/png;base64,AA", "data:image/png;base64,AA"),
        ("mailto:a@b.example", "mailto:a@b.example"),
    ],
)
def test_a_link_leads_through_the_phone(link: str, expected: str) -> None:
    assert PAGE.shown(link) == expected


@given(path=st.text("abcXYZ019-_/.", max_size=20), query=st.text("abc=&019%", max_size=20))
def test_an_address_and_its_place_lead_to_each_other(path: str, query: str) -> None:
    url = f"https://shop.example/{path}" + (f"?{query}" if query else "")

    found = addresses.place("http://localhost" + addresses.shown("lin", "android", url))

    assert found == Place("lin", "android", url)


@pytest.mark.parametrize(
    "address",
    ["", "http://localhost/phone", "http://localhost/phone/web/lin~ios/ftp/x/", "/phone/web/x"],
)
def test_any_other_address_is_no_place(address: str) -> None:
    assert addresses.place(address) is None


def test_links_forms_scripts_and_pictures_are_led_through() -> None:
    page = (
        '<link href="/a.css" integrity="sha384-x"><form action="/b"><button formaction="/c">'
        '<img src="/d.png" srcset="/e.png 2x, f.png 3x"><a href="/g" target="_blank">'
    )

    out = shown(page)

    for name in "abcdeg":
        assert f'"{FRONT}/{name}' in out
    assert "f.png 3x" in out
    assert "integrity" not in out
    assert "target" not in out


def test_a_refresh_is_led_through() -> None:
    out = shown('<meta http-equiv="refresh" content="0; url=/next">')

    assert f'content="0; url={FRONT}/next"' in out


def test_policies_made_for_another_address_are_taken_out() -> None:
    out = shown(
        '<meta http-equiv="Content-Security-Policy" content="default-src \'self\'">'
        '<meta name="referrer" content="no-referrer"><base href="/x/"><meta charset="utf-8">'
    )

    assert "Content-Security-Policy" not in out
    assert "referrer" not in out
    assert "<base" not in out
    assert 'charset="utf-8"' in out


def test_the_bridge_stands_first_in_the_head_or_in_front() -> None:
    assert shown("<html><head><title>x</title>").startswith(
        '<html><head><script src="/phone/static/bridge.js" data-snapshot="false">'
    )
    assert shown("<p>x").startswith("<script")
    assert 'data-snapshot="true"' in rewriting.rewritten("<p>", PAGE, snapshot=True)


@pytest.mark.parametrize(
    "page",
    [
        "<!doctype html><p>&lt;b&gt; &amp; &#x4f60; 你好</p>",
        "<script>if (a < b && c > d) { x = '</' + 'p>'; }</script>",
        "<style>a > b { color: red }</style>",
        "<!-- a comment --><br/><input disabled>",
        "<?pi x?>",
        '<p title="a &quot;b&quot; &amp; c">',
    ],
)
def test_whatever_is_no_address_stays_as_it_is(page: str) -> None:
    assert shown(page).endswith(page)


@given(st.text(max_size=200))
def test_no_page_is_too_broken_to_be_shown(page: str) -> None:
    assert "bridge.js" in shown(page)
