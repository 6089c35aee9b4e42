"""Users that may be one person, and the last ones that were merged or kept apart.

GET  /operator/people/merges                `after` is the last one that was shown
POST /operator/people/merges/<id>/decide    `decision` is merge or keep_apart
POST /operator/people/merges/<id>/undo      bring the merged user back
"""

from flask import redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import InvalidRequest
from wechatlogin.services import merge_records, merging, paging
from wechatlogin.services.merging import Decision
from wechatlogin.web.operator import desk, person_rows
from wechatlogin.web.parameters import get_single

bp = desk.blueprint("merges", __name__, "/people/merges")


@bp.get("")
def show_all() -> str:
    now, after = clock.now(), get_single("after") or "0"
    if not (after.isascii() and after.isdecimal() and len(after) <= 18):
        raise InvalidRequest
    waiting = merge_records.get_waiting(after=int(after), limit=paging.SIZE + 1)
    shown = waiting[: paging.SIZE]
    return render_template(
        "operator/merges.html",
        waiting=[person_rows.merge(row, now=now) for row in shown],
        first_url=url_for(".show_all") if int(after) else None,
        next_url=url_for(".show_all", after=shown[-1].id) if len(waiting) > len(shown) else None,
        recent=[person_rows.merge(row, now=now) for row in merge_records.get_recent()],
        people_url=url_for("operator_people.show_all"),
        notice=_notice(get_single("done")),
    )


@bp.post("/<int:merge_id>/decide")
def decide(merge_id: int) -> Response:
    decision = get_single("decision", source=request.form)
    if decision not in set(Decision):
        raise InvalidRequest
    merging.decide(merge_id, Decision(decision), by=desk.current_actor(), now=clock.now())
    return redirect(url_for(".show_all", done=decision), 303)


@bp.post("/<int:merge_id>/undo")
def undo(merge_id: int) -> Response:
    undone = merging.undo(merge_id, by=desk.current_actor(), now=clock.now())
    return redirect(url_for("operator_person.show", user_id=undone.user_id, done="undone"), 303)


def _notice(done: str | None) -> str | None:
    notices: dict[str | None, str] = {
        Decision.MERGE: gettext("两个用户已合并。"),
        Decision.KEEP_APART: gettext("两个用户保持分开，不会再提出合并。"),
    }
    return notices.get(done)
