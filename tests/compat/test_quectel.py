"""The end-user API: logging in, and every number that it answers."""

import re
import secrets
from typing import Any

import pytest
import requests
from sqlalchemy import update

from tests.compat.end_users import Program, Tokens, claims_of, header_of
from tests.conftest import Installation, Installer
from tests.flows.phones import DESKTOP
from tests.test_errors import LEAVES, make
from wechatlogin import clock
from wechatlogin.compat import quectel_envelope
from wechatlogin.errors import LoginError
from wechatlogin.extensions import db
from wechatlogin.models import Application
from wechatlogin.models.transaction import write
from wechatlogin.services import applications

LOGIN = "/wechatOffiaccountAuthLogin"
EXCHANGE = "/sns/oauth2/access_token"


@pytest.fixture(scope="module")
def program(installation: Installation) -> Program:
    return Program(installation)


def change(program: Program, **values: Any) -> None:
    """Set an application up as an import from the original would."""
    with program.installation.app.app_context(), write() as session:
        which = Application.client_id == program.client_id
        session.execute(update(Application).where(which).values(**values))
    with program.installation.app.app_context():
        db.session.remove()


def exchanges(program: Program) -> int:
    calls = program.installation.simulator.calls(EXCHANGE)
    return len([call for call in calls if call["appid"] == program.appid])


def test_a_code_becomes_a_token_pair(program: Program) -> None:
    tokens = program.tokens("lin")

    access, refresh = claims_of(tokens.access), claims_of(tokens.refresh)
    assert header_of(tokens.access)["alg"] == "RS256"
    assert access["exp"] == tokens.data["accessToken"]["expirationTime"]
    assert refresh["exp"] == tokens.data["refreshToken"]["expirationTime"]
    assert access["exp"] - access["iat"] == 7200
    assert refresh["exp"] - refresh["iat"] == 30 * 86_400
    for claims, kind in ((access, "AccessToken"), (refresh, "RefreshToken")):
        assert (claims["iss"], claims["aud"], claims["sub"]) == ("enduser", "Audience", "subject")
        assert claims["type"] == kind
        assert claims["nbf"] == claims["iat"] - 120
        assert re.fullmatch(r"[A-Za-z0-9_-]{22}", claims["jti"])
        assert re.fullmatch(r"C[0-9]+", claims["uid"])
    assert access["jti"] != refresh["jti"]


@pytest.mark.parametrize("place", ["params", "data", "json"])
def test_parameters_come_in_the_query_as_a_form_or_as_json(program: Program, place: str) -> None:
    given = program.signed(program.code("lin"))

    assert program.ask("POST", LOGIN, **{place: given})["code"] == 200


def test_an_empty_body_that_calls_itself_json_is_none(program: Program) -> None:
    kind = {"Content-Type": "application/json"}
    given = program.signed(program.code("lin"))

    assert program.ask("POST", LOGIN, params=given, headers=kind)["code"] == 200


def test_the_signature_is_that_of_the_guide(program: Program) -> None:
    vault = program.installation.site.vault
    there = Program(program.installation)
    sealed = vault.seal("demo-user-domain-secret-0001")
    change(there, user_domain=f"C.DM.{secrets.randbelow(10**9)}", sealed_user_domain_secret=sealed)
    with there.installation.app.app_context():
        there.domain = str(applications.verify(there.client_id).user_domain)
        db.session.remove()
    given = {"appId": "wx1234567890abcdef", "code": "021CODEabc", "userDomain": there.domain}
    good = "5284b827f8e5efd28769fbd7e7239a0579a075d2efb82a5a5fd6b4efb798d101"

    # The signature is right, which only then lets us say that the WeChat app is none of ours.
    assert there.log_in(**given, signature=good)["code"] == 5373
    assert there.log_in(**given, signature=good.upper())["code"] == 5373
    assert there.log_in(**given, signature=good[:-1] + "2")["code"] == 5420


@pytest.mark.parametrize(
    ("left_out", "number", "words"),
    [
        ("appId", 5218, "请输入appid"),
        ("code", 5372, "请输入code"),
        ("userDomain", 5023, "请输入用户域"),
        ("signature", 5550, "请输入签名"),
    ],
)
def test_a_missing_parameter_has_its_number(
    program: Program, left_out: str, number: int, words: str
) -> None:
    given = program.signed("x")
    missing = {name: value for name, value in given.items() if name != left_out}

    for params in (missing, {**missing, left_out: ""}):
        answer = program.log_in(**params)
        assert (answer["code"], answer["msg"]) == (number, words)


def test_what_is_missing_is_told_in_the_order_of_the_table(program: Program) -> None:
    given: dict[str, str] = {}
    numbers = []
    for name in ("appId", "code", "userDomain", "signature"):
        numbers.append(program.log_in(**given)["code"])
        given[name] = "?"

    assert [*numbers, program.log_in(**given)["code"]] == [5218, 5372, 5023, 5550, 5013]


