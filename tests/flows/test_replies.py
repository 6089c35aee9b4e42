"""An account that speaks in its owner's words: over real HTTP, on the phone's chat."""

import re

import pytest
from sqlalchemy import delete, select

from tests.conftest import Installation, Installer
from tests.flows.phones import Browser, Phone
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import Attempt, Occasion, Reply, WeChatAppRow
from wechatlogin.models.transaction import write
from wechatlogin.services import accounts, replies, wechat_apps
from wechatlogin.services.accounts import Sighting
from wechatlogin.services.replies import NewReply
from wechatlogin.wechat.app import AppKind

SHOP = '<a href="https://shop.example/?a=1&b=2">看这里</a>'


@pytest.fixture(scope="module")
def service(install: Installer) -> Installation:
    return install(confirm="tap")


@pytest.fixture(scope="module")
def personal(install: Installer) -> Installation:
    return install(kind=AppKind.PERSONAL)


@pytest.fixture(autouse=True)
def _no_texts_left(service: Installation, personal: Installation) -> None:
    for installation in (service, personal):
        with installation.app.app_context():
            with write() as session:
                session.execute(delete(Reply))
            db.session.remove()


def account(installation: Installation) -> WeChatAppRow:
    return wechat_apps.verify(installation.account.appid)


def say(
    installation: Installation,
    occasion: Occasion,
    text: str,
    *,
    language: str = "zh_CN",
    keyword: str = "",
) -> None:
    with installation.app.app_context():
        new = NewReply(occasion, language, text, keyword)
        replies.save(account(installation), new, now=clock.now())
        db.session.remove()


def a_follower(installation: Installation, language: str | None = None) -> str:
    """Let somebody follow whose language we know, or whom we do not know at all."""
    person = installation.simulator.add_person()
    installation.simulator.follow(person, installation.account.appid)
    if language is not None:
        make_known(installation, person, language)
    return person


def make_known(installation: Installation, person: str, language: str) -> None:
    openid = installation.simulator.openid(person, installation.account.appid)
    with installation.app.app_context():
        sighting = Sighting(openid, language=language)
        accounts.find_or_create_identity(account(installation), sighting, now=clock.now())
        db.session.remove()


def told(answered: object) -> list[str]:
    assert isinstance(answered, dict)
    return [reply["text"] for reply in answered["replies"]]


def write_to(installation: Installation, person: str, text: str) -> list[str]:
    return told(installation.simulator.send(person, installation.account.appid, text))


def click(installation: Installation, person: str, key: str) -> list[str]:
    body = {"appid": installation.account.appid, "key": key}
    return told(installation.simulator.call("POST", f"/simulator/people/{person}/click", body))


def scan_a_login(installation: Installation, person: str) -> list[str]:
    """Let a person scan the QR of a desktop that has just opened the login page."""
    Browser().open(f"{installation.url}/login")
    newest = select(Attempt.qr_content).order_by(Attempt.created_at.desc()).limit(1)
    with installation.app.app_context():
        content = str(db.session.scalar(newest))
        db.session.remove()
    return told(installation.simulator.scan(person, content))


def test_a_follower_is_welcomed_in_the_owners_words(service: Installation) -> None:
    say(service, Occasion.WELCOME, f"欢迎来到{{name}} <b>😀</b> ]]>\n{SHOP}")
    person = service.simulator.add_person()

    welcomed = service.simulator.follow(person, service.account.appid)

    assert told(welcomed) == [f"欢迎来到晨光书店 <b>😀</b> ]]>\n{SHOP}"]


def test_who_is_known_already_is_welcomed_in_their_language(service: Installation) -> None:
    say(service, Occasion.WELCOME, "你好")
    say(service, Occasion.WELCOME, "Hello, this is {name}", language="en")
    person = service.simulator.add_person()
    Phone(person).open(f"{service.url}/login")
    make_known(service, person, "en")

    welcomed = service.simulator.follow(person, service.account.appid)

    assert told(welcomed) == ["Hello, this is 晨光书店"]


@pytest.mark.parametrize(
    ("language", "before", "after"), [("zh_CN", "请确认：", "（晨光书店）"), ("en", "Sure? ", "!")]
)
def test_the_link_of_the_confirm_text_confirms(
    service: Installation, language: str, before: str, after: str
) -> None:
    say(service, Occasion.CONFIRM, "请确认：{link}（{name}）")
    say(service, Occasion.CONFIRM, "Sure? {link}!", language="en")
    person = a_follower(service, language)

    (words,) = scan_a_login(service, person)

    found = re.fullmatch(r'(.*)<a href="([^"]+)">([^<]+)</a>(.*)', words)
    assert found, words
    assert (found[1], found[4]) == (before, after)
    assert found[3].isascii() == (language == "en")
    phone = Phone(person)
    assert "已确认" in phone.submit(phone.open(found[2]), decision="confirm").text


