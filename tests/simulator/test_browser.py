"""The built-in browser: WeChat's name, the person's cookies, and no sign of the simulator."""

from collections.abc import Callable

import pytest
import requests

from tests.simulator.platform import APPID, Platform, authorize_query
from tests.simulator.receiver import Answer, Received, Receiver

FRAME = {"Sec-Fetch-Dest": "iframe"}


@pytest.fixture
def look(served: str, empty: Platform) -> Callable[..., requests.Response]:
    """Open an address on somebody's phone, as the page does."""

    def open_page(url: str, person: str = "lin", **given: str) -> requests.Response:
        query = {"person": person, "device": "ios", "url": url, **given}
        return requests.get(f"{served}/phone/open", params=query, headers=FRAME, timeout=10)

    return open_page


def html(body: str, **headers: str) -> Answer:
    return Answer(body.encode(), content_type="text/html; charset=utf-8", headers=headers)


@pytest.mark.parametrize(
    ("device", "mark"),
    [
        ("ios", "iPhone"),
        ("android", "Android"),
        ("windows", "UnifiedPCWindowsWechat"),
        ("macos", "MacWechat"),
    ],
)
def test_every_device_introduces_itself_as_wechat(
    look: Callable[..., requests.Response], receiver: Receiver, device: str, mark: str
) -> None:
    look(f"{receiver.url}/", device=device)

    agent = receiver.received[0].headers["User-Agent"]
    assert mark in agent
    assert "MicroMessenger" in agent


def test_the_service_sees_no_sign_of_the_simulator(
    look: Callable[..., requests.Response], receiver: Receiver
) -> None:
    look(f"{receiver.url}/", chat=APPID, full="1")

    headers = receiver.received[0].headers
    assert not any("simulator" in f"{name}{value}".lower() for name, value in headers.items())
    assert "Referer" not in headers
    assert headers["Sec-Fetch-Site"] == "none"
    assert headers["Sec-Fetch-Dest"] == "document"


def test_cookies_belong_to_the_person(
    look: Callable[..., requests.Response], receiver: Receiver
) -> None:
    receiver.answer = lambda got: html("<p>x", **{"Set-Cookie": "session=lin-1; Path=/; HttpOnly"})

    first = look(f"{receiver.url}/")
    look(f"{receiver.url}/")
    look(f"{receiver.url}/", person="chen")

    assert [one.headers.get("Cookie") for one in receiver.received] == [None, "session=lin-1", None]
    assert "Set-Cookie" not in first.headers


def test_a_page_is_shown_without_what_would_keep_it_out_of_the_frame(
    look: Callable[..., requests.Response], receiver: Receiver
) -> None:
    receiver.answer = lambda got: html(
        '<a href="/next">下一页</a>',
        **{"X-Frame-Options": "DENY", "Content-Security-Policy": "default-src 'none'"},
    )

    page = look(f"{receiver.url}/")

    assert "下一页" in page.content.decode()
    assert f'href="/phone/web/lin~ios/http/{receiver.host}/next"' in page.text
    assert "X-Frame-Options" not in page.headers
    assert "Content-Security-Policy" not in page.headers
    assert page.headers["Cache-Control"] == "no-store"


def test_a_form_arrives_with_the_origin_of_its_own_page(
    served: str, empty: Platform, receiver: Receiver
) -> None:
    page = f"{served}/phone/web/lin~ios/http/{receiver.host}"

    requests.post(
        f"{page}/confirm",
        data={"number": "18"},
        headers={"Origin": served, "Referer": f"{page}/login?a=1", **FRAME},
        timeout=10,
    )

    got = receiver.received[0]
    assert (got.method, got.body) == ("POST", b"number=18")
    assert got.headers["Origin"] == receiver.url
    assert got.headers["Referer"] == f"{receiver.url}/login?a=1"
    assert got.headers["Sec-Fetch-Site"] == "same-origin"


def test_an_absolute_path_of_a_script_is_led_back_to_its_page(
    served: str, empty: Platform, receiver: Receiver
) -> None:
    page = f"{served}/phone/web/lin~ios/http/{receiver.host}/login"

    requests.post(
        f"{served}/api/poll?known=pending", data=b"x", headers={"Referer": page}, timeout=10
    )

    assert receiver.received[0].method == "POST"
    assert receiver.received[0].path == "/api/poll"
    assert receiver.received[0].query == {"known": "pending"}


def test_an_unknown_path_from_elsewhere_is_404_and_the_root_is_the_phone(empty: Platform) -> None:
    assert empty.client.get("/api/poll").status_code == 404
    assert empty.client.get("/").headers["Location"] == "/phone"


