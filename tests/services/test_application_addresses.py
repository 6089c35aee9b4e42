"""Addresses that an application may register; a browser's own parser is asked about each."""

import re
import string

import ada_url
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wechatlogin.services import application_addresses as addresses
from wechatlogin.services.application_addresses import (
    FRAGMENT,
    MALFORMED,
    NEEDS_HTTPS,
    NEEDS_HTTPS_OUTSIDE,
    NOT_AN_ORIGIN,
    ODD_CHARACTERS,
    RELATIVE,
    SCHEME,
    TOO_LONG,
    USER,
)

#: What is tried on redirects, with a host of ours and one of somebody else's.
CORPUS = (
    *("//evil.com", "///evil.com", "////evil.com", "/\\evil.com", "\\/evil.com", "\\\\evil.com"),
    *("/\\/evil.com", "http:evil.com", "https:///evil.com", "https:\\\\evil.com"),
    *("HTTPS://EVIL.com", "https://login.example.com@evil.com"),
    *("https://login.example.com:pw@evil.com", "https://evil.com\\@login.example.com"),
    *("https://evil.com#@login.example.com", "https://login.example.com%2eevil.com"),
    *("https://login.example.com。evil.com", "https://evil。com", "https://ⓔvil.com"),
    *("https://evıl.com", "https://[::1]@evil.com", "/\t/evil.com", "/\n/evil.com", "/\r/evil.com"),
    *("\t//evil.com", " //evil.com", "\0//evil.com", "\x01//evil.com"),
    *("https://login.example.com;evil.com", "https://login.example.com,evil.com"),
    *("https://0x7f000001/", "https://2130706433/", "https://127.1/"),
    *("https://login.example.com/cb/../../evil", "/cb/..%2f..%2fevil"),
    *("https://login.example.com/cb#f", "https://login.example.com/cb\r\nSet-Cookie:a=b"),
    *("https://[evil.com", "https://*.example.com/cb", "https://login.example.com/*"),
    *("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "", "https://", "https:"),
)
#: These are other hosts, and plainly so: whoever registers one means it.
OTHER_HOSTS = (
    "https://evil.com?@login.example.com",
    "https://login.example.com.evil.com",
    "https://evillogin.example.com",
    "https://login.example.com/cb?x=1",
    "https://login.example.com/cb%0d%0aSet-Cookie:a=b",
)
PIECES = st.sampled_from(
    (
        *("https://", "http://", "https:/", "//", "com.example.app:/", "javascript:", "com.app://"),
        *("shop.example", "127.0.0.1", "localhost", "[::1]", "0x7f.1", "[1::]", "a_b", "xn"),
        *(":443", ":8443", ":0", ":65536", ":", "@", "#", "?", "/", "/..", "/.", "/%2E", "%2e"),
        *("\\", "*", "'", '"', "<", "{", "|", "^", "`", "[", "]", ";", ",", "&=", "%zz", " ", "\t"),
        *("é", "。", "İ", "..", ".", "-", "A", "cb", "%41", "+", "~", "\x00", "\n"),
    )
)
WRITTEN = st.lists(PIECES, max_size=8).map("".join)
NEAR = st.tuples(
    st.sampled_from(("https://", "http://", "com.example.app:/", "com.example.app://")),
    st.text(string.ascii_lowercase + string.digits + ".-_[]:", max_size=12),
    st.sampled_from(("", "/", "/cb", "/a//b")),
    st.text(string.printable, max_size=8),
).map("".join)


def ascii_alone(value: str) -> str:
    return value[:40] if value.isascii() else ""


def opens_as_written(uri: str) -> bool:
    """Tell whether a browser goes exactly where the text says, and nothing is left out or added."""
    opened = ada_url.URL(uri)
    # A browser writes the path that is always there, and leaves the default port out.
    web = re.fullmatch(r"(https?://[^/?]*?)(:443|:80)?([/?].*)?", uri, re.DOTALL)
    if web is None:
        return bool(opened.href == uri)
    rest = web[3] or "/"
    rest = rest if rest.startswith("/") else f"/{rest}"
    default = {"https://": ":443", "http://": ":80"}[re.match("https?://", uri)[0]]  # type: ignore[index]
    kept = "" if web[2] in {None, default} else web[2]
    return bool(opened.href == f"{web[1]}{kept}{rest}")


@given(WRITTEN | NEAR | st.text(max_size=40), st.booleans())
@example("https://[evil.com", False)
@example("com.example.app:/cb", True)
def test_an_address_that_is_taken_opens_exactly_as_it_is_written(uri: str, is_public: bool) -> None:
    if addresses.get_redirect_fault(uri, is_public=is_public) is not None:
        return

    opened = ada_url.URL(uri)

    assert opens_as_written(uri)
    assert (opened.username, opened.password, opened.hash) == ("", "", "")
    assert (
        opened.protocol == "https:"
        or opened.hostname in {"localhost", "[::1]"}
        or (
            re.fullmatch(r"127\.[0-9.]+", opened.hostname) or (is_public and "." in opened.protocol)
        )
    )


@given(WRITTEN | NEAR)
def test_an_origin_that_is_taken_is_one_as_a_browser_writes_it(origin: str) -> None:
    if addresses.get_origin_fault(origin) is None:
        assert ada_url.URL(origin).origin == origin


@given(WRITTEN | NEAR | st.text(max_size=40))
def test_no_text_makes_the_check_of_a_logout_address_fail(uri: str) -> None:
    if addresses.get_backchannel_fault(uri) is None:
        assert ada_url.URL(uri).protocol in {"https:", "http:"}


@pytest.mark.parametrize("uri", CORPUS, ids=repr)
def test_what_misleads_a_reader_is_no_redirect_uri(uri: str) -> None:
    for is_public in (False, True):
        assert addresses.get_redirect_fault(uri, is_public=is_public) is not None
    assert addresses.get_backchannel_fault(uri) is not None
    assert addresses.get_origin_fault(uri) is not None


@pytest.mark.parametrize("uri", OTHER_HOSTS)
def test_an_address_is_of_its_own_host_whatever_it_looks_like(uri: str) -> None:
    assert addresses.get_redirect_fault(uri, is_public=False) is None
    assert opens_as_written(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "https://shop.example",
        "https://shop.example/cb",
        "https://shop.example:8443/cb?a=b&c=%E4%B9%A6",
        "https://xn--fiqs8s.example/cb",
        "https://192.0.2.7/cb",
        "https://[2001:db8::7]:8443/cb",
        "https://shop.example/login/generic_oauth",
        "http://localhost:3000/cb",
        "http://127.0.0.1/cb",
        "http://[::1]:8080/cb",
    ],
)
def test_an_exact_absolute_address_is_taken(uri: str) -> None:
    assert addresses.get_redirect_fault(uri, is_public=False) is None
    assert opens_as_written(uri)


