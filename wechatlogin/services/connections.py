"""Connections: what SDKs call the WeChat apps that an application logs people in with.

An app is named by the identifier that its owner has given it, or by its appid. Two names that
older SDKs have in their code mean the first app of the application that may do it:

    wechat:webpage-authorization     WeChat's authorize page, inside WeChat
    wechat:pc                        the page with a website app's QR code
"""

from types import MappingProxyType

from wechatlogin.errors import AppidRefused
from wechatlogin.models import Application, WeChatAppRow
from wechatlogin.services import wechat_apps
from wechatlogin.wechat.app import Right

FIXED_NAMES = MappingProxyType(
    {
        "wechat:webpage-authorization": Right.WEB_AUTHORIZATION,
        "wechat:pc": Right.WEBSITE_LOGIN,
    }
)


def verify(application: Application, name: str) -> WeChatAppRow:
    """Return the app that a connection's name means for an application.

    :raise AppidRefused: if the application has none of this name.
    """
    right = FIXED_NAMES.get(name)
    if right is not None:
        return wechat_apps.verify_entitled(right, application)
    for row in wechat_apps.get_for(application):
        if name in {row.identifier, row.appid}:
            return row
    raise AppidRefused
