"""How one WeChat app stands, row by row, in the words of the status page."""

from datetime import datetime, timedelta

from flask_babel import format_decimal, format_percent, format_timedelta, gettext

from wechatlogin.models import Channel, SendState
from wechatlogin.services import push_refusals
from wechatlogin.services.account_states import TOKEN_QUOTA, AccountState, Sendings
from wechatlogin.web import words
from wechatlogin.web.operator import status_words
from wechatlogin.wechat.app import Right

#: More than these in a day means that somebody else renews the token, too.
MANY_REFRESHES = 40
#: WeChat's pushes are refused beyond five minutes; this is in time to mend it.
MOST_SKEW = timedelta(seconds=30)
_TIGHT = 0.8
_DAY = timedelta(days=1)

Row = dict[str, str]


def row(label: str, value: str, state: str, kind: str) -> Row:
    """Return a row as the template takes it; `kind` is the state's colour."""
    return {"label": label, "value": value, "state_text": state, "state_kind": kind}


def describe(account: AccountState, *, now: datetime) -> dict[str, object]:
    """Return the card of an account."""
    kind, appid = account.row.kind, account.row.appid
    rows: list[Row] = []
    if account.row.sealed_token is not None:
        rows += _pushes(account, now)
    rows.append(_login(account, now))
    if account.has(Right.ACCESS_TOKEN):
        rows += _token(account, now)
    if account.has(Right.PARAMETRIC_QR):
        rows.append(_quota(gettext("今天的二维码"), account.qr_today, account.qr_quota))
    if account.has(Right.TEMPLATE_MESSAGE):
        rows.append(_template(account))
    if account.has(Right.CUSTOMER_MESSAGE):
        rows.append(_customer(account))
    if account.forwards_failed:
        count = gettext("%(count)s 条没有送到", count=format_decimal(account.forwards_failed))
        rows.append(row(gettext("转发推送"), count, gettext("异常"), "error"))
    if account.clock_ahead is not None:
        rows.append(_clock(account.clock_ahead))
    return {
        "name": account.row.name,
        "kind_text": words.kind(kind),
        "appid_short": f"{appid[:4]}…{appid[-4:]}",
        "rights_text": words.rights(kind),
        "missing_text": words.missing_rights(kind),
        "rows": rows,
    }


def _ago(at: datetime, now: datetime) -> str:
    # A clock that is a little ahead of ours would speak of the future.
    past = max(now - at, timedelta(seconds=1))
    return str(format_timedelta(-past, add_direction=True, threshold=1))


def _pushes(account: AccountState, now: datetime) -> list[Row]:
    label, last = gettext("消息推送"), account.last_push_at
    rows = [
        row(label, _ago(last, now), gettext("正常"), "success")
        if last is not None
        else row(label, gettext("还没有"), gettext("未知"), "warning")
    ]
    if account.verified_at is not None:
        value = _ago(account.verified_at, now)
        rows.append(row(gettext("验证服务器地址"), value, gettext("正常"), "success"))
    if account.refused_at is not None:
        value = gettext(
            "%(ago)s：%(reason)s",
            ago=_ago(account.refused_at, now),
            reason=gettext(push_refusals.explain(account.refused_reason or "")),
        )
        good = max((at for at in (account.last_push_at, account.verified_at) if at), default=None)
        is_over = good is not None and good > account.refused_at
        state = (gettext("已恢复"), "info") if is_over else (gettext("异常"), "error")
        rows.append(row(gettext("被拒绝的推送"), value, *state))
    return rows


def _login(account: AccountState, now: datetime) -> Row:
    last = account.last_login_at
    if last is None:
        return row(gettext("最近登录"), gettext("一周内没有"), gettext("未知"), "info")
    way = next(way for way, at in account.logins.items() if at == last)
    value = gettext("%(ago)s，%(way)s", ago=_ago(last, now), way=status_words.name_way(way))
    return row(gettext("最近登录"), value, gettext("正常"), "success")


