"""The audit: who did what, from where, and what it changed.

GET  /operator/audit           the newest first; by `tag`, `actor`, `user`, `detail`, `from`, `to`
POST /operator/audit/export    what matches as CSV, all of it; that is in the audit too
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import Response, render_template, request, stream_with_context, url_for
from flask_babel import gettext, to_utc
from werkzeug.datastructures import MultiDict

from wechatlogin import clock
from wechatlogin.errors import ParameterWrong
from wechatlogin.models import AuditEntry, AuditTag
from wechatlogin.services import audit, audit_log
from wechatlogin.services.audit_log import Search
from wechatlogin.services.paging import Page, Place
from wechatlogin.web import words
from wechatlogin.web.operator import audit_csv, audit_words, desk
from wechatlogin.web.parameters import get_single

bp = desk.blueprint("audit", __name__, "/audit")

FIELDS = ("tag", "actor", "user", "detail", "from", "to")
#: What the databases and the calendar can all hold.
YEARS = range(2000, 3000)

Asked = dict[str, str]


@bp.get("")
def show() -> str | tuple[str, int]:
    asked = _read(request.args)
    try:
        search = _search(asked)
    except ParameterWrong as err:
        errors = {err.field: gettext("日期写成 2026-01-31 这样。")}
        return _page(asked, Page([], None), errors), err.status
    after = Place.read(get_single("after"))
    return _page(asked, audit_log.find(search, after=after), {})


@bp.post("/export")
def export() -> Response:
    asked = _read(request.form)
    search = _search(asked)
    audit.record_change(
        AuditTag.AUDIT_EXPORTED,
        desk.current_actor(),
        before=None,
        after=asked,
        detail=None,
        now=clock.now(),
    )
    # The context stays while the lines go out, for the database and the language.
    lines = stream_with_context(audit_csv.write(audit_log.read_all(search)))
    name = f"audit-{words.day(clock.now())}.csv"
    return Response(
        lines,
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _read(source: MultiDict[str, str]) -> Asked:
    # PostgreSQL keeps no NUL, so nothing has one.
    read = {name: (get_single(name, source=source) or "").replace("\0", "") for name in FIELDS}
    return {name: text.strip() for name, text in read.items() if text.strip()}


def _search(asked: Asked) -> Search:
    last = _day(asked, "to")
    return Search(
        tag=asked.get("tag"),
        actor=asked.get("actor"),
        user_id=asked.get("user"),
        detail=asked.get("detail"),
        since=_day(asked, "from"),
        until=last and last + timedelta(days=1),
    )


def _day(asked: Asked, name: str) -> datetime | None:
    """Return when a day begins where the pages' clock is.

    :raise ParameterWrong: if it is no day.
    """
    if name not in asked:
        return None
    try:
        day = date.fromisoformat(asked[name])
    except ValueError as err:
        raise ParameterWrong(name) from err
    if day.year not in YEARS:
        raise ParameterWrong(name)
    return to_utc(datetime.combine(day, time())).replace(tzinfo=UTC)


def _page(asked: Asked, page: Page[AuditEntry], errors: dict[str, str]) -> str:
    now = clock.now()
    same: dict[str, Any] = {**asked}
    first_url = url_for(".show", **same) if get_single("after") else None
    next_url = url_for(".show", **same, after=str(page.end)) if page.end else None
    return render_template(
        "operator/audit.html",
        asked={name: asked.get(name, "") for name in FIELDS},
        errors=errors,
        tags=[("", gettext("全部")), *audit_words.tags()],
        entries=[_entry(row, now) for row in page.rows],
        search_action=url_for(".show"),
        clear_url=url_for(".show") if asked else None,
        export_action=url_for(".export"),
        first_url=first_url,
        next_url=next_url,
    )


def _entry(row: AuditEntry, now: datetime) -> dict[str, object]:
    return {
        "at_text": words.moment(row.at, now=now),
        "text": audit_words.tag(row.tag),
        "actor": row.actor,
        "actor_url": url_for(".show", actor=row.actor),
        "ip": row.ip,
        "user_id": row.user_id,
        "user_url": url_for(".show", user=row.user_id),
        "detail": row.detail,
        "changes": audit_words.changes(row),
    }
