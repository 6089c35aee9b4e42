"""The privacy notice: for everybody to read, and asked for before a login.

GET  /privacy                       the text in force; 404 where there is none
GET  /login/attempts/<id>/notice    the login waits until its person agrees
POST /login/attempts/<id>/notice    they agree and are logged in, or refuse and are led back

Whatever would claim an attempt whose person has yet to agree raises `NoticeDue`. In the browser
that began the attempt this leads here; every other caller is answered like any error.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Flask, g, jsonify, redirect, render_template, request, url_for
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import NoticeDue, NoticeRefused
from wechatlogin.extensions import db, limiter
from wechatlogin.models import Attempt, Display, PrivacyNotice, Purpose
from wechatlogin.services import agreements, attempts, logins, privacy_notices
from wechatlogin.services.errand import Errand
from wechatlogin.services.privacy_notices import Agreement
from wechatlogin.web import destinations, languages, offers, people, words
from wechatlogin.web import errors as error_pages
from wechatlogin.web.context import current_browser, current_site, wants_json
from wechatlogin.web.login import start_limit
from wechatlogin.web.parameters import get_single

bp = Blueprint("agreeing", __name__)

_ADDRESS = re.compile(r"(https?://[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+)")
#: What ends a sentence and not an address.
_STOPS = ".,;:!?)'"


@dataclass(frozen=True)
class Piece:
    """A part of a text; with an address it is a link."""

    text: str
    url: str | None = None


def init_app(app: Flask) -> None:
    """Lead browsers to the notice, and name it at the foot of every page where there is one."""
    app.register_error_handler(NoticeDue, _lead_here)
    app.context_processor(_for_templates)


@bp.get("/privacy", endpoint="show")
def show_notice() -> str:
    notice = privacy_notices.get_current()
    if notice is None:
        raise error_pages.PageNotFound
    return render_template("privacy.html", **describe(notice))


@bp.get("/login/attempts/<attempt_id>/notice")
@limiter.limit(start_limit)
def ask(attempt_id: str) -> Response | str:
    now = clock.now()
    attempt = agreements.verify_own(attempt_id, current_browser())
    notice = agreements.get_waiting(attempt, now=now)
    if notice is None:
        return redirect(url_for("login.check", attempt_id=attempt_id), 302)
    errand = Errand.of(attempt)
    offers.open_up_for(errand)
    return render_template(
        "notice.html",
        action=url_for("agreeing.decide", attempt_id=attempt_id),
        site_name=offers.site_name(errand),
        **describe(notice),
    )


@bp.post("/login/attempts/<attempt_id>/notice")
@limiter.limit(start_limit)
def decide(attempt_id: str) -> Response:
    site, now = current_site(), clock.now()
    attempt = agreements.verify_own(attempt_id, current_browser())
    if get_single("decision", source=request.form) != "agree":
        agreements.refuse(site, attempt, ip=request.remote_addr, now=now)
        return _lead_back(attempt)
    if not agreements.agree(attempt, read_agreement(), now=now):
        # There is a newer one meanwhile.
        return redirect(url_for("agreeing.ask", attempt_id=attempt_id), 303)
    return _go_on(attempt, now)


def read_agreement() -> Agreement:
    """Return which version of the notice whoever sends this form was shown with it."""
    shown = get_single("notice", source=request.form) or ""
    version = int(shown) if re.fullmatch(r"[0-9]{1,9}", shown) else None
    return Agreement(version, request.remote_addr)


def get_current_version() -> int | None:
    """Return the version that a form shows where it is not known yet who will send it."""
    notice = privacy_notices.get_current()
    return notice.version if notice else None


def describe(notice: PrivacyNotice) -> dict[str, object]:
    """Return what pages show of a version, in the language of the request."""
    is_english = languages.html_lang() == "en" and bool(notice.text_en)
    return {
        "version": notice.version,
        "paragraphs": split_paragraphs(notice.text_en if is_english else notice.text_zh),
        "text_lang": "en" if is_english else "zh-CN",
        "since_text": words.day(notice.created_at),
    }


def split_paragraphs(text: str) -> list[list[Piece]]:
    """Return the paragraphs of a plain text, which blank lines part, with its addresses as links.

    Nothing else in it means anything; templates escape each piece.
    """
    paragraphs = re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip())
    return [_split_links(paragraph) for paragraph in paragraphs if paragraph.strip()]


def _split_links(text: str) -> list[Piece]:
    pieces = []
    for part in _ADDRESS.split(text):
        url = part.rstrip(_STOPS) if _ADDRESS.fullmatch(part) else ""
        pieces += [Piece(url, url), Piece(part.removeprefix(url))]
    return [piece for piece in pieces if piece.text]


def _lead_here(err: NoticeDue) -> Response:
    attempt = attempts.get(err.attempt_id)
    is_ours = attempt is not None and attempt.binding_hash == current_browser().binding_hash
    is_script = request.headers.get("X-Requested-With") == "wechatlogin"
    if not is_ours or (wants_json() and not is_script):
        return error_pages.answer(err)
    target = url_for("agreeing.ask", attempt_id=err.attempt_id)
    return jsonify(redirect=target) if is_script else redirect(target, 303)


def _go_on(attempt: Attempt, now: datetime) -> Response:
    """Claim the attempt, where its way does not do so itself on its own page."""
    if page := _get_page_of_its_own(attempt):
        return redirect(page, 303)
    login = logins.claim(current_site(), attempt.id, current_browser(), now=now)
    return people.log_in(redirect(destinations.after(login, now=now), 303), login)


def _lead_back(attempt: Attempt) -> Response:
    """Tell whoever the login was for that nothing comes of it."""
    if page := _get_page_of_its_own(attempt):
        return redirect(page, 303)
    if attempt.next_path and _check_program_waits(attempt.next_path):
        # The program is told so where it waits for the person.
        return redirect(f"{attempt.next_path}?refused={attempt.id}", 303)
    return error_pages.answer(NoticeRefused())


def _check_program_waits(next_path: str) -> bool:
    waiting_at = url_for("authorize.go_on", handle="-").removesuffix("-")
    return next_path.startswith(waiting_at) and "?" not in next_path


def _get_page_of_its_own(attempt: Attempt) -> str | None:
    """Return the page that ends this kind of login, one way or the other."""
    if Errand.of(attempt).is_for_program:
        endpoint = "authing.finish"
    elif attempt.purpose == Purpose.RESULT:
        endpoint = "anqicms.auth"
    elif attempt.display == Display.POPUP:
        endpoint = "website.finish"
    else:
        return None
    # The code that it had is exchanged; this one stands for it.
    return url_for(endpoint, state=attempt.scene, code="claimed")


def _for_templates() -> dict[str, object]:
    return {"privacy_url": _get_privacy_url()}


def _get_privacy_url() -> str | None:
    # The page may be the one that says that the database does not answer.
    if g.get("is_database_away"):
        return None
    if "privacy_url" not in g:
        try:
            has_notice = privacy_notices.get_current() is not None
        except SQLAlchemyError:
            db.session.rollback()
            has_notice = False
        g.privacy_url = url_for("agreeing.show") if has_notice else None
    return str(g.privacy_url) if g.privacy_url else None
