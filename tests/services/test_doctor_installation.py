"""The doctor on the installation: its settings, its address, its clock, what stores things."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from tests.servers import Simulator, free_port
from tests.services import clinic
from tests.services.clinic import Clinic, Front
from wechatlogin import clock
from wechatlogin.config import Environment
from wechatlogin.extensions import db
from wechatlogin.models import transaction
from wechatlogin.services import doctor
from wechatlogin.services.doctor import Arrival, Finding, State, Step
from wechatlogin.services.site import Site
from wechatlogin.wechat import deadline
from wechatlogin.wechat.visiting import Visitor

DIRECT = Arrival(forwarded_for=(), is_https=False, has_host_cookie=False)


@pytest.fixture
def here(storage: Site, simulator: Simulator) -> Clinic:
    return clinic.set_up(storage, simulator)


@pytest.fixture
def empty_site(empty_app: Flask) -> Iterator[Site]:
    with empty_app.app_context():
        yield empty_app.extensions["wechatlogin"]


@pytest.fixture
def lone(empty_site: Site, simulator: Simulator) -> Clinic:
    return clinic.set_up(empty_site, simulator)


def behind(ready: Clinic, front: Front) -> Clinic:
    return ready.with_settings(public_url=front.url)


def test_settings_that_fit_are_right_and_a_simulator_is_named(lone: Clinic) -> None:
    found = lone.examine_installation(Step.SETTINGS)

    assert found.state is State.OK
    assert "不是微信的正式地址" in found.reason


def test_development_is_wrong_for_a_public_address(lone: Clinic) -> None:
    public = lone.with_settings(public_url="https://login.example.com")

    found = public.examine_installation(Step.SETTINGS)

    assert found.state is State.WRONG
    assert "ENVIRONMENT=production" in (found.remedy or "")


def test_a_host_that_is_not_trusted_is_named(lone: Clinic) -> None:
    other = lone.with_settings(
        environment=Environment.PRODUCTION,
        public_url="https://login.example.com",
        trusted_hosts=("www.example.com",),
    )

    found = other.examine_installation(Step.SETTINGS)

    assert (found.state, found.remedy) == (
        State.WRONG,
        "把 login.example.com 写进 TRUSTED_HOSTS。",
    )


@pytest.mark.parametrize(
    ("host", "state"),
    [
        ("login.example.com", State.OK),
        ("example.com", State.OK),
        ("login.notexample.com", State.WRONG),
    ],
)
def test_a_whole_domain_that_is_trusted_holds_its_hosts(
    lone: Clinic, host: str, state: State
) -> None:
    there = lone.with_settings(
        environment=Environment.PRODUCTION,
        public_url=f"https://{host}",
        trusted_hosts=(".example.com",),
    )

    assert there.examine_installation(Step.SETTINGS).state is state


def test_where_no_account_is_yet_the_first_run_is_named(empty_site: Site) -> None:
    (found,) = doctor.examine_installation(
        empty_site.speaking("zh_CN"), Step.SETTINGS, now=clock.now()
    )

    assert (found.state, found.reason) == (State.WRONG, "还没有添加微信账号。")
    assert f"{empty_site.settings.public_url}/operator/setup" in (found.remedy or "")


def test_our_own_page_of_health_at_the_public_address_is_right(lone: Clinic) -> None:
    with clinic.front() as front:
        found = behind(lone, front).examine_installation(Step.PUBLIC_URL)

    assert found.state is State.OK


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((302, b"", {"Location": "https://www.example.com/x?y"}), "https://www.example.com"),
        ((400, b"", {}), "TRUSTED_HOSTS"),
        ((200, b"<html>", {}), "不是这个服务"),
        ((502, b"", {}), "HTTP 502"),
    ],
)
def test_what_stands_in_front_is_told(
    lone: Clinic, answer: tuple[int, bytes, dict[str, str]], words: str
) -> None:
    with clinic.front(lambda path, query: answer) as front:
        found = behind(lone, front).examine_installation(Step.PUBLIC_URL)

    assert found.state is State.WRONG
    assert words in f"{found.reason} {found.remedy}"


def test_an_address_where_nobody_listens_is_wrong_and_says_why(lone: Clinic) -> None:
    nobody = lone.with_settings(public_url=f"http://localhost:{free_port()}")

    found = nobody.examine_installation(Step.PUBLIC_URL)

    assert found.state is State.WRONG
    assert "NewConnectionError" in found.reason or "ConnectionRefusedError" in found.reason


def test_http_needs_no_certificate_in_development(lone: Clinic) -> None:
    assert lone.examine_installation(Step.CERTIFICATE).state is State.OK


def test_http_is_wrong_in_production(lone: Clinic) -> None:
    there = lone.with_settings(environment=Environment.PRODUCTION)

    assert there.examine_installation(Step.CERTIFICATE).state is State.WRONG


@pytest.mark.parametrize(
    ("host", "days", "is_trusted", "state", "words"),
    [
        ("localhost", 90, True, State.OK, "89 天"),
        ("localhost", 7, True, State.WRONG, "6 天到期"),
        ("localhost", -1, True, State.WRONG, "已经到期"),
        ("login.example.com", 90, True, State.WRONG, "别的域名"),
        ("localhost", 90, False, State.WRONG, "不信任"),
    ],
)
def test_the_certificate_is_judged_as_a_browser_does(
    lone: Clinic,
    tmp_path: Path,
    host: str,
    days: int,
    is_trusted: bool,
    state: State,
    words: str,
) -> None:
    context, authority = clinic.make_certificate(tmp_path, host=host, lasts=timedelta(days=days))
    visitor = Visitor(ca_file=str(authority) if is_trusted else None)
    with clinic.front(context=context) as front:
        secured = behind(lone, front)
        found = Clinic(
            secured.site, secured.simulator, secured.account, secured.row, visitor
        ).examine_installation(Step.CERTIFICATE)

    assert found.state is state
    assert words in found.reason


@pytest.mark.parametrize(
    ("bounds", "state"),
    [
        (nullcontext(), State.OK),
        (deadline.only_public(), State.UNKNOWN),
        (deadline.within(timedelta(0)), State.UNKNOWN),
    ],
    ids=["anywhere", "public addresses alone", "no time left"],
)
def test_a_certificate_is_looked_at_where_and_while_every_visit_may(
    lone: Clinic, tmp_path: Path, bounds: AbstractContextManager[None], state: State
) -> None:
    context, authority = clinic.make_certificate(tmp_path)
    with clinic.front(context=context) as front, bounds:
        there = replace(behind(lone, front), visitor=Visitor(ca_file=str(authority)))
        found = there.examine_installation(Step.CERTIFICATE)

    assert found.state is state


def test_where_nobody_listens_there_is_no_certificate_to_see(lone: Clinic) -> None:
    nobody = lone.with_settings(public_url=f"https://localhost:{free_port()}")

    found = nobody.examine_installation(Step.CERTIFICATE)

    assert found.state is State.UNKNOWN
    assert "看不到证书（NewConnectionError）" in found.reason


def test_a_clock_that_keeps_wechats_time_is_right(lone: Clinic) -> None:
    assert lone.examine_installation(Step.CLOCK).state is State.OK


@pytest.mark.fault("C-23")
@pytest.mark.parametrize(("minutes", "word"), [(10, "快"), (-10, "慢")])
def test_a_clock_that_is_wrong_is_told_by_how_much(lone: Clinic, minutes: int, word: str) -> None:
    found = lone.examine_installation(Step.CLOCK, ahead=timedelta(minutes=minutes))

    assert found.state is State.WRONG
    assert any(f"{word} {seconds} 秒" in found.reason for seconds in (599, 600, 601))


def test_where_wechat_cannot_be_reached_the_clock_cannot_be_told(lone: Clinic) -> None:
    away = lone.with_settings(wechat_api_url=f"http://127.0.0.1:{free_port()}")

    assert away.examine_installation(Step.CLOCK).state is State.UNKNOWN


def test_the_tables_of_this_version_are_right_on_every_database(here: Clinic) -> None:
    found = here.examine_installation(Step.DATABASE)

    assert found.state is State.OK
    assert db.engine.dialect.name in found.reason.lower()


@pytest.mark.fault("C-26")
def test_old_tables_are_wrong(here: Clinic) -> None:
    version = db.text("SELECT version_num FROM alembic_version")
    newest = db.session.scalar(version)
    try:
        with transaction.write() as session:
            session.execute(
                db.text("UPDATE alembic_version SET version_num = '0004'"),
            )
        found = here.examine_installation(Step.DATABASE)
    finally:
        with transaction.write() as session:
            session.execute(
                db.text("UPDATE alembic_version SET version_num = :newest"), {"newest": newest}
            )

    assert found.state is State.WRONG
    assert "flask db upgrade" in (found.remedy or "")


@pytest.mark.fault("C-26")
def test_newer_tables_that_no_longer_serve_are_wrong(lone: Clinic) -> None:
    with transaction.write() as session:
        session.execute(db.text("DROP TABLE timers"))
        session.execute(db.text("UPDATE alembic_version SET version_num = 'of-tomorrow'"))

    found = lone.examine_installation(Step.DATABASE)

    assert found.state is State.WRONG
    assert "更新" in (found.remedy or "")


@pytest.mark.database("sqlite")
def test_a_library_with_the_wal_fault_is_said_to_be_kept_from_it(
    lone: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wechatlogin.services.doctor.storage.WAL_SAFE_FROM", (99,))

    found = lone.examine_installation(Step.DATABASE)

    assert found.state is State.OK
    assert "回滚日志" in found.reason


def test_one_process_needs_no_redis_and_several_are_told_what_it_is_for(lone: Clinic) -> None:
    one = lone.with_settings(workers=1).examine_installation(Step.REDIS)
    several = lone.with_settings(workers=2).examine_installation(Step.REDIS)

    assert (one.state, one.remedy) == (State.OK, None)
    assert several.state is State.OK
    assert "REDIS_URL" in (several.remedy or "")


def test_a_redis_that_does_not_answer_is_wrong(lone: Clinic) -> None:
    away = lone.with_settings(redis_url=f"redis://:canary@127.0.0.1:{free_port()}/0")

    found = away.examine_installation(Step.REDIS)

    assert found.state is State.WRONG
    assert "canary" not in str(found)


@pytest.mark.parametrize(
    ("trusted", "there", "state", "words"),
    [
        (0, 0, State.OK, "没有反向代理"),
        (1, 1, State.OK, "一致"),
        (0, 1, State.WRONG, "TRUSTED_PROXIES=1"),
        (2, 1, State.WRONG, "冒充"),
    ],
)
def test_the_operators_own_request_shows_how_many_proxies_there_are(
    lone: Clinic, trusted: int, there: int, state: State, words: str
) -> None:
    arrival = Arrival(("203.0.113.9",) * there, is_https=True, has_host_cookie=True)

    found = lone.with_settings(trusted_proxies=trusted).examine_installation(
        Step.PROXIES, arrival=arrival
    )

    assert found.state is state
    assert words in f"{found.reason} {found.remedy}"


@pytest.mark.parametrize(
    ("is_https", "has_host_cookie", "state", "words"),
    [
        (True, True, State.OK, "__Host-"),
        (False, False, State.WRONG, "X-Forwarded-Proto"),
        (True, False, State.WRONG, "Set-Cookie"),
    ],
)
def test_cookies_behind_https_are_judged_by_the_operators_own_request(
    lone: Clinic, is_https: bool, has_host_cookie: bool, state: State, words: str
) -> None:
    arrival = Arrival((), is_https=is_https, has_host_cookie=has_host_cookie)
    public = lone.with_settings(public_url="https://localhost:1")

    found = public.examine_installation(Step.COOKIES, arrival=arrival)

    assert found.state is state
    assert words in f"{found.reason} {found.remedy}"


def test_over_http_cookies_have_nothing_to_lose(lone: Clinic) -> None:
    assert lone.examine_installation(Step.COOKIES, arrival=DIRECT).state is State.OK


@pytest.mark.parametrize("step", [Step.PROXIES, Step.COOKIES])
def test_without_a_request_the_way_to_us_cannot_be_told(lone: Clinic, step: Step) -> None:
    found = lone.examine_installation(step)

    assert found.state is State.UNKNOWN
    assert "/operator/doctor" in (found.remedy or "")


def test_a_step_that_breaks_cannot_be_told_and_the_others_go_on(
    lone: Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    with clinic.front() as front:
        odd = behind(lone, front).with_settings(redis_url="localhost:6379")
        report: list[Finding] = [
            odd.examine_installation(step) for step in (Step.REDIS, Step.PUBLIC_URL)
        ]

    assert [finding.state for finding in report] == [State.UNKNOWN, State.OK]
    assert "redis" in caplog.text
