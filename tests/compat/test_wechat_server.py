"""wechat-server's clients: what one-api asks is answered as the original does, but safely."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import redis
import requests
from sqlalchemy import func, select, update

from tests import databases
from tests.compat.code_programs import (
    OneAPI,
    a_code,
    a_follower,
    a_known_follower,
    another,
    register,
    say_bare_codes,
    write,
)
from tests.conftest import Installation, Installer
from tests.flows.phones import Browser
from wechatlogin import clock
from wechatlogin.config import FollowPolicy
from wechatlogin.extensions import db
from wechatlogin.models import Application, Code, transaction
from wechatlogin.services import api_keys
from wechatlogin.wechat.app import AppKind, MessageMode

NO_KEY = "无权进行此操作，未登录或 token 无效"
SIX_DIGITS = re.compile(r"[1-9][0-9]{5}")
#: As the guide says.
SETTINGS = {"code_seconds": 180, "code_repeat": False}


@pytest.fixture(scope="module")
def service(install: Installer) -> Installation:
    """An installation as the guide sets it up for one-api."""
    installation = install(**SETTINGS, hand_out_access_token=("true",))
    say_bare_codes(installation)
    return installation


@pytest.fixture
def one_api(service: Installation) -> OneAPI:
    """An application of its own, so that nobody's wrong codes count for another test."""
    return OneAPI(service, register(service).api_key)


def change(service: Installation, one_api: OneAPI, **values: object) -> Application:
    """Change the application of a program and return it."""
    with service.app.app_context():
        application = api_keys.get_application(one_api.token, now=clock.now())
        assert application is not None
        for name, value in values.items():
            setattr(application, name, value)
        db.session.commit()
        db.session.remove()
    return application


def openid(service: Installation, person: str) -> str:
    return service.simulator.openid(person, service.account.appid)


def test_a_stranger_asks_in_the_chat_and_one_api_knows_who_it_is(
    service: Installation, one_api: OneAPI
) -> None:
    person = a_follower(service)

    code = write(service, person, "验证码")

    assert SIX_DIGITS.fullmatch(code)
    assert one_api.identify(code) == openid(service, person)


def test_a_code_is_good_once(service: Installation, one_api: OneAPI) -> None:
    code = a_code(service, a_follower(service))

    assert one_api.identify(code)
    assert one_api.ask(f"/api/wechat/user?code={code}") == {
        "success": True,
        "message": "",
        "data": "",
    }


def test_each_time_there_is_a_new_code_and_the_older_ones_live_on(
    service: Installation, one_api: OneAPI
) -> None:
    person = a_follower(service)

    codes = [a_code(service, person) for _ in range(3)]

    assert len(set(codes)) == 3
    assert {one_api.identify(code) for code in codes} == {openid(service, person)}


def test_a_code_lives_for_three_minutes(service: Installation, one_api: OneAPI) -> None:
    person = a_follower(service)
    code, dead = a_code(service, person), a_code(service, person)
    with service.app.app_context():
        lifetimes = [
            row.expires_at - row.created_at
            for row in db.session.scalars(select(Code).order_by(Code.id.desc()).limit(2))
        ]
        ended = select(func.max(Code.id)).scalar_subquery()
        with transaction.write() as session:
            session.execute(update(Code).where(Code.id == ended).values(expires_at=clock.now()))
        db.session.remove()

    assert lifetimes == [timedelta(minutes=3)] * 2
    assert one_api.identify(dead) == ""
    assert one_api.identify(code) == openid(service, person)


@pytest.mark.parametrize("wrong", ["another", "1", "x", "12345６", "0", "%00", "123456%20OR%201"])
def test_what_is_no_code_is_nobodys(service: Installation, one_api: OneAPI, wrong: str) -> None:
    code = a_code(service, a_follower(service))

    assert one_api.identify(another(code) if wrong == "another" else wrong) == ""


def test_blanks_around_a_code_do_not_matter(service: Installation, one_api: OneAPI) -> None:
    person = a_follower(service)

    assert one_api.identify(f"%20{a_code(service, person)}+") == openid(service, person)


@pytest.mark.parametrize("query", ["", "?code=", "?code=1&code=2", f"?code={'1' * 3000}"])
def test_without_one_code_the_parameters_are_wrong(one_api: OneAPI, query: str) -> None:
    answer = one_api.ask(f"/api/wechat/user{query}")

    assert answer == {"success": False, "message": "无效的参数"}


