"""The doctor on a WeChat app: each fault at WeChat's side, or in front of us, in its words."""

import pytest
import requests

from tests.servers import TEMPLATE_ID, Simulator, free_port
from tests.services import clinic
from tests.services.clinic import FIELDS, Clinic
from tests.stories import start_attempt
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import (
    Application,
    PlatformToken,
    Status,
    Way,
)
from wechatlogin.models.transaction import write
from wechatlogin.services import applications, doctor, verification_files, wechat_apps
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.doctor import State, Step
from wechatlogin.services.pauses import BEIJING
from wechatlogin.services.site import Site
from wechatlogin.services.verification_files import NewVerificationFile
from wechatlogin.wechat import templates
from wechatlogin.wechat.app import AppKind
from wechatlogin.wechat.errcodes import ERRCODES
from wechatlogin.wechat.errors import OperatorNeeded

CHECK_PATH = "/cgi-bin/callback/check"
FILE = NewVerificationFile("MP_verify_bU7m2R3kQ0r1oQdB.txt", "bU7m2R3kQ0r1oQdB")
LOCAL = "127.0.0.1"


@pytest.fixture
def ready(storage: Site, simulator: Simulator) -> Clinic:
    return clinic.set_up(storage, simulator)


def test_a_right_secret_is_right_and_its_address_on_the_list(ready: Clinic) -> None:
    assert ready.examine(Step.SECRET).state is State.OK
    assert ready.examine(Step.WHITE_LIST).state is State.OK


def test_a_wrong_secret_is_told_with_wechats_number(storage: Site, simulator: Simulator) -> None:
    ready = clinic.set_up(storage, simulator, secret="canary-of-another-account")

    found = ready.examine(Step.SECRET)

    assert (found.state, found.errcode) == (State.WRONG, 40125)
    assert found.reason == ERRCODES[40125].meaning
    assert found.rid
    assert "canary" not in str(found)
    assert ready.examine(Step.WHITE_LIST).state is State.UNKNOWN


@pytest.mark.fault("C-08")
def test_an_address_that_is_not_listed_is_named_for_pasting(
    storage: Site, simulator: Simulator
) -> None:
    ready = clinic.set_up(storage, simulator, ip_whitelist=["203.0.113.7"])

    found = ready.examine(Step.WHITE_LIST)

    assert (found.state, found.errcode) == (State.WRONG, 40164)
    assert f"服务器的 IP {LOCAL} 不在微信的白名单里。" == found.reason
    assert f"IP 白名单」里点「修改」，加上 {LOCAL}" in (found.remedy or "")
    assert ready.examine(Step.SECRET).state is State.UNKNOWN


@pytest.mark.fault("C-08")
@pytest.mark.parametrize("errcode", [61004, 89503, 89506])
def test_a_refused_address_that_is_not_named_is_told_from_the_table(
    ready: Clinic, errcode: int
) -> None:
    ready.simulator.fault("/cgi-bin/stable_token", "errcode", errcode=errcode)

    found = ready.examine(Step.WHITE_LIST)

    assert (found.state, found.errcode) == (State.WRONG, errcode)
    assert found.remedy == ERRCODES[errcode].advice


def test_40001_where_a_token_is_asked_for_is_a_wrong_secret(ready: Clinic) -> None:
    ready.simulator.fault("/cgi-bin/stable_token", "errcode", errcode=40001)

    found = ready.examine(Step.SECRET)

    assert (found.state, found.errcode) == (State.WRONG, 40001)
    assert (found.reason, found.remedy) == (ERRCODES[40125].meaning, ERRCODES[40125].advice)


def test_a_secret_that_was_mended_shows_no_refusal_of_before(
    storage: Site, simulator: Simulator
) -> None:
    ready = clinic.set_up(storage, simulator, secret="s" * 32, template=True)
    with pytest.raises(OperatorNeeded):
        wechat_apps.client(ready.site, ready.row).get_templates()
    clinic.enter(ready, secret=ready.account.secret)

    # Logins still pause, and the examination asks all the same.
    with pytest.raises(OperatorNeeded):
        wechat_apps.client(ready.site, ready.row).get_templates()
    assert ready.examine(Step.TEMPLATE).state is State.OK
    assert ready.examine(Step.RIGHTS).errcode is None


@pytest.mark.parametrize("mode", ["http_500", "html", "reset"])
def test_where_wechat_is_in_trouble_the_secret_cannot_be_told(ready: Clinic, mode: str) -> None:
    ready.simulator.fault("/cgi-bin/stable_token", mode)

    assert ready.examine(Step.SECRET).state is State.UNKNOWN


def test_a_website_apps_secret_is_proven_by_a_code_that_is_none(
    storage: Site, simulator: Simulator
) -> None:
    right = clinic.set_up(storage, simulator, kind=AppKind.WEBSITE)
    wrong = clinic.set_up(storage, simulator, kind=AppKind.WEBSITE, secret="another-secret")

    assert right.examine(Step.SECRET).state is State.OK
    assert wrong.examine(Step.SECRET).errcode == 40125


