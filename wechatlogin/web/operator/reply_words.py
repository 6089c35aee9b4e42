"""The occasions and languages of the chat, in the words of whoever writes the texts."""

from flask_babel import gettext

from wechatlogin.models import Occasion


def titles() -> dict[Occasion, tuple[str, str]]:
    """Return what each occasion is called, and when it is."""
    return {
        Occasion.WELCOME: (gettext("关注时"), gettext("有人关注公众号时说。")),
        Occasion.CONFIRM: (
            gettext("确认登录"),
            gettext("有人扫了登录的二维码，或发来登录号码时说。"),
        ),
        Occasion.CODE: (gettext("验证码"), gettext("有人领取验证码时说。")),
        Occasion.KEYWORD: (
            gettext("关键词"),
            gettext("有人发来这个关键词，或点了以它为 key 的菜单时说。"),
        ),
        Occasion.DEFAULT: (
            gettext("其他消息"),
            gettext("有人发来别的内容时说；不写就什么也不说。"),
        ),
    }


def places(occasion: Occasion) -> str:
    """Return what a text of an occasion may hold."""
    ours = {
        Occasion.CONFIRM: gettext(
            "要有 {link}，它会变成确认登录的链接；还可以用 {name}（账号名称）。"
        ),
        Occasion.CODE: gettext(
            "要有 {code}，它会变成验证码；还可以用 {minutes}（有效分钟数）和 {name}（账号名称）。"
        ),
    }
    own_links = gettext('可以用 {name}（账号名称），和写成 <a href="https://…">文字</a> 的链接。')
    return ours.get(occasion, own_links)


def languages() -> dict[str, str]:
    """Return the languages of the chat."""
    return {"zh_CN": gettext("中文"), "en": gettext("英文")}