def test_the_code_is_told_in_the_owners_words(service: Installation) -> None:
    say(service, Occasion.CODE, "您的验证码 {code}，{minutes} 分钟。")
    say(service, Occasion.CODE, "{code} is your code for {name}", language="en")

    in_chinese = write_to(service, a_follower(service, "zh_CN"), "验证码")
    in_english = write_to(service, a_follower(service, "en"), "code")

    assert re.fullmatch(r"您的验证码 \d{6}，30 分钟。", in_chinese[0])
    code = re.fullmatch(r"(\d{6}) is your code for 晨光书店", in_english[0])
    assert code
    browser = Browser()
    page = browser.submit(browser.open(f"{service.url}/login/code"), code=code[1])
    assert page.url == f"{service.url}/account"


def test_without_texts_of_the_owner_the_built_in_ones_are_in_the_persons_language(
    service: Installation,
) -> None:
    lin, ann = a_follower(service, "zh_CN"), a_follower(service, "en")

    chinese = [*scan_a_login(service, lin), *write_to(service, lin, "验证码")]
    english = [*scan_a_login(service, ann), *write_to(service, ann, "验证码")]

    assert ["有人正在电脑上登录" in chinese[0], "请勿告诉他人" in chinese[1]] == [True, True]
    assert len(english) == 2
    assert all(words.replace("晨光书店", "").isascii() for words in english)
    assert write_to(service, lin, "你好") == write_to(service, ann, "hello") == []


@pytest.mark.parametrize("written", ["营业时间", " 营业时间 "])
def test_a_keyword_is_answered_in_the_persons_language(service: Installation, written: str) -> None:
    say(service, Occasion.KEYWORD, f"九点到六点，{SHOP}", keyword="营业时间")
    say(service, Occasion.KEYWORD, "9-18", keyword="营业时间", language="en")
    say(service, Occasion.KEYWORD, "只有中文", keyword="hours")
    stranger, ann = a_follower(service), a_follower(service, "en")

    assert write_to(service, stranger, written) == [f"九点到六点，{SHOP}"]
    assert write_to(service, ann, written) == ["9-18"]
    assert write_to(service, ann, "ＨＯＵＲＳ") == ["只有中文"]
    assert write_to(service, stranger, f"{written}？") == []


def test_a_tapped_menu_entry_is_answered_like_a_keyword(service: Installation) -> None:
    say(service, Occasion.KEYWORD, "九点到六点", keyword="V1_HOURS")
    ann = a_follower(service, "en")

    before = click(service, ann, "V2_EARLIER")
    say(service, Occasion.DEFAULT, "请写信给我们")
    say(service, Occasion.DEFAULT, "Please write to us", language="en")

    assert before == []
    assert click(service, ann, "V1_HOURS") == ["九点到六点"]
    assert click(service, ann, "V2_ELSE") == ["Please write to us"]
    assert re.search(r"\d{6}", click(service, ann, "验证码")[0])


def test_whatever_nobody_answers_gets_the_default(service: Installation) -> None:
    say(service, Occasion.DEFAULT, "请写信给我们")
    say(service, Occasion.DEFAULT, "Please write to us", language="en")
    say(service, Occasion.KEYWORD, "九点到六点", keyword="营业时间")
    stranger = a_follower(service)

    assert write_to(service, stranger, "营业时间吗") == ["请写信给我们"]
    assert write_to(service, stranger, "482913") == ["请写信给我们"]
    assert write_to(service, a_follower(service, "en"), "?") == ["Please write to us"]
    assert write_to(service, stranger, "营业时间") == ["九点到六点"]


def test_a_number_and_the_code_keyword_come_before_the_owners_keywords(
    personal: Installation,
) -> None:
    for keyword in ("482913", "验证码", "你好"):
        say(personal, Occasion.KEYWORD, f"{keyword}！", keyword=keyword)
    say(personal, Occasion.DEFAULT, "什么？")
    person = a_follower(personal)

    assert "号码不正确或已失效" in write_to(personal, person, "482913")[0]
    assert re.search(r"验证码：\d{6}", write_to(personal, person, "验证码")[0])
    assert write_to(personal, person, "你好") == ["你好！"]
    assert write_to(personal, person, "4829135") == ["什么？"]


def test_the_number_is_answered_with_the_confirm_text(personal: Installation) -> None:
    say(personal, Occasion.CONFIRM, "点{link}")
    person = a_follower(personal)
    page = Browser().open(f"{personal.url}/login").text
    number = re.search(r'data-on="pending">(\d{3} \d{3})<', page)
    assert number

    (words,) = write_to(personal, person, number[1])

    assert re.fullmatch(rf'点<a href="{personal.url}/confirm/[^"]+">点这里确认登录</a>', words)


def test_a_stranger_is_asked_to_authorize_whatever_the_code_text_says(
    service: Installation,
) -> None:
    say(service, Occasion.CODE, "您的验证码 {code}")

    (words,) = write_to(service, a_follower(service), "验证码")

    assert "/api/wechat/auth?state=code" in words


def test_a_text_that_wechat_could_not_carry_gives_way_to_the_built_in_one(
    service: Installation,
) -> None:
    say(service, Occasion.WELCOME, "x")
    say(service, Occasion.DEFAULT, "x")
    with service.app.app_context():
        with write() as session:
            session.execute(db.update(Reply).values(text="你" * 700))
        db.session.remove()
    person = service.simulator.add_person()

    welcomed = told(service.simulator.follow(person, service.account.appid))

    assert welcomed == ["欢迎关注晨光书店。"]
    assert write_to(service, person, "你好") == []
