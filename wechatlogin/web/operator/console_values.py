"""What is pasted into WeChat's console for an app: the values, ready to be copied."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask_babel import gettext

from wechatlogin.models import WeChatAppRow
from wechatlogin.services.site import Site
from wechatlogin.services.wechat_app_changes import CallbackSecrets
from wechatlogin.web.operator import account_kinds
from wechatlogin.wechat.app import AppKind, Right


@dataclass(frozen=True)
class ConsoleValue:
    """One value; `name` is its place on our page."""

    name: str
    label: str
    text: str


def callback(site: Site, row: WeChatAppRow) -> list[ConsoleValue]:
    """Return what 服务器配置 asks for, without what is secret."""
    if not row.has(Right.PUSHES):
        return []
    values = [ConsoleValue("callback_url", "URL", callback_url(site, row))]
    if AppKind(row.kind) is not AppKind.TEST:
        mode = account_kinds.modes()[row.mode]
        values.append(ConsoleValue("callback_mode", gettext("消息加解密方式"), mode))
    return values


def callback_url(site: Site, row: WeChatAppRow) -> str:
    """Return where WeChat pushes this app's messages to."""
    return site.url(f"/api/wechat/{row.appid}")


def once(made: CallbackSecrets | None) -> list[ConsoleValue]:
    """Return the secrets that are shown this once."""
    if made is None:
        return []
    values = [ConsoleValue("callback_token", "Token", made.token)]
    if made.aes_key is not None:
        values.append(ConsoleValue("callback_aes_key", "EncodingAESKey", made.aes_key))
    return values


def domain(site: Site, row: WeChatAppRow) -> list[ConsoleValue]:
    """Return the domain that WeChat sends people back to, without its scheme."""
    labels = {
        Right.WEB_AUTHORIZATION: gettext("网页授权域名"),
        Right.WEBSITE_LOGIN: gettext("授权回调域"),
    }
    address = urlsplit(site.settings.public_url)
    # A test account's page takes a port; every other place of WeChat's refuses one.
    host = address.netloc if AppKind(row.kind) is AppKind.TEST else address.hostname or ""
    return [
        ConsoleValue("domain", label, host) for right, label in labels.items() if row.has(right)
    ]
