"""Pushes in all three modes of WeChat's console, and what plain mode leaves open."""

import hashlib
import re
import time

import pytest
import requests

from tests.conftest import Installation, Installer
from tests.flows.phones import Browser, Phone
from wechatlogin.wechat.app import MessageMode


def confirm_by_hand(installation: Installation, link: str, number: str) -> requests.Response:
    return Phone("lin").post(link, data={"number": number}, timeout=10)


@pytest.mark.parametrize("mode", list(MessageMode))
def test_a_login_by_scan_works_in_every_mode(install: Installer, mode: MessageMode) -> None:
    installation = install(mode=mode)
    person = installation.simulator.add_person()
    installation.simulator.follow(person, installation.account.appid)
    desktop = Browser()
    page = desktop.open(f"{installation.url}/login")
    status_url = installation.url + find(r'data-status-url="([^"]+)"', page.text)
    claim_url = installation.url + find(r'data-claim-url="([^"]+)"', page.text)
    newest = installation.simulator.call("GET", "/simulator/qrcodes/newest")

    scanned = installation.simulator.scan(person, newest["content"])
    number = desktop.get(status_url, timeout=10).json()["number"]
    confirm_by_hand(installation, find(r'href="([^"]+)"', str(scanned["replies"])), str(number))
    desktop.post(claim_url, headers={"X-Requested-With": "wechatlogin"}, timeout=10)

    assert desktop.step(f"{installation.url}/account").status_code == 200


def find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, f"{pattern} is not in {text[:500]}"
    return found[1]


@pytest.fixture(scope="module")
def plain(install: Installer) -> Installation:
    return install(mode=MessageMode.PLAIN)


def signed(installation: Installation, stamp: str, nonce: str) -> dict[str, str]:
    joined = "".join(sorted([installation.account.token, stamp, nonce]))
    signature = hashlib.sha1(joined.encode(), usedforsecurity=False).hexdigest()
    return {"signature": signature, "timestamp": stamp, "nonce": nonce}


def message(installation: Installation, openid: str, text: str, number: int) -> bytes:
    return (
        f"<xml><ToUserName><![CDATA[{installation.account.gh_id}]]></ToUserName>"
        f"<FromUserName><![CDATA[{openid}]]></FromUserName>"
        f"<CreateTime>{int(time.time())}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content><![CDATA[{text}]]></Content><MsgId>{number}</MsgId></xml>"
    ).encode()


def post(installation: Installation, query: dict[str, str], body: bytes) -> requests.Response:
    return requests.post(f"{installation.url}/api/wechat", params=query, data=body, timeout=10)


def test_a_signed_address_is_not_good_for_another_body(plain: Installation) -> None:
    query = signed(plain, str(int(time.time())), "1514711492")
    mine = message(plain, "o-mine", "你好", 1)
    first = post(plain, query, mine)

    replayed = post(plain, query, message(plain, "o-victim", "验证码", 2))
    repeated = post(plain, query, mine)

    assert first.status_code == 200
    assert replayed.status_code == 403
    assert repeated.status_code == 200


def test_the_same_signature_split_otherwise_is_refused(plain: Installation) -> None:
    stamp, nonce = str(int(time.time())), "7957092091"
    joined = "".join(sorted([stamp, nonce]))
    query = signed(plain, stamp, nonce)

    for cut in (9, 11, 20):
        split = {**query, "timestamp": joined[:cut], "nonce": joined[cut:]}
        assert post(plain, split, message(plain, "o-mine", "x", 3)).status_code == 403


def test_an_old_push_is_refused(plain: Installation) -> None:
    query = signed(plain, str(int(time.time()) - 400), "1514711493")

    assert post(plain, query, message(plain, "o-mine", "x", 4)).status_code == 403


def test_nobody_reads_a_code_by_writing_in_anothers_name(plain: Installation) -> None:
    """Where the signature is not checked, this very message gives the victim's code away."""
    victim = plain.simulator.add_person()
    Phone(victim).open(f"{plain.url}/login")
    openid = plain.simulator.openid(victim, plain.account.appid)
    query = {"signature": "0" * 40, "timestamp": str(int(time.time())), "nonce": "1"}

    answer = post(plain, query, message(plain, openid, "验证码", 5))

    assert answer.status_code == 403
    assert not re.search(r"\d{6}", answer.text)
