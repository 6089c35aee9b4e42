"""The audit as CSV (RFC 4180), written while it is read, so that it may be of any length."""

import csv
import json
from collections.abc import Iterable, Iterator
from io import StringIO

from flask_babel import gettext

from wechatlogin.models import AuditEntry
from wechatlogin.web.operator import audit_words

#: Without it Excel takes UTF-8 for the machine's own encoding.
BYTE_ORDER_MARK = "\ufeff"
#: A cell that begins with one of these is a formula to a spreadsheet (OWASP, "CSV Injection");
#: of the wide ones Excel makes narrow ones.
FORMULA_SIGNS = tuple("=+-@\t\r\n＝＋－＠")


def write(entries: Iterable[AuditEntry]) -> Iterator[str]:
    """Yield the file line by line, the names of the columns first."""
    yield BYTE_ORDER_MARK + _line(
        [
            gettext("时间"),
            gettext("事件"),
            gettext("标签"),
            gettext("操作者"),
            gettext("IP 地址"),
            gettext("用户编号"),
            gettext("对象"),
            gettext("之前"),
            gettext("之后"),
        ]
    )
    for entry in entries:
        yield _line(
            [
                entry.at.isoformat(timespec="seconds"),
                audit_words.tag(entry.tag),
                entry.tag,
                entry.actor,
                entry.ip,
                entry.user_id,
                entry.detail,
                _json(entry.before),
                _json(entry.after),
            ]
        )


def _line(cells: list[str | None]) -> str:
    written = StringIO()
    csv.writer(written).writerow([_harmless(cell or "") for cell in cells])
    return written.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA_SIGNS) else cell


def _json(kept: dict[str, object] | None) -> str | None:
    return None if kept is None else json.dumps(kept, ensure_ascii=False)