@pytest.mark.parametrize(
    "domain",
    ["?", "C.DM", "c.dm.1.1", "C.DM.1.1.1", "C.DM.x", "C.DM.1.", "C.DM.1\n", "域", "C.DM.1.1\x00"],
)
def test_what_cannot_be_a_user_domain_is_malformed(program: Program, domain: str) -> None:
    answer = program.log_in(**program.signed("x", userDomain=domain))

    assert (answer["code"], answer["msg"]) == (5013, "用户域格式不正确")


@pytest.mark.parametrize("domain", ["C.DM.10271.5", "U.DM.10351.1", "U.SP.8589934603"])
def test_a_user_domain_of_nobody_does_not_exist(program: Program, domain: str) -> None:
    answer = program.log_in(**program.signed("x", userDomain=domain))

    assert (answer["code"], answer["msg"]) == (5015, "用户域不存在")


def test_a_domain_that_was_named_otherwise_before_is_still_one(installation: Installation) -> None:
    older = Program(installation)
    older.domain = secrets.token_hex(8)
    change(older, user_domain=older.domain)

    assert older.tokens("lin")


def test_a_disabled_domain_is_told_before_its_signature_is_read(installation: Installation) -> None:
    disabled = Program(installation)
    change(disabled, is_disabled=True)

    answer = disabled.log_in(**disabled.signed("x", signature="wrong"))

    assert (answer["code"], answer["msg"]) == (5104, "用户域已停用")


def test_a_domain_serves_its_countries(installation: Installation) -> None:
    chinese = Program(installation, mccs=(460, 461))

    for mcc, number in (("310", 6084), ("-460", 6084), ("46O", 6085), ("460.0", 6085)):
        assert chinese.log_in(**chinese.signed("x", mcc=mcc, signature="wrong"))["code"] == number
    assert chinese.log_in(**chinese.signed(chinese.code("lin"), mcc="460"))["code"] == 200
    assert chinese.log_in(**chinese.signed(chinese.code("lin")))["code"] == 200
    as_json = {**chinese.signed("x"), "mcc": 310}
    assert chinese.ask("POST", LOGIN, json=as_json)["msg"] == "MCC不属于当前数据中心"


def test_a_domain_without_a_list_serves_every_country(program: Program) -> None:
    assert program.log_in(**program.signed(program.code("lin"), mcc="310"))["code"] == 200
    wrong = program.log_in(**program.signed("x", mcc="abc"))
    assert (wrong["code"], wrong["msg"]) == (6085, "查询MCC的数据中心失败")


def test_a_wrong_signature_is_refused_and_wechat_is_not_asked(program: Program) -> None:
    code = program.code("lin")
    stranger = Program(program.installation)
    before = exchanges(program)

    for signature in (stranger.sign(code), program.sign(code + "x"), "0" * 64, "签", "x"):
        answer = program.log_in(**program.signed(code, signature=signature))
        assert (answer["code"], answer["msg"]) == (5420, "签名验证失败")
    assert exchanges(program) == before
    assert program.log_in(**program.signed(code))["code"] == 200


def test_a_signature_is_for_one_appid_and_one_domain(program: Program) -> None:
    code = program.code("lin")
    other = Program(program.installation)

    assert program.log_in(**program.signed(code, userDomain=other.domain))["code"] == 5420
    assert program.log_in(**program.signed(code, appId="wx1234567890abcdef"))["code"] == 5420


def test_a_wechat_app_that_is_not_the_programs_is_not_configured(
    installation: Installation,
) -> None:
    program = Program(installation)
    change(program, appids=["wx1234567890abcdef"])

    answer = program.log_in(**program.signed(program.code("lin")))

    assert (answer["code"], answer["msg"]) == (5373, "企业未配置该公众号Secret")


def test_a_code_is_good_once(program: Program) -> None:
    given = program.signed(program.code("lin"))
    assert program.log_in(**given)["code"] == 200

    replayed = program.log_in(**given)

    assert (replayed["code"], replayed["msg"]) == (5368, "获取用户OpenID失败")
    assert replayed["extMsg"] == "login_must_restart 40163"


@pytest.mark.parametrize("code", ["nobodys", "a b", "码", "\x00", "x" * 600])
def test_what_is_no_code_of_wechats_is_refused(program: Program, code: str) -> None:
    assert program.log_in(**program.signed(code))["code"] == 5368


@pytest.mark.parametrize("mode", ["snapshot", "snapshot_without_flag"])
def test_nobody_is_logged_in_by_a_snapshot_page(program: Program, mode: str) -> None:
    program.installation.simulator.fault("/connect/oauth2/authorize", mode, times=1)

    answer = program.log_in(**program.signed(program.code("lin")))

    assert answer["code"] == 5368
    assert answer["extMsg"].startswith("snapshot_user")


