"""The strict reading of XML and JSON bodies."""

import contextlib
import json
import time
from xml.sax.saxutils import escape

import pytest
import xmltodict
from hypothesis import given
from hypothesis import strategies as st

from wechatlogin.errors import PushRefused
from wechatlogin.wechat import fields

XML_TEXT = st.text(
    st.characters(min_codepoint=0x20, exclude_categories=["Cs"], exclude_characters="\ufffe\uffff")
)


def refusal(body: bytes) -> str:
    with pytest.raises(PushRefused) as caught:
        fields.parse(body)
    return caught.value.reason


def test_the_fields_of_documented_xml_are_read() -> None:
    parsed = fields.parse(
        b"""<xml><ToUserName><![CDATA[gh_1]]></ToUserName>
        <CreateTime>1348831860</CreateTime><EventKey><![CDATA[]]></EventKey><Empty/>
        <ScanCodeInfo><ScanType>qrcode</ScanType></ScanCodeInfo></xml>"""
    )

    assert parsed.values == {
        "ToUserName": "gh_1",
        "CreateTime": "1348831860",
        "EventKey": "",
        "Empty": "",
    }
    assert parsed.unclear == {"ScanCodeInfo"}


def test_the_fields_of_json_are_read() -> None:
    body = {"ToUserName": "gh_1", "CreateTime": 1, " OpenID": "o1", "List": [{}], "Empty": None}

    parsed = fields.parse(b"\xef\xbb\xbf" + json.dumps(body).encode())

    assert parsed.values == {"ToUserName": "gh_1", "CreateTime": "1", "OpenID": "o1", "Empty": ""}
    assert parsed.unclear == {"List"}


def test_a_field_that_is_there_in_any_way_is_in() -> None:
    parsed = fields.parse(b"<xml><a>1</a><b><c/></b></xml>")

    assert "a" in parsed
    assert "b" in parsed
    assert "c" not in parsed
    assert parsed.get("c") is None


@pytest.mark.parametrize(
    "body",
    [
        b"<xml><FromUserName>a</FromUserName><FromUserName>b</FromUserName></xml>",
        b"<xml><FromUserName>a</FromUserName><FromUserName>a</FromUserName></xml>",
        b"<xml><FromUserName><a/></FromUserName></xml>",
        b'{"FromUserName":"a","FromUserName":"b"}',
        b'{"FromUserName":"a","FromUserName ":"b"}',
        b'{"FromUserName":["a"]}',
        b'{"FromUserName":{"a":"b"}}',
        b'{"FromUserName":1.5}',
    ],
)
def test_a_field_that_could_be_read_in_two_ways_is_refused_when_read(body: bytes) -> None:
    parsed = fields.parse(body)

    with pytest.raises(PushRefused, match=r"^签名不正确。$") as caught:
        parsed.get("FromUserName")
    assert caught.value.reason == "unclear FromUserName"


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE xml><xml><a>1</a></xml>",
        b'<?xml version="1.0"?><!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd"><xml><a>1</a></xml>',
        b'<!DOCTYPE x [<!ENTITY a "b">]><xml><a>&a;</a></xml>',
        b'<!DOCTYPE x [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]><xml/>',
        b"<xml><!-- comment --><a>1</a></xml>",
        b"<xml><?php echo 1 ?><a>1</a></xml>",
        b'<xml a="b"><a>1</a></xml>',
        b"<xml><a><![cdata[1]]></a></xml>",
        b"<xml>< a>1</ a></xml>",
    ],
)
def test_markup_that_wechat_does_not_send_is_refused(body: bytes) -> None:
    assert refusal(body) == "markup that WeChat does not send"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not XML"),
        (b"text", "not XML"),
        (b"<xml><a>1</b></xml>", "not XML"),
        (b"<xml>&undefined;</xml>", "not XML"),
        (b"<xml>\x01</xml>", "not XML"),
        (b"<xml/><xml/>", "not XML"),
        (b"<xml/>", "no xml element"),
        (b"<xml>text</xml>", "no xml element"),
        (b"<html><a>1</a></html>", "no xml element"),
        (b"<xml><a><![CDATA[1</a></xml>", "unclosed CDATA"),
        (b"<xml>\xff</xml>", "not UTF-8"),
        (b'<?xml version="1.0" encoding="utf-16"?>\xff\xfe', "not UTF-8"),
        (b"{", "not JSON"),
        (b'{"a":' + b"[" * 30_000, "not JSON"),
        (b'{"a":' + b"9" * 30_000 + b"}", "not JSON"),
        (b"<xml>" + b" " * 65_536 + b"</xml>", "too large"),
        (b"<xml>" + b"<a>" * 8 + b"</a>" * 8 + b"</xml>", "too deep"),
        (b"<a>" * 20_000, "too deep"),
    ],
)
def test_what_is_not_a_push_is_refused(body: bytes, reason: str) -> None:
    assert refusal(body) == reason