@pytest.mark.parametrize(
    ("uri", "fault"),
    [
        ("https://shop.example/" + "a" * 1004, TOO_LONG),
        ("https://书店.example/cb", ODD_CHARACTERS),
        ("https://shop.example/a b", ODD_CHARACTERS),
        ("https://shop.example/%4", ODD_CHARACTERS),
        ("shop.example/cb", RELATIVE),
        ("//shop.example/cb", RELATIVE),
        ("https://shop.example/cb#x", FRAGMENT),
        ("https://lin@shop.example/cb", USER),
        ("https://[evil.com", MALFORMED),
        ("https://Shop.example/cb", MALFORMED),
        ("https://shop.example:0/", MALFORMED),
        ("https://shop.example:70000/", MALFORMED),
        ("https://shop.example./", MALFORMED),
        ("https://shop..example/", MALFORMED),
        ("https://-shop.example/", MALFORMED),
        ("https://127.0.0.01/", MALFORMED),
        ("https://[0:0::1]/", MALFORMED),
        ("https://shop.example/a/%2E%2e/b", MALFORMED),
        ("http://shop.example/cb", NEEDS_HTTPS),
        ("http://10.0.0.7/cb", NEEDS_HTTPS),
        ("ftp://shop.example/cb", SCHEME),
        ("com.example.app:/cb", SCHEME),
    ],
    ids=ascii_alone,
)
def test_what_is_wrong_with_an_address_is_said(uri: str, fault: str) -> None:
    assert addresses.get_redirect_fault(uri, is_public=False) == fault


@pytest.mark.parametrize(
    "uri", ["com.example.app:/cb", "com.example.app://cb", "com.example.app://cb/x?y=1"]
)
def test_an_app_has_its_own_scheme(uri: str) -> None:
    assert addresses.get_redirect_fault(uri, is_public=True) is None


@pytest.mark.parametrize(
    ("uri", "fault"),
    [
        ("example:/cb", SCHEME),
        ("javascript.x:alert(1)", SCHEME),
        ("com.example.app:cb", SCHEME),
        ("com.example.app://", SCHEME),
        ("com.example.app:/a/../b", MALFORMED),
        ("com.example.app://lin@cb", USER),
    ],
    ids=ascii_alone,
)
def test_a_scheme_without_a_dot_or_a_path_is_no_apps_own(uri: str, fault: str) -> None:
    assert addresses.get_redirect_fault(uri, is_public=True) == fault


@pytest.mark.parametrize(
    "uri",
    [
        "https://shop.example/logout",
        "http://localhost/logout",
        "http://10.1.2.3:3000/logout",
        "http://[fd00::7]/logout",
        "http://grafana:3000/logout",
        "http://gitea.internal/logout",
    ],
)
def test_a_server_in_the_owners_network_hears_of_log_outs_by_http(uri: str) -> None:
    assert addresses.get_backchannel_fault(uri) is None


@pytest.mark.parametrize("uri", ["http://shop.example/logout", "http://8.8.8.8/", "com.app:/x"])
def test_a_server_outside_of_it_hears_of_them_by_https(uri: str) -> None:
    assert addresses.get_backchannel_fault(uri) == NEEDS_HTTPS_OUTSIDE


@pytest.mark.parametrize(
    "origin", ["https://shop.example/", "https://shop.example?x", "https://shop.example:443"]
)
def test_an_origin_is_a_scheme_a_host_and_a_port(origin: str) -> None:
    assert addresses.get_origin_fault(origin) == NOT_AN_ORIGIN
    assert addresses.get_origin_fault("https://shop.example:8443") is None