def test_a_redirect_is_followed_on_the_phone(
    look: Callable[..., requests.Response], receiver: Receiver
) -> None:
    def answer(got: Received) -> Answer:
        if got.path == "/start":
            return Answer(status=302, headers={"Location": "/end?a=1"})
        return html("<p>到了")

    receiver.answer = answer

    page = look(f"{receiver.url}/start")

    assert page.url.endswith(f"/phone/web/lin~ios/http/{receiver.host}/end?a=1")
    assert "到了" in page.content.decode()


def test_an_endless_redirect_ends_after_ten(
    look: Callable[..., requests.Response], receiver: Receiver
) -> None:
    receiver.answer = lambda got: Answer(status=302, headers={"Location": "/again"})

    page = look(f"{receiver.url}/")

    assert "重定向超过 10 次" in page.content.decode()
    assert len(receiver.received) == 11


@pytest.mark.parametrize("location", ["weixin://dl", "javascript:alert(1)"])
def test_a_redirect_to_something_that_is_no_page_is_refused(
    look: Callable[..., requests.Response], receiver: Receiver, location: str
) -> None:
    receiver.answer = lambda got: Answer(status=302, headers={"Location": location})

    assert "无法打开网页" in look(f"{receiver.url}/").content.decode()


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "file:///etc/passwd", "http://"])
def test_only_web_pages_are_opened(look: Callable[..., requests.Response], url: str) -> None:
    assert "无法打开网页" in look(url).content.decode()


def test_a_page_that_is_not_there_is_told(look: Callable[..., requests.Response]) -> None:
    assert "网页无法打开" in look("http://127.0.0.1:9/").content.decode()


@pytest.mark.parametrize(("given", "status"), [({"device": "fridge"}, 400), ({"person": "x"}, 404)])
def test_an_unknown_device_or_person_is_refused(
    look: Callable[..., requests.Response], given: dict[str, str], status: int
) -> None:
    assert look(**{"url": "http://shop.example/", **given}).status_code == status


def test_an_address_of_no_page_is_404(empty: Platform) -> None:
    assert empty.client.get("/phone/web/nonsense").status_code == 404


def test_the_authorize_page_knows_who_holds_the_phone_and_asks(
    look: Callable[..., requests.Response], served: str, empty: Platform
) -> None:
    empty.add_app()

    page = look(f"{served}/connect/oauth2/authorize?{authorize_query()}#wechat_redirect", "chen")

    assert "申请使用" in page.content.decode()
    assert "陈一诺" in page.content.decode()


def test_the_authorize_page_needs_its_mark_however_it_is_reached(
    look: Callable[..., requests.Response], served: str, empty: Platform, receiver: Receiver
) -> None:
    empty.add_app()
    bare = f"{served}/connect/oauth2/authorize?{authorize_query()}"
    receiver.answer = lambda got: Answer(status=302, headers={"Location": bare})

    assert "#wechat_redirect" in look(bare).content.decode()
    assert "#wechat_redirect" in look(f"{receiver.url}/").content.decode()


def test_a_snapshot_page_is_marked_and_the_full_service_is_not(
    look: Callable[..., requests.Response], served: str, empty: Platform, receiver: Receiver
) -> None:
    empty.add_app(domains=[receiver.host])
    empty.fault("snapshot")
    receiver.answer = lambda got: html("<p>回来了")
    query = authorize_query(redirect_uri=f"{receiver.url}/back")
    url = f"{served}/connect/oauth2/authorize?{query}#wechat_redirect"

    snapshot, full = look(url), look(url, full="1")

    assert 'data-snapshot="true"' in snapshot.text
    assert "申请使用" in full.content.decode()


def test_a_follower_who_taps_a_link_in_the_chat_is_not_asked(
    look: Callable[..., requests.Response], served: str, empty: Platform, receiver: Receiver
) -> None:
    empty.add_app(domains=[receiver.host])
    empty.follow()
    query = authorize_query(redirect_uri=f"{receiver.url}/back")

    look(f"{served}/connect/oauth2/authorize?{query}#wechat_redirect", chat=APPID)

    assert receiver.received[0].path == "/back"


def test_a_script_keeps_its_kind(
    look: Callable[..., requests.Response], receiver: Receiver
) -> None:
    receiver.answer = lambda got: Answer(b"x=1", content_type="text/javascript")

    page = look(f"{receiver.url}/a.js")

    assert (page.content, page.headers["Content-Type"]) == (b"x=1", "text/javascript")


def test_a_page_without_end_is_given_up(
    look: Callable[..., requests.Response], receiver: Receiver
) -> None:
    receiver.says(b"x" * (10 * 1024 * 1024 + 1))

    assert "网页无法打开" in look(f"{receiver.url}/").content.decode()
