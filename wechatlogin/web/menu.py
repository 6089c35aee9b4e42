"""What a login can be offered in this browser, whatever it is for."""

from dataclasses import dataclass

from flask import url_for
from flask_babel import gettext

from wechatlogin.errors import NotConfigured, RightMissing
from wechatlogin.i18n import msgid
from wechatlogin.models import Purpose, Way, WeChatAppRow
from wechatlogin.services import ways, wechat_apps
from wechatlogin.services.errand import Errand
from wechatlogin.services.ways import Device, Offer
from wechatlogin.web import login_urls
from wechatlogin.web.context import current_site, device
from wechatlogin.wechat.app import Right

#: By either of which an account can give a code.
_CODE_GIVERS = (Right.WEB_AUTHORIZATION, Right.CHAT)
ON_DESKTOPS_ONLY = msgid("这里只能在电脑上登录：请用电脑打开这一页，再用微信扫码。")
NO_LOGIN_AT_ALL = msgid("这里配置的微信账号不能用来登录网页，请联系网站管理员。")


@dataclass(frozen=True)
class Link:
    """Another way to log in, as the page offers it."""

    label: str
    url: str


@dataclass(frozen=True)
class Menu:
    """What one login can be offered, by the apps as they were read for its page."""

    errand: Errand
    apps: list[WeChatAppRow]

    @classmethod
    def read(cls, errand: Errand) -> "Menu":
        """Return the menu of a login as the apps are now."""
        return cls(errand, wechat_apps.get_for(errand.application))

    def verify(self, wanted: str | None) -> Offer:
        """Return the offer of the wanted way, or the best.

        :raise RightMissing: if no app can serve this browser; the message says what could.
        :raise NotConfigured: if there is no app at all.
        """
        offers = self._get_offers() or self._get_offers_on(device())
        if not self.apps:
            raise NotConfigured
        if not offers:
            elsewhere = self._get_offers_on(Device.DESKTOP)
            raise RightMissing(ON_DESKTOPS_ONLY if elsewhere else NO_LOGIN_AT_ALL)
        return next((offer for offer in offers if offer.way == wanted), offers[0])

    def get_others(self, shown: Way) -> list[Link]:
        """Return what a page that shows one way can offer besides: other ways of a plain login."""
        errand = self.errand
        if errand.purpose is Purpose.LINK:
            return [Link(gettext("返回我的账号"), url_for("account.show"))]
        if errand.purpose is not Purpose.LOGIN:
            return []
        labels = {
            Way.IN_WECHAT: gettext("在微信里登录"),
            Way.SCAN: gettext("扫公众号二维码"),
            Way.WEBSITE: gettext("微信扫码登录"),
            Way.NUMBER: gettext("发送号码登录"),
        }
        links = [
            Link(labels[offer.way], login_urls.restart_url(errand, offer.way))
            for offer in self._get_offers()
            if offer.way is not shown
        ]
        url = self.get_code_url()
        return [*links, Link(gettext("输入验证码"), url)] if url else links

    def get_code_url(self) -> str | None:
        """Return where a code can be typed instead, where an account can give one.

        Only a plain login can be ended by a code.
        """
        can_give = any(app.has(right) for app in self.apps for right in _CODE_GIVERS)
        is_permitted = ways.check_permitted(self.errand.application, Way.CODE)
        if self.errand.purpose is not Purpose.LOGIN or not (can_give and is_permitted):
            return None
        return login_urls.code_url(self.errand)

    def _get_offers(self) -> list[Offer]:
        """Return what this browser can be offered, the best first."""
        shown_in = device()
        # Another WeChat is on another phone, wherever this page is open: it gets something to scan.
        kind = Device.DESKTOP if self.errand.purpose is Purpose.LINK else shown_in
        return [
            offer
            for offer in self._get_offers_on(kind)
            if offer.way is not Way.WEBSITE or shown_in is Device.DESKTOP
        ]

    def _get_offers_on(self, kind: Device) -> list[Offer]:
        return ways.get_offers(
            kind,
            self.errand.application,
            self.apps,
            desktop_ways=current_site().settings.desktop_ways,
        )
