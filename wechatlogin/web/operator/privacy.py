"""The privacy notice, as operators write it, and how long things are kept.

GET      /operator/privacy              the text in force, a form for the next, all versions
POST     /operator/privacy              `do=preview` shows what was typed; else it is put in force
GET|POST /operator/privacy/withdraw     ask people for nothing any more
GET      /operator/privacy/<version>    one version as people see it
"""

from datetime import datetime

from flask import redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.models import PrivacyNotice
from wechatlogin.policies import LEAST_DAYS
from wechatlogin.services import privacy_notices, timers
from wechatlogin.services.privacy_notices import LONGEST_TEXT, NewNotice
from wechatlogin.web import errors as error_pages
from wechatlogin.web import words
from wechatlogin.web.agreeing import split_paragraphs
from wechatlogin.web.context import current_site
from wechatlogin.web.operator import desk
from wechatlogin.web.parameters import get_single
from wechatlogin.web.timers import PURGE

bp = desk.blueprint("privacy", __name__, "/privacy")


@bp.get("")
def show() -> str:
    current = privacy_notices.get_current()
    typed = NewNotice(current.text_zh, current.text_en) if current else NewNotice("")
    return _page(typed, {})


@bp.post("")
def publish() -> Response | str | tuple[str, int]:
    typed = _read_form()
    if errors := _find_errors(typed):
        return _page(typed, errors), 400
    if get_single("do", source=request.form) == "preview":
        return _page(typed, {}, is_preview=True)
    privacy_notices.publish(typed, by=desk.current_actor(), now=clock.now())
    return redirect(url_for(".show", done="published"), 303)


@bp.get("/withdraw")
def ask_to_withdraw() -> str:
    return render_template(
        "question.html",
        action=url_for(".withdraw"),
        back_url=url_for(".show"),
        title=gettext("撤下隐私须知？"),
        text=gettext("之后登录时不再询问。谁同意过哪一版，记录会保留。"),
        label=gettext("撤下"),
    )


@bp.post("/withdraw")
def withdraw() -> Response:
    if privacy_notices.get_current() is not None:
        privacy_notices.publish(NewNotice(""), by=desk.current_actor(), now=clock.now())
    return redirect(url_for(".show", done="withdrawn"), 303)


@bp.get("/<int:version>")
def show_version(version: int) -> str:
    notice = privacy_notices.get(version)
    if notice is None:
        raise error_pages.PageNotFound
    return render_template(
        "operator/privacy_version.html",
        version=_describe(notice),
        paragraphs_zh=split_paragraphs(notice.text_zh),
        paragraphs_en=split_paragraphs(notice.text_en),
        back_url=url_for(".show"),
    )


def _read_form() -> NewNotice:
    # A text is longer than any other field may be.
    given = {name: request.form.get(name, "") for name in ("text_zh", "text_en")}
    texts = {name: text.replace("\r\n", "\n").strip() for name, text in given.items()}
    asks_anew = get_single("asks_anew", source=request.form) == "1"
    return NewNotice(texts["text_zh"], texts["text_en"], asks_anew)


def _find_errors(typed: NewNotice) -> dict[str, str]:
    too_long = gettext("最多 %(count)s 个字符。", count=LONGEST_TEXT)
    errors = {}
    if not typed.text_zh:
        errors["text_zh"] = gettext("请填写中文全文。")
    elif len(typed.text_zh) > LONGEST_TEXT:
        errors["text_zh"] = too_long
    if len(typed.text_en) > LONGEST_TEXT:
        errors["text_en"] = too_long
    return errors


def _page(typed: NewNotice, errors: dict[str, str], *, is_preview: bool = False) -> str:
    now, current = clock.now(), privacy_notices.get_current()
    return render_template(
        "operator/privacy.html",
        notice=_done(),
        current=_describe(current) if current else None,
        typed=typed,
        errors=errors,
        preview=_preview(typed) if is_preview else None,
        longest=LONGEST_TEXT,
        versions=[_describe(one) for one in privacy_notices.get_all()],
        action=url_for(".publish"),
        withdraw_url=url_for(".ask_to_withdraw"),
        public_url=current_site().url(url_for("agreeing.show")),
        kept=_kept(),
        purged_text=_purged(now),
    )


def _done() -> str | None:
    done = {
        "published": gettext("新的隐私须知已生效。"),
        "withdrawn": gettext("隐私须知已撤下。"),
    }
    return done.get(get_single("done") or "")


def _preview(typed: NewNotice) -> dict[str, object]:
    return {"zh": split_paragraphs(typed.text_zh), "en": split_paragraphs(typed.text_en)}


def _describe(notice: PrivacyNotice) -> dict[str, object]:
    return {
        "title": gettext("第 %(version)s 版", version=notice.version),
        "url": url_for(".show_version", version=notice.version),
        "actor": notice.actor,
        "since_text": words.moment(notice.created_at, now=clock.now()),
        "asks_text": gettext("所有人") if notice.asks_anew else gettext("只有新来的人"),
        "is_empty": not notice.text_zh,
    }


def _kept() -> list[dict[str, str]]:
    labels = {
        "attempt_days": gettext("登录记录"),
        "expired_days": gettext("过期的会话、验证码和令牌"),
        "message_days": gettext("与微信的往来消息"),
        "audit_days": gettext("审计记录"),
        "delivery_days": gettext("已送达或放弃的应用通知"),
        "error_days": gettext("微信报错的统计"),
        "people_days": gettext("不再登录的用户"),
        "ip_days": gettext("完整的 IP 地址"),
    }
    return [
        {"label": labels[name], "setting": name.upper(), "days_text": _days(name)}
        for name in LEAST_DAYS
    ]


def _days(name: str) -> str:
    days: int = getattr(current_site().settings, name)
    return gettext("%(count)s 天", count=days) if days else gettext("一直保留")


def _purged(now: datetime) -> str:
    at = timers.get_done_at(PURGE)
    return words.moment(at, now=now) if at else gettext("还没有")
