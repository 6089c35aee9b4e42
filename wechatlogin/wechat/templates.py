"""Message templates: the account's own list, and what a field of each type may hold.

A field is called `{{thing1.DATA}}` in a template's text: the letters are its type, the number
tells fields of one type apart. The types and limits follow WeChat's page 模板消息 (参数值限制说明)
and its rules since 2023-05-04: no emoji, no line break, 20 characters in a field without a type,
and `first` and `remark` are taken out. WeChat refuses a value that breaks its type with 47003.

A test account's fields may have any name, and none has a type.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from wechatlogin.wechat import answer as answers
from wechatlogin.wechat import errors
from wechatlogin.wechat.errors import Misfit, ValueRefused
from wechatlogin.wechat.http import Answer

PATH = "/cgi-bin/template/get_all_private_template"
#: WeChat takes these two out of every message.
REMOVED = frozenset({"first", "remark"})
_ELLIPSIS = "…"


class FieldType(StrEnum):
    """The type of a field; `OTHER` is one of an old template, such as `keyword1`."""

    THING = "thing"
    SHORT_THING = "short_thing"
    CHARACTER_STRING = "character_string"
    TIME = "time"
    DATE = "date"
    AMOUNT = "amount"
    PHONE_NUMBER = "phone_number"
    CAR_NUMBER = "car_number"
    CONST = "const"
    PHRASE = "phrase"
    NAME = "name"
    NUMBER = "number"
    LETTER = "letter"
    SYMBOL = "symbol"
    OTHER = "other"


@dataclass(frozen=True)
class TemplateField:
    """One field; `label` is what stands before it in the message."""

    name: str
    label: str

    @property
    def type(self) -> FieldType:
        return type_of(self.name)


@dataclass(frozen=True)
class Template:
    """One of the account's templates."""

    template_id: str
    title: str
    fields: tuple[TemplateField, ...]


@dataclass(frozen=True)
class _Rule:
    """What a type takes; the longest is in UTF-16 units, as a phone counts."""

    longest: int
    pattern: re.Pattern[str] = re.compile(r".+")
    #: Whether what is too long may be cut; half a number or a date would be another one.
    is_prose: bool = False


# Escapes, since a pattern is not a sentence: year, month, day, and the character of the yuan.
_DAY = r"\d{4}(?:\u5e74\d{1,2}\u6708\d{1,2}\u65e5|-\d{1,2}-\d{1,2})"
_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
_DATE = rf"{_DAY}(?: {_CLOCK})?"
_MOMENT = rf"(?:{_DATE}|{_CLOCK})"
_CHINESE = r"[\u4e00-\u9fff]"

# re.ASCII: the digits of other scripts are not what WeChat means.
_RULES: Mapping[FieldType, _Rule] = {
    FieldType.THING: _Rule(20, is_prose=True),
    FieldType.SHORT_THING: _Rule(5, is_prose=True),
    FieldType.CHARACTER_STRING: _Rule(32, re.compile(r"[\x20-\x7e]+")),
    FieldType.TIME: _Rule(64, re.compile(rf"{_MOMENT}(?: ?~ ?{_MOMENT})?", re.ASCII)),
    FieldType.DATE: _Rule(64, re.compile(rf"{_DATE}(?: ?~ ?{_DATE})?", re.ASCII)),
    FieldType.AMOUNT: _Rule(
        16, re.compile(r"[\xa5\uffe5$\u20ac\xa3]?\d{1,10}(?:\.\d{1,2})?\u5143?", re.ASCII)
    ),
    FieldType.PHONE_NUMBER: _Rule(17, re.compile(r"[\d+()#*. -]+", re.ASCII)),
    FieldType.CAR_NUMBER: _Rule(8, re.compile(rf"{_CHINESE}?[A-Za-z0-9]{{1,7}}{_CHINESE}?")),
    FieldType.CONST: _Rule(20),
    FieldType.PHRASE: _Rule(5, re.compile(rf"{_CHINESE}+")),
    FieldType.NAME: _Rule(20, re.compile(rf"{_CHINESE}{{1,10}}|[A-Za-z][A-Za-z ]{{0,19}}")),
    FieldType.NUMBER: _Rule(32, re.compile(r"\d+(?:\.\d+)?", re.ASCII)),
    FieldType.LETTER: _Rule(32, re.compile(r"[A-Za-z]+")),
    FieldType.SYMBOL: _Rule(5, re.compile(r"[!-/:-@\[-^`{-~]+")),
    FieldType.OTHER: _Rule(20, is_prose=True),
}
_TYPES = {type_.value: type_ for type_ in FieldType}
_PLACEHOLDER = re.compile(r"\{\{\s*(\w{1,64})\.DATA\s*\}\}")
_LABEL_END = " \t:\uff1a"
_EMOJI = re.compile(
    "[\u200d\u20e3\ufe0e\ufe0f\u231a\u231b\u23e9-\u23fa\u2600-\u27bf\u2b05-\u2b07\u2b1b\u2b1c\u2b50"
    "\u2b55\U0001f000-\U0001faff\U000e0020-\U000e007f]"
)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def read_templates(answer: Answer) -> tuple[Template, ...]:
    """Return the account's templates, in WeChat's order.

    :raise WeChatGarbled: if there is no list, or a template has no id or text.
    """
    listed = answer.get("template_list")
    if not isinstance(listed, list):
        raise errors.WeChatGarbled(path=PATH, reason="no template_list")
    return tuple(_read_template(one) for one in listed)


