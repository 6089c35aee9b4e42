"""The sorts of WeChat accounts in the words of somebody who has one and does not know which."""

from flask_babel import gettext

from wechatlogin.web import words
from wechatlogin.wechat.app import AppKind, MessageMode

#: Those that people most often have come first.
ORDER = (
    AppKind.SERVICE,
    AppKind.SERVICE_UNCERTIFIED,
    AppKind.SUBSCRIPTION,
    AppKind.PERSONAL,
    AppKind.TEST,
    AppKind.WEBSITE,
    AppKind.MINI_PROGRAM,
)


def name(kind: AppKind) -> str:
    """Return what a sort of account is called, told apart from its neighbours."""
    if kind is AppKind.SERVICE:
        return gettext("已认证的服务号")
    if kind is AppKind.SUBSCRIPTION:
        return gettext("已认证的公众号（订阅号）")
    if kind is AppKind.PERSONAL:
        return gettext("个人或未认证的公众号（订阅号）")
    return words.kind(kind)


def how_to_tell(kind: AppKind) -> str:
    """Return by what an owner sees that it is theirs."""
    texts = {
        AppKind.SERVICE: gettext("微信公众平台右上角写着「服务号」，账号详情里写着「已认证」。"),
        AppKind.SERVICE_UNCERTIFIED: gettext("微信公众平台右上角写着「服务号」，还没有微信认证。"),
        AppKind.SUBSCRIPTION: gettext(
            "微信公众平台里写着「公众号」或「订阅号」，主体是已认证的组织。"
        ),
        AppKind.PERSONAL: gettext(
            "微信公众平台里写着「公众号」或「订阅号」，主体是个人，或没有认证。"
        ),
        AppKind.TEST: gettext("在「公众平台测试号」页面扫码得到，任何人都能申请，适合试用。"),
        AppKind.WEBSITE: gettext("在微信开放平台创建并通过审核的「网站应用」。"),
        AppKind.MINI_PROGRAM: gettext("在微信公众平台注册的「小程序」，由它自己的代码登录。"),
    }
    return texts[kind]


def where_credentials(kind: AppKind) -> str:
    """Return where WeChat's console shows appid and secret."""
    if kind is AppKind.TEST:
        return gettext("在测试号页面最上面的「测试号信息」里，有 appID 和 appsecret。")
    if kind is AppKind.WEBSITE:
        return gettext(
            "在微信开放平台「管理中心 → 网站应用」打开这个应用，就有 AppID 和 AppSecret。"
        )
    if kind is AppKind.MINI_PROGRAM:
        return gettext(
            "在微信公众平台小程序后台的「开发管理 → 开发设置」里，有 AppID 和 AppSecret。"
        )
    return gettext(
        "在微信公众平台「设置与开发 → 基本配置」里有 AppID；AppSecret 在同一页启用或重置，"
        "只显示一次。"
    )


def options() -> list[tuple[str, str]]:
    """Return the sorts for a list to choose from."""
    return [(kind.value, name(kind)) for kind in ORDER]


def modes() -> dict[str, str]:
    """Return the ways in which WeChat may send its messages, as its console calls them."""
    return {
        MessageMode.SAFE.value: gettext("安全模式"),
        MessageMode.COMPATIBLE.value: gettext("兼容模式"),
        MessageMode.PLAIN.value: gettext("明文模式"),
    }
