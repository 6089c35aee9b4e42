"""Programs are told of a log-out by a signed notice: once, and again if they did not take it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event
from urllib.parse import parse_qs

import pytest
from flask import Flask
from joserfc import jwt
from sqlalchemy import select, update

from tests.servers import free_port
from tests.services.one_person import run_at_once
from tests.simulator.receiver import Answer, Received, Receiver
from tests.stories import a_browser, a_user
from wechatlogin.extensions import db
from wechatlogin.models import Algorithm, Application, LogoutNotice, Session
from wechatlogin.models.transaction import write
from wechatlogin.services import applications, keys, logout_notices, sessions
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.logout_notices import EVENT
from wechatlogin.services.site import Site
from wechatlogin.wechat.notices import Poster, PostLimits

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
LIFETIME = timedelta(days=30)
HASTE = PostLimits(timedelta(seconds=0.5), timedelta(seconds=0.3), timedelta(seconds=1))


@pytest.fixture
def shop() -> Iterator[Receiver]:
    """The server of a program."""
    receiver = Receiver()
    yield receiver
    receiver.stop()


def register(site: Site, uri: str, algorithm: Algorithm = Algorithm.RS256) -> Application:
    new = NewApplication("书店", backchannel_logout_uri=uri, id_token_algorithm=algorithm)
    return applications.verify(applications.create(site.vault, new, now=NOW).client_id)


def log_out(application: Application, *, how_often: int = 1) -> list[str]:
    """Log people in to an application and out, and return what it knew the sessions by."""
    sids = []
    for _ in range(how_often):
        parent = sessions.start(
            "browser",
            sessions.Owner(user_id=a_user(NOW)),
            browser=a_browser(),
            way="scan",
            lifetime=LIFETIME,
            now=NOW,
        )
        child = sessions.start_child(
            "child", parent.key_hash, application, expires_at=NOW + LIFETIME, now=NOW
        )
        sessions.end("browser", now=NOW)
        sids.append(child.public_id)
    return sids


def deliver(site: Site, *, after: timedelta = timedelta()) -> int:
    """Deliver what is due and return how many notices that was."""
    count = 0
    while logout_notices.deliver_next(site, now=NOW + after):
        count += 1
    return count


def the_notice() -> LogoutNotice:
    query = select(LogoutNotice).execution_options(populate_existing=True)
    return db.session.scalars(query).one()


def token_in(got: Received) -> str:
    fields = parse_qs(got.body.decode(), strict_parsing=True)
    assert list(fields) == ["logout_token"]
    return fields["logout_token"][0]


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_program_gets_a_logout_token_that_our_keys_verify(
    storage: Site, shop: Receiver, algorithm: Algorithm
) -> None:
    application = register(storage, f"{shop.url}/logged-out?from=login", algorithm)
    [sid] = log_out(application)

    assert deliver(storage) == 1

    (call,) = shop.received
    assert (call.method, call.path, call.query) == ("POST", "/logged-out", {"from": "login"})
    assert call.headers["Content-Type"] == "application/x-www-form-urlencoded"
    read = jwt.decode(token_in(call), keys.get_public_keys(now=NOW), algorithms=[algorithm])
    assert read.header["typ"] == "logout+jwt"
    assert read.header["alg"] == algorithm
    jti = read.claims.pop("jti")
    assert len(jti) >= 20
    assert read.claims == {
        "iss": storage.issuer,
        "aud": application.client_id,
        "iat": int(NOW.timestamp()),
        "exp": int((NOW + timedelta(minutes=2)).timestamp()),
        "sub": the_notice().subject,
        "sid": sid,
        "events": {EVENT: {}},
    }


@pytest.mark.parametrize("status", [200, 204])
def test_a_notice_that_was_taken_is_never_sent_again(
    storage: Site, shop: Receiver, status: int
) -> None:
    log_out(register(storage, shop.url))
    shop.says(b"", status=status)

    deliver(storage)

    assert deliver(storage, after=timedelta(days=1)) == 0
    assert len(shop.received) == 1
    notice = the_notice()
    assert (notice.tries, notice.delivered_at, notice.next_try_at) == (1, NOW, None)


@pytest.mark.parametrize("status", [201, 302, 400, 403, 500, 503])
def test_a_notice_that_was_not_taken_is_due_again(
    storage: Site, shop: Receiver, status: int
) -> None:
    log_out(register(storage, shop.url))
    shop.says(b"", status=status)

    assert deliver(storage) == 1

    assert deliver(storage, after=timedelta(seconds=9)) == 0
    notice = the_notice()
    assert (notice.tries, notice.delivered_at) == (1, None)
    assert notice.next_try_at == NOW + timedelta(seconds=10)


def test_a_notice_is_sent_five_times_and_then_given_up(storage: Site, shop: Receiver) -> None:
    log_out(register(storage, shop.url))
    shop.says(b"", status=500)
    after, waits = timedelta(), []

    while the_notice().next_try_at is not None:
        assert deliver(storage, after=after) == 1
        again_at = the_notice().next_try_at
        if again_at is not None:
            waits.append(again_at - NOW - after)
            after = again_at - NOW

    assert [wait.total_seconds() for wait in waits] == [10, 60, 600, 3600]
    assert len(shop.received) == 5
    assert len({token_in(got) for got in shop.received}) == 5
    assert the_notice().delivered_at is None


def test_a_server_that_comes_back_is_told(storage: Site, shop: Receiver) -> None:
    log_out(register(storage, shop.url))
    shop.says(b"", status=503)
    deliver(storage)
    shop.says(b"")

    deliver(storage, after=timedelta(seconds=10))

    assert the_notice().delivered_at == NOW + timedelta(seconds=10)


def test_a_redirect_is_not_followed(storage: Site, shop: Receiver) -> None:
    log_out(register(storage, f"{shop.url}/logged-out"))
    shop.answer = lambda got: Answer(b"", 307, headers={"Location": f"{shop.url}/elsewhere"})

    deliver(storage)

    assert [got.path for got in shop.received] == ["/logged-out"]
    assert the_notice().delivered_at is None


def test_a_server_that_hangs_holds_up_nobody_else(storage: Site, shop: Receiver) -> None:
    hanging, is_over = Receiver(), Event()
    hanging.answer = lambda got: Answer(str(is_over.wait(5)).encode())
    log_out(register(storage, hanging.url))
    told = register(storage, shop.url)
    log_out(told)

    assert deliver(replace(storage, poster=Poster(HASTE))) == 2

    is_over.set()
    hanging.stop()
    assert len(shop.received) == 1
    delivered = select(LogoutNotice.application_id).where(LogoutNotice.delivered_at.is_not(None))
    assert list(db.session.scalars(delivered)) == [told.id]


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1:{port}/", "http://nowhere.invalid/"], ids=["closed", "no-such-name"]
)
def test_a_server_that_is_not_there_is_tried_again(storage: Site, uri: str) -> None:
    log_out(register(storage, f"http://127.0.0.1:{free_port()}/"))
    with write() as database:
        address = uri.format(port=free_port())
        database.execute(update(Application).values(backchannel_logout_uri=address))

    assert deliver(storage) == 1

    assert the_notice().next_try_at == NOW + timedelta(seconds=10)


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_program_that_is_removed_is_still_told_of_the_sessions_that_end(
    storage: Site, shop: Receiver, algorithm: Algorithm
) -> None:
    application = register(storage, shop.url, algorithm)
    client_id = application.client_id
    sessions.start(
        "browser",
        sessions.Owner(user_id=a_user(NOW)),
        browser=a_browser(),
        way="scan",
        lifetime=LIFETIME,
        application_id=application.id,
        now=NOW,
    )

    applications.remove(application, now=NOW)

    assert deliver(storage) == 1
    (call,) = shop.received
    read = jwt.decode(token_in(call), keys.get_public_keys(now=NOW), algorithms=[algorithm])
    assert (read.claims["aud"], read.claims["sid"]) == (client_id, the_notice().sid)
    assert the_notice().delivered_at == NOW


def test_a_removed_program_that_wanted_to_know_nothing_is_not_told(
    storage: Site, shop: Receiver
) -> None:
    application = register(storage, shop.url)
    log_out(application)
    with write() as database:
        database.execute(update(Application).values(backchannel_logout_uri=None))
    db.session.refresh(application)

    applications.remove(application, now=NOW)
    deliver(storage)

    assert shop.received == []


def test_a_program_that_no_longer_wants_to_know_is_not_told(storage: Site, shop: Receiver) -> None:
    log_out(register(storage, shop.url))
    with write() as database:
        database.execute(update(Application).values(backchannel_logout_uri=None))

    deliver(storage)

    assert shop.received == []
    assert deliver(storage, after=timedelta(days=1)) == 0


def test_no_unit_of_writes_is_open_while_a_server_is_asked(storage: Site, shop: Receiver) -> None:
    log_out(register(storage, shop.url))
    held: list[bool] = []

    class Watching(Poster):
        def post(self, url: str, form: Mapping[str, str]) -> None:
            held.append(db.session().in_transaction())
            super().post(url, form)

    deliver(replace(storage, poster=Watching()))

    assert held == [False]


def deliver_in(app: Flask) -> None:
    deliver(app.extensions["wechatlogin"])


def test_six_that_deliver_at_once_send_each_notice_once(
    storage: Site, stored_app: Flask, shop: Receiver
) -> None:
    sids = log_out(register(storage, shop.url), how_often=5)

    run_at_once(stored_app, [partial(deliver_in, stored_app)] * 6)

    public_keys = keys.get_public_keys(now=NOW)
    got = [
        jwt.decode(token_in(call), public_keys, algorithms=["RS256"]).claims["sid"]
        for call in shop.received
    ]
    assert sorted(got) == sorted(sids)


def test_the_notices_of_a_context_are_counted_once(storage: Site, shop: Receiver) -> None:
    log_out(register(storage, shop.url), how_often=3)

    assert logout_notices.count_written() == 3
    assert logout_notices.count_written() == 0


def test_a_session_that_never_was_a_programs_is_not_noticed(storage: Site) -> None:
    sessions.start(
        "browser",
        sessions.Owner(user_id=a_user(NOW)),
        browser=a_browser(),
        way="scan",
        lifetime=LIFETIME,
        now=NOW,
    )

    sessions.end("browser", now=NOW)

    assert db.session.scalars(select(Session)).all() == []
    assert db.session.scalars(select(LogoutNotice)).all() == []
    assert not logout_notices.deliver_next(storage, now=NOW)
