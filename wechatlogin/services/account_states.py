"""What is known of each WeChat app, without asking WeChat: for the status page.

Every number is read along an index in the order of a moment; none but the last push is from further
back than a week.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import case, func, literal, select, union_all

from wechatlogin.extensions import db
from wechatlogin.models import (
    AccountHealth,
    Attempt,
    Channel,
    Forwarded,
    PlatformToken,
    ReceivedMessage,
    SentMessage,
    Way,
    WeChatAppRow,
)
from wechatlogin.services import attempt_hours, wechat_apps
from wechatlogin.services.pauses import BEIJING
from wechatlogin.wechat.app import AppKind, Right

WEEK = timedelta(days=7)
#: What WeChat lets an account do in a day of Beijing's.
TOKEN_QUOTA = 500_000
QR_QUOTA = 100_000
QR_QUOTA_OF_TEST_ACCOUNTS = 10_000
#: What WeChat says when the time or number of messages to somebody is used up.
_WINDOW_CLOSED = (45015, 45047)
_T = TypeVar("_T")


@dataclass(frozen=True)
class TokenState:
    """The account's access token as it is stored."""

    refreshed_at: datetime
    expires_at: datetime
    refreshed_by: str | None
    refreshes_today: int


@dataclass(frozen=True)
class Sendings:
    """What became of an account's messages on one channel."""

    #: How many are in which state.
    states: Mapping[str, int]
    #: Of those that failed, how many came when the person could no longer be written to.
    too_late: int


@dataclass(frozen=True)
class AccountState:
    """One WeChat app and its signs."""

    row: WeChatAppRow
    last_push_at: datetime | None
    verified_at: datetime | None
    refused_at: datetime | None
    refused_reason: str | None
    #: The last login of the week, by way.
    logins: Mapping[str, datetime]
    token: TokenState | None
    qr_today: int
    sendings: Mapping[str, Sendings]
    forwards_failed: int
    clock_ahead: timedelta | None

    @property
    def last_login_at(self) -> datetime | None:
        """When somebody was last logged in with it."""
        return max(self.logins.values(), default=None)

    @property
    def qr_quota(self) -> int:
        """How many QR codes it may make in a day."""
        return QR_QUOTA_OF_TEST_ACCOUNTS if self.row.kind == AppKind.TEST else QR_QUOTA

    def has(self, right: Right) -> bool:
        """Tell whether an account of this kind has a right."""
        return self.row.has(right)


@dataclass(frozen=True)
class _Counted:
    """What was read for all apps at once, by appid."""

    qr_today: Mapping[str, int]
    sendings: Mapping[str, Mapping[str, Sendings]]


def get_all(*, since: datetime, now: datetime) -> list[AccountState]:
    """Return the state of every WeChat app; messages are counted since then."""
    counted = _Counted(
        qr_today=_get_qr_today(now),
        sendings=_get_sendings(since),
    )
    return [_state_of(row, counted, since=since, now=now) for row in wechat_apps.get_all()]


def get_midnight(now: datetime) -> datetime:
    """Return when the day began in Beijing, by which WeChat's quotas run."""
    return now.astimezone(BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)


def _state_of(
    row: WeChatAppRow, counted: _Counted, *, since: datetime, now: datetime
) -> AccountState:
    appid = row.appid
    signs = _read(AccountHealth, appid)
    ahead = signs.clock_ahead_ms if signs else None
    return AccountState(
        row=row,
        last_push_at=_get_last_push(appid),
        verified_at=signs.verified_at if signs else None,
        refused_at=signs.refused_at if signs else None,
        refused_reason=signs.refused_reason if signs else None,
        logins=_get_logins(appid, now - WEEK),
        token=_get_token(appid, now),
        qr_today=counted.qr_today.get(appid, 0),
        sendings=counted.sendings.get(appid, {}),
        forwards_failed=_count_failed_forwards(appid, since),
        clock_ahead=None if ahead is None else timedelta(milliseconds=ahead),
    )


def _get_token(appid: str, now: datetime) -> TokenState | None:
    token = _read(PlatformToken, appid)
    if token is None or token.refreshed_at is None or token.expires_at is None:
        return None
    is_today = token.refreshes_day == now.astimezone(BEIJING).date()
    return TokenState(
        token.refreshed_at,
        token.expires_at,
        token.refreshed_by,
        token.refreshes_today if is_today else 0,
    )


def _get_last_push(appid: str) -> datetime | None:
    query = select(func.max(ReceivedMessage.received_at)).where(ReceivedMessage.appid == appid)
    return db.session.scalar(query)


def _get_logins(appid: str, since: datetime) -> dict[str, datetime]:
    """Return when somebody was last logged in by each way: one look into an index for each."""
    last = [
        select(literal(way.value), func.max(Attempt.claimed_at)).where(
            Attempt.appid == appid, Attempt.way == way, Attempt.claimed_at > since
        )
        for way in Way
    ]
    rows = db.session.execute(union_all(*last))
    return {way: at for way, at in rows if at is not None}


def _get_qr_today(now: datetime) -> dict[str, int]:
    made: dict[str, int] = {}
    for tally in attempt_hours.count_since(get_midnight(now), now=now):
        if tally.way == Way.SCAN and tally.appid is not None:
            made[tally.appid] = made.get(tally.appid, 0) + tally.started
    return made


def _get_sendings(since: datetime) -> dict[str, dict[str, Sendings]]:
    too_late = func.count(case((SentMessage.errcode.in_(_WINDOW_CLOSED), 1)))
    query = (
        select(
            SentMessage.appid,
            SentMessage.channel,
            SentMessage.state,
            func.count(SentMessage.id),
            too_late,
        )
        .where(SentMessage.created_at > since, SentMessage.channel != Channel.PAGE)
        .group_by(SentMessage.appid, SentMessage.channel, SentMessage.state)
    )
    sendings: dict[str, dict[str, Sendings]] = {}
    for appid, channel, state, count, late in db.session.execute(query):
        before = sendings.setdefault(appid, {}).get(channel, Sendings({}, 0))
        states = {**before.states, state: count}
        sendings[appid][channel] = Sendings(states, before.too_late + late)
    return sendings


def _count_failed_forwards(appid: str, since: datetime) -> int:
    query = select(func.count(ReceivedMessage.id)).where(
        ReceivedMessage.appid == appid,
        ReceivedMessage.received_at > since,
        ReceivedMessage.forwarded == Forwarded.FAILED,
    )
    return db.session.scalar(query) or 0


def _read(table: type[_T], appid: str) -> _T | None:
    # What another process has written since this one last looked counts.
    return db.session.get(table, appid, populate_existing=True)