def test_credentials_of_another_secret_key_are_told(ready: Clinic) -> None:
    with write():
        ready.row.sealed_secret = "gAAAAA-of-another-key"

    found = ready.examine(Step.SECRET)

    assert found.state is State.WRONG
    assert "SECRET_KEY_FALLBACKS" in (found.remedy or "")


def test_a_verification_file_is_compared_byte_by_byte(ready: Clinic) -> None:
    verification_files.save(ready.row, FILE, now=clock.now())

    with clinic.front(lambda path, query: (200, FILE.content.encode(), {})) as front:
        right = ready.with_settings(public_url=front.url).examine(Step.DOMAIN)
    with clinic.front(lambda path, query: (200, b"another", {})) as front:
        other = ready.with_settings(public_url=front.url).examine(Step.DOMAIN)
    with clinic.front(lambda path, query: (404, b"", {})) as front:
        missing = ready.with_settings(public_url=front.url).examine(Step.DOMAIN)

    assert (right.state, other.state, missing.state) == (State.OK, State.WRONG, State.WRONG)
    assert FILE.name in other.reason
    assert "HTTP 404" in missing.reason


def test_a_verification_file_that_is_sent_elsewhere_or_not_served_is_wrong(ready: Clinic) -> None:
    verification_files.save(ready.row, FILE, now=clock.now())
    elsewhere = (302, b"", {"Location": "https://sso.example.com/login?next=x"})

    with clinic.front(lambda path, query: elsewhere) as front:
        sent_on = ready.with_settings(public_url=front.url).examine(Step.DOMAIN)
    nobody = ready.with_settings(public_url=f"http://localhost:{free_port()}").examine(Step.DOMAIN)

    assert (sent_on.state, nobody.state) == (State.WRONG, State.WRONG)
    assert f"校验文件 {FILE.name} 被转到了 https://sso.example.com，" in sent_on.reason
    assert f"取不到校验文件 {FILE.name}" in nobody.reason
    assert "公开地址" in (nobody.remedy or "")


def test_a_website_apps_domain_is_entered_at_the_open_platform(
    storage: Site, simulator: Simulator
) -> None:
    ready = clinic.set_up(storage, simulator, kind=AppKind.WEBSITE)

    found = ready.with_settings(public_url="https://login.example.com").examine(Step.DOMAIN)

    assert found.state is State.UNKNOWN
    assert "授权回调域」填写 login.example.com(不带 https://" in (found.remedy or "")


def test_where_no_file_is_kept_the_domain_to_enter_is_named(ready: Clinic) -> None:
    found = ready.with_settings(public_url="https://login.example.com").examine(Step.DOMAIN)

    assert found.state is State.UNKNOWN
    assert "网页授权域名」填写 login.example.com" in (found.remedy or "")


def test_a_test_account_needs_no_file_but_its_own_page(storage: Site, simulator: Simulator) -> None:
    found = clinic.set_up(storage, simulator, kind=AppKind.TEST).examine(Step.DOMAIN)

    assert found.state is State.OK
    assert "体验接口权限表" in (found.remedy or "")


def test_an_account_that_may_less_than_its_kind_is_told(
    storage: Site, simulator: Simulator
) -> None:
    ready = clinic.set_up(storage, simulator, really=AppKind.PERSONAL)

    found = ready.examine(Step.RIGHTS)

    assert (found.state, found.errcode) == (State.WRONG, 48001)
    assert "已认证的服务号" in (found.remedy or "")


def test_a_right_that_was_refused_lately_is_told_without_asking_again(ready: Clinic) -> None:
    clinic.note_error(ready, "/cgi-bin/user/info", 48001)

    found = ready.examine(Step.RIGHTS)

    assert found.state is State.WRONG
    assert "/cgi-bin/user/info" in found.reason


def test_a_right_that_its_kind_does_not_have_is_asked_for_no_more(ready: Clinic) -> None:
    clinic.note_error(ready, "/cgi-bin/user/info", 48001)
    before = ready.examine(Step.RIGHTS)
    with write():
        ready.row.kind = AppKind.PERSONAL

    assert (before.state, ready.examine(Step.RIGHTS).state) == (State.WRONG, State.OK)


def test_a_login_inside_wechat_shows_that_web_authorization_works(ready: Clinic) -> None:
    now = clock.now()
    attempt = start_attempt(now=now, way=Way.IN_WECHAT, appid=ready.row.appid)
    with write():
        attempt.status, attempt.openid, attempt.claimed_at = Status.CLAIMED, "o" * 28, now

    found = ready.examine(Step.RIGHTS)

    assert (found.state, found.reason) == (State.OK, "帐号有权限，网页授权最近成功过。")


