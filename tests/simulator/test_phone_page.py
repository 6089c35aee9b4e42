"""The phone on a screen: the whole demo with a mouse."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.simulator.platform import APPID, OTHER_APPID, TOKEN, Platform
from tests.simulator.receiver import Answer, Received, Receiver, text_reply
from wechatlogin.simulator import phone_words

Story = Callable[[Page], None]
CHINESE = re.compile(r"[\u4e00-\u9fff]")
PARTS = Path(phone_words.__file__).parent
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
PAGE = (
    "<!doctype html><html><head><title>登录晨光书店</title></head><body><h1>确认登录</h1>"
    '<form method="post" action="/confirm"><button>18</button></form>'
    '<script type="module">document.querySelector("h1").dataset.asked = '
    'await (await fetch("/asked")).text();</script></body></html>'
)


@pytest.fixture
def on_a_screen(served: str, browser: Browser) -> Callable[..., None]:
    """Tell a story to a browser that has the phone open; no script may fail meanwhile."""

    def tell(story: Story, *, width: int = 1000, locale: str = "zh-CN") -> None:
        errors: list[str] = []
        with browser.new_context(
            viewport={"width": width, "height": 820}, locale=locale
        ) as context:
            context.set_default_timeout(10_000)
            page = context.new_page()
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.goto(f"{served}/phone")
            story(page)
        assert errors == []

    return tell


@pytest.fixture
def shop(empty: Platform, receiver: Receiver) -> Platform:
    """An account whose service answers with a link to a page that asks for confirmation."""

    def answer(got: Received) -> Answer:
        if got.path == "/push":
            return text_reply(got, f'<a href="{receiver.url}/login">点这里确认</a>')
        if got.path == "/asked":
            return Answer(b"yes")
        page = PAGE if got.method == "GET" else "<h1>登录成功</h1>"
        return Answer(page.encode(), content_type="text/html; charset=utf-8")

    receiver.answer = answer
    empty.add_app(
        name="晨光书店", token=TOKEN, callback_url=f"{receiver.url}/push", skip_url_check=True
    )
    return empty


def test_a_newcomer_scans_follows_taps_the_link_and_confirms(
    on_a_screen: Callable[..., None], shop: Platform, receiver: Receiver
) -> None:
    shop.create_code("login-7")

    def story(page: Page) -> None:
        page.get_by_role("button", name="扫一扫 Scan").click()
        page.get_by_role("button", name="扫描另一个窗口的二维码").click()
        page.get_by_role("button", name="关注公众号").click()
        page.get_by_role("link", name="点这里确认").click()
        frame = page.frame_locator("#frame")
        frame.locator("h1[data-asked=yes]").wait_for()
        frame.get_by_role("button", name="18").click()
        frame.get_by_role("heading", name="登录成功").wait_for()

    on_a_screen(story)

    assert [one.fields["EventKey"] for one in receiver.pushes if one.path == "/push"] == [
        "qrscene_login-7"
    ]
    assert receiver.pushes[-1].headers["Origin"] == receiver.url


def test_a_message_is_written_and_answered_and_nobody_is_unfollowed_by_accident(
    on_a_screen: Callable[..., None], shop: Platform
) -> None:
    shop.follow("chen")

    def story(page: Page) -> None:
        page.get_by_role("button", name="陈一诺").click()
        page.get_by_role("button", name="晨光书店").click()
        page.get_by_label("消息").fill("登录")
        page.get_by_role("button", name="发送").click()
        page.locator(".mine", has_text="登录").wait_for()
        page.locator(".bubble", has_text="点这里确认").nth(1).wait_for()
        page.get_by_role("button", name="公众号资料").click()
        page.get_by_role("button", name="不再关注").click()
        page.get_by_text("已取消关注").wait_for()

    on_a_screen(story)

    assert [one["from"] for one in shop.chat("chen")] == ["account", "person", "account"]
    assert not next(p for p in shop.control("GET", "/people") if p["name"] == "chen")["follows"]


def test_a_picture_and_a_text_are_scanned(
    on_a_screen: Callable[..., None], shop: Platform, receiver: Receiver
) -> None:
    shop.follow()
    ticket = shop.create_code("from-a-picture")["ticket"]
    picture = shop.client.get("/cgi-bin/showqrcode", query_string={"ticket": ticket}).data

    def story(page: Page) -> None:
        page.get_by_role("button", name="扫一扫 Scan").click()
        page.locator("#picture").set_input_files(
            {"name": "code.jpg", "mimeType": "image/jpeg", "buffer": picture}
        )
        page.locator(".bubble").nth(1).wait_for()
        page.locator("#chat .back").click()
        page.get_by_role("button", name="扫一扫 Scan").click()
        page.get_by_label("二维码的内容").fill(f"{receiver.url}/login")
        page.get_by_role("button", name="识别").click()
        page.frame_locator("#frame").get_by_role("heading", name="确认登录").wait_for()
        page.locator("#web-title", has_text="登录晨光书店").wait_for()
        page.get_by_role("button", name="关闭网页").click()
        page.locator("#home").wait_for()

    on_a_screen(story)

    assert receiver.pushes[-1].fields["EventKey"] == "from-a-picture"


def test_the_screen_tells_the_accounts_that_can_be_written_to(platform: Platform) -> None:
    platform.add_app(appid="wx00000000000000c3", kind="website")

    screen = platform.client.get("/phone/state?person=chen").get_json()

    assert screen["holder"] == "chen"
    assert [one["appid"] for one in screen["accounts"]] == [APPID]


def test_an_unknown_holder_becomes_the_first(platform: Platform) -> None:
    assert platform.client.get("/phone/state?person=nobody").get_json()["holder"] == "lin"


def test_the_chats_stand_in_a_list_with_their_last_line_and_its_time(
    on_a_screen: Callable[..., None], shop: Platform
) -> None:
    shop.add_app(appid=OTHER_APPID, kind="personal", name="没人关注的号")
    shop.add_app(appid="wx00000000000000c3", kind="subscription", name="刚说过话的号")
    shop.follow()
    shop.advance(7200)
    shop.follow(appid="wx00000000000000c3")
    shop.person("lin", "send", appid="wx00000000000000c3", text="在吗")

    def story(page: Page) -> None:
        page.locator("#accounts li").nth(2).wait_for()
        names = page.locator("#accounts strong").all_inner_texts()
        lines = page.locator("#accounts p").all_inner_texts()
        times = page.locator("#accounts time").all_inner_texts()
        assert names == ["刚说过话的号", "晨光书店", "没人关注的号"]
        assert lines == ["在吗", "点这里确认", "未关注"]
        assert [bool(re.search(r"\d\d:\d\d$", one)) for one in times] == [True, True]

    on_a_screen(story)


def test_a_chat_tells_the_time_after_a_silence_and_not_before_each_message(
    on_a_screen: Callable[..., None], shop: Platform
) -> None:
    shop.follow()
    shop.person("lin", "send", appid=APPID, text="登录")
    shop.advance(600)
    shop.person("lin", "send", appid=APPID, text="还在吗")

    def story(page: Page) -> None:
        page.get_by_role("button", name="晨光书店").click()
        page.locator(".mine").nth(1).wait_for()
        kinds = [
            "time" if "note" in one else "mine" if "mine" in one else "theirs"
            for one in page.locator("#messages li").evaluate_all("all => all.map(e => e.className)")
        ]
        assert kinds == ["time", "theirs", "mine", "theirs", "time", "mine", "theirs"]

    on_a_screen(story)


def test_a_bubble_stands_on_its_writers_side(
    on_a_screen: Callable[..., None], shop: Platform
) -> None:
    shop.follow()
    shop.person("lin", "send", appid=APPID, text="登录")

    def story(page: Page) -> None:
        page.get_by_role("button", name="晨光书店").click()
        mine, theirs = page.locator(".mine .bubble"), page.locator("li:not(.mine) > .bubble").first
        mine.wait_for()
        left, right = theirs.bounding_box(), mine.bounding_box()
        screen = page.locator("#messages").bounding_box()
        assert left
        assert right
        assert screen
        middle = screen["x"] + screen["width"] / 2
        assert left["x"] < middle < right["x"] + right["width"]
        assert right["x"] - screen["x"] > left["x"] - screen["x"]

    on_a_screen(story)


def test_only_a_template_message_with_a_link_can_be_tapped(
    on_a_screen: Callable[..., None], shop: Platform, receiver: Receiver
) -> None:
    shop.follow()
    for url in ("", f"{receiver.url}/login"):
        message = {
            "touser": shop.openid(),
            "template_id": "TEMPLATE-1",
            "url": url,
            "data": {"thing1": {"value": "新设备登录"}, "time2": {"value": "15:01"}},
        }
        assert shop.post("message/template/send", message)["errcode"] == 0

    def story(page: Page) -> None:
        page.get_by_role("button", name="晨光书店").click()
        page.locator(".template").nth(1).wait_for()
        assert page.locator(".template b").all_inner_texts() == ["登录提醒"] * 2
        assert page.locator("button.template").count() == 1
        page.locator("button.template").click()
        page.frame_locator("#frame").get_by_role("heading", name="确认登录").wait_for()

    on_a_screen(story)


def test_an_address_in_a_text_can_be_tapped_and_the_text_around_it_cannot(
    on_a_screen: Callable[..., None], shop: Platform, receiver: Receiver
) -> None:
    text = f"请打开 {receiver.url}/login?a=1&amp;b=2。<b>谢谢</b>"
    receiver.answer = lambda got: (
        text_reply(got, text)
        if got.path == "/push"
        else Answer(PAGE.encode(), content_type="text/html; charset=utf-8")
    )
    shop.follow()

    def story(page: Page) -> None:
        page.get_by_role("button", name="晨光书店").click()
        bubble = page.locator(".bubble").first
        bubble.wait_for()
        assert bubble.inner_text() == f"请打开 {receiver.url}/login?a=1&b=2。<b>谢谢</b>"
        assert bubble.locator("a").inner_text() == f"{receiver.url}/login?a=1&b=2"
        bubble.locator("a").click()
        page.frame_locator("#frame").get_by_role("heading", name="确认登录").wait_for()

    on_a_screen(story)


@pytest.mark.parametrize("width", [390, 1000])
def test_long_words_are_broken_and_nothing_is_wider_than_the_screen(
    on_a_screen: Callable[..., None], shop: Platform, width: int
) -> None:
    shop.add_app(
        name=LONG,
        token=TOKEN,
        callback_url=shop.control("GET", "/apps")[0]["callback_url"],
        skip_url_check=True,
    )
    shop.follow()
    shop.person("lin", "send", appid=APPID, text=LONG)

    def story(page: Page) -> None:
        page.locator("#accounts button").first.click()
        page.locator(".mine").wait_for()
        for place in ("html", "#messages", "#chat .bar"):
            wide, seen = page.locator(place).evaluate("e => [e.scrollWidth, e.clientWidth]")
            assert wide <= seen, place
        page.locator("#chat .back").click()
        wide, seen = page.locator("#accounts").evaluate("e => [e.scrollWidth, e.clientWidth]")
        assert wide <= seen

    on_a_screen(story, width=width)


def test_an_english_browser_has_an_english_phone_and_can_change_to_chinese(
    on_a_screen: Callable[..., None], shop: Platform
) -> None:
    shop.add_app(
        name="Morning Light",
        token=TOKEN,
        callback_url=shop.control("GET", "/apps")[0]["callback_url"],
        skip_url_check=True,
    )

    def story(page: Page) -> None:
        assert page.locator("html").get_attribute("lang") == "en"
        page.get_by_text("Not followed").wait_for()
        assert not CHINESE.search(page.locator("#phone").text_content() or "")
        page.get_by_role("button", name="Morning Light").click()
        page.get_by_role("button", name="Follow").click()
        page.get_by_text("Service account", exact=True).wait_for()
        page.get_by_role("button", name="Follow").click()
        page.get_by_placeholder("Write a message").wait_for()
        page.get_by_role("link", name="中文").click()
        page.get_by_role("button", name="扫一扫 Scan").wait_for()

    on_a_screen(story, locale="en-US")


def test_every_sentence_of_the_script_has_its_english() -> None:
    scripts = "".join((PARTS / "static" / name).read_text() for name in ("phone.js", "bubbles.js"))
    said = re.findall(r'"([^"\n]*[\u4e00-\u9fff][^"\n]*)"', scripts)

    assert said
    assert [text for text in said if text not in phone_words.ENGLISH] == []
    assert not [text for text in phone_words.ENGLISH.values() if CHINESE.search(text)]
