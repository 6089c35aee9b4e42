"""Choosing the template that carries codes: what WeChat would refuse later is refused now."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from tests.servers import TEMPLATE_ID, Simulator
from tests.services import messaging
from tests.services.messaging import FIELDS, TEMPLATE, Messaging
from wechatlogin.errors import TemplateRefused
from wechatlogin.extensions import db
from wechatlogin.models import AuditEntry, AuditTag
from wechatlogin.services import templates
from wechatlogin.services.site import Site
from wechatlogin.services.templates import ChosenTemplate
from wechatlogin.wechat.app import AppKind
from wechatlogin.wechat.errors import OperatorNeeded, ValueRefused
from wechatlogin.wechat.templates import Template, TemplateField

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
CODE = SecretStr("482915")
SetUp = Callable[..., Messaging]


@pytest.fixture
def set_up(storage: Site, simulator: Simulator) -> Iterator[SetUp]:
    opened: list[Messaging] = []

    def make(**given: Any) -> Messaging:
        opened.append(messaging.set_up(storage, simulator, template=False, **given))
        return opened[-1]

    yield make
    for each in opened:
        each.site.http.close()


def choose(ready: Messaging, fields: dict[str, str], template_id: str = TEMPLATE_ID) -> Template:
    chosen = ChosenTemplate(template_id, fields)
    return templates.choose(ready.site, ready.row, chosen, now=NOW)


def refused(ready: Messaging, fields: dict[str, str], template_id: str = TEMPLATE_ID) -> str:
    with pytest.raises(TemplateRefused) as caught:
        choose(ready, fields, template_id)
    assert ready.row.template_id is None
    return caught.value.message


def test_a_template_that_fits_is_stored_and_the_choice_kept_in_the_audit(set_up: SetUp) -> None:
    ready = set_up()

    template = choose(ready, FIELDS)

    db.session.commit()
    assert template.title == "验证码"
    assert (ready.row.template_id, ready.row.template_fields) == (TEMPLATE_ID, FIELDS)
    tags = db.session.scalars(db.select(AuditEntry.tag)).all()
    assert tags.count(AuditTag.WECHAT_APP_SAVED) == 2


def test_an_unknown_template_is_refused_with_the_list_of_those_there_are(set_up: SetUp) -> None:
    told = refused(set_up(), FIELDS, "another-template")

    assert "another-template" in told
    assert f"{TEMPLATE_ID} 验证码 (验证码 character_string1, 有效期 thing2)" in told


@pytest.mark.parametrize(
    ("fields", "parts"),
    [
        ({"character_string1": "{code}"}, ["缺少", "thing2"]),
        ({**FIELDS, "thing3": "x"}, ["没有字段 thing3", "character_string1"]),
        (
            {**FIELDS, "thing2": "请在 {minutes} 分钟内填写，请勿把它告诉任何其他人"},
            ["thing2", "20"],
        ),
        ({**FIELDS, "thing2": " "}, ["thing2", "空"]),
        ({**FIELDS, "character_string1": "验证码 {code}"}, ["character_string1", "类型"]),
        ({"character_string1": "123456", "thing2": "x"}, ["{code}"]),
        ({}, ["一起填写"]),
    ],
)
def test_fields_that_do_not_fit_are_refused_with_field_and_reason(
    set_up: SetUp, fields: dict[str, str], parts: list[str]
) -> None:
    told = refused(set_up(), fields)

    assert [part for part in parts if part not in told] == []


@pytest.mark.parametrize("field", ["phrase1", "time1", "first", "const1", "letter1"])
def test_the_code_goes_into_a_field_that_takes_digits(set_up: SetUp, field: str) -> None:
    listed = {**TEMPLATE, "content": f"{{{{{field}.DATA}}}}"}

    told = refused(set_up(templates=(listed,)), {field: "{code}"})

    assert field in told
    assert "character_string" in told


def test_the_code_fits_beside_words_in_a_thing(set_up: SetUp) -> None:
    ready = set_up(templates=({**TEMPLATE, "content": "{{thing1.DATA}}"},))

    choose(ready, {"thing1": "{code}，{minutes} 分钟内有效"})

    values = templates.fill(ready.site, ready.row, CODE)
    assert values == {"thing1": "482915，30 分钟内有效"}


def test_first_and_remark_may_be_left_out_since_wechat_takes_them_out(set_up: SetUp) -> None:
    content = "{{first.DATA}}\n码：{{number1.DATA}}\n{{remark.DATA}}"

    assert choose(set_up(templates=({**TEMPLATE, "content": content},)), {"number1": "{code}"})


def test_a_test_accounts_fields_have_any_name_and_no_type(set_up: SetUp) -> None:
    listed = {**TEMPLATE, "content": "{{first.DATA}}：{{anything.DATA}}"}
    ready = set_up(kind=AppKind.TEST, templates=(listed,))
    long = "这是测试号的模板，里面的文字可以有很多很多个字，没有限制"

    choose(ready, {"first": long, "anything": "{code}"})

    assert templates.fill(ready.site, ready.row, CODE) == {"first": long, "anything": "482915"}


def test_a_test_accounts_fields_are_still_those_of_its_template(set_up: SetUp) -> None:
    listed = {**TEMPLATE, "content": "{{first.DATA}}：{{anything.DATA}}"}
    ready = set_up(kind=AppKind.TEST, templates=(listed,))

    assert "first" in refused(ready, {"anything": "{code}"})
    assert "first" in refused(ready, {"first": "", "anything": "{code}"})


@pytest.mark.parametrize("kind", [AppKind.PERSONAL, AppKind.SUBSCRIPTION])
def test_an_account_that_may_send_none_is_refused_without_asking(
    set_up: SetUp, kind: AppKind
) -> None:
    assert "不能发送模板消息" in refused(set_up(kind=kind), FIELDS)


def test_the_refusal_is_told_in_the_language_of_whoever_chooses(set_up: SetUp) -> None:
    ready = set_up()
    said: list[tuple[str, object]] = []

    def translate_into(language: str, sentence: str, /, **values: object) -> str:
        said.append((language, values.get("field")))
        return "No field thing9."

    english = messaging.with_language(ready.site, translate_into).speaking("en")
    with pytest.raises(TemplateRefused, match="No field thing9"):
        templates.choose(
            english, ready.row, ChosenTemplate(TEMPLATE_ID, {**FIELDS, "thing9": "x"}), now=NOW
        )

    assert said == [("en", "thing9")]


def test_where_wechat_gives_no_list_nothing_is_stored(set_up: SetUp, simulator: Simulator) -> None:
    ready = set_up()
    simulator.fault("/cgi-bin/template/get_all_private_template", "errcode", errcode=48001)

    with pytest.raises(OperatorNeeded):
        choose(ready, FIELDS)

    assert ready.row.template_id is None


def test_a_code_that_does_not_fit_any_more_is_not_sent_off(set_up: SetUp) -> None:
    ready = set_up()
    ready.row.template_id = TEMPLATE_ID
    ready.row.template_fields = {"number1": "{code} 号"}

    with pytest.raises(ValueRefused):
        templates.fill(ready.site, ready.row, CODE)


def test_a_template_can_be_checked_against_a_list_that_is_at_hand(set_up: SetUp) -> None:
    listed = (Template("T", "标题", (TemplateField("number1", "码"),)),)
    site = set_up().site

    found = templates.verify_fields(
        site, AppKind.SERVICE, ChosenTemplate("T", {"number1": "{code}"}), listed
    )

    assert found is listed[0]