@pytest.mark.parametrize("path", ["/api/wechat/user?code=123456", "/api/wechat/access_token"])
@pytest.mark.parametrize("shown", ["", "wrong", "Bearer wrong", "Bearer ", "\xff", "x" * 4000])
def test_a_wrong_token_is_refused_with_http_200(one_api: OneAPI, path: str, shown: str) -> None:
    headers = {"Authorization": shown.encode("latin-1")}

    assert one_api.call(path, headers=headers).status_code == 200
    assert one_api.ask(path, headers=headers) == {"success": False, "message": NO_KEY}


def test_without_a_token_and_with_our_own_login_it_is_refused_too(service: Installation) -> None:
    browser = Browser()
    page = browser.open(f"{service.url}/login/code")
    browser.submit(page, code=a_code(service, a_follower(service)))

    answer = browser.step(f"{service.url}/api/wechat/user?code=123456")

    assert answer.json() == {"success": False, "message": NO_KEY}


def test_the_token_may_stand_after_bearer(service: Installation, one_api: OneAPI) -> None:
    code = a_code(service, a_follower(service))

    assert one_api.identify(code, token=f"Bearer {one_api.token}")


def test_a_disabled_application_is_refused(service: Installation, one_api: OneAPI) -> None:
    change(service, one_api, is_disabled=True)

    with pytest.raises(RuntimeError, match=NO_KEY):
        one_api.identify("123456")


def test_app_id_keeps_to_one_account(install: Installer) -> None:
    installation = install(**SETTINGS, apps=[AppKind.SERVICE, AppKind.SUBSCRIPTION])
    one_api = OneAPI(installation, register(installation).api_key)
    person = a_follower(installation)
    code = a_code(installation, person)
    other = installation.accounts[AppKind.SUBSCRIPTION].appid

    assert one_api.identify(f"{code}&app_id={other}") == ""
    assert one_api.identify(f"{code}&app_id={installation.account.appid}")
    with pytest.raises(RuntimeError, match="无效的参数"):
        one_api.identify(f"{code}&app_id=wx0000000000000000")


def test_a_code_of_an_account_that_is_not_the_applications_is_nobodys(install: Installer) -> None:
    installation = install(**SETTINGS, apps=[AppKind.SERVICE, AppKind.SUBSCRIPTION])
    foreign = installation.accounts[AppKind.SUBSCRIPTION].appid
    stranger = OneAPI(installation, register(installation, appids=(foreign,)).api_key)
    code = a_code(installation, a_follower(installation))

    assert stranger.identify(code) == ""
    assert OneAPI(installation, register(installation).api_key).identify(code)


def test_who_has_to_follow_is_told_so_and_keeps_the_code(
    service: Installation, one_api: OneAPI
) -> None:
    change(service, one_api, follow=FollowPolicy.REQUIRE)
    person = a_follower(service)
    code = a_code(service, person)
    service.simulator.unfollow(person, service.account.appid)

    with pytest.raises(RuntimeError, match="没有关注"):
        one_api.identify(code)
    service.simulator.follow(person, service.account.appid)
    # A second event in the same second would be taken for a retry of the first.
    write(service, person, "我关注了")

    assert one_api.identify(code) == openid(service, person)


def test_wrong_codes_of_one_token_are_bounded_and_right_ones_cost_nothing(
    install: Installer,
) -> None:
    installation = install(**SETTINGS, limit_code_tries_all="3 per minute")
    one_api = OneAPI(installation, register(installation).api_key)
    other = OneAPI(installation, register(installation, name="new-api").api_key)
    person = a_follower(installation)
    for _ in range(4):
        assert one_api.identify(a_code(installation, person))
    code = a_code(installation, person)

    wrong = [one_api.call(f"/api/wechat/user?code={n}") for n in (1, 2, 3, 4)]
    right = one_api.call(f"/api/wechat/user?code={code}")

    assert [answer.status_code for answer in wrong] == [200, 200, 200, 429]
    assert (right.status_code, right.content) == (429, b"")
    assert int(right.headers["Retry-After"]) > 0
    # Another program is not shut out, and the code was not spent.
    assert other.identify(code)


@pytest.fixture
def redis_url() -> str:
    url = databases.REDIS
    try:
        redis.Redis.from_url(url).flushdb()
    except redis.ConnectionError:
        databases.missing("Redis")
    return url


def test_two_processes_count_wrong_codes_together(install: Installer, redis_url: str) -> None:
    settings = {"workers": 2, "limit_code_tries_all": "3 per minute", "redis_url": redis_url}
    installation = install(**SETTINGS, **settings)
    one_api = OneAPI(installation, register(installation).api_key)

    statuses = [one_api.call("/api/wechat/user?code=100000").status_code for _ in range(8)]

    assert statuses == [200] * 3 + [429] * 5


