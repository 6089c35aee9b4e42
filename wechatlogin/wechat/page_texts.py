"""What WeChat's own pages and chats say to people when a set-up is wrong; we never hear of it.

Collected from WeChat's page 网页授权 and from what people have reported. Most name no number.
"""

from dataclasses import dataclass

from wechatlogin.wechat import errcodes


@dataclass(frozen=True)
class PageText:
    """What a page of WeChat's says to the person in front of it; we never hear of it."""

    number: int | None
    #: As they stand on the page.
    words: str
    meaning: str
    advice: str


_OWN_LINK = "链接由这个服务生成，不会这样；检查是不是别的程序或代理改写了它。"
_SCOPE = (
    "没有认证的帐号和订阅号没有网页授权的权限：把这里的帐号类型改成实际的类型，"
    "登录就会改用号码或验证码；或者使用已认证的服务号。"
)
_WEBSITE_DOMAIN = (
    "公众号核对「网页授权域名」；"
    "网站应用在微信开放平台「管理中心 → 网站应用 → 授权回调域」核对主机名。"
)

PAGE_TEXTS = (
    PageText(
        10003, "redirect_uri 域名与后台配置不一致", "网页授权域名与公开地址不同", errcodes.DOMAIN
    ),
    PageText(10004, "此公众号被封禁", "此公众号已被封禁", errcodes.PUNISHED),
    PageText(10005, "此公众号并没有这些 scope 的权限", "此公众号没有网页授权的权限", _SCOPE),
    PageText(
        10006,
        "必须关注此测试号",
        "测试号只让关注了它的人登录",
        "先用微信扫测试号页面上的二维码关注它；最多 100 人。",
    ),
    PageText(10009, "操作太频繁了，请稍后重试", "这个人短时间内打开了太多次", "等一分钟再试。"),
    PageText(10010, "scope 不能为空", "链接里缺少 scope", _OWN_LINK),
    PageText(10011, "redirect_uri 不能为空", "链接里缺少 redirect_uri", _OWN_LINK),
    PageText(10012, "appid 不能为空", "链接里缺少 AppID", _OWN_LINK),
    PageText(10013, "state 不能为空", "链接里缺少 state", _OWN_LINK),
    PageText(
        10015,
        "公众号未授权第三方平台",
        "链接里有第三方平台的参数",
        "这个服务不用第三方平台；检查链接是不是别的程序生成的。",
    ),
    PageText(
        10016,
        "不支持微信开放平台的 Appid，请使用公众号 Appid",
        "网站应用的 AppID 用在了微信里",
        "把这个帐号的类型改为网站应用；微信里登录另外添加公众号。",
    ),
    PageText(None, "redirect_uri 参数错误", "域名与后台配置的不同", _WEBSITE_DOMAIN),
    PageText(None, "Scope 参数错误或没有 Scope 权限", "帐号没有这种登录的权限", _SCOPE),
    PageText(
        None,
        "该链接无法访问",
        "链接的参数缺少、多余或顺序不对，或者应用没有通过审核",
        "核对 AppID 和帐号类型；网站应用在微信开放平台确认已通过审核，并有「微信登录」的权限。",
    ),
    PageText(
        None,
        "请在微信客户端打开链接",
        "微信里的登录页在别的浏览器里打开了",
        "在微信里打开，或者在电脑上扫码。",
    ),
    PageText(
        None,
        "使用完整服务",
        "微信给的是快照页，里面的人是虚拟的，不能登录",
        "请人点右下角的「使用完整服务」，再登录一次。",
    ),
    PageText(
        None,
        "该公众号提供的服务出现故障，请稍后再试",
        "五秒内没有收到这个服务对推送的正确回答",
        "检查服务是否在运行、是否太慢，以及反向代理有没有返回错误页。",
    ),
    PageText(None, "token验证失败", "微信检查服务器地址时没有得到正确的回答", errcodes.SERVER),
)
