"""What the status page shows, in words: the sentence on top, the funnel, the errors, the service.

How each account stands is in `status_accounts`.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from flask_babel import format_datetime, format_decimal, format_percent, gettext

from wechatlogin.services import (
    account_states,
    funnel,
    health,
    merge_records,
    platform_errors,
    verdict,
)
from wechatlogin.services.account_states import AccountState
from wechatlogin.services.funnel import SCANNED_WAYS, Funnel, LoginTimes
from wechatlogin.services.health import Health
from wechatlogin.services.platform_errors import Trouble
from wechatlogin.services.readiness import Condition
from wechatlogin.services.site import Site
from wechatlogin.services.verdict import Evidence, Kind, Verdict
from wechatlogin.web import words
from wechatlogin.web.operator import status_accounts, status_words

DAY = timedelta(days=1)
#: More rows than these are no help.
MOST_ERRORS = 30


class Period(StrEnum):
    """What is counted."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


_LENGTHS = {
    Period.HOUR: timedelta(hours=1),
    Period.DAY: DAY,
    Period.WEEK: account_states.WEEK,
}


def name_period(period: Period) -> str:
    """Return what the link to a period is called."""
    names = {
        Period.HOUR: gettext("一小时"),
        Period.DAY: gettext("一天"),
        Period.WEEK: gettext("一周"),
    }
    return names[period]


def draw(site: Site, period: Period, *, now: datetime) -> dict[str, object]:
    """Return what the template shows."""
    since = now - _LENGTHS[period]
    accounts = account_states.get_all(since=since, now=now)
    standing, troubles = health.get_health(site), platform_errors.get_recent(since=now - DAY)
    of_day = funnel.get_funnels(since=now - DAY, now=now)
    found = verdict.judge(
        Evidence(tuple(accounts), tuple(troubles), tuple(of_day), standing.redis, now)
    )
    in_period = of_day if period is Period.DAY else funnel.get_funnels(since=since, now=now)
    if period is not Period.DAY:
        troubles = platform_errors.get_recent(since=since)
    return {
        "headline": _headline(found, now),
        "funnels": [_funnel(one) for one in in_period],
        "times_text": _times(funnel.get_times(since=since)),
        "apps": [status_accounts.describe(account, now=now) for account in accounts],
        "errors": [_error(one, accounts, now) for one in troubles[:MOST_ERRORS]],
        "merges_text": _merges(merge_records.count_waiting()),
        "service_rows": _service(standing, now),
        "period_text": name_period(period),
    }


def _headline(found: Verdict, now: datetime) -> dict[str, object]:
    values = {"name": words.isolate(found.name), "ip": found.ip, "count": found.count}
    if found.kind is Kind.SUCCESS:
        working = gettext("有人登录成功：%(ways)s。")
    else:
        working = gettext("仍然有人登录成功：%(ways)s。")
    ways = ((gettext("用不了：%(ways)s。"), found.failing), (working, found.working))
    return {
        "kind": found.kind.value,
        "title": gettext(found.title, **values),
        "text": gettext(found.text, **values),
        "ways_texts": [
            sentence % {"ways": gettext("、").join(status_words.name_ways(names))}
            for sentence, names in ways
            if names
        ],
        "errcode": found.errcode,
        "at_text": gettext("更新于 %(time)s", time=format_datetime(now, "HH:mm:ss")),
    }


def _merges(count: int) -> str | None:
    if not count:
        return None
    return gettext("%(count)s 对账号可能是同一个人，要由管理员决定。", count=count)


def _funnel(one: Funnel) -> dict[str, object]:
    steps = [(gettext("已显示"), one.started)]
    if one.way in SCANNED_WAYS:
        steps.append((gettext("已扫码"), one.scanned))
    steps += [(gettext("已确认"), one.confirmed), (gettext("已登录"), one.claimed)]
    before = [None, *(count for _, count in steps)]
    return {
        "name": status_words.name_way(one.way),
        "steps": [
            {
                "label": label,
                "count_text": format_decimal(count),
                "share_text": format_percent(count / last) if last else None,
                "width": 100 * count // (one.started or 1),
            }
            for (label, count), last in zip(steps, before, strict=False)
        ],
        "lost_text": _lost(one),
    }


def _lost(one: Funnel) -> str | None:
    unscanned = gettext("没有扫码") if one.way in SCANNED_WAYS else gettext("没有完成")
    losses = [
        (unscanned, one.expired_unscanned),
        (gettext("扫码后没有确认"), one.expired_scanned),
        (gettext("拒绝了"), one.declined),
        *((status_words.name_failure(reason), count) for reason, count in one.failed.items()),
    ]
    texts = [f"{label} {format_decimal(count)}" for label, count in losses if count]
    if not texts:
        return None
    return gettext("没有登录的：%(losses)s", losses=gettext("，").join(texts))


def _times(times: LoginTimes | None) -> str | None:
    if times is None:
        return None
    return gettext(
        "扫码到登录：中位 %(half)s 秒，95%% 在 %(most)s 秒内（%(count)s 次）。",
        half=format_decimal(round(times.p50.total_seconds(), 1)),
        most=format_decimal(round(times.p95.total_seconds(), 1)),
        count=format_decimal(times.count),
    )


def _error(one: Trouble, accounts: list[AccountState], now: datetime) -> dict[str, object]:
    meaning, advice = status_words.explain(one)
    names = {account.row.appid: account.row.name for account in accounts}
    return {
        "code": one.errcode or one.code,
        "meaning": meaning,
        "advice": advice,
        "where": f"{names.get(one.appid, one.appid)} · {one.path}",
        "said": one.errmsg,
        "rid": one.rid,
        "count_text": format_decimal(one.count),
        "first_text": words.moment(one.first_at, now=now),
        "last_text": words.moment(one.last_at, now=now),
    }


def _service(standing: Health, now: datetime) -> list[dict[str, str]]:
    size = standing.database_bytes
    database = f"{status_words.DATABASES[standing.database]} {standing.database_version}"
    if size is not None:
        megabytes = format_decimal(round(size / 1_000_000, 1))
        database = gettext("%(database)s，%(size)s MB", database=database, size=megabytes)
    redis = {
        Condition.OK: (gettext("已连接"), gettext("正常"), "success"),
        Condition.DOWN: (gettext("没有回应"), gettext("异常"), "error"),
        Condition.NOT_USED: (gettext("没有使用"), "", "info"),
    }
    processes = gettext(
        "设置了 %(workers)s 个进程，每个 %(threads)s 个线程；这一页来自 %(process)s（%(at)s 起动）",
        workers=standing.workers,
        threads=standing.threads,
        process=standing.process,
        at=words.moment(standing.started_at, now=now),
    )
    rows = (
        (gettext("数据库"), database, gettext("正常"), "success"),
        ("Redis", *redis[standing.redis]),
        (gettext("进程"), processes, gettext("正常"), "success"),
        (gettext("版本"), f"{standing.schema} · Python {standing.python}", "", "info"),
    )
    return [status_accounts.row(*each) for each in rows]
