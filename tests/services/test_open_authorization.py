"""A program's logins, moment by moment, on each of the three databases."""

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from pydantic import SecretStr

from tests.flows.phones import Phone
from tests.servers import Account, Simulator
from wechatlogin.config import ConfirmPolicy
from wechatlogin.errors import (
    AttemptDeclined,
    AttemptExpired,
    AttemptNotFound,
    AttemptSpent,
    ParameterWrong,
    TokenInvalid,
)
from wechatlogin.extensions import db
from wechatlogin.models import Application, Status, WeChatAppRow
from wechatlogin.services import (
    applications,
    attempts,
    channel_tokens,
    confirmations,
    open_authorization,
    qr_scans,
    sessions,
    wechat_apps,
)
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.open_authorization import Granted, Visit, Waiting
from wechatlogin.services.site import Site
from wechatlogin.services.wechat_apps import NewWeChatApp
from wechatlogin.wechat.app import AppKind, Platform
from wechatlogin.wechat.http import WeChatHTTP

NOW = datetime(2026, 11, 21, 3, 4, tzinfo=UTC)
AFTER = "https://shop.example.com/after"
CALLBACK = "https://shop.example.com/callback"
SECOND = timedelta(seconds=1)
OPENID = "o6_bmjrPTlm6_2sgVt7hMZOPfL2M"


@pytest.fixture
def site(storage: Site, simulator: Simulator) -> Site:
    """The site on each database, with the simulator for WeChat."""
    platform = Platform(open_url=simulator.url, api_url=simulator.url, mp_url=simulator.url)
    return dataclasses.replace(storage, http=WeChatHTTP(platform))


@pytest.fixture
def row(site: Site, simulator: Simulator) -> WeChatAppRow:
    account = Account()
    nowhere = "http://127.0.0.1:9/"
    host = "shop.example.com"
    simulator.add_app(account, host=host, callback_url=nowhere, skip_url_check=True)
    secret = SecretStr(account.secret)
    new = NewWeChatApp(account.appid, secret, AppKind.SERVICE, "晨光书店")
    return wechat_apps.save(site.vault, new, now=NOW)


def a_program(site: Site, confirm: ConfirmPolicy = ConfirmPolicy.NUMBER) -> Application:
    new = NewApplication("书店 App", redirect_uris=(AFTER, CALLBACK), confirm=confirm)
    return applications.verify(applications.create(site.vault, new, now=NOW).client_id)


@pytest.fixture
def program(site: Site, row: WeChatAppRow) -> Application:
    return a_program(site)


def scan(site: Site, row: WeChatAppRow, scene: str, *, now: datetime) -> str:
    scanned = qr_scans.scanned_by_push(site, row, scene=scene, openid=OPENID, now=now)
    assert scanned.confirm_url is not None
    return scanned.confirm_url.rsplit("/", 1)[1]


def come_back(site: Site, program: Application, person: str, *, now: datetime) -> tuple[str, str]:
    page = open_authorization.begin_visit(site, program, Visit(AFTER, CALLBACK), now=now)
    query = parse_qs(urlsplit(Phone(person).until(page, "/callback?")).query)
    return query["code"][0], query["state"][0]


def test_a_scan_from_the_qr_to_the_token(
    site: Site, row: WeChatAppRow, program: Application
) -> None:
    begun = open_authorization.begin_scan(site, program, AFTER, now=NOW)
    waiting = open_authorization.look(site, program, begun.scene, now=NOW)
    token = scan(site, row, begun.scene, now=NOW + 59 * SECOND)
    scanned = open_authorization.look(site, program, begun.scene, now=NOW + 90 * SECOND)
    confirmations.choose(site, token, None, now=NOW + 100 * SECOND)

    granted = open_authorization.look(site, program, begun.scene, now=NOW + 101 * SECOND)

    assert begun.lifetime == 60 * SECOND
    assert waiting == Waiting(Status.PENDING)
    assert scanned == Waiting(Status.SCANNED)
    assert isinstance(granted, Granted)
    assert granted.redirect_uri == AFTER
    now = NOW + 102 * SECOND
    holder = channel_tokens.verify(site, granted.token.get_secret_value(), now=now)
    assert holder.openid == OPENID


def test_a_qr_can_be_scanned_for_a_minute(
    site: Site, row: WeChatAppRow, program: Application
) -> None:
    begun = open_authorization.begin_scan(site, program, AFTER, now=NOW)

    with pytest.raises(AttemptExpired):
        scan(site, row, begun.scene, now=NOW + 60 * SECOND)
    with pytest.raises(AttemptExpired):
        open_authorization.look(site, program, begun.scene, now=NOW + 60 * SECOND)


def test_a_refusal_on_the_phone_is_told(
    site: Site, row: WeChatAppRow, program: Application
) -> None:
    begun = open_authorization.begin_scan(site, program, AFTER, now=NOW)
    confirmations.decline(site, scan(site, row, begun.scene, now=NOW), now=NOW)

    with pytest.raises(AttemptDeclined):
        open_authorization.look(site, program, begun.scene, now=NOW)


def test_without_a_confirmation_only_where_the_application_says_so(
    site: Site, row: WeChatAppRow
) -> None:
    program = a_program(site, ConfirmPolicy.NEVER)
    begun = open_authorization.begin_scan(site, program, AFTER, now=NOW)

    scanned = qr_scans.scanned_by_push(site, row, scene=begun.scene, openid=OPENID, now=NOW)

    assert scanned.confirm_url is None
    assert isinstance(open_authorization.look(site, program, begun.scene, now=NOW), Granted)


