"""The end-user API after the login: who it is, rotation, log-out, and where a token is nothing."""

import base64
import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from tests import databases
from tests.compat.end_users import Program, Tokens, claims_of
from tests.conftest import Installation
from tests.flows.phones import Phone
from tests.servers import Account
from wechatlogin import clock
from wechatlogin.errors import TokenInvalid
from wechatlogin.extensions import db
from wechatlogin.models import AuditEntry, AuditTag
from wechatlogin.services import accounts, applications, end_users, wechat_apps
from wechatlogin.services.wechat_apps import NewWeChatApp
from wechatlogin.wechat.app import AppKind, MessageMode

WRONG_TOKEN = {"code": 5032, "data": None, "extMsg": None, "msg": "token验证失败"}
DONE = {"code": 200, "data": None, "extMsg": None, "msg": ""}


@pytest.fixture(scope="module")
def program(installation: Installation) -> Program:
    return Program(installation)


def uid_of(token: str) -> str:
    return str(claims_of(token)["uid"])


def tampered(token: str) -> str:
    """Return the token as it would be if another person's uid stood in it."""
    head, _, tail = token.removeprefix("Bearer ").split(".")
    claims = {**claims_of(token), "uid": "C1"}
    return f"Bearer {head}.{encoded(claims)}.{tail}"


def unsigned(token: str) -> str:
    return f"Bearer {encoded({'alg': 'none', 'typ': 'JWT'})}.{encoded(claims_of(token))}."


def encoded(part: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def mini_program(installation: Installation) -> str:
    """Set a mini program up on both sides and return its appid."""
    account = Account()
    console = {"appid": account.appid, "secret": account.secret, "kind": "mini_program"}
    installation.simulator.call("POST", "/simulator/apps", console)
    with installation.app.app_context():
        new = NewWeChatApp(
            appid=account.appid,
            secret=SecretStr(account.secret),
            kind=AppKind.MINI_PROGRAM,
            name="晨光书店小程序",
            mode=MessageMode.PLAIN,
        )
        wechat_apps.save(installation.site.vault, new, now=clock.now())
        db.session.remove()
    return account.appid


def test_the_program_is_told_who_it_is(program: Program) -> None:
    simulator = program.installation.simulator
    person = simulator.add_person(nickname="林小满")
    tokens = program.tokens(person)

    user = program.user(tokens.access)["data"]

    assert user["uid"] == uid_of(tokens.access)
    assert user["nikeName"] == "林小满"
    assert user["headimg"].startswith("http")
    assert user["wechatOffiaccountUserId"] == simulator.openid(person, program.appid)
    assert user["wechatUnionId"].startswith("o")
    assert user["status"] == 1
    assert user["wechatMiniprogramUserId"] is None
    assert abs(user["lastLoginTimeTs"] - clock.now().timestamp() * 1000) < 60_000
    # Beijing is eight hours ahead of UTC all the year.
    beijing = clock.now() + timedelta(hours=8)
    assert user["lastLoginTime"][:13] in {
        f"{beijing:%Y-%m-%d %H}",
        f"{beijing - timedelta(minutes=1):%Y-%m-%d %H}",
    }


def test_who_was_asked_for_nothing_has_no_name(program: Program) -> None:
    person = program.installation.simulator.add_person()

    user = program.user(program.tokens(person, "snsapi_base").access)["data"]

    assert (user["nikeName"], user["headimg"]) == (None, None)


def test_the_uid_stays_the_same(program: Program) -> None:
    person = program.installation.simulator.add_person()
    first = program.tokens(person)
    second = program.tokens(person)
    third = Tokens.of(program.refresh(second.refresh))

    uids = {uid_of(each) for each in (first.access, second.refresh, third.access, third.refresh)}

    assert len(uids) == 1
    times = program.user(third.access)["data"]
    assert times["registerTimeTs"] < times["lastLoginTimeTs"]
    other = program.installation.simulator.add_person()
    assert uid_of(program.tokens(other).access) not in uids


@pytest.mark.parametrize("place", ["params", "data", "json"])
def test_a_refresh_gives_a_new_pair(program: Program, place: str) -> None:
    tokens = program.tokens("lin")

    given = {"refreshToken": tokens.refresh}
    fresh = Tokens.of(program.ask("PUT", "/refreshToken", **{place: given}))

    assert fresh.access != tokens.access
    assert fresh.refresh != tokens.refresh
    assert program.user(fresh.access)["code"] == 200
    assert program.user(tokens.access)["code"] == 200


def test_a_refresh_takes_the_token_with_and_without_its_first_word(program: Program) -> None:
    tokens = program.tokens("lin")

    fresh = Tokens.of(program.refresh(tokens.refresh.removeprefix("Bearer ")))

    assert Tokens.of(program.refresh(fresh.refresh))


def test_a_refresh_takes_the_token_from_the_header_of_an_empty_request(program: Program) -> None:
    headers = {"Authorization": program.tokens("lin").refresh}

    assert program.ask("PUT", "/refreshToken", headers=headers)["code"] == 200


def test_whose_answer_was_lost_may_refresh_again_at_once(program: Program) -> None:
    tokens = program.tokens("lin")

    first, again = (Tokens.of(program.refresh(tokens.refresh)) for _ in range(2))

    assert Tokens.of(program.refresh(again.refresh))
    assert program.user(first.access)["code"] == 200


def test_a_refresh_token_that_comes_again_later_ends_the_session(program: Program) -> None:
    first = program.tokens("lin")
    second = Tokens.of(program.refresh(first.refresh))
    third = Tokens.of(program.refresh(second.refresh))

    assert program.refresh(first.refresh) == WRONG_TOKEN

    assert program.refresh(third.refresh) == WRONG_TOKEN
    for tokens in (first, second, third):
        assert program.user(tokens.access) == WRONG_TOKEN


def test_one_token_does_not_do_for_the_other(program: Program) -> None:
    tokens = program.tokens("lin")

    assert program.refresh(tokens.access) == WRONG_TOKEN
    assert program.user(tokens.refresh) == WRONG_TOKEN
    assert program.log_out(tokens.refresh) == WRONG_TOKEN
    assert program.user(tokens.access)["code"] == 200


def nonsense(_: str) -> str:
    return "Bearer a.b.c"


@pytest.mark.parametrize("change", [tampered, unsigned, nonsense], ids=lambda one: one.__name__)
def test_a_token_that_we_have_not_signed_is_none(
    program: Program, change: Callable[[str], str]
) -> None:
    tokens = program.tokens("lin")

    assert program.user(change(tokens.access)) == WRONG_TOKEN
    assert program.log_out(change(tokens.access)) == WRONG_TOKEN
    assert program.refresh(change(tokens.refresh)) == WRONG_TOKEN
    assert program.user(tokens.access)["code"] == 200


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/userInfo"), ("DELETE", "/userLogout"), ("PUT", "/refreshToken")]
)
def test_without_a_token_one_is_asked_for(program: Program, method: str, path: str) -> None:
    answer = program.ask(method, path)

    assert (answer["code"], answer["msg"]) == (5106, "请输入token")


