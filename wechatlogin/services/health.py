"""Numbers for the status page: does WeChat login work?"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text

from wechatlogin.extensions import db
from wechatlogin.models import Attempt, PlatformToken, ReceivedMessage, Status, Way, WeChatAppRow
from wechatlogin.services import wechat_apps

PERIOD = timedelta(hours=24)
DESKTOP_WAYS = (Way.SCAN, Way.PAGE, Way.NUMBER)


@dataclass(frozen=True)
class Funnel:
    """How many attempts got how far."""

    started: int
    scanned: int
    confirmed: int
    claimed: int


@dataclass(frozen=True)
class AppHealth:
    """What is known of one WeChat app."""

    row: WeChatAppRow
    last_push_at: datetime | None
    last_login_at: datetime | None
    token_expires_at: datetime | None


def get_funnel(*, now: datetime) -> Funnel:
    """Return the funnel of the last day's logins on desktops."""
    query = select(
        func.count(Attempt.id),
        func.count(Attempt.scanned_at),
        func.count(Attempt.confirmed_at),
        func.count(Attempt.claimed_at),
    ).where(Attempt.created_at > now - PERIOD, Attempt.way.in_(DESKTOP_WAYS))
    return Funnel(*db.session.execute(query).one())


def get_apps() -> list[AppHealth]:
    """Return the state of every WeChat app."""
    return [_get_app(row) for row in wechat_apps.get_all()]


def check_database() -> bool:
    """Tell whether the database answers; it raises when it does not."""
    return db.session.execute(text("SELECT 1")).scalar() == 1


def _get_app(row: WeChatAppRow) -> AppHealth:
    push = select(func.max(ReceivedMessage.received_at)).where(ReceivedMessage.appid == row.appid)
    login = select(func.max(Attempt.claimed_at)).where(
        Attempt.appid == row.appid, Attempt.status == Status.CLAIMED
    )
    token = db.session.get(PlatformToken, row.appid)
    return AppHealth(
        row=row,
        last_push_at=db.session.scalar(push),
        last_login_at=db.session.scalar(login),
        token_expires_at=token.expires_at if token else None,
    )