def test_web_authorization_shows_only_in_wechat(ready: Clinic) -> None:
    found = ready.examine(Step.RIGHTS)

    assert found.state is State.UNKNOWN
    assert "10003" in (found.remedy or "")


def test_an_application_whose_way_no_account_serves_is_named(
    storage: Site, simulator: Simulator
) -> None:
    ready = clinic.set_up(storage, simulator, kind=AppKind.PERSONAL)
    assert ready.examine(Step.RIGHTS).state is State.OK
    new = NewApplication(name="论坛", redirect_uris=("https://forum.example/back",))
    client_id = applications.create(ready.site.vault, new, now=clock.now()).client_id
    with write():
        chosen = db.session.scalar(db.select(Application).filter_by(client_id=client_id))
        assert chosen is not None
        chosen.ways = [Way.SCAN.value]

    found = ready.examine(Step.RIGHTS)

    assert found.state is State.WRONG
    assert "论坛: scan" in found.reason


def test_a_template_is_compared_with_the_accounts_own(storage: Site, simulator: Simulator) -> None:
    ready = clinic.set_up(storage, simulator, template=True)
    right = ready.examine(Step.TEMPLATE)
    with write():
        ready.row.template_fields = {**FIELDS, "thing9": "x"}
    wrong = ready.examine(Step.TEMPLATE)

    assert (right.state, wrong.state) == (State.OK, State.WRONG)
    assert "thing9" in wrong.reason


def test_a_template_that_was_deleted_at_wechat_is_wrong(
    storage: Site, simulator: Simulator
) -> None:
    ready = clinic.set_up(storage, simulator, template=True, templates=[])

    assert TEMPLATE_ID in ready.examine(Step.TEMPLATE).reason


def test_why_wechat_refuses_the_list_of_templates_is_told(
    storage: Site, simulator: Simulator
) -> None:
    ready = clinic.set_up(storage, simulator, template=True)
    simulator.fault(templates.PATH, "errcode", errcode=48001)

    found = ready.examine(Step.TEMPLATE)

    assert (found.state, found.errcode) == (State.WRONG, 48001)
    assert (found.reason, found.remedy) == (ERRCODES[48001].meaning, ERRCODES[48001].advice)


@pytest.mark.fault("C-04")
def test_a_token_that_somebody_else_renews_is_told(ready: Clinic) -> None:
    wechat_apps.access_tokens(ready.site, ready.row).get()
    alone = ready.examine(Step.TOKEN_OWNER)
    # What the other program does.
    requests.post(
        f"{ready.simulator.url}/cgi-bin/stable_token",
        json={
            "grant_type": "client_credential",
            "appid": ready.account.appid,
            "secret": ready.account.secret,
            "force_refresh": True,
        },
        timeout=10,
    )
    shared = ready.examine(Step.TOKEN_OWNER)

    assert (alone.state, shared.state) == (State.OK, State.WRONG)
    assert "别的程序" in shared.reason


@pytest.mark.fault("C-04")
def test_tokens_that_die_early_are_told(ready: Clinic) -> None:
    clinic.note_error(ready, "/cgi-bin/qrcode/create", 40001, count=3)

    found = ready.examine(Step.TOKEN_OWNER)

    assert found.state is State.WRONG
    assert "3 次" in found.reason


def test_a_token_that_is_renewed_all_day_is_told(ready: Clinic) -> None:
    today = clock.now().astimezone(BEIJING).date()
    with write() as session:
        session.add(
            PlatformToken(
                appid=ready.row.appid, refreshes=90, refreshes_today=90, refreshes_day=today
            )
        )

    assert "90 次" in ready.examine(Step.TOKEN_OWNER).reason


def test_whose_token_it_is_cannot_be_told_before_it_was_used(ready: Clinic) -> None:
    assert ready.examine(Step.TOKEN_OWNER).state is State.UNKNOWN


def test_the_whole_course_holds_no_secret_and_never_breaks(ready: Clinic) -> None:
    ready.simulator.fault("*", "garbage")
    with write():
        ready.row.sealed_token = "of another key"

    report = doctor.examine_all(ready.site, now=clock.now(), appid=ready.row.appid)

    assert [app.appid for app in report.apps] == [ready.row.appid]
    assert report.count(State.UNKNOWN) > 0
    said = repr(report)
    assert ready.account.secret not in said
    assert ready.account.token not in said


def test_what_does_not_concern_an_account_is_left_out(storage: Site, simulator: Simulator) -> None:
    ready = clinic.set_up(storage, simulator, kind=AppKind.WEBSITE)
    steps = (Step.WHITE_LIST, Step.CALLBACK, Step.PUSH, Step.MODE, Step.TOKEN_OWNER, Step.TEMPLATE)

    assert doctor.examine_app(ready.site, ready.row, *steps, now=clock.now()) == ()
