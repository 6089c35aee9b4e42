"""`/wechat/isSubscribed`: whose token is good, how long, and whether its person follows."""

import base64
import json

from sqlalchemy import delete

from tests.compat.open_authorization import (
    Program,
    claims_of,
    count_calls,
    details,
)
from tests.conftest import Installer
from tests.flows.phones import Phone
from wechatlogin import clock
from wechatlogin.models import Identity
from wechatlogin.models.transaction import write
from wechatlogin.services import sessions


def test_a_follower_is_subscribed(program: Program, person: str) -> None:
    program.installation.simulator.follow(person, program.installation.account.appid)

    answer = program.ask("isSubscribed", program.log_in(person))

    assert (answer.status_code, answer.json()) == (200, {})


def test_a_stranger_is_not_subscribed_until_they_follow(program: Program, person: str) -> None:
    installation = program.installation
    token = program.log_in(person)
    before = count_calls(installation, "/cgi-bin/user/info")

    stranger = [program.ask("isSubscribed", token) for _ in range(2)]
    asked = count_calls(installation, "/cgi-bin/user/info") - before
    installation.simulator.follow(person, installation.account.appid)
    follower = program.ask("isSubscribed", token)
    installation.simulator.unfollow(person, installation.account.appid)
    gone = program.ask("isSubscribed", token)

    assert {details(answer) for answer in stranger} == {(400, "subscribe", "not_following")}
    assert asked == 1, "what WeChat said a moment ago is not asked for again"
    assert follower.status_code == 200
    assert details(gone)[0] == 400


def test_a_person_whose_openid_is_gone_is_not_found(program: Program, person: str) -> None:
    token = program.log_in(person)
    openid = claims_of(token)["openid"]
    with program.installation.app.app_context(), write() as session:
        session.execute(delete(Identity).where(Identity.openid == openid))

    assert details(program.ask("isSubscribed", token)) == (404, "openid", "openid_unknown")


def test_only_a_token_of_the_channel_is_accepted(program: Program, person: str) -> None:
    token = program.log_in(person)
    head, body, mark = token.split(".")
    claims = {**claims_of(token), "openid": "somebody-else"}
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")

    for wrong in (
        program.made.api_key,
        f"{head}.{forged}.{mark}",
        f"{unsigned}.{body}.",
        f"{head}.{body}",
        "x" * 3000,
    ):
        answer = program.ask("isSubscribed", wrong)
        assert details(answer) == (401, "Authorization", "token_invalid")
    assert program.ask("isSubscribed", token).status_code == 400


def test_a_token_is_no_api_key(program: Program, person: str) -> None:
    answer = program.ask("qrcode", program.log_in(person))

    assert details(answer) == (401, "Authorization", "api_key_wrong")


def test_logging_out_ends_the_token_and_no_other(program: Program, person: str) -> None:
    first, second = program.log_in(person), program.log_in(person)
    claims = claims_of(first)
    with program.installation.app.app_context():
        assert sessions.end_one(claims["sub"], claims["sid"], now=clock.now())

    assert details(program.ask("isSubscribed", first)) == (401, "Authorization", "token_invalid")
    assert program.ask("isSubscribed", second).status_code == 400


def test_the_person_ends_the_token_on_the_account_page(program: Program, person: str) -> None:
    token = program.log_in(person)
    phone = Phone(person)
    page = phone.open(f"{program.installation.url}/login")
    at = page.text.index(f"/account/sessions/{claims_of(token)['sid']}/end")

    assert "书店 App" in page.text
    ours = page.text[page.text.rindex("<form", 0, at) : page.text.index("</form>", at)]
    csrf = ours.split('name="csrf_token" value="')[1].split('"')[0]
    ended = phone.post(
        f"{program.installation.url}/account/sessions/{claims_of(token)['sid']}/end",
        data={"csrf_token": csrf},
        timeout=20,
    )

    assert ended.ok
    assert details(program.ask("isSubscribed", token))[0] == 401


def test_a_session_that_ended_gives_no_token_again(program: Program, person: str) -> None:
    code, state = program.come_back(person)
    claims = claims_of(program.ask("jwt", code=code, id=state).json()["token"])
    with program.installation.app.app_context():
        sessions.end_all(claims["sub"], now=clock.now())

    assert details(program.ask("jwt", code=code, id=state)) == (400, "id", "attempt_spent")


def test_wechats_trouble_is_no_answer_about_following(install: Installer) -> None:
    # A quota that is used up is not asked about again until midnight, so nobody shares this one.
    program = Program(install())
    token = program.log_in(program.installation.simulator.add_person())
    program.installation.simulator.fault("/cgi-bin/user/info", "errcode", errcode=45009)

    assert details(program.ask("isSubscribed", token)) == (503, "request", "quota_exhausted")
