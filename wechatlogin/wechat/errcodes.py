"""WeChat's numbers as data: what each means, and what to do about it.

`kind` is the class of error (`errors.KINDS` names the exception); `meaning` and `advice` are the
words an operator reads. Collected from WeChat's pages 全局返回码 and those of each call. A number
that is not here is treated as a failure an operator should see, never as success.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a failure asks of us; the values are the `code`s of the exceptions."""

    BUSY = "wechat_busy"
    TOKEN = "access_token_rejected"  # noqa: S105 - the name of a failure, not a secret
    OPERATOR = "operator_needed"
    QUOTA = "quota_exhausted"
    RESTART = "login_must_restart"
    RECIPIENT = "recipient_unreachable"
    RESTRICTED = "account_restricted"
    REQUEST = "request_rejected"


@dataclass(frozen=True)
class Errcode:
    """One number of WeChat's, in words."""

    number: int
    kind: Kind
    meaning: str
    advice: str


_RETRY = "稍等片刻会自动恢复，不需要处理。"
_SLOWER = "每分钟调用太多，一分钟后会自动恢复；如果经常出现，请检查是否有程序在反复调用。"
_RENEW = (
    "会自动换新的 access_token 再试一次。如果反复出现，说明还有别的程序在强制刷新它："
    "让那个程序改用稳定版接口，或者向这里取 token。"
)
_APPID = "核对设置里的 AppID 与微信公众平台上的是否一致。"
_CREDENTIAL = (
    "在微信公众平台「设置与开发 → 基本配置」核对 AppSecret；如果重置过，请填写新的；"
    "被冻结的在那里解冻，约 10 分钟后生效。"
)
_WHITELIST = (
    "在微信公众平台「设置与开发 → 基本配置 → IP 白名单」里加上服务器的 IP，几分钟后生效。"
    "出口 IP 会变的服务器（云函数、家庭宽带）需要一个固定的出口。"
)
_CONFIRM = "请公众号管理员在微信里确认这个 IP，然后再试；或者先把它加进 IP 白名单。"
_RIGHTS = (
    "在微信公众平台「设置与开发 → 接口权限」查看。网页授权、带参数二维码和模板消息"
    "需要已认证的服务号；没有认证的帐号请改用号码或验证码登录。"
)
DOMAIN = (
    "在微信公众平台「设置与开发 → 公众号设置 → 功能设置 → 网页授权域名」填写公开地址的主机名："
    "不带 https://，不带端口；上级域名不包括下级域名。"
)
SERVER = "在微信公众平台「设置与开发 → 基本配置 → 服务器配置」里填写服务器地址和令牌，点「提交」。"
PUNISHED = "帐号或接口被微信限制，请登录微信公众平台查看站内通知。"
_TOMORROW = "今天的次数用完了，北京时间零点恢复；也可以在微信公众平台清零（每月 10 次）。"
_AGAIN = "请用户重新登录即可，不需要处理。"
_PERSON = "只影响这一位用户，不需要处理。"
_BUG = "请求的内容不被接受：这是程序或模板设置的问题，请把这条记录交给开发者。"
_TEMPLATE = "核对模板消息的模板编号与字段是否与微信公众平台上的一致。"

