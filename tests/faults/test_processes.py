"""Several processes over one database: forked from one, killed in the middle, asked at once."""

import os
import re
import secrets
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from flask_migrate import upgrade
from sqlalchemy import delete, func, select

from tests import databases
from tests.conftest import Installation, add_app
from tests.flows.phones import Browser
from tests.flows.test_pushes import Wechat, decrypted_link, newest_scene
from tests.servers import Account, Service, Simulator, free_port, settings_for_tests
from tests.waiters import eventually
from wechatlogin import create_app
from wechatlogin.extensions import db
from wechatlogin.models import Attempt, PlatformToken, ReceivedMessage, Status
from wechatlogin.wechat.app import AppKind, MessageMode

PROCESSES = 4
STABLE_TOKEN = "/cgi-bin/stable_token"
CREATE_QRCODE = "/cgi-bin/qrcode/create"
#: Of PostgreSQL and Redis.
STORES = {5432, 6379}


@pytest.fixture(scope="module")
def processes(
    tmp_path_factory: pytest.TempPathFactory, simulator: Simulator
) -> Iterator[Installation]:
    """Four processes, forked from one that has loaded the application."""
    folder = tmp_path_factory.mktemp("processes")
    host, account = f"127.0.0.1:{free_port()}", Account()
    with databases.fresh_database("postgresql", folder) as url, pytest.MonkeyPatch.context() as env:
        env.setenv("GUNICORN_CMD_ARGS", "--preload")
        settings = settings_for_tests(
            public_url=f"http://{host}",
            bind=host,
            workers=PROCESSES,
            database_url=url,
            redis_url=databases.REDIS,
            wechat_open_url=simulator.url,
            wechat_api_url=simulator.url,
            wechat_mp_url=simulator.url,
        )
        app = create_app(settings)
        with app.app_context():
            upgrade()
            add_app(app, account, template=False, mode=MessageMode.SAFE, kind=AppKind.SERVICE)
            db.session.remove()
        service = Service(settings, folder / "service.log")
        service.start()
        assert eventually(lambda: len(service.workers()) == PROCESSES)
        callback_url = f"{service.url}/api/wechat/{account.appid}"
        console = {"host": host, "callback_url": callback_url, "mode": MessageMode.SAFE}
        simulator.add_app(account, **console, kind=AppKind.SERVICE.value)
        yield Installation(service, simulator, account, app, {})
        service.stop()
        with app.app_context():
            db.engine.dispose()


def open_logins(installation: Installation, count: int) -> list[requests.Response]:
    """Let so many desktops open the login page at the same moment."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(lambda _: Browser().open(f"{installation.url}/login"), range(count)))


def calls(installation: Installation, path: str) -> int:
    asked = installation.simulator.calls(path)
    return len([call for call in asked if call["appid"] == installation.account.appid])


def forget_token(installation: Installation) -> None:
    with installation.app.app_context():
        db.session.execute(delete(PlatformToken))
        db.session.commit()
        db.session.remove()


def has_struck(installation: Installation) -> bool:
    """Tell whether the fault that strikes once has done so."""
    return bool(installation.simulator.call("GET", "/simulator/faults")[0]["left"] == 0)


def connections(pid: int) -> set[str]:
    """Return the sockets by which a process talks to the database and to Redis."""
    stores = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[2].rpartition(":")[2], 16) in STORES:
            stores.add(f"socket:[{fields[9]}]")
    held = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            held.add(os.readlink(descriptor))
        except FileNotFoundError:
            # It was closed meanwhile.
            continue
    return held & stores


@pytest.mark.fault("C-28")
def test_processes_that_were_forked_share_no_connection_and_no_random_numbers(
    processes: Installation,
) -> None:
    pages = open_logins(processes, 24)

    ids = [re.findall(r"/login/attempts/([0-9a-f]{32})", page.text)[0] for page in pages]
    assert [page.status_code for page in pages] == [200] * 24
    assert len(set(ids)) == 24
    [first] = {
        int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        for pid in processes.service.workers()
    }
    held = [connections(pid) for pid in processes.service.workers()]
    assert connections(first) == set()
    assert all(held)
    assert sum(map(len, held)) == len(set.union(*held))


@pytest.mark.fault("C-05")
def test_of_many_processes_that_need_the_token_one_asks_for_it(processes: Installation) -> None:
    forget_token(processes)
    processes.simulator.call("DELETE", "/simulator/calls")
    processes.simulator.fault(STABLE_TOKEN, "slow", delay=0.3)

    pages = open_logins(processes, 16)

    assert [page.status_code for page in pages] == [200] * 16
    assert calls(processes, STABLE_TOKEN) == 1
    assert calls(processes, CREATE_QRCODE) == 16


@pytest.mark.fault("C-06")
def test_a_process_that_is_killed_while_it_renews_the_token_delays_the_next_for_15_s(
    processes: Installation,
) -> None:
    forget_token(processes)
    processes.simulator.call("DELETE", "/simulator/calls")
    processes.simulator.fault(STABLE_TOKEN, "slow", delay=9, times=1)
    with ThreadPoolExecutor(1) as pool:
        cut_off = pool.submit(Browser().open, f"{processes.url}/login")
        assert eventually(lambda: has_struck(processes))
        for pid in processes.service.workers():
            os.kill(pid, signal.SIGKILL)
        killed_at = time.monotonic()
        with pytest.raises(requests.ConnectionError):
            cut_off.result()

    page = Browser().open(f"{processes.url}/login")

    assert page.status_code == 200
    assert time.monotonic() - killed_at < 15
    assert calls(processes, CREATE_QRCODE) == 1


@pytest.mark.fault("C-10")
def test_a_push_that_several_processes_get_at_once_has_one_effect_and_one_reply(
    processes: Installation,
) -> None:
    assert Browser().open(f"{processes.url}/login").status_code == 200
    scene, wechat, openid = newest_scene(processes), Wechat(processes), f"o{secrets.token_hex(13)}"
    inner = wechat.event(openid, "SCAN", f"<EventKey><![CDATA[{scene}]]></EventKey>")
    query, body = wechat.seal(inner)

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: wechat.post(query, body), range(3)))
    # WeChat signs its retries anew.
    answers.append(wechat.push(inner))

    links = {decrypted_link(wechat, answer.text) for answer in answers}
    assert len(links) == 1
    assert None not in links
    with processes.app.app_context():
        seen = db.session.scalar(
            select(func.count(ReceivedMessage.id)).where(
                ReceivedMessage.appid == processes.account.appid
            )
        )
        attempt = db.session.scalar(select(Attempt).where(Attempt.scene == scene))
        assert attempt is not None
        assert (seen, attempt.status, attempt.openid) == (1, Status.SCANNED, openid)
        db.session.remove()