def _token(account: AccountState, now: datetime) -> list[Row]:
    token = account.token
    if token is None:
        return [row("access_token", gettext("还没有取过"), gettext("未知"), "info")]
    age = gettext(
        "%(ago)s由 %(process)s 刷新",
        ago=_ago(token.refreshed_at, now),
        process=token.refreshed_by or gettext("未知进程"),
    )
    if token.expires_at > now:
        left = gettext("还有 %(time)s 到期", time=format_timedelta(token.expires_at - now))
        state = (gettext("正常"), "success")
    else:
        left, state = gettext("已到期，下次用到时刷新"), (gettext("未用"), "info")
    refreshes = _quota(gettext("今天刷新"), token.refreshes_today, TOKEN_QUOTA)
    if token.refreshes_today > MANY_REFRESHES:
        refreshes |= {"state_text": gettext("太多"), "state_kind": "warning"}
    return [row("access_token", left, *state), row(gettext("取得"), age, "", "info"), refreshes]


def _quota(label: str, used: int, quota: int) -> Row:
    value = f"{format_decimal(used)} / {format_decimal(quota)}"
    if used >= quota:
        return row(label, value, gettext("用完了"), "error")
    if used >= _TIGHT * quota:
        return row(label, value, gettext("快用完了"), "warning")
    return row(label, value, gettext("正常"), "success")


def _template(account: AccountState) -> Row:
    label = gettext("发送模板消息")
    if account.row.template_id is None:
        return row(label, gettext("没有设置模板"), "", "info")
    sent = account.sendings.get(Channel.TEMPLATE)
    if sent is None:
        return row(label, gettext("随时可发，这段时间没有发过"), "", "info")
    return _receipts(label, sent)


def _receipts(label: str, sent: Sendings) -> Row:
    ended = {
        state: sent.states.get(state, 0)
        for state in (SendState.DELIVERED, SendState.BLOCKED, SendState.FAILED)
    }
    total, delivered = sum(ended.values()), ended[SendState.DELIVERED]
    waiting = sum(sent.states.values()) - total
    parts = [
        (gettext("送达 %(count)s"), delivered),
        (gettext("拒收 %(count)s"), ended[SendState.BLOCKED]),
        (gettext("没有发出 %(count)s"), ended[SendState.FAILED]),
        (gettext("等回执 %(count)s"), waiting),
    ]
    shown = [text % {"count": format_decimal(count)} for text, count in parts if count]
    value = gettext("，").join(shown)
    if not total:
        return row(label, value, gettext("未知"), "info")
    state_kind = "success" if delivered >= _TIGHT * total else "warning"
    return row(label, value, format_percent(delivered / total), state_kind)


def _customer(account: AccountState) -> Row:
    label, sent = gettext("发送客服消息"), account.sendings.get(Channel.CUSTOMER)
    if sent is None:
        return row(label, gettext("对方 48 小时内来过才能发，这段时间没有发过"), "", "info")
    accepted = sent.states.get(SendState.ACCEPTED, 0)
    failed = sent.states.get(SendState.FAILED, 0)
    value = gettext(
        "微信接收 %(accepted)s，没有发出 %(failed)s（其中超过可发时间 %(late)s）",
        accepted=format_decimal(accepted),
        failed=format_decimal(failed),
        late=format_decimal(sent.too_late),
    )
    is_good = failed - sent.too_late <= accepted
    state = (gettext("正常"), "success") if is_good else (gettext("异常"), "warning")
    return row(label, value, *state)


def _clock(ahead: timedelta) -> Row:
    seconds = ahead.total_seconds()
    amount = format_decimal(round(abs(seconds), 1))
    value = (
        gettext("微信快 %(seconds)s 秒", seconds=amount)
        if seconds > 0
        else gettext("微信慢 %(seconds)s 秒", seconds=amount)
    )
    is_good = abs(ahead) <= MOST_SKEW
    state = (gettext("正常"), "success") if is_good else (gettext("请校时"), "warning")
    return row(gettext("时钟差"), value, *state)
