"""flask wechat-app template: the choice is checked against the account's own list."""

from collections.abc import Iterator

import pytest
from click.testing import Result
from flask import Flask

from tests import databases
from tests.servers import TEMPLATE_ID, Account, Simulator, settings_for_tests
from wechatlogin import create_app
from wechatlogin.extensions import db
from wechatlogin.models import WeChatAppRow
from wechatlogin.services import wechat_apps

CONTENT = "验证码：{{character_string1.DATA}}\n有效期：{{thing2.DATA}}"
CODE = "character_string1={code}"
MINUTES = "thing2={minutes} 分钟内有效"


@pytest.fixture
def app(database_url: str, simulator: Simulator) -> Iterator[Flask]:
    settings = settings_for_tests(database_url=database_url, wechat_api_url=simulator.url)
    app = create_app(settings)
    with app.app_context():
        yield app
    databases.release(app)


@pytest.fixture
def account(app: Flask, simulator: Simulator) -> Account:
    account = Account()
    listed = {"template_id": TEMPLATE_ID, "title": "验证码", "content": CONTENT}
    mine = {"appid": account.appid, "secret": account.secret, "domains": [], "templates": [listed]}
    simulator.call("POST", "/simulator/apps", mine)
    assert save(app, account).exit_code == 0
    return account


def run(app: Flask, *words: str, typed: str = "") -> Result:
    return app.test_cli_runner().invoke(args=list(words), input=typed)


def save(app: Flask, account: Account, *more: str) -> Result:
    typed = f"{account.secret}\n{account.token}\n{account.aes_key}\n"
    return run(app, "wechat-app", "save", account.appid, *more, typed=typed)


def choose(app: Flask, account: Account, *fields: str, template_id: str = TEMPLATE_ID) -> Result:
    words = [word for field in fields for word in ("--field", field)]
    return run(app, "wechat-app", "template", account.appid, template_id, *words)


def row_of(account: Account) -> WeChatAppRow:
    db.session.rollback()
    row = wechat_apps.verify(account.appid)
    db.session.refresh(row)
    return row


def test_a_template_that_fits_is_stored(app: Flask, account: Account) -> None:
    done = choose(app, account, CODE, MINUTES)

    assert done.exit_code == 0
    assert "验证码" in done.output
    row = row_of(account)
    assert row.template_id == TEMPLATE_ID
    assert row.template_fields == {
        "character_string1": "{code}",
        "thing2": "{minutes} 分钟内有效",
    }


def test_the_field_that_does_not_fit_is_named_and_nothing_stored(
    app: Flask, account: Account
) -> None:
    done = choose(app, account, CODE, "thing3=x")

    assert done.exit_code == 1
    assert "thing2" in done.output
    assert row_of(account).template_id is None


def test_an_unknown_template_is_answered_with_the_accounts_own(
    app: Flask, account: Account
) -> None:
    done = choose(app, account, CODE, template_id="nobodys-template")

    assert done.exit_code == 1
    assert TEMPLATE_ID in done.output


def test_what_wechat_says_is_passed_on(app: Flask, account: Account, simulator: Simulator) -> None:
    simulator.fault("/cgi-bin/template/get_all_private_template", "errcode", errcode=48001)

    done = choose(app, account, CODE, MINUTES)

    assert done.exit_code == 1
    assert "errcode=48001" in done.output
    assert account.secret not in done.output


@pytest.mark.parametrize("field", ["thing1", "=x", "thing1=", f"{CODE}"])
def test_a_field_without_a_name_or_a_text_or_given_twice_is_refused(
    app: Flask, account: Account, field: str
) -> None:
    done = choose(app, account, CODE, field)

    assert done.exit_code == 2
    assert "thing1={code}" in done.output


def test_an_account_that_was_not_saved_is_refused(app: Flask) -> None:
    assert choose(app, Account(), CODE).exit_code == 1


def test_saving_checks_what_it_can_and_says_what_it_cannot(
    app: Flask, account: Account, simulator: Simulator
) -> None:
    asked = len(simulator.calls("/cgi-bin/template/get_all_private_template"))

    done = save(app, account, "--template-id", "T", "--template-field", CODE)

    assert done.exit_code == 0
    assert "WeChat was not asked" in done.output
    assert row_of(account).template_id == "T"
    assert len(simulator.calls("/cgi-bin/template/get_all_private_template")) == asked


@pytest.mark.parametrize(
    "more",
    [
        ("--template-id", "T"),
        ("--template-field", CODE),
        ("--template-id", "T", "--template-field", "thing1=x"),
        ("--template-id", "T", "--template-field", "phrase1={code}"),
        ("--kind", "personal", "--template-id", "T", "--template-field", CODE),
    ],
)
def test_saving_refuses_what_can_never_work(
    app: Flask, account: Account, more: tuple[str, ...]
) -> None:
    done = save(app, account, *more)

    assert done.exit_code == 1
    assert row_of(account).template_id is None
