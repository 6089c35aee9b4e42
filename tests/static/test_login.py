"""`static/js/login.js` in a real browser: what the waiting page shows, asks and survives."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.static import waiting_pages
from tests.static.waiting_pages import WaitingPage, cut, refusal, standing

PERSON = {"nickname": "林小满", "avatar_url": "/missing.png"}
SCANNED = {**PERSON, "number": 47}


@pytest.fixture(params=["zh-CN"])
def waiting(browser: Browser, request: pytest.FixtureRequest) -> Iterator[WaitingPage]:
    page = browser.new_page(viewport={"width": 390, "height": 760})
    opened = WaitingPage(page, lang=request.param).open()
    yield opened
    opened.close()
    page.close()
    assert not opened.complaints


def test_the_first_question_says_what_is_known_and_how_long_to_wait(waiting: WaitingPage) -> None:
    question = waiting.wait_for_question(1)

    assert question == {"known": "pending", "wait": "25"}


def test_the_time_left_runs_down_without_being_asked_for(waiting: WaitingPage) -> None:
    assert waiting.status() == "等待扫码 · 1:42 后过期"

    waiting.pass_seconds(12)

    assert waiting.status() == "等待扫码 · 1:30 后过期"
    assert len(waiting.asked) == 1


def test_a_question_ends_soon_after_the_code_does(waiting: WaitingPage) -> None:
    waiting.tell(standing("pending", expires_in=7))
    expect(waiting.page.locator(".pill")).to_contain_text("0:07")
    waiting.pass_seconds(1)

    question = waiting.wait_for_question(2)

    assert question["wait"] in {"7", "8"}


def test_a_scan_shows_the_person_and_the_number(waiting: WaitingPage) -> None:
    waiting.tell(standing("scanned", **SCANNED))

    expect(waiting.seen("47")).to_be_visible()
    expect(waiting.seen("林小满")).to_be_visible()
    expect(waiting.page.locator("[data-initial]")).to_have_text("林")
    expect(waiting.page.locator("h1")).to_contain_text("已扫码，请在手机上确认")
    expect(waiting.page).to_have_title("已扫码，请在手机上确认 · Morning Books")
    expect(waiting.page.get_by_role("status")).to_contain_text(
        "\u2068林小满\u2069 已扫码，请在手机上点数字 47。"
    )
    expect(waiting.page.get_by_role("link", name="不是我，重新获取二维码")).to_be_visible()


def test_a_scan_that_needs_no_number_shows_none(waiting: WaitingPage) -> None:
    waiting.tell(standing("scanned", **PERSON))

    expect(waiting.seen("请在手机上点「确认登录」")).to_be_visible()
    expect(waiting.page.locator(".number")).to_be_hidden()


def test_a_person_without_a_name_is_still_called_something(waiting: WaitingPage) -> None:
    waiting.tell(standing("scanned", number=47))

    expect(waiting.seen("微信用户")).to_be_visible()


@pytest.mark.parametrize("waiting", ["zh-CN", "en"], indirect=True)
def test_nothing_jumps_when_the_state_changes(waiting: WaitingPage) -> None:
    parts = [waiting.page.locator(name) for name in (".stage", ".pill", ".others", ".foot")]
    before = [_top(part.bounding_box()) for part in parts]

    for count, told, view in ((1, "scanned", "numbered"), (2, "declined", "declined")):
        waiting.wait_for_question(count)
        waiting.tell(standing(told, **SCANNED))
        expect(waiting.page.locator(f"[data-view={view}]")).to_have_count(1)

        assert [_top(part.bounding_box()) for part in parts] == before
        # The next question follows at once.
        waiting.pass_seconds(0.1)


def _top(box: object) -> float:
    assert isinstance(box, dict)
    return float(box["y"])


def test_a_confirmed_login_is_claimed_and_the_page_moves_on(waiting: WaitingPage) -> None:
    waiting.claim_answers.append(
        lambda route: route.fulfill(body=json.dumps({"redirect": "/account"}))
    )

    waiting.tell(standing("confirmed", **PERSON))
    claim = waiting.wait_for_claim(1)

    assert claim.method == "POST"
    assert claim.headers["x-requested-with"] == "wechatlogin"
    waiting.page.wait_for_url(f"{waiting_pages.SITE}/account")


def test_a_claim_that_was_cut_off_is_repeated(waiting: WaitingPage) -> None:
    done = json.dumps({"redirect": "/account"})
    waiting.claim_answers.extend((cut, refusal(503), lambda route: route.fulfill(body=done)))

    waiting.tell(standing("confirmed"))
    for count in (1, 2):
        waiting.wait_for_claim(count)
        expect(waiting.page.locator(".pill")).to_contain_text("网络不通，重新连接中…")
        waiting.pass_seconds(4)

    waiting.page.wait_for_url(f"{waiting_pages.SITE}/account")


def test_a_claim_that_is_refused_is_said_in_words(waiting: WaitingPage) -> None:
    waiting.claim_answers.append(refusal(409))

    waiting.tell(standing("confirmed"))

    expect(waiting.seen("登录没有完成")).to_be_visible()
    expect(waiting.seen("重新获取二维码")).to_be_visible()


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (standing("expired"), "二维码已过期"),
        (refusal(404), "二维码已过期"),
        (standing("declined"), "已拒绝"),
        (standing("failed"), "登录失败"),
        (standing("claimed"), "已完成"),
        (refusal(403), "登录失败"),
    ],
    ids=["expired", "unknown", "declined", "failed", "claimed", "foreign"],
)
def test_an_end_is_named_offers_a_new_code_and_asks_no_more(
    waiting: WaitingPage, told: waiting_pages.Answer, words: str
) -> None:
    waiting.tell(told)

    expect(waiting.page.get_by_role("status")).to_have_text(words, use_inner_text=True)
    expect(waiting.page.locator(".stage a").filter(visible=True)).to_have_count(1)
    waiting.pass_seconds(60)
    assert len(waiting.asked) == 1


def test_a_server_that_restarts_is_asked_again_until_it_answers(waiting: WaitingPage) -> None:
    for count, answer in enumerate((cut, refusal(502), cut), start=1):
        waiting.wait_for_question(count)
        waiting.tell(answer)
        expect(waiting.page.locator(".pill")).to_contain_text("网络不通，重新连接中…")
        waiting.pass_seconds(1.25 * 2 ** (count - 1) + 1)
    waiting.wait_for_question(4)

    waiting.tell(standing("pending"))

    expect(waiting.page.locator(".pill")).to_contain_text("等待扫码")


def test_a_busy_server_names_the_pause(waiting: WaitingPage) -> None:
    waiting.tell(refusal(429, **{"Retry-After": "7"}))

    pause = waiting.seconds_until_question(2, at_most=20)

    assert pause >= 7
    assert waiting.status().startswith("等待扫码")


def test_a_server_that_cannot_wait_is_asked_once_a_second(waiting: WaitingPage) -> None:
    waiting.tell(standing("pending", expires_in=80))
    expect(waiting.page.locator(".pill")).to_contain_text("1:20")

    waiting.pass_seconds(0.9)
    assert len(waiting.asked) == 1
    waiting.pass_seconds(0.2)

    waiting.wait_for_question(2)


def test_a_page_in_the_background_asks_nothing_and_at_once_when_it_is_back(
    waiting: WaitingPage,
) -> None:
    waiting.set_hidden(True)
    waiting.pass_seconds(60)
    assert len(waiting.asked) == 1

    waiting.set_hidden(False)

    waiting.wait_for_question(2)


def test_an_answer_that_never_comes_is_given_up(waiting: WaitingPage) -> None:
    waiting.pass_seconds(36)
    expect(waiting.page.locator(".pill")).to_contain_text("网络不通，重新连接中…")
    waiting.pass_seconds(2)

    waiting.wait_for_question(2)


def test_the_words_outlive_a_name_that_looks_like_a_placeholder(waiting: WaitingPage) -> None:
    waiting.tell(standing("scanned", nickname="{number}<b>$&", number=47))

    expect(waiting.seen("{number}<b>$&")).to_be_visible()


def test_who_only_has_to_follow_is_taken_to_the_page_that_asks(waiting: WaitingPage) -> None:
    waiting.tell(standing("scanned", **PERSON, follow=True))

    expect(waiting.page).to_have_url(re.compile(r"/login/attempts/a1/follow$"))