def test_the_access_token_is_the_one_that_we_use(service: Installation, one_api: OneAPI) -> None:
    first = one_api.ask("/api/wechat/access_token")
    again = one_api.ask(f"/api/wechat/access_token?app_id={service.account.appid}")

    assert first["access_token"] == again["access_token"]
    assert 0 < again["expiration"] <= first["expiration"] <= 7200
    url = f"{service.simulator.url}/cgi-bin/user/info"
    known = a_follower(service)
    query = {"access_token": first["access_token"], "openid": openid(service, known)}
    assert requests.get(url, params=query, timeout=5).json()["subscribe"] == 1


def test_the_access_token_is_handed_to_nobody_unless_the_operator_says_so(
    install: Installer,
) -> None:
    chosen = "0123456789abcdef"
    installation = install(hand_out_access_token=(chosen,))
    one_api = OneAPI(installation, register(installation, client_id=chosen).api_key)
    other = OneAPI(installation, register(installation, name="new-api").api_key)

    assert one_api.ask("/api/wechat/access_token")["success"]
    assert other.ask("/api/wechat/access_token") == {
        "success": False,
        "message": "无权进行此操作，未登录或 token 无效，或没有权限",
    }


def test_no_account_but_one_of_the_applications_gives_its_access_token(
    service: Installation, one_api: OneAPI
) -> None:
    answer = one_api.ask("/api/wechat/access_token?app_id=wx0000000000000000")

    assert answer == {"success": False, "message": "无效的参数"}


def test_wechats_trouble_is_told_with_its_status(install: Installer) -> None:
    installation = install(hand_out_access_token=("true",))
    one_api = OneAPI(installation, register(installation).api_key)
    installation.simulator.fault("/cgi-bin/stable_token", "errcode", errcode=40164, times=5)

    answer = one_api.call("/api/wechat/access_token")

    assert answer.status_code >= 500
    assert not answer.json()["success"]
    assert "微信" in answer.json()["message"]


def test_no_token_is_in_the_log(service: Installation, one_api: OneAPI) -> None:
    token = one_api.ask("/api/wechat/access_token")["access_token"]

    log = service.service.log_path.read_text(encoding="utf-8")
    assert token not in log
    assert one_api.token not in log
    assert "access token" in log


def test_the_status_has_the_originals_shape_and_is_for_everybody(
    service: Installation, one_api: OneAPI
) -> None:
    data = one_api.ask("/api/status", headers={})["data"]

    assert data["system_name"] == "晨光书店"
    assert datetime.fromtimestamp(data["start_time"], UTC) <= clock.now()


@pytest.mark.parametrize("key", ["USER_VERIFICATION", "验证码"])
def test_the_button_of_the_original_menu_gives_a_code(
    service: Installation, one_api: OneAPI, key: str
) -> None:
    person, body = a_follower(service), {"appid": service.account.appid, "key": key}

    clicked = service.simulator.call("POST", f"/simulator/people/{person}/click", body)

    assert one_api.identify(clicked["replies"][0]["text"]) == openid(service, person)


@pytest.mark.parametrize("mode", [MessageMode.PLAIN, MessageMode.SAFE])
def test_a_push_that_wechat_has_not_signed_gets_no_code(
    install: Installer, mode: MessageMode
) -> None:
    installation = install(**SETTINGS, mode=mode)
    victim = a_known_follower(installation)
    forged = (
        "<xml><ToUserName>x</ToUserName><CreateTime>1</CreateTime><MsgType>text</MsgType>"
        f"<FromUserName>{openid(installation, victim)}</FromUserName>"
        "<Content>验证码</Content><MsgId>1</MsgId></xml>"
    )

    answer = requests.post(f"{installation.url}/api/wechat", data=forged.encode(), timeout=5)

    assert answer.status_code == 403
    assert not SIX_DIGITS.search(answer.text)


def test_these_paths_are_no_appids(service: Installation) -> None:
    adapter = service.app.url_map.bind("127.0.0.1")

    endpoints = {
        path: adapter.match(f"/api/wechat/{path}")[0]
        for path in ("user", "access_token", "auth", service.account.appid)
    }

    assert endpoints == {
        "user": "wechat_server.identify",
        "access_token": "wechat_server.access_token",
        "auth": "anqicms.auth",
        service.account.appid: "pushes.check_url",
    }
