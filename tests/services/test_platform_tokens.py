"""WeChat's access token: one renewal at a time, whoever asks, and no storm when it dies."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import event, update

from tests.servers import Account, Simulator
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import PlatformToken
from wechatlogin.models.transaction import write
from wechatlogin.services.platform_tokens import AHEAD, FORCE_INTERVAL, DatabaseAccessTokens
from wechatlogin.services.site import Site
from wechatlogin.wechat.app import AppKind, Platform, WeChatApp
from wechatlogin.wechat.client import WeChatClient
from wechatlogin.wechat.errors import AccessTokenRejected, OperatorNeeded, WeChatUnreachable
from wechatlogin.wechat.http import Limits, WeChatHTTP

STABLE_TOKEN = "/cgi-bin/stable_token"


@pytest.fixture
def account(simulator: Simulator) -> Account:
    account = Account()
    simulator.call(
        "POST",
        "/simulator/apps",
        {"appid": account.appid, "secret": account.secret, "kind": "service", "domains": []},
    )
    return account


@pytest.fixture
def http(simulator: Simulator) -> WeChatHTTP:
    return WeChatHTTP(Platform(simulator.url, simulator.url, simulator.url))


def tokens_of(site: Site, http: WeChatHTTP, account: Account) -> DatabaseAccessTokens:
    app = WeChatApp(account.appid, SecretStr(account.secret), AppKind.SERVICE)
    return DatabaseAccessTokens(site.vault, http, app, turns=site.token_turns)


def get_in_thread(
    site: Site, app: Flask, http: WeChatHTTP, account: Account
) -> Callable[[int], str]:
    """Return what a request in a thread of its own does that needs the token."""

    def get(_: int) -> str:
        with app.app_context():
            token = tokens_of(site, http, account).get().get_secret_value()
            db.session.remove()
            return token

    return get


def fetches(simulator: Simulator, account: Account) -> int:
    calls = simulator.calls(STABLE_TOKEN)
    return len([call for call in calls if call["appid"] == account.appid])


def set_row(account: Account, **values: object) -> None:
    with write() as session:
        session.execute(
            update(PlatformToken).where(PlatformToken.appid == account.appid).values(**values)
        )


@pytest.mark.fault("C-05")
def test_twenty_requests_at_once_fetch_one_token(
    storage: Site, stored_app: Flask, simulator: Simulator, http: WeChatHTTP, account: Account
) -> None:
    simulator.fault(STABLE_TOKEN, "slow", delay=0.3)

    with ThreadPoolExecutor(8) as pool:
        got = set(pool.map(get_in_thread(storage, stored_app, http, account), range(20)))

    assert len(got) == 1
    assert fetches(simulator, account) == 1


@pytest.mark.fault("C-05")
def test_while_another_process_fetches_one_thread_looks_and_none_writes(
    storage: Site, stored_app: Flask, http: WeChatHTTP, account: Account
) -> None:
    tokens_of(storage, http, account).get()
    now = clock.now()
    set_row(
        account, expires_at=now, lease_holder="another", lease_until=now + timedelta(seconds=10)
    )
    reads, writes = Counter[int](), list[str]()

    def note(*args: Any) -> None:
        statement = str(args[2])
        if statement.startswith("SELECT"):
            reads[threading.get_ident()] += 1
        else:
            writes.append(statement)

    with ThreadPoolExecutor(8) as pool:
        event.listen(db.engine, "before_cursor_execute", note)
        got = pool.map(get_in_thread(storage, stored_app, http, account), range(8))
        time.sleep(0.5)
        event.remove(db.engine, "before_cursor_execute", note)
        set_row(account, expires_at=now + timedelta(hours=2))

    assert len(set(got)) == 1
    assert len([count for count in reads.values() if count > 3]) == 1
    assert writes == []


@pytest.mark.fault("C-05")
def test_who_waits_for_a_token_hears_with_the_first_that_there_is_none(
    storage: Site, stored_app: Flask, simulator: Simulator, account: Account
) -> None:
    platform = Platform(simulator.url, simulator.url, simulator.url)
    http = WeChatHTTP(platform, limits=Limits(total=timedelta(seconds=2)))
    simulator.fault(STABLE_TOKEN, "slow", delay=20)
    get = get_in_thread(storage, stored_app, http, account)

    with ThreadPoolExecutor(8) as pool:
        began = time.monotonic()
        got = [pool.submit(get, place) for place in range(8)]
        said = {type(one.exception()) for one in got}
        took = time.monotonic() - began

    assert said == {WeChatUnreachable}
    # One after the other they would have taken 16 s.
    assert took < 8


def test_the_token_is_not_in_clear_in_the_database(
    storage: Site, http: WeChatHTTP, account: Account
) -> None:
    token = tokens_of(storage, http, account).get().get_secret_value()

    row = db.session.get(PlatformToken, account.appid)

    assert row is not None
    assert row.sealed_token is not None
    assert token not in row.sealed_token


def test_a_token_is_renewed_ahead_of_its_end(
    storage: Site, simulator: Simulator, http: WeChatHTTP, account: Account
) -> None:
    tokens_of(storage, http, account).get()
    set_row(account, expires_at=clock.now() + AHEAD - timedelta(seconds=1))

    tokens_of(storage, http, account).get()

    assert fetches(simulator, account) == 2


@pytest.mark.fault("C-05")
def test_while_another_renews_the_living_token_serves(
    storage: Site, simulator: Simulator, http: WeChatHTTP, account: Account
) -> None:
    first = tokens_of(storage, http, account).get()
    now = clock.now()
    set_row(
        account,
        expires_at=now + timedelta(minutes=1),
        lease_holder="another",
        lease_until=now + timedelta(seconds=10),
    )

    assert tokens_of(storage, http, account).get() == first
    assert fetches(simulator, account) == 1


@pytest.mark.fault("C-06")
def test_a_killed_renewer_delays_nobody_beyond_its_lease(
    storage: Site, http: WeChatHTTP, account: Account
) -> None:
    tokens_of(storage, http, account).get()
    now = clock.now()
    set_row(
        account,
        sealed_token=None,
        lease_holder="a process that was killed",
        lease_until=now + timedelta(seconds=1),
    )

    assert tokens_of(storage, http, account).get()


@pytest.mark.fault("C-03")
def test_of_many_that_meet_a_dead_token_one_renews_it(
    storage: Site, stored_app: Flask, simulator: Simulator, http: WeChatHTTP, account: Account
) -> None:
    dead = tokens_of(storage, http, account).get()
    simulator.fault("/cgi-bin/user/info", "kill_token", times=1)
    app = WeChatApp(account.appid, SecretStr(account.secret), AppKind.SERVICE)
    openid = simulator.openid("lin", account.appid)
    simulator.follow("lin", account.appid)

    def ask(_: int) -> str:
        with stored_app.app_context():
            client = WeChatClient(app, http, tokens_of(storage, http, account))
            follower = client.get_follower(openid)
            db.session.remove()
            return follower.openid

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(16)))

    assert answers == [openid] * 16
    assert tokens_of(storage, http, account).get() != dead
    # One look whether there is a newer one, and one that insists.
    assert fetches(simulator, account) <= 3


def test_a_token_that_somebody_else_has_replaced_is_taken_from_the_database(
    storage: Site, simulator: Simulator, http: WeChatHTTP, account: Account
) -> None:
    current = tokens_of(storage, http, account).get()

    renewed = tokens_of(storage, http, account).renew(SecretStr("the one before"))

    assert renewed == current
    assert fetches(simulator, account) == 1


@pytest.mark.fault("C-03")
def test_wechat_is_not_asked_to_insist_twice_in_thirty_seconds(
    storage: Site, simulator: Simulator, http: WeChatHTTP, account: Account
) -> None:
    current = tokens_of(storage, http, account).get()
    set_row(account, forced_at=clock.now() - FORCE_INTERVAL + timedelta(seconds=10))

    with pytest.raises(AccessTokenRejected):
        tokens_of(storage, http, account).renew(current)


def test_a_wrong_secret_is_the_operators_business_and_is_asked_once(
    storage: Site, simulator: Simulator, http: WeChatHTTP, account: Account
) -> None:
    app = WeChatApp(account.appid, SecretStr("0" * 32), AppKind.SERVICE)
    before = fetches(simulator, account)

    with pytest.raises(OperatorNeeded):
        DatabaseAccessTokens(storage.vault, http, app).get()

    assert fetches(simulator, account) == before + 1
    row = db.session.get(PlatformToken, account.appid)
    assert row is not None
    assert row.lease_holder is None