def test_a_log_out_ends_both_tokens_and_no_other_session(program: Program) -> None:
    here, there = program.tokens("lin"), program.tokens("lin")
    earlier = here.access
    here = Tokens.of(program.refresh(here.refresh))

    assert program.log_out(here.access) == DONE

    assert program.user(here.access) == WRONG_TOKEN
    assert program.user(earlier) == WRONG_TOKEN
    assert program.refresh(here.refresh) == WRONG_TOKEN
    assert program.log_out(here.access) == WRONG_TOKEN
    assert program.user(there.access)["code"] == 200


def test_a_device_may_be_named_at_the_log_out(program: Program) -> None:
    headers = {"Authorization": program.tokens("lin").access}

    assert program.ask("DELETE", "/userLogout?deviceId=1", headers=headers) == DONE


def test_a_log_out_that_cannot_be_written_down_says_so(program: Program) -> None:
    tokens = program.tokens("lin")

    with databases.locked(program.installation.service.settings.database_url):
        failed = program.log_out(tokens.access)

    assert (failed["code"], failed["msg"]) == (5045, "用户退出登录失败")
    assert program.user(tokens.access)["code"] == 200
    assert program.log_out(tokens.access) == DONE


def test_the_person_sees_the_program_among_their_sessions_and_may_end_it(
    installation: Installation,
) -> None:
    program = Program(installation, name="温室监控")
    person = installation.simulator.add_person()
    tokens = program.tokens(person)
    phone = Phone(person)
    page = phone.open(f"{installation.url}/login")
    assert "温室监控" in page.text

    ends = re.findall(r'action="(/account/sessions/[^"]+/end)"', page.text)
    sid = claims_of(tokens.access)["sid"]
    end = next(path for path in ends if sid in path)
    hidden = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert hidden
    phone.post(installation.url + end, data={"csrf_token": hidden[1]}, timeout=20)

    assert program.user(tokens.access) == WRONG_TOKEN
    assert program.refresh(tokens.refresh) == WRONG_TOKEN


def test_a_person_who_is_erased_does_not_exist_any_more(program: Program) -> None:
    installation = program.installation
    person = installation.simulator.add_person()
    tokens = program.tokens(person)
    openid = installation.simulator.openid(person, program.appid)
    with installation.app.app_context():
        accounts.erase_identity(program.appid, openid, now=clock.now())
        db.session.remove()

    gone = program.user(tokens.access)

    assert (gone["code"], gone["msg"]) == (5033, "用户不存在")
    assert program.refresh(tokens.refresh) == WRONG_TOKEN
    assert uid_of(program.tokens(person).access) != uid_of(tokens.access)


