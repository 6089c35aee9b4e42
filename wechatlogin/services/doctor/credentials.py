"""Whether WeChat knows us: AppID and AppSecret, the white list, and who else renews the token."""

from datetime import timedelta

from cryptography.fernet import InvalidToken
from pydantic import SecretStr
from sqlalchemy import func, select

from wechatlogin.extensions import db
from wechatlogin.i18n import msgid
from wechatlogin.models import PlatformErrorCount, PlatformToken
from wechatlogin.services.doctor.examination import Examination
from wechatlogin.services.doctor.finding import Finding, Step
from wechatlogin.services.pauses import BEIJING
from wechatlogin.services.platform_tokens import AHEAD
from wechatlogin.vault import equal
from wechatlogin.wechat import oauth
from wechatlogin.wechat.access_token import CLASSIC_PATH, STABLE_PATH, IssuedToken
from wechatlogin.wechat.app import Right
from wechatlogin.wechat.errors import LoginMustRestart, OperatorNeeded, PlatformError

#: WeChat does not know our address, or its administrator has yet to permit it.
ADDRESS_REFUSED = frozenset({40164, 61004, 45035, 89501, 89503, 89506, 89507})
_LISTED = frozenset({40164, 61004, 45035})
_TOKEN_DEAD = (40001, 40014, 42001)
#: A token lives for two hours, so twelve renewals are a day's.
MANY_RENEWALS = 40
_DEATHS = 3
_DAY = timedelta(days=1)
#: No code of WeChat's is so short.
_NO_CODE = "doctor"

_KEY_LOST = msgid("这个帐号的密码打不开：它是用另一个 SECRET_KEY 加密的。")
_KEY_BACK = msgid(
    "把原来的值写进 SECRET_KEY_FALLBACKS 后重启；找不回来的话，重新填写 AppSecret、令牌和密钥。"
)


def examine_secret(exam: Examination) -> Finding:
    """Ask WeChat for the account's token, or for what proves its secret where it has none."""
    try:
        answer = _ask(exam)
    except InvalidToken:
        return exam.wrong(Step.SECRET, _KEY_LOST, _KEY_BACK)
    if not isinstance(answer, PlatformError):
        return exam.ok(Step.SECRET, msgid("微信接受了 AppID 和 AppSecret。"))
    if answer.errcode in ADDRESS_REFUSED:
        return exam.unknown(
            Step.SECRET,
            msgid("微信拒绝了这台服务器的 IP，还没有说 AppSecret 对不对。"),
            msgid("先处理「IP 白名单」这一步。"),
        )
    return exam.refused(Step.SECRET, answer)


def examine_white_list(exam: Examination) -> Finding | None:
    """Examine whether WeChat takes calls from this server's address, and name it if not."""
    if not exam.row.has(Right.ACCESS_TOKEN):
        return None
    answer = exam.token_answer
    if not isinstance(answer, PlatformError):
        return exam.ok(Step.WHITE_LIST, msgid("微信接受这台服务器的 IP。"))
    if answer.errcode not in ADDRESS_REFUSED:
        return exam.unknown(
            Step.WHITE_LIST, msgid("还没有取到 access_token，不知道 IP 是否在白名单里。")
        )
    ip = answer.ip if isinstance(answer, OperatorNeeded) else None
    if answer.errcode not in _LISTED or ip is None:
        return exam.refused(Step.WHITE_LIST, answer)
    found = exam.wrong(
        Step.WHITE_LIST,
        msgid("服务器的 IP %(ip)s 不在微信的白名单里。"),
        msgid(
            "在微信公众平台「设置与开发 → 基本配置 → IP 白名单」里点「修改」，加上 %(ip)s，"
            "管理员扫码确认，几分钟后生效。"
        ),
        ip=ip,
    )
    return exam.with_answer(found, answer)


def examine_token_owner(exam: Examination) -> Finding | None:
    """Examine whether some other program renews the account's token behind our back."""
    if not exam.row.has(Right.ACCESS_TOKEN):
        return None
    remedy = msgid(
        "让别的程序不要自己强制刷新(force_refresh)，改为向这里取 access_token；"
        "不知道是谁，就在微信公众平台重置 AppSecret，再填写到这里。"
    )
    token = db.session.get(PlatformToken, exam.row.appid, populate_existing=True)
    if token is not None and _is_replaced(exam, token):
        return exam.wrong(
            Step.TOKEN_OWNER,
            msgid(
                "微信给的 access_token 与这里保存的不同，而保存的还没有到期：别的程序把它换掉了。"
            ),
            remedy,
        )
    deaths = _count_deaths(exam)
    if deaths >= _DEATHS:
        return exam.wrong(
            Step.TOKEN_OWNER,
            msgid(
                "24 小时内有 %(count)s 次调用用着没有到期的 access_token 却被拒绝：别的程序在换它。"
            ),
            remedy,
            count=deaths,
        )
    renewals = _count_renewals(exam, token)
    if renewals > MANY_RENEWALS:
        return exam.wrong(
            Step.TOKEN_OWNER,
            msgid("今天已经换了 %(count)s 次 access_token，平常一天 12 次左右。"),
            remedy,
            count=renewals,
        )
    if token is None or token.sealed_token is None:
        return exam.unknown(
            Step.TOKEN_OWNER,
            msgid("还没有用过 access_token，看不出有没有别的程序在换它。"),
            msgid("有人登录过一次之后再检查。"),
        )
    return exam.ok(Step.TOKEN_OWNER, msgid("没有别的程序在换 access_token。"))


def _ask(exam: Examination) -> IssuedToken | PlatformError | None:
    if exam.row.has(Right.ACCESS_TOKEN):
        return exam.token_answer
    # A website app has no token of its own. WeChat looks at the secret before the code, and that
    # the code is none says that the secret is right.
    try:
        oauth.exchange_code(exam.site.http, exam.app, _NO_CODE)
    except LoginMustRestart:
        return None
    except PlatformError as err:
        return err
    return None


def _is_replaced(exam: Examination, token: PlatformToken) -> bool:
    answer = exam.token_answer
    if isinstance(answer, PlatformError) or token.sealed_token is None or token.expires_at is None:
        return False
    if token.expires_at < exam.present + 2 * AHEAD:
        # WeChat itself hands out a new one when the old one is about to end.
        return False
    stored = SecretStr(exam.site.vault.open(token.sealed_token))
    return not equal(stored.get_secret_value(), answer.access_token.get_secret_value())


def _count_deaths(exam: Examination) -> int:
    """Count calls whose token WeChat refused; we renew ours before its end."""
    counted = select(func.sum(PlatformErrorCount.count)).where(
        PlatformErrorCount.appid == exam.row.appid,
        PlatformErrorCount.errcode.in_(_TOKEN_DEAD),
        PlatformErrorCount.path.startswith("/cgi-bin/"),
        PlatformErrorCount.path.not_in((STABLE_PATH, CLASSIC_PATH)),
        PlatformErrorCount.last_at > exam.now - _DAY,
    )
    return int(db.session.scalar(counted) or 0)


def _count_renewals(exam: Examination, token: PlatformToken | None) -> int:
    is_today = token is not None and token.refreshes_day == exam.now.astimezone(BEIJING).date()
    return token.refreshes_today if token is not None and is_today else 0
