"""The words in a person's chat with an account: the owner's where there are some, else ours.

welcome, confirm, code    the owner's text, else the built-in sentence
keyword, default          the owner's text, else nothing
errors and the rest       always built in

All are in the language of the chat: the person's where it is known, else the default one. A text
of the owner's that WeChat could not carry once it is filled counts as none.
"""

from dataclasses import dataclass, field

from wechatlogin.models import Identity, Occasion, Purpose, WeChatAppRow
from wechatlogin.services import accounts, replies, wechat_apps
from wechatlogin.services.codes import IssuedCode
from wechatlogin.services.qr_scans import Scanned
from wechatlogin.services.site import Site
from wechatlogin.wechat import messages


@dataclass(frozen=True)
class Chat:
    """A person's chat with an account."""

    #: Speaks the language of the chat.
    site: Site
    row: WeChatAppRow
    openid: str = field(repr=False)
    language: str

    def get_own(self, occasion: Occasion, *, keyword: str = "", **values: str) -> str | None:
        """Return the owner's text for an occasion, filled, or None where there is none to say."""
        text = replies.get_text(self.site, self.row, occasion, self.language, keyword=keyword)
        return replies.get_filled(text, self.row, **values)


def open_chat(site: Site, row: WeChatAppRow, openid: str) -> Chat:
    """Return a person's chat with an account, in the language that is spoken there."""
    return chat_of(site, row, openid, accounts.get_identity(row.appid, openid))


def chat_of(site: Site, row: WeChatAppRow, openid: str, identity: Identity | None) -> Chat:
    """Return the chat of somebody who has been looked up."""
    language = replies.get_language(site, identity)
    return Chat(site.speaking(language), row, openid, language)


def welcome(chat: Chat) -> str:
    """Return what a new follower is told."""
    own = chat.get_own(Occasion.WELCOME)
    return built_in_welcome(chat.site, chat.row) if own is None else own


def built_in_welcome(site: Site, row: WeChatAppRow) -> str:
    """Return our own welcome, in the language that a site speaks."""
    if wechat_apps.check_chat_only(row):
        return site.translate(
            "欢迎关注%(name)s。登录时，请把电脑上显示的 6 位号码发到这里；或发送「%(keyword)s」，"
            "领取验证码。",
            name=row.name,
            keyword=site.settings.code_keyword[0],
        )
    return site.translate("欢迎关注%(name)s。", name=row.name)


def ask_to_confirm(chat: Chat, scanned: Scanned) -> str:
    """Return the link to the confirm page in words, or that the login is done already."""
    name = chat.site.settings.site_name
    if scanned.confirm_url is None:
        return chat.site.translate("已登录%(name)s。", name=name)
    if scanned.attempt.purpose == Purpose.LINK:
        # The owner's own words speak of a login.
        see = messages.link(scanned.confirm_url, chat.site.translate("点这里查看并确认"))
        return chat.site.translate(
            "有人想把你的微信添加到%(name)s的一个账号。如果是你本人，%(link)s；不是你，请不要点。",
            name=name,
            link=see,
        )
    link = confirm_link(chat.site, scanned.confirm_url)
    return chat.get_own(Occasion.CONFIRM, link=link) or built_in_confirm(chat.site, link)


def confirm_link(site: Site, url: str) -> str:
    """Return the link to the confirm page, as the chat shows it."""
    return messages.link(url, site.translate("点这里确认登录"))


def built_in_confirm(site: Site, link: str) -> str:
    """Return our own words around the link to the confirm page."""
    return site.translate(
        "有人正在电脑上登录%(name)s。如果是你本人，%(link)s；不是你，请不要点。",
        name=site.settings.site_name,
        link=link,
    )


def ask_to_authorize(chat: Chat) -> str:
    """Return the link by which a stranger becomes known and gets a code."""
    url = chat.site.url("/api/wechat/auth?state=code")
    link = messages.link(url, chat.site.translate("请点击此处完成授权"))
    return chat.site.translate("欢迎您，%(link)s", link=link)


def give_code(chat: Chat, code: IssuedCode) -> str:
    """Return a verification code in words."""
    digits = code.digits.get_secret_value()
    minutes = chat.site.settings.code_seconds // 60
    own = chat.get_own(Occasion.CODE, code=digits, minutes=str(minutes))
    return own or built_in_code(chat.site, digits)


def built_in_code(site: Site, digits: str) -> str:
    """Return our own words around a verification code."""
    minutes = site.settings.code_seconds // 60
    return site.translate(
        "验证码：%(code)s，%(minutes)s 分钟内有效。请勿告诉他人。", code=digits, minutes=minutes
    )


def get_keyword_reply(chat: Chat, words: str) -> str | None:
    """Return what the owner says to a keyword, or None where these words are none."""
    return chat.get_own(Occasion.KEYWORD, keyword=words) if words.strip() else None


def get_default_reply(chat: Chat) -> str | None:
    """Return what the owner says to whatever nobody else answers, or None."""
    return chat.get_own(Occasion.DEFAULT)