def test_a_domain_is_a_user_space_of_its_own(program: Program) -> None:
    other = Program(program.installation)

    ours, theirs = program.tokens("lin"), other.tokens("lin")

    assert uid_of(ours.access) != uid_of(theirs.access)
    assert claims_of(ours.access)["userDomain"] == program.domain
    assert claims_of(theirs.access)["userDomain"] == other.domain
    assert other.log_out(theirs.access) == DONE
    assert program.user(ours.access)["data"]["uid"] == uid_of(ours.access)


def test_disabling_a_domain_ends_its_tokens_and_no_others(program: Program) -> None:
    other = Program(program.installation)
    ours, theirs = program.tokens("lin"), other.tokens("lin")
    with program.installation.app.app_context():
        row = applications.verify(other.client_id)
        applications.save_disabled(row, is_disabled=True, now=clock.now())
        db.session.remove()

    assert other.user(theirs.access) == WRONG_TOKEN
    assert other.refresh(theirs.refresh) == WRONG_TOKEN
    assert program.user(ours.access)["code"] == 200


def test_a_program_is_told_nothing_of_wechat_apps_that_it_does_not_use(
    installation: Installation,
) -> None:
    appid = mini_program(installation)
    person = installation.simulator.add_person(nickname="林小满")
    Program(installation).tokens(person)
    program = Program(installation, appids=(appid,))
    code = program.js_code(person, appid)
    given = {"appId": appid, "jsCode": code, "userDomain": program.domain}
    given["signature"] = program.sign(code, appid)

    answer = program.ask("POST", "/wechatMiniprogramAuthLogin", params=given)

    user = program.user(Tokens.of(answer).access)["data"]
    assert user["wechatMiniprogramUserId"] == installation.simulator.openid(person, appid)
    assert (user["wechatOffiaccountUserId"], user["nikeName"]) == (None, None)


def test_a_mini_program_has_numbers_and_words_of_its_own(installation: Installation) -> None:
    appid = mini_program(installation)
    program = Program(installation)
    code = program.js_code("lin", appid)
    given = {"appId": appid, "jsCode": code, "userDomain": program.domain}
    given["signature"] = program.sign(code, appid)

    def ask(**more: str) -> tuple[int, str]:
        answer = program.ask("POST", "/wechatMiniprogramAuthLogin", data={**given, **more})
        return answer["code"], answer["msg"]

    assert ask(jsCode="") == (5372, "请输入jsCode")
    assert ask(signature="0" * 64) == (5420, "签名验证失败")
    official = {"appId": program.appid, "signature": program.sign(code)}
    assert ask(**official) == (5373, "企业未配置该小程序Secret")
    installation.simulator.fault("/sns/jscode2session", "errcode", errcode=40226, times=1)
    assert ask() == (5368, "获取用户OpenID失败")
    assert ask()[0] == 200
    assert ask() == (5368, "获取用户OpenID失败")


def test_a_mini_program_does_not_log_in_by_the_authorize_page(installation: Installation) -> None:
    appid = mini_program(installation)
    program = Program(installation)
    code = program.js_code("lin", appid)
    given = program.signed(code, appId=appid, signature=program.sign(code, appid))

    assert program.log_in(**given)["code"] == 5373


def test_tokens_end_in_time(program: Program) -> None:
    tokens = program.tokens("lin")
    with program.installation.app.app_context():
        now = clock.now()
        just = now + timedelta(hours=2, seconds=-30)
        assert end_users.get_profile(tokens.access, now=just).uid == uid_of(tokens.access)
        with pytest.raises(TokenInvalid):
            end_users.get_profile(tokens.access, now=now + timedelta(hours=2, seconds=1))
        with pytest.raises(TokenInvalid):
            end_users.refresh(
                program.installation.site, tokens.refresh, now=now + timedelta(days=30, seconds=1)
            )
        db.session.remove()


def test_a_session_lives_as_long_as_it_is_refreshed(program: Program) -> None:
    tokens, site = program.tokens("lin"), program.installation.site
    with program.installation.app.app_context():
        now, token = clock.now(), tokens.refresh
        for _ in range(3):
            now += timedelta(days=29)
            pair = end_users.refresh(site, token, now=now)
            token = pair.refresh.text.get_secret_value()
        access = pair.access.text.get_secret_value()
        assert end_users.get_profile(access, now=now).uid == uid_of(tokens.access)
        db.session.remove()


def test_logins_and_log_outs_are_in_the_audit(program: Program) -> None:
    person = program.installation.simulator.add_person()
    program.log_out(program.tokens(person).access)

    with program.installation.app.app_context():
        openid = program.installation.simulator.openid(person, program.appid)
        identity = accounts.get_identity(program.appid, openid)
        assert identity
        entries = select(AuditEntry.tag).where(AuditEntry.user_id == identity.user_id)
        tags = list(db.session.scalars(entries.order_by(AuditEntry.id)))
        db.session.remove()

    assert tags == [AuditTag.USER_CREATED, AuditTag.USER_LOGIN, AuditTag.SESSION_ENDED]
