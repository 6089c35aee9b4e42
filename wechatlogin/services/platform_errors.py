"""What WeChat refused or failed to do, as it was counted (`signs` counts it)."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from wechatlogin.extensions import db
from wechatlogin.models import PlatformErrorCount
from wechatlogin.wechat import profile
from wechatlogin.wechat.errors import SnapshotSuspected

#: One kind of failure has a row an hour and a path; a week of all that ever came up has fewer.
MOST_ROWS = 1000


@dataclass(frozen=True)
class Trouble:
    """One kind of failure of an account: how often, since when, and WeChat's words at the last."""

    appid: str
    path: str
    code: str
    #: WeChat's number; 0 where there was no usable answer.
    errcode: int
    count: int
    first_at: datetime
    last_at: datetime
    errmsg: str | None
    rid: str | None


def get_recent(*, since: datetime) -> list[Trouble]:
    """Return what has gone wrong since then, the latest first."""
    query = (
        select(PlatformErrorCount)
        .where(PlatformErrorCount.last_at > since)
        .order_by(PlatformErrorCount.last_at.desc())
        .limit(MOST_ROWS)
        .execution_options(populate_existing=True)
    )
    found: dict[tuple[str, str, str, int], Trouble] = {}
    for row in db.session.scalars(query):
        trouble = _read(row)
        key = (trouble.appid, trouble.path, trouble.code, trouble.errcode)
        later = found.get(key)
        if later is not None:
            count, first_at = later.count + trouble.count, min(later.first_at, trouble.first_at)
            trouble = replace(later, count=count, first_at=first_at)
        found[key] = trouble
    return list(found.values())


def _read(row: PlatformErrorCount) -> Trouble:
    # The right to profiles is there where the others are: it is how a snapshot page shows.
    is_snapshot = row.path == profile.PATH and row.errcode == 48001
    return Trouble(
        appid=row.appid,
        path=row.path,
        code=SnapshotSuspected.code if is_snapshot else row.code,
        errcode=row.errcode,
        count=row.count,
        first_at=row.first_at,
        last_at=row.last_at,
        errmsg=row.errmsg,
        rid=row.rid,
    )