def type_of(name: str) -> FieldType:
    """Return the type that a field's name gives it."""
    letters = name.rstrip("0123456789")
    return _TYPES.get(letters, FieldType.OTHER) if letters != name else FieldType.OTHER


def verify_value(field: str, text: str) -> str:
    """Return a value as WeChat will show it: without emoji or line breaks, ranges with `~`.

    :raise ValueRefused: if nothing is left, or it is too long or not of the field's type.
    """
    rule = _RULES[type_of(field)]
    value = _clean(field, text)
    if field in REMOVED:
        return value
    if not rule.pattern.fullmatch(value):
        raise ValueRefused(field=field, misfit=Misfit.CHARACTERS)
    if _length(value) > rule.longest:
        raise ValueRefused(field=field, misfit=Misfit.TOO_LONG)
    return value


def fit_value(field: str, text: str) -> str:
    """Return a value as `verify_value` does, but cut prose that is too long.

    :raise ValueRefused: if nothing is left, or it cannot be cut and does not fit.
    """
    rule = _RULES[type_of(field)]
    value = _clean(field, text)
    if rule.is_prose and field not in REMOVED and _length(value) > rule.longest:
        value = _cut(value, rule.longest - 1).rstrip() + _ELLIPSIS
    return verify_value(field, value)


def longest_of(field: str) -> int:
    """Return how many characters a field takes."""
    return _RULES[type_of(field)].longest


def _read_template(one: object) -> Template:
    if not isinstance(one, dict):
        raise errors.WeChatGarbled(path=PATH, reason="a template is no object")
    content = answers.required_text(one, "content", path=PATH)
    return Template(
        template_id=answers.required_text(one, "template_id", path=PATH),
        title=answers.get_text(one, "title") or "",
        fields=tuple(_fields_in(content)),
    )


def _fields_in(content: str) -> list[TemplateField]:
    labels: dict[str, str] = {}
    for line in content.splitlines():
        start = 0
        for found in _PLACEHOLDER.finditer(line):
            label = line[start : found.start()].strip(_LABEL_END)
            labels.setdefault(found[1], label)
            start = found.end()
    return [TemplateField(name, label) for name, label in labels.items()]


def _clean(field: str, text: str) -> str:
    # A full-width tilde between two moments is refused, and nowhere is it needed.
    printable = _UNPRINTABLE.sub(" ", _EMOJI.sub("", text)).replace("\uff5e", "~")
    value = " ".join(printable.split())
    if not value:
        raise ValueRefused(field=field, misfit=Misfit.EMPTY)
    return value


def _length(value: str) -> int:
    return len(value.encode("utf-16-le")) // 2


def _cut(value: str, longest: int) -> str:
    # "ignore" drops the half of a pair that the cut has left.
    return value.encode("utf-16-le")[: 2 * longest].decode("utf-16-le", "ignore")
