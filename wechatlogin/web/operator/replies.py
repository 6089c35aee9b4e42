"""What an account says in the chat: every text as the chat shows it, and writing one's own.

GET      /operator/wechat-apps/<appid>/replies           by occasion and language
GET|POST /operator/wechat-apps/<appid>/replies/edit      one text: look at it, or save it
POST     /operator/wechat-apps/<appid>/replies/remove    say the built-in one again
"""

from dataclasses import dataclass

from flask import redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import InvalidRequest, ReplyRefused
from wechatlogin.i18n import LANGUAGES
from wechatlogin.models import Occasion, Reply, WeChatAppRow
from wechatlogin.services import replies, reply_preview, reply_texts
from wechatlogin.services.replies import NewReply
from wechatlogin.services.reply_preview import Preview
from wechatlogin.web.context import current_site
from wechatlogin.web.operator import desk, reply_words, wechat_app_forms
from wechatlogin.web.parameters import get_single

bp = desk.blueprint("replies", __name__, "/wechat-apps/<string(length=18):appid>/replies")


@dataclass(frozen=True)
class Which:
    """Which of an account's texts."""

    occasion: Occasion
    language: str
    keyword: str = ""


@bp.get("")
def show(appid: str) -> str:
    row = wechat_app_forms.verify_row(appid)
    return render_template(
        "operator/replies.html",
        notice=_notice(get_single("done")),
        app_name=row.name,
        occasions=_occasions(row),
        new_keyword_url=_url("edit", row, Which(Occasion.KEYWORD, LANGUAGES[0])),
        back_url=url_for("operator_wechat_apps.show", appid=appid),
    )


@bp.get("/edit")
def edit(appid: str) -> str:
    row, which = wechat_app_forms.verify_row(appid), _which(request.args)
    own = _get_own(row, which)
    return _form(row, which, own.text if own else "")


@bp.post("/edit")
def save(appid: str) -> Response | str | tuple[str, int]:
    row, which = wechat_app_forms.verify_row(appid), _which(request.form)
    # However long it is: the form is shown again with it, and says what is wrong.
    text, by = request.form.get("text", ""), desk.current_actor()
    try:
        if get_single("step", source=request.form) == "preview":
            reply_texts.verify_text(which.occasion, text)
            return _form(row, which, text)
        new = NewReply(which.occasion, which.language, text, which.keyword)
        replies.save(row, new, by=by, now=clock.now())
    except ReplyRefused as err:
        return _form(row, which, text, error=gettext(err.message)), err.status
    return redirect(url_for("operator_replies.show", appid=appid, done="saved"), 303)


@bp.post("/remove")
def remove(appid: str) -> Response:
    row, which = wechat_app_forms.verify_row(appid), _which(request.form)
    replies.remove(
        row,
        which.occasion,
        which.language,
        keyword=which.keyword,
        by=desk.current_actor(),
        now=clock.now(),
    )
    return redirect(url_for("operator_replies.show", appid=appid, done="removed"), 303)


def _which(source: MultiDict[str, str]) -> Which:
    language = get_single("language", source=source)
    try:
        occasion = Occasion(get_single("occasion", source=source) or "")
    except ValueError as err:
        raise InvalidRequest from err
    if language not in LANGUAGES:
        raise InvalidRequest
    return Which(occasion, language, get_single("keyword", source=source) or "")


def _get_own(row: WeChatAppRow, which: Which) -> Reply | None:
    keyword = replies.fold(which.keyword)
    return next(
        (
            reply
            for reply in replies.get_all(row)
            if (reply.occasion, reply.language) == (which.occasion, which.language)
            and reply.keyword == keyword
        ),
        None,
    )


def _occasions(row: WeChatAppRow) -> list[dict[str, object]]:
    """Return every occasion with its texts; all but the keywords' have one in each language."""
    own = {(one.occasion, one.language, one.keyword): one for one in replies.get_all(row)}
    shown: list[dict[str, object]] = []
    for occasion, (title, when) in reply_words.titles().items():
        if occasion is Occasion.KEYWORD:
            found = [one for one in own.values() if one.occasion == occasion]
            which = [Which(occasion, one.language, one.keyword) for one in found]
        else:
            which = [Which(occasion, language) for language in LANGUAGES]
        texts = [
            _described(row, one, own.get((one.occasion, one.language, one.keyword)))
            for one in which
        ]
        shown.append({"key": occasion.value, "title": title, "when": when, "texts": texts})
    return shown


def _described(row: WeChatAppRow, which: Which, own: Reply | None) -> dict[str, object]:
    site = current_site()
    preview = (
        reply_preview.show(site, row, which.language, own.text)
        if own
        else reply_preview.show_built_in(site, row, which.occasion, which.language)
    )
    return {
        "language_text": reply_words.languages()[which.language],
        "keyword": which.keyword,
        "state_text": gettext("自己写的") if own else gettext("内置的"),
        "bubble": _bubble(preview),
        "edit_url": _url("edit", row, which),
    }


def _form(row: WeChatAppRow, which: Which, text: str, *, error: str | None = None) -> str:
    title, when = reply_words.titles()[which.occasion]
    preview = None
    if text and error is None:
        kept = reply_texts.verify_text(which.occasion, text)
        preview = reply_preview.show(current_site(), row, which.language, kept)
    return render_template(
        "operator/reply.html",
        title=title,
        when=when,
        errors={"text": error} if error else {},
        which=which,
        text=text,
        languages=list(reply_words.languages().items()),
        is_keyword=which.occasion is Occasion.KEYWORD,
        places=reply_words.places(which.occasion),
        bubble_of=_bubble(preview),
        action=url_for("operator_replies.save", appid=row.appid),
        remove_url=url_for("operator_replies.remove", appid=row.appid)
        if _get_own(row, which)
        else None,
        back_url=url_for("operator_replies.show", appid=row.appid),
    )


def _bubble(preview: Preview | None) -> dict[str, object] | None:
    if preview is None:
        return None
    return {
        "pieces": [{"words": words, "is_link": url is not None} for words, url in preview.pieces],
        "size_text": gettext(
            "最多 %(count)s 字节，上限 %(limit)s 字节。",
            count=f"{preview.most_bytes:,}",
            limit=f"{preview.limit:,}",
        ),
    }


def _notice(done: str | None) -> str | None:
    notices: dict[str | None, str] = {
        "saved": gettext("已保存，从下一条消息起就这样说。"),
        "removed": gettext("已移除，以后说内置的那一句。"),
    }
    return notices.get(done)


def _url(view: str, row: WeChatAppRow, which: Which) -> str:
    return url_for(
        f"operator_replies.{view}",
        appid=row.appid,
        occasion=which.occasion.value,
        language=which.language,
        keyword=which.keyword or None,
    )