def test_eight_levels_are_not_too_deep() -> None:
    parsed = fields.parse(b"<xml><b>1</b>" + b"<a>" * 7 + b"</a>" * 7 + b"<c/></xml>")

    assert parsed.get("b") == "1"


def test_people_may_write_what_looks_like_markup() -> None:
    content = "<!DOCTYPE x><!-- --><?php <a b='c'>"

    parsed = fields.parse(f"<xml><Content><![CDATA[{content}]]></Content></xml>".encode())

    assert parsed.get("Content") == content


def test_a_declaration_is_allowed_and_its_encoding_without_effect() -> None:
    body = '<?xml version="1.0" encoding="gbk"?>\n<xml><a>微信</a></xml>'.encode()

    assert fields.parse(body).get("a") == "微信"


def test_what_no_database_takes_is_taken_out() -> None:
    parsed = fields.parse(b'{"a":"x\\u0000y\\ud800z"}')

    assert parsed.get("a") == "xy?z"


@given(content=XML_TEXT)
def test_any_text_survives_as_cdata_and_escaped(content: str) -> None:
    as_cdata = content.replace("]]>", "]]]]><![CDATA[>")
    body = f"<xml><a><![CDATA[{as_cdata}]]></a><b>{escape(content)}</b></xml>".encode()
    if len(body) > fields.LARGEST_BODY:
        return

    parsed = fields.parse(body)

    assert parsed.get("a") == content
    assert parsed.get("b") == content


_PIECES = (
    *("<a>", "</a>", "<b>", "</b>", "<b/>", "<![CDATA[", "]]>", "]]", ">", "&amp;", "&", "<", "x"),
    *(" ", "\n", "\r", "\x0b", "\x01", "\ufffe", "春", "<!--", "-->", "</xml>", "<xml>"),
)


@given(content=st.lists(st.sampled_from(_PIECES), max_size=14).map("".join))
def test_the_usual_form_is_read_as_a_parser_reads_it(content: str) -> None:
    text = f"<xml>{content}</xml>"
    read = fields._flat_pairs(text)
    if not read:
        return

    parsed = xmltodict.parse(text, strip_whitespace=False, force_list=lambda path, *_: bool(path))

    by_name: dict[str, list[str]] = {}
    for name, value in read:
        by_name.setdefault(name, []).append(value)
    root = {name: values for name, values in parsed["xml"].items() if name != "#text"}
    assert by_name == {name: [each or "" for each in values] for name, values in root.items()}


@pytest.mark.parametrize(
    "content",
    [
        "<a>1</a><a>2</a>",
        "<a><![CDATA[1]]></a>\n <b> 2 </b>",
        "<a><![CDATA[]]></a><b></b>",
        "<a><![CDATA[]]]]></a>",
        "<a><![CDATA[<b>2</b></a>]]></a>",
    ],
)
def test_the_usual_form_needs_no_parser(content: str) -> None:
    assert fields._flat_pairs(f"<xml>{content}</xml>")


@given(pairs=st.dictionaries(st.from_regex(r"\A[A-Za-z]{1,9}\Z"), XML_TEXT, max_size=5))
def test_any_json_texts_survive(pairs: dict[str, str]) -> None:
    assert fields.parse(json.dumps(pairs).encode()).values == pairs


@given(body=st.binary(max_size=200) | st.text('<>!?/[]CDATAxml{}":, a&;').map(str.encode))
def test_noise_is_read_or_refused_and_nothing_else(body: bytes) -> None:
    with contextlib.suppress(PushRefused):
        assert isinstance(fields.parse(body), fields.Fields)


@pytest.mark.parametrize(
    "piece", [b"<![CDATA[", b"<", b"<a ", b"<a" + b" " * 50, b"<?xml ", b"]]>", b"</"]
)
def test_no_body_takes_long_to_refuse(piece: bytes) -> None:
    body = piece * (fields.LARGEST_BODY // len(piece))
    started = time.perf_counter()

    refusal(body)

    assert time.perf_counter() - started < 0.5
