"""What the value of a template field may be, by the type in its name (reference 6.1).

A value that breaks its type is refused with 47003. Emoji and line breaks are not refused: since
2023-05-04 WeChat removes them, with `first` and `remark`, and sends the rest.
"""

import re
from collections.abc import Mapping

from wechatlogin.simulator.apps import Template
from wechatlogin.simulator.errors import PlatformError

_DAY = r"\d{4}(?:年\d{1,2}月\d{1,2}日|[-/.]\d{1,2}[-/.]\d{1,2})"
_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
_MOMENT = rf"(?:{_DAY}(?: ?{_CLOCK})?|{_CLOCK})"
_RANGE = rf"{_MOMENT}(?: ?~ ?{_MOMENT})?"

RULES: dict[str, re.Pattern[str]] = {
    "thing": re.compile(r".{1,20}", re.DOTALL),
    "short_thing": re.compile(r".{1,5}", re.DOTALL),
    "character_string": re.compile(r"[\x20-\x7e]{1,32}"),
    "time": re.compile(_RANGE),
    "date": re.compile(rf"{_DAY}(?: ?{_CLOCK})?(?: ?~ ?{_DAY}(?: ?{_CLOCK})?)?"),
    "amount": re.compile(r"[¥￥$€£]?\d{1,10}(?:\.\d+)?元?"),
    "phone_number": re.compile(r"[\d+()#*. -]{1,17}"),
    "car_number": re.compile(r"[\u4e00-\u9fff]?[A-Za-z0-9·-]{1,7}[\u4e00-\u9fffA-Za-z0-9]?"),
    "const": re.compile(r".{1,20}"),
    "phrase": re.compile(r"[\u4e00-\u9fff]{1,5}"),
    "name": re.compile(r"[\u4e00-\u9fff·]{1,10}|[A-Za-z .'-]{1,20}"),
    "number": re.compile(r"\d{1,32}(?:\.\d+)?"),
    "letter": re.compile(r"[A-Za-z]{1,32}"),
    "symbol": re.compile(r"[^\w\s]{1,5}"),
}
LONGEST = {"car_number": 8, "number": 32}
STRIPPED = re.compile(
    "[\r\n\U0001f000-\U0001faff\U0001f1e6-\U0001f1ff\u2600-\u27bf\u200d\ufe0f\u20e3]"
)
REMOVED = frozenset({"first", "remark"})


def checked(template: Template, data: Mapping[str, object], *, typed: bool) -> dict[str, str]:
    """Return the values as they will be shown.

    :raise PlatformError: 47003 if one is missing, empty or breaks its type.
    """
    values: dict[str, str] = {}
    for keyword in template.keywords:
        if typed and keyword in REMOVED:
            continue
        value = _value(keyword, data.get(keyword))
        if typed:
            value = STRIPPED.sub("", value)
            _verify_type(template, keyword, value)
        values[keyword] = value
    return values


def rendered(template: Template, values: Mapping[str, str]) -> str:
    """Return the message as it stands in the chat."""
    lines = []
    for line in template.content.splitlines():
        keyword = re.search(r"\{\{(\w+)\.DATA\}\}", line)
        if keyword and keyword.group(1) not in values:
            continue
        lines.append(re.sub(r"\{\{(\w+)\.DATA\}\}", lambda m: values.get(m.group(1), ""), line))
    return "\n".join([template.title, *lines] if template.title else lines)


def _value(keyword: str, given: object) -> str:
    value = given.get("value") if isinstance(given, dict) else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        # The misspelling is WeChat's.
        raise PlatformError(47003, f"argument invalid! data.{keyword}.value is emtpy")
    return value


def _verify_type(template: Template, keyword: str, value: str) -> None:
    kind = keyword.rstrip("0123456789")
    rule = RULES.get(kind)
    fits = rule is not None and rule.fullmatch(value) and len(value) <= LONGEST.get(kind, 64)
    constants = template.constants.get(keyword)
    if not fits or (constants is not None and value not in constants):
        raise PlatformError(47003, f"argument invalid! data.{keyword}.value invalid")