_TABLE: tuple[tuple[Kind, str, tuple[tuple[int, str], ...]], ...] = (
    (
        Kind.BUSY,
        _RETRY,
        (
            (-1, "微信系统繁忙"),
            (-1000, "微信系统繁忙"),
            (268487001, "微信系统繁忙"),
            (268487002, "微信系统繁忙"),
        ),
    ),
    (Kind.BUSY, _SLOWER, ((45011, "调用太频繁"),)),
    (
        Kind.TOKEN,
        _RENEW,
        (
            (40001, "access_token 无效或不是最新的"),
            (40014, "access_token 不合法"),
            (41001, "缺少 access_token"),
            (42001, "access_token 已过期"),
        ),
    ),
    (
        Kind.OPERATOR,
        _APPID,
        (
            (40002, "grant_type 不正确"),
            (40013, "AppID 不正确"),
            (41002, "缺少 AppID"),
            (10016, "网站应用的 AppID 不能用在这里，请使用公众号的 AppID"),
        ),
    ),
    (
        Kind.OPERATOR,
        _CREDENTIAL,
        (
            (40125, "AppSecret 不正确"),
            (40243, "AppSecret 已被冻结"),
            (41004, "缺少 AppSecret"),
        ),
    ),
    (
        Kind.OPERATOR,
        _WHITELIST,
        (
            (40164, "服务器的 IP 不在白名单里"),
            (61004, "服务器的 IP 不在白名单里"),
            (45035, "服务器的 IP 不在白名单里"),
        ),
    ),
    (
        Kind.OPERATOR,
        _CONFIRM,
        (
            (89501, "这个 IP 正在等待管理员确认"),
            (89503, "这个 IP 需要管理员确认"),
            (89506, "管理员两次拒绝了这个 IP，24 小时内不能再用"),
            (89507, "管理员拒绝了这个 IP，1 小时内不能再用"),
        ),
    ),
    (
        Kind.OPERATOR,
        _RIGHTS,
        (
            (48001, "没有此接口的权限"),
            (10005, "此公众号没有网页授权的权限"),
        ),
    ),
    (Kind.OPERATOR, DOMAIN, ((10003, "网页授权域名与后台配置不一致"),)),
    (Kind.OPERATOR, SERVER, ((40201, "微信公众平台上没有填写服务器地址"),)),
    (
        Kind.OPERATOR,
        PUNISHED,
        (
            (48004, "接口因违规被封禁"),
            (50004, "帐号已被停用"),
            (50007, "帐号已被冻结"),
            (10004, "此公众号已被封禁"),
        ),
    ),
    (
        Kind.QUOTA,
        _TOMORROW,
        (
            (45009, "今天的调用次数已用完"),
            (45029, "二维码的数量已到上限"),
            (48006, "这个月的清零次数已用完"),
        ),
    ),
    (
        Kind.RESTART,
        _AGAIN,
        (
            (40029, "授权码无效"),
            (40030, "refresh_token 无效"),
            (40163, "授权码已经用过"),
            (41003, "缺少 refresh_token"),
            (41008, "缺少授权码"),
            (42002, "refresh_token 已过期"),
            (42003, "授权码已过期"),
            (42007, "用户修改了密码或撤回了授权"),
            (50001, "用户没有授权此接口"),
        ),
    ),
    (
        Kind.RECIPIENT,
        _PERSON,
        (
            (40003, "openid 不属于这个帐号"),
            (43004, "用户没有关注公众号"),
            (43101, "用户拒绝接收这类消息"),
            (45015, "超过了可以回复的时间，或用户已取消关注"),
            (45047, "这段时间里可以回复的条数已用完"),
            (48002, "用户拒收公众号的消息"),
            (49003, "openid 与 AppID 不匹配"),
            (50005, "用户已取消关注"),
            (70000, "未成年人保护，不能发送"),
        ),
    ),
    (
        Kind.RESTRICTED,
        _PERSON,
        (
            (40226, "微信认为这位用户风险过高，不让他登录小程序"),
            (50002, "用户的微信帐号受限"),
        ),
    ),
    (
        Kind.REQUEST,
        _TEMPLATE,
        (
            (40036, "模板编号的长度不正确"),
            (40037, "模板编号不正确"),
            (40246, "模板的关键词不正确"),
            (40247, "需要使用新的类目模板"),
            (40249, "模板消息不能含有营销内容"),
            (43116, "模板被限制使用"),
            (47003, "模板消息的某个字段不符合要求"),
        ),
    ),
    (
        Kind.REQUEST,
        _BUG,
        (
            (40008, "消息类型不正确"),
            (40032, "一次查询的 openid 太多或太少"),
            (40033, "请求里有不接受的字符"),
            (40035, "参数不正确"),
            (40039, "网址太长"),
            (40052, "action_name 不正确"),
            (40053, "action_info 不正确"),
            (40062, "标题太长"),
            (40066, "接口地址不存在"),
            (40097, "参数不正确"),
            (40202, "网络检测的 action 不正确"),
            (40203, "网络检测的运营商不正确"),
            (41009, "缺少 openid"),
            (43001, "应当使用 GET 请求"),
            (43002, "应当使用 POST 请求"),
            (43003, "应当使用 HTTPS 请求"),
            (44002, "请求内容为空"),
            (44004, "消息内容为空"),
            (45002, "消息内容太长"),
            (45008, "图文条数太多"),
            (47001, "请求内容的格式不正确"),
            (76021, "查询的接口地址不存在"),
            (76022, "查询的接口不属于这个帐号"),
        ),
    ),
)

#: What people meet meanwhile.
EFFECTS: Mapping[Kind, str] = {
    Kind.BUSY: "等几秒钟会自动再试一次；仍不行时，人们看到「微信现在很忙，请稍后再试。」",
    Kind.TOKEN: "换了新的 access_token 就继续，人们察觉不到；换了仍被拒绝时，这次登录失败。",
    Kind.OPERATOR: (
        "改好之前，需要这个接口的登录方式都用不了，"
        "人们看到「微信登录的设置有问题，请联系网站管理员。」"
    ),
    Kind.QUOTA: "零点之前用到这个接口的登录方式停用，其他方式照常。",
    Kind.RESTART: (
        "只是这一次登录作废：返回、刷新、重复打开都会这样；会自动重新开始，或请人再登录一次。"
    ),
    Kind.RECIPIENT: "发给这个人的消息送不到，其他人不受影响；验证码仍可以在聊天里索取。",
    Kind.RESTRICTED: "这个人登录不了，其他人不受影响。",
    Kind.REQUEST: "这次调用被拒绝，用到它的功能失败；再试也是一样。",
}


ERRCODES: Mapping[int, Errcode] = {
    number: Errcode(number, kind, meaning, advice)
    for kind, advice, rows in _TABLE
    for number, meaning in rows
}