def test_the_same_token_for_a_minute_and_then_none(
    site: Site, row: WeChatAppRow, program: Application
) -> None:
    begun = open_authorization.begin_scan(site, program, AFTER, now=NOW)
    confirmations.choose(site, scan(site, row, begun.scene, now=NOW), None, now=NOW)

    first = open_authorization.look(site, program, begun.scene, now=NOW)
    again = open_authorization.look(site, program, begun.scene, now=NOW + 59 * SECOND)

    assert first == again
    with pytest.raises(AttemptSpent):
        open_authorization.look(site, program, begun.scene, now=NOW + 60 * SECOND)


def test_another_program_finds_nothing(
    site: Site, row: WeChatAppRow, program: Application, simulator: Simulator
) -> None:
    other = a_program(site)
    begun = open_authorization.begin_scan(site, program, AFTER, now=NOW)
    code, state = come_back(site, program, simulator.add_person(), now=NOW)

    with pytest.raises(AttemptNotFound):
        open_authorization.look(site, other, begun.scene, now=NOW)
    with pytest.raises(AttemptNotFound):
        open_authorization.exchange(site, other, code, state, now=NOW)
    with pytest.raises(AttemptNotFound):
        open_authorization.look(site, program, state, now=NOW)
    with pytest.raises(AttemptNotFound):
        open_authorization.exchange(site, program, code, begun.scene, now=NOW)


def test_nothing_is_started_for_an_address_that_is_not_registered(
    site: Site, program: Application
) -> None:
    with pytest.raises(ParameterWrong):
        open_authorization.begin_scan(site, program, AFTER + "/", now=NOW)
    with pytest.raises(ParameterWrong):
        open_authorization.begin_visit(site, program, Visit(AFTER, CALLBACK + "?"), now=NOW)


@pytest.mark.parametrize("with_state", [True, False])
def test_a_code_that_comes_many_times_at_once_is_one_login(
    site: Site,
    program: Application,
    simulator: Simulator,
    stored_app: Flask,
    with_state: bool,
) -> None:
    code, state = come_back(site, program, simulator.add_person(), now=NOW)
    client_id = program.client_id
    before = len(simulator.calls("/sns/oauth2/access_token"))

    def exchange(_: int) -> str:
        with stored_app.app_context():
            theirs = applications.verify(client_id)
            sent = state if with_state else None
            granted = open_authorization.exchange(site, theirs, code, sent, now=NOW)
            db.session.remove()
            return granted.token.get_secret_value()

    with ThreadPoolExecutor(4) as pool:
        tokens = set(pool.map(exchange, range(4)))

    assert len(tokens) == 1
    assert len(simulator.calls("/sns/oauth2/access_token")) == before + 1


def test_a_token_lives_a_day_and_no_longer_than_its_session(
    site: Site, program: Application, simulator: Simulator
) -> None:
    code, state = come_back(site, program, simulator.add_person(), now=NOW)
    granted = open_authorization.exchange(site, program, code, state, now=NOW)
    token = granted.token.get_secret_value()

    def is_good(now: datetime) -> bool:
        try:
            return bool(channel_tokens.verify(site, token, now=now))
        except TokenInvalid:
            return False

    day = timedelta(days=1)
    assert is_good(NOW)
    assert is_good(NOW + day - SECOND)
    assert not is_good(NOW + day + SECOND)
    sessions.end_all(channel_tokens.verify(site, token, now=NOW).user_id, now=NOW)
    assert not is_good(NOW)


def test_a_token_is_nothing_under_another_installations_key(
    site: Site, program: Application, simulator: Simulator
) -> None:
    code, state = come_back(site, program, simulator.add_person(), now=NOW)
    granted = open_authorization.exchange(site, program, code, state, now=NOW)
    stranger = dataclasses.replace(site, vault=type(site.vault)(SecretStr("another key" * 4)))

    with pytest.raises(TokenInvalid):
        channel_tokens.verify(stranger, granted.token.get_secret_value(), now=NOW)


@pytest.mark.parametrize("odd", ["", "\x00", "é", "x" * 200, "../", "0" * 36, "-" * 36])
def test_an_odd_scene_is_simply_unknown(site: Site, program: Application, odd: str) -> None:
    with pytest.raises(AttemptNotFound):
        open_authorization.look(site, program, odd, now=NOW)
    with pytest.raises(AttemptNotFound):
        open_authorization.exchange(site, program, "code", odd, now=NOW)


def test_whose_name_a_person_is_shown_is_the_programs(site: Site, program: Application) -> None:
    begun = open_authorization.begin_scan(site, program, AFTER, now=NOW)

    attempt = attempts.get_by_scene(begun.scene)

    assert attempt is not None
    assert (attempt.browser, attempt.ip) == ("书店 App", None)


def test_a_holder_keeps_the_openid_to_itself(
    site: Site, program: Application, simulator: Simulator
) -> None:
    code, state = come_back(site, program, simulator.add_person(), now=NOW)
    granted = open_authorization.exchange(site, program, code, state, now=NOW)
    show: Callable[[object], str] = repr

    holder = channel_tokens.verify(site, granted.token.get_secret_value(), now=NOW)

    assert holder.openid not in show(holder)
    assert granted.token.get_secret_value() not in show(granted)
