"""The privacy notice: what people are told before their first login, and that they agreed.

    publish          a new version; nothing is ever changed, so it stays known what was agreed to
    get_due          the text that somebody has yet to agree to, if there is one
    accept           they agreed
    verify_accepted  the gate in front of every login (`attempts.claim`)

Where nothing was ever published, or the last version is empty, nobody is asked anything. A version
may ask everybody anew; else whoever agreed to an earlier one is left alone.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from wechatlogin.errors import NoticeDue
from wechatlogin.extensions import db
from wechatlogin.models import Attempt, AuditTag, PrivacyNotice, Purpose, User
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import audit, users
from wechatlogin.services.audit import Actor

#: Characters: both languages together have to fit into one form.
LONGEST_TEXT = 8_000

_NEWEST_FIRST = (
    select(PrivacyNotice)
    .order_by(PrivacyNotice.version.desc())
    .execution_options(populate_existing=True)
)
_NEWEST = _NEWEST_FIRST.limit(1)


@dataclass(frozen=True)
class NewNotice:
    """What is to be published; an empty text takes the notice back."""

    text_zh: str
    #: Where it is empty, people who read English are shown the Chinese.
    text_en: str = ""
    asks_anew: bool = False


@dataclass(frozen=True)
class Agreement:
    """That somebody agrees to the version they were shown, and where."""

    shown: int | None
    ip: str | None = None


def get_current() -> PrivacyNotice | None:
    """Return the version in force, or None where people are told nothing."""
    last = get_last()
    return last if last is not None and last.text_zh else None


def get_last() -> PrivacyNotice | None:
    """Return the version with the highest number, even if it is empty."""
    return db.session.scalar(_NEWEST)


def get(version: int) -> PrivacyNotice | None:
    """Return one version."""
    return db.session.get(PrivacyNotice, version)


def get_all() -> list[PrivacyNotice]:
    """Return every version, the newest first; there is one for each time the owner wrote."""
    return list(db.session.scalars(_NEWEST_FIRST))


def get_due(user_id: str | None) -> PrivacyNotice | None:
    """Return what a person has yet to agree to, or None; a stranger has agreed to nothing."""
    current = get_current()
    if current is None:
        return None
    theirs = select(User.notice_version).where(User.id == users.resolve_user_id(user_id or ""))
    agreed = db.session.scalar(theirs)
    return None if agreed is not None and agreed >= _get_required() else current


def check_enough(shown: int | None, due: PrivacyNotice) -> bool:
    """Tell whether to agree to the version that was shown is enough for the one that is due."""
    return shown is not None and _get_required() <= shown <= due.version


def verify_accepted(attempt: Attempt) -> None:
    """Let an attempt be claimed whose person has agreed.

    :raise NoticeDue: if they have not. To add a WeChat to an account that one is logged in to is
        no login.
    """
    if attempt.purpose != Purpose.LINK and get_due(attempt.user_id) is not None:
        raise NoticeDue(attempt.id)


@repeatable
def accept(user_id: str, agreement: Agreement, *, now: datetime) -> bool:
    """Note that a person agrees to the version they were shown; False where that is not enough.

    Whoever has nothing to agree to is left alone.
    """
    with write():
        living = users.lock(user_id)
        due = get_due(living)
        if living is None or due is None:
            return living is not None
        shown = agreement.shown
        if not check_enough(shown, due):
            return False
        user = db.session.get_one(User, living)
        user.notice_version, user.notice_accepted_at = shown, now
        tag = AuditTag.NOTICE_ACCEPTED
        audit.record(tag, user_id=living, ip=agreement.ip, detail=f"version {shown}", now=now)
    return True


def keep_newer(user: User, other: User) -> None:
    """Let a person who was two users have agreed to the newer of what the two agreed to."""
    if (other.notice_version or 0) > (user.notice_version or 0):
        user.notice_version = other.notice_version
        user.notice_accepted_at = other.notice_accepted_at


@repeatable
def publish(new: NewNotice, *, by: Actor, now: datetime) -> PrivacyNotice:
    """Put a new version in force."""
    with write() as session:
        former = get_last()
        row = PrivacyNotice(
            text_zh=new.text_zh.strip(),
            text_en=new.text_en.strip(),
            actor=by.name,
            # Nobody can have agreed to anything before.
            asks_anew=new.asks_anew or former is None,
            created_at=now,
        )
        session.add(row)
        session.flush()
        audit.record_change(
            AuditTag.PRIVACY_NOTICE_SAVED,
            by,
            before=_told(former) if former else None,
            after=_told(row),
            detail=f"version {row.version}",
            now=now,
        )
    return row


def _get_required() -> int:
    asking = select(func.max(PrivacyNotice.version)).where(PrivacyNotice.asks_anew.is_(True))
    return db.session.scalar(asking) or 0


def _told(row: PrivacyNotice) -> dict[str, object]:
    # The texts themselves stay in their own table.
    return {"version": row.version, "characters": len(row.text_zh), "asks_anew": row.asks_anew}
