"""The phone's page of a website's login, and the control calls that stand in for it."""

import pytest

from tests.simulator.platform import WECHAT
from tests.simulator.website import DESKTOP, WEBSITE, Website, holding


def test_opening_the_page_is_the_scan(website: Website) -> None:
    uuid = website.uuid()

    page = website.opened(uuid).text

    assert "晨光书店" in page
    assert "确认登录" in page
    assert "取消" in page
    assert website.number(uuid) == 404


def test_confirming_makes_a_code(website: Website) -> None:
    uuid = website.uuid()
    website.opened(uuid)

    page = website.answered(uuid, "confirm")

    assert "已确认登录" in page.text
    assert website.platform.exchange(website.code(uuid), appid=WEBSITE)[
        "openid"
    ] == website.platform.openid("lin", WEBSITE)


def test_cancelling_makes_none_and_the_page_can_be_opened_again(website: Website) -> None:
    uuid = website.uuid()
    website.opened(uuid)

    page = website.answered(uuid, "cancel")

    assert "已取消登录" in page.text
    assert website.number(uuid) == 403
    assert "确认登录" in website.opened(uuid).text


def test_the_page_opens_in_wechat_alone(website: Website) -> None:
    uuid = website.uuid()

    page = website.platform.client.get(
        "/connect/confirm",
        query_string={"uuid": uuid},
        headers={**holding("lin"), "User-Agent": DESKTOP},
    )

    assert "请在微信客户端打开链接" in page.text
    assert website.number(uuid) == 408


def test_a_phone_that_nobody_holds_asks_and_comes_back(website: Website) -> None:
    uuid = website.uuid()
    client = website.platform.client

    asked = client.get(f"/connect/confirm?uuid={uuid}", headers={"User-Agent": WECHAT})
    chosen = client.post(
        "/connect/oauth2/person",
        data={"person": "chen", "page": "/connect/confirm", "query": f"uuid={uuid}"},
    )
    client.get(chosen.headers["Location"], headers={"User-Agent": WECHAT})

    assert "谁拿着手机" in asked.text
    assert 'name="page" value="/connect/confirm"' in asked.text
    assert website.number(uuid) == 404


def test_the_question_leads_to_no_other_page(website: Website) -> None:
    chosen = website.platform.client.post(
        "/connect/oauth2/person", data={"person": "chen", "page": "//evil.example/"}
    )

    assert chosen.headers["Location"].startswith("/connect/oauth2/authorize#")


def test_nobody_can_decide_without_having_scanned(website: Website) -> None:
    uuid = website.uuid()

    early = website.answered(uuid, "confirm")
    website.opened(uuid, "lin")
    other = website.answered(uuid, "confirm", "chen")
    nobody = website.platform.client.post(
        "/connect/confirm", data={"uuid": uuid}, headers={"User-Agent": WECHAT}
    )

    assert all("请重新扫描二维码" in page.text for page in (early, other, nobody))
    assert website.number(uuid) == 404


def test_a_second_person_cannot_scan_what_is_being_decided(website: Website) -> None:
    uuid = website.uuid()
    website.opened(uuid, "lin")

    assert "二维码已被别人扫描" in website.opened(uuid, "chen").text


def test_a_code_is_dead_once_it_was_used_or_is_too_old(website: Website) -> None:
    used, old = website.uuid(), website.uuid()
    website.decide(used, "confirm")

    assert "二维码已失效" in website.opened(used).text
    assert "二维码已失效" in website.opened("unknown").text
    website.platform.advance(300)
    assert "二维码已过期" in website.opened(old).text


def test_a_removed_app_can_be_confirmed_no_more(website: Website) -> None:
    uuid = website.uuid()
    website.opened(uuid)
    website.platform.control("DELETE", f"/apps/{WEBSITE}")

    assert "AppID 参数错误" in website.answered(uuid, "confirm").text
    assert "AppID 参数错误" in website.opened(uuid).text


def test_a_scan_of_the_code_opens_the_page(website: Website) -> None:
    uuid = website.uuid()
    content = website.platform.control("GET", "/qrcodes/newest")["content"]

    done = website.platform.person("lin", "scan", content=content)

    assert done == {"kind": "page", "url": f"http://localhost/connect/confirm?uuid={uuid}"}
    assert website.number(uuid) == 408


def test_the_control_call_takes_what_the_code_holds(website: Website) -> None:
    uuid = website.uuid()
    content = f"http://localhost/connect/confirm?uuid={uuid}"

    done = website.platform.person("lin", "qrconnect", content=content, decision="scan")

    assert done == {"uuid": uuid, "appid": WEBSITE, "stage": "scanned"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"uuid": "unknown", "decision": "scan"}, 409),
        ({"uuid": "unknown", "decision": "eat"}, 400),
        ({"content": "http://localhost/q/1", "decision": "scan"}, 400),
        ({"decision": "scan"}, 400),
    ],
)
def test_what_the_control_call_cannot_do_is_refused(
    website: Website, body: dict[str, str], status: int
) -> None:
    answer = website.platform.client.post("/simulator/people/lin/qrconnect", json=body)

    assert answer.status_code == status


def test_the_newest_code_may_be_an_accounts_or_a_websites(website: Website) -> None:
    website.platform.add_app()
    website.platform.create_code()
    uuid = website.uuid()

    of_website = website.platform.control("GET", "/qrcodes/newest")
    website.decide(uuid, "confirm")
    used = website.platform.control("GET", "/qrcodes/newest")
    website.platform.create_code()
    of_account = website.platform.control("GET", "/qrcodes/newest")

    assert (of_website["appid"], of_website["alive"]) == (WEBSITE, True)
    assert used["alive"] is False
    assert "/q/" in of_account["content"]
