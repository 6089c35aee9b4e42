"""Parametric QR codes: bounds, tickets, pictures and their end."""

import base64
import io
from datetime import datetime

import pytest
import zxingcpp
from PIL import Image

from tests.simulator.platform import Platform, read
from wechatlogin.simulator import qrcodes


def refused(platform: Platform, **given: object) -> object:
    return platform.create_code(**given)["errcode"]


def scene(**given: object) -> dict[str, object]:
    return {"action_info": {"scene": given}}


def test_a_temporary_code_has_a_ticket_an_address_and_a_life(platform: Platform) -> None:
    made = platform.create_code()

    assert made["expire_seconds"] == 600
    assert made["url"].startswith("http://weixin.qq.com/q/")
    assert "errcode" not in made


def test_a_permanent_code_has_no_life(platform: Platform) -> None:
    made = platform.create_code(action_name="QR_LIMIT_STR_SCENE")

    assert "expire_seconds" not in made


def test_a_code_without_a_life_has_60_seconds_or_30(platform: Platform) -> None:
    wish = {"action_name": "QR_SCENE", "action_info": {"scene": {"scene_id": 1}}}

    assert platform.post("qrcode/create", wish)["expire_seconds"] == 60
    platform.switch(qr_default_expiry=30)
    assert platform.post("qrcode/create", wish)["expire_seconds"] == 30


def test_a_ticket_looks_like_wechats_and_needs_escaping(platform: Platform) -> None:
    made = platform.create_code()

    content = base64.b64decode(made["ticket"], validate=True)

    assert len(content) == 70
    assert made["url"].encode() + b"\0" in content
    assert {"+", "/", "="} <= set(made["ticket"])


@pytest.mark.parametrize(
    "base",
    ["http://127.0.0.1:5001", "http://weixin.qq.com", "http://a.example", "http://bb.example"],
)
def test_a_ticket_needs_escaping_whatever_its_address(base: str) -> None:
    codes = qrcodes.QRCodes(base)
    moment = datetime.fromisoformat("2026-11-21T00:00:00+00:00")
    wish = {"action_name": "QR_STR_SCENE", **scene(scene_str="a")}

    made = codes.create("wx", wish, now=moment, default_expiry=60)

    assert {"+", "/", "="} <= set(made.ticket)


@pytest.mark.parametrize("action", ["", "QR_SCENES", None, 1])
def test_an_action_that_wechat_does_not_have_is_40052(platform: Platform, action: object) -> None:
    assert refused(platform, action_name=action) == 40052


@pytest.mark.parametrize("value", ["", "x" * 65, 1, None])
def test_a_text_scene_has_1_to_64_characters(platform: Platform, value: object) -> None:
    assert refused(platform, **scene(scene_str=value)) == 40053
    assert "ticket" in platform.create_code("x" * 64)


@pytest.mark.parametrize(
    ("action", "value"),
    [
        ("QR_SCENE", 0),
        ("QR_SCENE", -1),
        ("QR_SCENE", 2**32),
        ("QR_SCENE", "1"),
        ("QR_SCENE", True),
        ("QR_LIMIT_SCENE", 0),
        ("QR_LIMIT_SCENE", 100_001),
    ],
)
def test_a_number_scene_has_its_bounds(platform: Platform, action: str, value: object) -> None:
    assert refused(platform, action_name=action, **scene(scene_id=value)) == 40053


@pytest.mark.parametrize(
    ("action", "value"), [("QR_SCENE", 2**32 - 1), ("QR_LIMIT_SCENE", 100_000)]
)
def test_the_largest_number_scene_is_taken(platform: Platform, action: str, value: int) -> None:
    assert "ticket" in platform.create_code(action_name=action, **scene(scene_id=value))


def test_only_the_scene_that_belongs_to_the_action_counts(platform: Platform) -> None:
    assert refused(platform, action_name="QR_STR_SCENE", **scene(scene_id=5)) == 40053
    assert refused(platform, action_name="QR_SCENE", **scene(scene_str="a")) == 40053


