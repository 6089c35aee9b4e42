"""One person: what is known of them, and what an operator can do about it.

GET      /operator/people/<id>                          everything; that one looked is noted
POST     /operator/people/<id>/ban, /unban              `reason` goes into the audit
POST     /operator/people/<id>/sessions/end             log them out everywhere
POST     /operator/people/<id>/sessions/<public_id>/end    or in one place
GET|POST /operator/people/<id>/merge                    with `other`: side by side; the POST does it
POST     /operator/people/<id>/export                   all that is stored about them, as JSON
GET|POST /operator/people/<id>/delete                   the GET asks, the POST does it
"""

from flask import Response as FlaskResponse
from flask import redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import MergeImpossible, UserUnknown
from wechatlogin.models import User
from wechatlogin.services import bans, deletion, exports, merge_pairs, merging, persons
from wechatlogin.services.paging import Place
from wechatlogin.web.operator import desk, person_rows
from wechatlogin.web.parameters import get_single

bp = desk.blueprint("person", __name__, "/people/<user_id>")

LONGEST_REASON = 200


@bp.get("")
def show(user_id: str) -> Response | str:
    user = persons.verify(user_id)
    if user.id != user_id:
        # They were merged; what names them by the former id still leads to them.
        return redirect(url_for(".show", user_id=user.id), 302)
    persons.note_view(user.id, by=desk.current_actor(), now=clock.now())
    return _page(user)


@bp.post("/ban")
def ban(user_id: str) -> Response:
    reason = (get_single("reason", source=request.form) or "").strip()[:LONGEST_REASON]
    bans.ban(user_id, by=desk.current_actor(), reason=reason or None, now=clock.now())
    return _done(user_id, "banned")


@bp.post("/unban")
def unban(user_id: str) -> Response:
    bans.unban(user_id, by=desk.current_actor(), now=clock.now())
    return _done(user_id, "unbanned")


@bp.post("/sessions/end")
def end_sessions(user_id: str) -> Response:
    user = persons.verify(user_id)
    persons.end_all_sessions(user.id, by=desk.current_actor(), now=clock.now())
    return _done(user.id, "ended")


@bp.post("/sessions/<public_id>/end")
def end_session(user_id: str, public_id: str) -> Response:
    user = persons.verify(user_id)
    persons.end_session(user.id, public_id, by=desk.current_actor(), now=clock.now())
    return _done(user.id, "ended_one")


@bp.get("/merge")
def compare(user_id: str) -> str | tuple[str, int]:
    user = persons.verify(user_id)
    other = (get_single("other") or "").replace("\0", "").strip()
    try:
        pair = merge_pairs.compare(user.id, other)
    except (UserUnknown, MergeImpossible) as err:
        text = gettext(err.message) if isinstance(err, UserUnknown) else gettext("就是这个用户。")
        return _page(user, other=other, error=text), err.status
    return render_template(
        "operator/person_merge.html",
        sides=person_rows.get_sides(pair, now=clock.now()),
        conflicts=person_rows.get_conflicts(pair),
        action=url_for(".merge", user_id=user.id),
        other=pair.other.id if pair.user.id == user.id else pair.user.id,
        back_url=url_for(".show", user_id=user.id),
    )


@bp.post("/merge")
def merge(user_id: str) -> Response:
    other = get_single("other", source=request.form) or ""
    merged = merging.merge_by_hand(user_id, other, by=desk.current_actor(), now=clock.now())
    return _done(merged.user_id, "merged")


@bp.post("/export")
def export(user_id: str) -> Response:
    made = exports.export(user_id, by=desk.current_actor(), now=clock.now())
    return FlaskResponse(
        made.to_json(),
        mimetype="application/json",
        headers={"Content-Disposition": f'attachment; filename="person-{made.person.id}.json"'},
    )


@bp.get("/delete")
def ask_to_delete(user_id: str) -> str:
    user = persons.verify(user_id)
    return render_template(
        "operator/person_delete.html",
        person=person_rows.get_head(user, now=clock.now()),
        action=url_for(".delete", user_id=user.id),
        back_url=url_for(".show", user_id=user.id),
    )


@bp.post("/delete")
def delete(user_id: str) -> Response:
    deletion.delete_person(user_id, by=desk.current_actor(), now=clock.now())
    return redirect(url_for("operator_people.show_all", done="deleted"), 303)


def _page(user: User, *, other: str = "", error: str | None = None) -> str:
    now, user_id = clock.now(), user.id
    page = persons.get_attempts(user_id, after=Place.read(get_single("attempts")))
    is_later = get_single("attempts") is not None
    next_url = url_for(".show", user_id=user_id, attempts=str(page.end)) if page.end else None
    return render_template(
        "operator/person.html",
        person=person_rows.get_head(user, now=now),
        identities=person_rows.get_identities(user, now=now),
        applications=person_rows.get_applications(user_id, now=now),
        sessions=person_rows.get_sessions(user_id, now=now),
        attempts=person_rows.get_attempts(page.rows, now=now),
        attempts_first_url=url_for(".show", user_id=user_id) if is_later else None,
        attempts_next_url=next_url,
        merges=person_rows.get_merges(user_id, now=now),
        entries=person_rows.get_entries(user_id, now=now),
        urls=_urls(user_id),
        longest_reason=LONGEST_REASON,
        other=other,
        errors={"other": error} if error else {},
        notice=_notice(get_single("done")),
    )


def _urls(user_id: str) -> dict[str, str]:
    return {
        "ban": url_for(".ban", user_id=user_id),
        "unban": url_for(".unban", user_id=user_id),
        "end_all": url_for(".end_sessions", user_id=user_id),
        "merge": url_for(".compare", user_id=user_id),
        "export": url_for(".export", user_id=user_id),
        "delete": url_for(".ask_to_delete", user_id=user_id),
        "audit": url_for("operator_audit.show", user=user_id),
    }


def _done(user_id: str, what: str) -> Response:
    return redirect(url_for("operator_person.show", user_id=user_id, done=what), 303)


def _notice(done: str | None) -> str | None:
    notices: dict[str | None, str] = {
        "banned": gettext("已封禁，这个用户在各处的登录都已结束。"),
        "unbanned": gettext("已解除封禁，这个用户可以重新登录。"),
        "ended": gettext("这个用户在各处的登录都已结束。"),
        "ended_one": gettext("已结束这个登录。"),
        "merged": gettext("两个用户已合并。"),
        "undone": gettext("合并已撤销，两个用户都要重新登录。"),
    }
    return notices.get(done)
