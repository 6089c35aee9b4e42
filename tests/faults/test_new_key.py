"""`SECRET_KEY` is changed while people are logged in, on their way, and hold codes and tokens."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from tests.conftest import Installation, Installer
from tests.faults.test_kills import newest_attempt
from tests.flows.desktops import confirm_link
from tests.flows.phones import Browser, Phone
from tests.flows.test_codes import a_code
from tests.servers import SECRET_KEY
from tests.stories import a_browser, a_program, an_account, an_identity
from wechatlogin.errors import TokenInvalid
from wechatlogin.extensions import db
from wechatlogin.services import code_login, codes, number_login, refresh_tokens
from wechatlogin.services.errand import Errand
from wechatlogin.services.site import Site
from wechatlogin.vault import Vault
from wechatlogin.wechat.app import AppKind

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
NEW_KEY = "canary-the-next-secret-key-of-the-tests-0123456789"
TICK = timedelta(seconds=1)


def change_key(installation: Installation) -> None:
    """Start the service with another key, and with the former one to fall back on."""
    update = {
        "secret_key": SecretStr(NEW_KEY),
        "secret_key_fallbacks": (SecretStr(SECRET_KEY),),
    }
    service = installation.service
    service.settings = service.settings.model_copy(update=update)
    service.restart()


def renewed(site: Site, *, falls_back: bool = True) -> Site:
    """Return the same site after a change of its key."""
    former = [SecretStr(SECRET_KEY)] if falls_back else []
    return replace(site, vault=Vault(SecretStr(NEW_KEY), former))


@pytest.mark.fault("C-24")
def test_sessions_forms_links_and_codes_outlive_a_change_of_the_key(install: Installer) -> None:
    installation = install()
    simulator = installation.simulator
    phone = Phone(simulator.add_person())
    assert phone.open(f"{installation.url}/login").url == f"{installation.url}/account"
    desktop, typing = Browser(), Browser()
    desktop.open(f"{installation.url}/login")
    attempt = newest_attempt(installation)
    person = simulator.add_person()
    simulator.follow(person, installation.account.appid)
    link = confirm_link(simulator.scan(person, attempt.qr_content or ""))
    code, form = a_code(installation), typing.open(f"{installation.url}/login/code")

    change_key(installation)

    assert phone.open(f"{installation.url}/account").url == f"{installation.url}/account"
    assert typing.submit(form, code=code).url == f"{installation.url}/account"
    again = confirm_link(simulator.scan(person, attempt.qr_content or ""))
    assert urlsplit(again).path == urlsplit(link).path
    status = f"{installation.url}/login/attempts/{attempt.id}"
    number = str(newest_attempt(installation).number)
    holder = Phone(person)
    assert holder.submit(holder.open(link), number=number).status_code == 200
    claimed = desktop.submit(desktop.open(f"{status}/check"))
    assert claimed.url == f"{installation.url}/account"
    # The account's secret was sealed by the former key, and WeChat makes a QR by it.
    assert Browser().open(f"{installation.url}/login").status_code == 200
    assert "http://weixin.qq.com/q/" in (newest_attempt(installation).qr_content or "")


@pytest.mark.fault("C-24")
def test_a_code_that_is_sent_again_is_the_one_that_was_sent(storage: Site) -> None:
    identity = an_identity(an_account(storage, now=NOW), "o-lin", now=NOW)
    first = codes.issue(storage, identity, now=NOW)
    codes.note_sent(first, now=NOW)

    again = codes.issue(renewed(storage), identity, now=NOW + TICK)

    assert again.digits == first.digits
    holder = codes.spend(renewed(storage), first.digits.get_secret_value(), now=NOW + TICK)
    assert holder.id == identity.id


@pytest.mark.fault("C-24")
def test_a_number_on_a_screen_outlives_a_change_of_the_key(storage: Site) -> None:
    row = an_account(storage, now=NOW, kind=AppKind.PERSONAL)
    started = number_login.start(storage, row, a_browser(), errand=Errand(), now=NOW)
    digits = started.digits.get_secret_value()

    scanned = number_login.sent(renewed(storage), row, digits, "o-lin", now=NOW + TICK)

    assert scanned.attempt.id == started.attempt.id


@pytest.mark.fault("C-24")
def test_a_token_of_a_login_by_code_is_good_as_long_as_its_key_is_kept(storage: Site) -> None:
    identity = an_identity(an_account(storage, now=NOW), "o-lin", now=NOW)
    digits = codes.issue(storage, identity, now=NOW).digits.get_secret_value()
    token = code_login.log_in(storage, a_browser(), digits, former=None, now=NOW).token

    kept = code_login.verify(renewed(storage), token.get_secret_value(), now=NOW + TICK)

    assert kept.session.user_id == identity.user_id
    with pytest.raises(TokenInvalid):
        code_login.verify(
            renewed(storage, falls_back=False), token.get_secret_value(), now=NOW + TICK
        )


@pytest.mark.fault("C-24")
def test_a_client_whose_answer_was_lost_at_the_change_gets_the_same_refresh_token(
    storage: Site,
) -> None:
    _, session = a_program(storage, now=NOW)
    lifetime = timedelta(days=1)
    first = refresh_tokens.issue(storage, session, scope="openid", lifetime=lifetime, now=NOW)
    plain = first.get_secret_value()
    lost = refresh_tokens.rotate(storage, plain, lifetime=lifetime, now=NOW)

    again = refresh_tokens.rotate(renewed(storage), plain, lifetime=lifetime, now=NOW + TICK)

    assert again.token == lost.token
    db.session.rollback()
