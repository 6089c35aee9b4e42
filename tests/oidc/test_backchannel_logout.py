"""Programs are told that their person has logged out (OpenID Connect Back-Channel Logout 1.0)."""

import re
import threading
import time
from urllib.parse import parse_qs

from sqlalchemy import select

from tests.conftest import Installation
from tests.flows.phones import Phone
from tests.oidc.log_outs import (
    BACK,
    STATE,
    claims_in,
    end_url,
    is_logged_in,
    is_logged_out_page,
)
from tests.oidc.programs import Program
from tests.simulator.receiver import Answer, Received, Receiver
from tests.waiters import eventually
from wechatlogin import clock
from wechatlogin.extensions import db
from wechatlogin.models import LogoutNotice
from wechatlogin.models.transaction import write

WITH_REFRESH = "openid offline_access"


def test_oidcc_backchannel_rp_initiated_logout(
    program: Program, phone: Phone, id_token: str, listener: Receiver
) -> None:
    url = end_url(program, id_token_hint=id_token, post_logout_redirect_uri=BACK, state=STATE)

    phone.step(url)

    assert eventually(lambda: len(listener.received) == 1)
    [call] = listener.received
    assert (call.method, call.path) == ("POST", "/back-channel")
    [token] = parse_qs(call.body.decode())["logout_token"]
    claims, meant = program.read(token), claims_in(id_token)
    assert (claims["iss"], claims["aud"]) == (program.issuer, program.client_id)
    assert (claims["sub"], claims["sid"]) == (meant["sub"], meant["sid"])
    assert claims["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    assert claims["exp"] - claims["iat"] == 120
    assert "nonce" not in claims


def test_the_tokens_of_every_program_are_worth_nothing_afterwards(
    installation: Installation, program: Program, phone: Phone, listener: Receiver
) -> None:
    tokens = program.log_in(phone, scope=WITH_REFRESH)
    other = Program(installation, backchannel_logout_uri=f"{listener.url}/other")
    of_other = other.log_in(phone, scope=WITH_REFRESH)

    phone.step(end_url(program, id_token_hint=tokens["id_token"]))

    assert program.userinfo(tokens["access_token"]).status_code == 401
    assert other.userinfo(of_other["access_token"]).status_code == 401
    assert program.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert other.refresh(of_other["refresh_token"]).json()["error"] == "invalid_grant"
    assert eventually(lambda: len(listener.received) == 2)
    assert sorted(got.path for got in listener.received) == ["/back-channel", "/other"]


def test_logging_out_on_our_own_page_is_told_to_the_programs(
    installation: Installation, program: Program, phone: Phone, id_token: str, listener: Receiver
) -> None:
    page = phone.open(f"{installation.url}/account")
    form = re.search(r'(?s)action="/logout".*?name="csrf_token" value="([^"]+)"', page.text)
    assert form

    phone.post(f"{installation.url}/logout", data={"csrf_token": form[1]}, timeout=20)

    assert eventually(lambda: len(listener.received) == 1)
    assert not is_logged_in(program, phone)


def test_a_server_that_is_down_is_told_by_the_command_later(
    installation: Installation, program: Program, phone: Phone, id_token: str, listener: Receiver
) -> None:
    listener.says(b"", status=503)
    phone.step(end_url(program, id_token_hint=id_token))
    assert eventually(lambda: len(listener.received) == 1)
    listener.says(b"")
    sid = claims_in(id_token)["sid"]
    with installation.app.app_context():
        notice = db.session.scalars(select(LogoutNotice).where(LogoutNotice.sid == sid)).one()
        with write():
            notice.next_try_at = clock.now()

        result = installation.app.test_cli_runner().invoke(args=["logout", "deliver"])

    assert result.exit_code == 0, result.output
    assert result.output == "1 due\n"
    assert len(listener.received) == 2


def test_a_server_that_hangs_keeps_nobody_waiting(
    installation: Installation, phone: Phone, listener: Receiver
) -> None:
    is_asked, is_over = threading.Event(), threading.Event()

    def hang(got: Received) -> Answer:
        is_asked.set()
        is_over.wait(10)
        return Answer()

    listener.answer = hang
    program = Program(installation, backchannel_logout_uri=listener.url)
    id_token = program.log_in(phone)["id_token"]
    url = end_url(program, id_token_hint=id_token)

    began = time.monotonic()
    page = phone.open(url)
    taken = time.monotonic() - began

    assert is_logged_out_page(page)
    assert is_asked.wait(5)
    assert taken < 2
    is_over.set()
