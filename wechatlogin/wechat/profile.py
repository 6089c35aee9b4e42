"""Who somebody says they are: the answer of `/sns/userinfo` (WeChat's page 网页授权, step 4)."""

from dataclasses import dataclass
from urllib import parse

from wechatlogin.wechat import answer as answers
from wechatlogin.wechat import nickname
from wechatlogin.wechat.app import Platform
from wechatlogin.wechat.http import Answer

PATH = "/sns/userinfo"
_AVATAR_DOMAIN = "qlogo.cn"
# The column holds 512, and one more comes from making it https.
_LONGEST_AVATAR = 511


@dataclass(frozen=True)
class Profile:
    """A person as WeChat shows them; nothing here but the ids identifies anybody."""

    openid: str
    unionid: str | None
    nickname: str
    avatar_url: str | None


def read_profile(answer: Answer, platform: Platform) -> Profile:
    """Return the profile in an answer.

    :raise WeChatGarbled: if there is no openid in it.
    """
    return Profile(
        openid=answers.required_openid(answer, path=PATH),
        unionid=answers.get_unionid(answer),
        nickname=nickname.clean_nickname(answers.get_text(answer, "nickname") or ""),
        avatar_url=clean_avatar_url(answers.get_text(answer, "headimgurl") or "", platform),
    )


def clean_avatar_url(raw: str, platform: Platform) -> str | None:
    """Return the picture's address over HTTPS, or None unless it is on one of WeChat's hosts.

    Hosts that the platform names besides are taken with the scheme and port they come with.
    """
    # A browser reads backslashes, blanks and quotes in other ways than urlsplit does.
    if len(raw) > _LONGEST_AVATAR or not raw.isascii() or not raw.isprintable():
        return None
    if any(character in raw for character in "\\\"'<> "):
        return None
    try:
        parts = parse.urlsplit(raw)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc:
        return None
    if parts.netloc in platform.avatar_hosts:
        return raw
    host = parts.hostname or ""
    is_wechats = host == _AVATAR_DOMAIN or host.endswith("." + _AVATAR_DOMAIN)
    if not is_wechats or port not in {None, 80, 443}:
        return None
    return parts._replace(scheme="https", netloc=host).geturl()