@pytest.mark.parametrize("info", [None, {}, {"scene": None}, "scene"])
def test_a_missing_scene_is_40053(platform: Platform, info: object) -> None:
    assert refused(platform, action_info=info) == 40053


@pytest.mark.parametrize("life", [0, -1, 2_592_001, "60", True])
def test_a_life_outside_its_bounds_is_40053(platform: Platform, life: object) -> None:
    assert refused(platform, expire_seconds=life) == 40053


def test_a_life_of_30_days_is_the_longest(platform: Platform) -> None:
    assert platform.create_code(expire_seconds=2_592_000)["expire_seconds"] == 2_592_000


@pytest.mark.parametrize("kind", ["subscription", "personal", "service_uncertified"])
def test_an_account_without_the_right_is_48001(empty: Platform, kind: str) -> None:
    empty.add_app(kind=kind)

    assert refused(empty) == 48001


def test_the_method_has_to_be_post(platform: Platform) -> None:
    assert platform.api("qrcode/create")["errcode"] == 43002


def test_a_day_has_so_many_codes(empty: Platform) -> None:
    empty.add_app(quotas={"/cgi-bin/qrcode/create": 1})
    empty.create_code()

    assert refused(empty) == 45009


def test_the_picture_holds_the_address(platform: Platform) -> None:
    made = platform.create_code()

    answer = platform.client.get("/cgi-bin/showqrcode", query_string={"ticket": made["ticket"]})

    assert answer.content_type == "image/jpg"
    with Image.open(io.BytesIO(answer.data)) as picture:
        assert picture.size == (430, 430)
        found = zxingcpp.read_barcode(picture.convert("RGB"))
    assert found is not None
    assert found.text == made["url"]


def test_a_ticket_that_was_not_escaped_is_404(platform: Platform) -> None:
    ticket = platform.create_code()["ticket"]

    assert platform.client.get(f"/cgi-bin/showqrcode?ticket={ticket}").status_code == 404


def test_the_picture_of_an_unknown_or_dead_ticket_is_404(platform: Platform) -> None:
    made = platform.create_code()
    platform.advance(601)

    dead = platform.client.get("/cgi-bin/showqrcode", query_string={"ticket": made["ticket"]})

    assert dead.status_code == 404
    assert platform.client.get("/cgi-bin/showqrcode").status_code == 404


def test_a_browser_that_opens_the_address_is_told_to_scan(platform: Platform) -> None:
    path = platform.create_code()["url"].removeprefix("http://weixin.qq.com")

    assert "请用微信扫一扫" in platform.client.get(path).text
    assert platform.client.get("/q/unknown").status_code == 404


def test_a_picture_is_read_and_one_without_a_code_is_not(platform: Platform) -> None:
    made = platform.create_code()
    picture = platform.client.get(
        "/cgi-bin/showqrcode", query_string={"ticket": made["ticket"]}
    ).data

    found = platform.client.post("/simulator/pictures", data=picture)

    assert found.get_json() == {"content": made["url"]}
    for raw in (b"no picture", b""):
        assert platform.client.post("/simulator/pictures", data=raw).status_code == 422


def test_the_newest_code_is_told_and_none_is_404(platform: Platform) -> None:
    assert platform.client.get("/simulator/qrcodes/newest").status_code == 404
    platform.create_code()
    made = platform.create_code()

    newest = platform.control("GET", "/qrcodes/newest")

    assert newest["content"] == made["url"]
    assert newest["alive"] is True


def test_a_get_answer_is_always_status_200_json(platform: Platform) -> None:
    answer = platform.client.get("/cgi-bin/qrcode/create")

    assert read(answer)["errcode"] == 43002
    assert answer.content_type.startswith("application/json")


def test_an_account_has_100_000_permanent_codes(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number is lowered: making that many codes proves nothing more."""
    monkeypatch.setattr(qrcodes, "MOST_PERMANENT", 1)
    platform.create_code(action_name="QR_LIMIT_STR_SCENE")

    assert refused(platform, action_name="QR_LIMIT_STR_SCENE") == 45029
    assert "ticket" in platform.create_code()
