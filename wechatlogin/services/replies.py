"""What an account says in the chat in the owner's words: kept per account and language.

saving    one text for (account, language, occasion, keyword); it is checked by `reply_texts`
          before anything is stored, and replaces the one that is there
finding   in the language of the chat, else in the installation's default language, else none:
          then the built-in sentence is said, or nothing
"""

import logging
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, delete, select
from sqlalchemy.exc import IntegrityError

from wechatlogin.errors import ReplyRefused
from wechatlogin.extensions import db
from wechatlogin.i18n import LANGUAGES, msgid
from wechatlogin.models import AuditTag, Identity, Occasion, Reply, WeChatAppRow
from wechatlogin.models.transaction import count_changed, repeatable, write
from wechatlogin.services import audit, reply_texts
from wechatlogin.services.audit import Actor
from wechatlogin.services.site import Site
from wechatlogin.wechat.replies import LONGEST_CONTENT, check_sayable

log = logging.getLogger(__name__)

LONGEST_KEYWORD = 64

_TEXTS = select(Reply.language, Reply.text).where(
    Reply.wechat_app_id == bindparam("wechat_app_id"),
    Reply.occasion == bindparam("occasion"),
    Reply.keyword == bindparam("keyword"),
    Reply.language.in_(bindparam("languages", expanding=True)),
)


@dataclass(frozen=True)
class NewReply:
    """What the owner enters."""

    occasion: Occasion
    language: str
    text: str
    #: What the person writes, where that is the occasion.
    keyword: str = ""


@repeatable
def save(
    row: WeChatAppRow, new: NewReply, *, by: Actor = audit.COMMAND_LINE, now: datetime
) -> Reply:
    """Write a text down, replacing the one for the same occasion, language and keyword.

    :raise ReplyRefused: if it cannot be said as it stands; the message says why.
    """
    keyword = _verify_keyword(new)
    text = reply_texts.verify_text(new.occasion, new.text)
    wanted = Reply(
        wechat_app_id=row.id,
        language=new.language,
        occasion=new.occasion,
        keyword=keyword,
        text=text,
    )
    with write() as session:
        known = _get(wanted)
        before: dict[str, object] | None = {"text": known.text} if known else None
        reply = known or _find_or_create(wanted)
        reply.text = text
        session.flush()
        _record(row, reply, by, before=before, after={"text": text}, now=now)
    return reply


@repeatable
def remove(
    row: WeChatAppRow,
    occasion: Occasion,
    language: str,
    *,
    keyword: str = "",
    by: Actor = audit.COMMAND_LINE,
    now: datetime,
) -> bool:
    """Remove a text, so that the built-in one is said again; False when there is none."""
    which = Reply(wechat_app_id=row.id, occasion=occasion, language=language, keyword=fold(keyword))
    with write():
        known = _get(which)
        if known is None or not count_changed(delete(Reply).where(*_same(which))):
            return False
        _record(row, which, by, before={"text": known.text}, after=None, now=now)
        db.session.expunge(known)
    return True


def get_all(row: WeChatAppRow) -> list[Reply]:
    """Return an account's texts, by occasion, keyword and language."""
    query = select(Reply).where(Reply.wechat_app_id == row.id)
    order = list(Occasion)
    return sorted(
        db.session.scalars(query),
        key=lambda reply: (order.index(Occasion(reply.occasion)), reply.keyword, reply.language),
    )


def get_text(
    site: Site, row: WeChatAppRow, occasion: Occasion, language: str, *, keyword: str = ""
) -> str | None:
    """Return the owner's text in a language, else in the default one, its places not yet filled.

    The keyword is taken as the person wrote it.
    """
    languages = (language, site.settings.default_language)
    wanted = {
        "wechat_app_id": row.id,
        "occasion": occasion,
        "keyword": fold(keyword),
        "languages": languages,
    }
    found: dict[str, str] = {one.language: one.text for one in db.session.execute(_TEXTS, wanted)}
    return next((found[one] for one in languages if one in found), None)


def get_filled(text: str | None, row: WeChatAppRow, **values: str) -> str | None:
    """Return a text as it is said, or None where there is none or WeChat could not carry it.

    `{name}` is the account's; `values` are those of the occasion, see `reply_texts.fill`.
    """
    if text is None:
        return None
    filled = reply_texts.fill(text, name=row.name, **values)
    if len(filled.encode("utf-8", "replace")) <= LONGEST_CONTENT:
        return filled
    log.warning("a text of %s is too long once it is filled; it is not said", row.appid)
    return None


def get_language(site: Site, identity: Identity | None) -> str:
    """Return the language of a person's chat: theirs where we know it, else the default one."""
    known = identity.language if identity is not None else None
    return known if known in LANGUAGES else site.settings.default_language


def fold(keyword: str) -> str:
    """Return what a keyword is compared by: case, width and blanks around it do not count."""
    folded = unicodedata.normalize("NFKC", keyword).casefold()
    # Folding can take a text out of the normal form, as it does with some Greek.
    return unicodedata.normalize("NFKC", folded).strip()


def _verify_keyword(new: NewReply) -> str:
    """Return the keyword as it is kept; the language is looked at on the way."""
    if new.language not in LANGUAGES:
        raise ReplyRefused(msgid("语言只能是 zh_CN 或 en。"))
    keyword = fold(new.keyword)
    if new.occasion is Occasion.KEYWORD and not keyword:
        raise ReplyRefused(msgid("关键词回复要有关键词。"))
    if new.occasion is not Occasion.KEYWORD and keyword:
        raise ReplyRefused(msgid("只有关键词回复才能有关键词。"))
    if len(keyword) > LONGEST_KEYWORD:
        raise ReplyRefused(msgid("关键词最多 64 个字。"))
    if not check_sayable(keyword):
        raise ReplyRefused(msgid("关键词里有微信不能传送的字符。"))
    return keyword


def _find_or_create(new: Reply) -> Reply:
    known = _get(new)
    if known is not None:
        return known
    try:
        with db.session.begin_nested():
            db.session.add(new)
    except IntegrityError:
        # Another process has saved the same one a moment ago; what is saved last stays.
        known = _get(new)
        if known is None:
            raise
        return known
    return new


def _get(reply: Reply) -> Reply | None:
    return db.session.scalar(select(Reply).where(*_same(reply)))


def _same(reply: Reply) -> tuple[ColumnElement[bool], ...]:
    return (
        Reply.wechat_app_id == reply.wechat_app_id,
        Reply.language == reply.language,
        Reply.occasion == reply.occasion,
        Reply.keyword == reply.keyword,
    )


def _record(
    row: WeChatAppRow,
    reply: Reply,
    by: Actor,
    *,
    before: dict[str, object] | None,
    after: dict[str, object] | None,
    now: datetime,
) -> None:
    named = (row.appid, reply.occasion, reply.language, reply.keyword)
    detail = " ".join(filter(None, named))
    audit.record_change(
        AuditTag.REPLY_SAVED, by, before=before, after=after, detail=detail, now=now
    )