@pytest.mark.parametrize(
    ("fault", "number", "words", "details"),
    [
        ({"mode": "reset"}, 5367, "获取用户OpenID请求异常", "wechat_unreachable"),
        (
            {"mode": "errcode", "errcode": 40125},
            5368,
            "获取用户OpenID失败",
            "operator_needed 40125",
        ),
        ({"mode": "errcode", "errcode": -1}, 5368, "获取用户OpenID失败", "wechat_busy -1"),
        ({"mode": "errcode", "errcode": 0}, 5369, "解析用户OpenID失败", "wechat_garbled"),
        ({"mode": "garbage"}, 5369, "解析用户OpenID失败", "wechat_garbled"),
        ({"mode": "html"}, 5369, "解析用户OpenID失败", "wechat_garbled"),
        ({"mode": "http_500"}, 5369, "解析用户OpenID失败", "wechat_down"),
    ],
)
def test_a_failure_at_wechat_has_its_number(
    program: Program, fault: dict[str, Any], number: int, words: str, details: str
) -> None:
    code = program.code("lin")
    before = exchanges(program)
    program.installation.simulator.fault(EXCHANGE, times=1, **fault)

    answer = program.log_in(**program.signed(code))

    assert (answer["code"], answer["msg"], answer["extMsg"]) == (number, words, details)
    assert exchanges(program) == before + 1


def test_the_words_are_the_originals_in_every_language(program: Program) -> None:
    english = {"Accept-Language": "en", "Accept": "text/html", "User-Agent": DESKTOP}

    answer = program.ask("POST", LOGIN, headers=english)

    assert answer["msg"] == "请输入appid"


def test_a_page_of_another_site_may_ask_for_there_is_no_cookie_to_misuse(program: Program) -> None:
    from_elsewhere = {"Origin": "https://shop.example", "Sec-Fetch-Site": "cross-site"}

    assert program.ask("POST", LOGIN, headers=from_elsewhere)["code"] == 5218


@pytest.mark.parametrize(
    "given",
    [
        {"params": [("appId", "a"), ("appId", "b")]},
        {"params": {"appId": "a"}, "data": {"appId": "a"}},
        {"params": {"appId": "a" * 2049}},
        {"json": ["appId"]},
        {"json": {"appId": ["a"]}},
        {"json": {"appId": {"a": "b"}}},
        {"json": {"appId": True}},
        {"json": {"appId": 1.5}},
        {"data": b'{"appId": "a", "appId": "b"}', "headers": {"Content-Type": "application/json"}},
        {"data": b'{"appId": "\\ud800"}', "headers": {"Content-Type": "application/json"}},
        {"data": b"{", "headers": {"Content-Type": "application/json"}},
        {"data": b"[" * 60_000, "headers": {"Content-Type": "application/json"}},
        {"data": b"\xff", "headers": {"Content-Type": "application/json"}},
    ],
    ids=str,
)
def test_what_has_no_number_of_the_apis_has_its_http_status(
    program: Program, given: dict[str, Any]
) -> None:
    answer = program.call("POST", LOGIN, **given)

    assert (answer.status_code, answer.json()["code"]) == (400, 400)


def test_too_large_a_body_is_refused_in_the_envelope(program: Program) -> None:
    answer = program.call("POST", LOGIN, data=b"x" * 70_000)

    assert (answer.status_code, answer.json()["code"]) == (413, 413)


def test_logins_are_limited(install: Installer) -> None:
    program = Program(install(limit_login="2 per minute"))

    answers = [program.call("POST", LOGIN) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[-1].json()["code"] == 429
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_nothing_secret_comes_into_the_log(program: Program) -> None:
    code = program.code("lin")
    tokens = Tokens.of(program.log_in(**program.signed(code)))
    program.log_in(**program.signed(code))
    program.refresh(tokens.access)

    log = program.installation.service.log_path.read_text()

    assert "40163" in log
    for secret in (code, program.secret, program.sign(code), tokens.access, tokens.refresh):
        assert secret not in log
    assert program.installation.simulator.openid("lin", program.appid) not in log


def test_new_user_domains_have_the_originals_form_and_differ(installation: Installation) -> None:
    domains = {Program(installation).domain for _ in range(3)}

    assert len(domains) == 3
    assert all(re.fullmatch(r"C\.DM\.[0-9]+\.[0-9]+", domain) for domain in domains)


def test_a_program_is_answered_by_any_http_client(installation: Installation) -> None:
    """The guide's own call: everything in the query, an empty body, and JSON announced."""
    url = f"{installation.url}/v2/enduser/enduserapi{LOGIN}?appId=a&code=b&signature=c&userDomain=d"

    answer = requests.post(url, data="", headers={"Content-Type": "application/json"}, timeout=20)

    assert answer.json() == {"code": 5013, "data": None, "extMsg": None, "msg": "用户域格式不正确"}
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_clock_of_the_tokens_is_ours(program: Program) -> None:
    before = int(clock.now().timestamp())

    issued = claims_of(program.tokens("lin").access)["iat"]

    assert before <= issued <= int(clock.now().timestamp())


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_every_error_has_a_number_with_words_or_its_http_status(kind: type[LoginError]) -> None:
    err = make(kind)

    number = quectel_envelope.number_of(err)

    assert number in quectel_envelope.WORDS or number == err.status >= 400
