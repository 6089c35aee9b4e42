"""The message template that carries codes: checked when it is chosen, filled when a code is sent.

What is checked: the account's kind may send template messages; the fields are exactly those of the
template in the account's own list; every text fits its field's type once `{code}` and `{minutes}`
are filled; and `{code}` is in a field that takes digits and that WeChat does not take out.
Without the list, which only WeChat has, all but the names of the fields can be checked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr

from wechatlogin.errors import TemplateRefused
from wechatlogin.i18n import msgid
from wechatlogin.models import WeChatAppRow
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import audit, wechat_app_audit, wechat_apps
from wechatlogin.services.audit import Actor
from wechatlogin.services.site import Site
from wechatlogin.wechat import templates
from wechatlogin.wechat.app import AppKind, Right, rights_of
from wechatlogin.wechat.errors import Misfit, ValueRefused
from wechatlogin.wechat.templates import FieldType, Template

CODE = "{code}"
MINUTES = "{minutes}"
#: Six digits like those of any code.
_SAMPLE = SecretStr("888888")
_TAKES_DIGITS = frozenset(
    {FieldType.CHARACTER_STRING, FieldType.NUMBER, FieldType.THING, FieldType.OTHER}
)
_MISFITS = {
    Misfit.EMPTY: msgid("字段 %(field)s 的内容是空的。"),
    Misfit.TOO_LONG: msgid("字段 %(field)s 的内容太长，最多 %(longest)s 个字符。"),
    Misfit.CHARACTERS: msgid("字段 %(field)s 的内容不符合它的类型。"),
}


@dataclass(frozen=True)
class ChosenTemplate:
    """What an operator enters: the template's id, and a text with places for each field."""

    template_id: str
    fields: Mapping[str, str]


def verify_fields(
    site: Site, kind: AppKind, chosen: ChosenTemplate, listed: tuple[Template, ...]
) -> Template:
    """Return the template that was chosen from an account's list, once all of it is checked.

    :raise TemplateRefused: if it is not in the list, or its fields or their texts do not fit; the
        message names the field and the reason, in the site's language.
    """
    template = next((one for one in listed if one.template_id == chosen.template_id), None)
    if template is None:
        known = "; ".join(_described(one) for one in listed) or "-"
        raise _refusal(
            site,
            msgid("帐号里没有编号为 %(id)s 的模板。现有的模板：%(known)s"),
            id=chosen.template_id,
            known=known,
        )
    names = {field.name for field in template.fields}
    removed = frozenset() if kind is AppKind.TEST else templates.REMOVED
    for name in sorted(names - removed - chosen.fields.keys()):
        raise _refusal(site, msgid("缺少模板的字段 %(field)s。"), field=name)
    for name in sorted(chosen.fields.keys() - names):
        raise _refusal(
            site,
            msgid("模板没有字段 %(field)s。它的字段：%(known)s"),
            field=name,
            known=_described(template),
        )
    verify_texts(site, kind, chosen)
    return template


def verify_texts(site: Site, kind: AppKind, chosen: ChosenTemplate) -> None:
    """Check what can be checked without asking WeChat.

    :raise TemplateRefused: if the account may send no template messages, no field carries the
        code, or a text does not fit the type that its field's name tells.
    """
    if Right.TEMPLATE_MESSAGE not in rights_of(kind):
        raise _refusal(site, msgid("这种帐号不能发送模板消息。"))
    if not (chosen.template_id and chosen.fields):
        raise _refusal(site, msgid("模板编号和字段要一起填写。"))
    is_typed = kind is not AppKind.TEST
    for field, text in chosen.fields.items():
        if CODE in text and is_typed and not _takes_code(field):
            raise _refusal(
                site,
                msgid(
                    "字段 %(field)s 不能放验证码，请放在 character_string、number 或 thing 字段里。"
                ),
                field=field,
            )
    if not any(CODE in text for text in chosen.fields.values()):
        raise _refusal(site, msgid("没有一个字段含有 {code}。"))
    try:
        _filled(chosen.fields, _SAMPLE, _minutes(site), is_typed=is_typed)
    except ValueRefused as err:
        longest = templates.longest_of(err.field)
        raise _refusal(site, _MISFITS[err.misfit], field=err.field, longest=longest) from err


def choose(
    site: Site,
    row: WeChatAppRow,
    chosen: ChosenTemplate,
    *,
    by: Actor = audit.COMMAND_LINE,
    now: datetime,
) -> Template:
    """Ask WeChat for the account's templates, check the choice, store it and return the template.

    :raise TemplateRefused: if it does not fit; nothing is stored then.
    :raise PlatformError: if WeChat gives no list.
    """
    kind = AppKind(row.kind)
    verify_texts(site, kind, chosen)
    listed = wechat_apps.client(site, row).get_templates()
    template = verify_fields(site, kind, chosen, listed)
    _save(row, chosen, by, now)
    return template


@repeatable
def _save(row: WeChatAppRow, chosen: ChosenTemplate, by: Actor, now: datetime) -> None:
    with write():
        before = wechat_app_audit.describe(row)
        row.template_id, row.template_fields = chosen.template_id, dict(chosen.fields)
        wechat_app_audit.record(row, by, before=before, now=now)


@repeatable
def forget(row: WeChatAppRow, *, by: Actor, now: datetime) -> None:
    """Send codes by a template message no more."""
    with write():
        before = wechat_app_audit.describe(row)
        row.template_id, row.template_fields = None, None
        wechat_app_audit.record(row, by, before=before, now=now)


def fill(site: Site, row: WeChatAppRow, digits: SecretStr) -> dict[str, str]:
    """Return the values of the account's template with a code in its place.

    :raise ValueRefused: if a text does not fit its field.
    """
    is_typed = AppKind(row.kind) is not AppKind.TEST
    return _filled(row.template_fields or {}, digits, _minutes(site), is_typed=is_typed)


def _filled(
    fields: Mapping[str, str], digits: SecretStr, minutes: int, *, is_typed: bool
) -> dict[str, str]:
    values: dict[str, str] = {}
    for field, text in fields.items():
        value = text.replace(MINUTES, str(minutes)).replace(CODE, digits.get_secret_value())
        if is_typed:
            value = templates.verify_value(field, value)
        elif not value.strip():
            raise ValueRefused(field=field, misfit=Misfit.EMPTY)
        values[field] = value
    return values


def _takes_code(field: str) -> bool:
    return field not in templates.REMOVED and templates.type_of(field) in _TAKES_DIGITS


def _minutes(site: Site) -> int:
    return site.settings.code_seconds // 60


def _described(template: Template) -> str:
    fields = ", ".join(f"{field.label} {field.name}".strip() for field in template.fields)
    return f"{template.template_id} {template.title} ({fields})"


def _refusal(site: Site, sentence: str, **values: object) -> TemplateRefused:
    return TemplateRefused(site.translate(sentence, **values))
