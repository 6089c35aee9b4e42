"""What is wrong with a program that logs people in through us, or with its tokens."""

from datetime import datetime

from wechatlogin.errors.requests import InvalidRequest, LoginError
from wechatlogin.i18n import msgid


class RedirectUnknown(InvalidRequest):
    code = "redirect_unknown"
    message = msgid("这个网站的回调地址没有登记，请联系网站管理员。")


class AppidRefused(InvalidRequest):
    """The appid is none of ours, not the application's, or its kind has no such page."""

    code = "appid_refused"
    message = msgid("这个网站不能用这个公众号或应用登录，请联系网站管理员。")


class SettingRefused(InvalidRequest):
    """An application cannot be set up so: `field` names the setting, `value` what was given."""

    code = "setting_refused"
    message = msgid("应用的这项设置不正确。")

    def __init__(
        self, field: str = "", message: str | None = None, value: str | None = None
    ) -> None:
        self.field = field
        self.value = value
        super().__init__(message)


class LogoRefused(InvalidRequest):
    """A picture that cannot be an application's logo."""

    code = "logo_refused"
    message = msgid("这不是能用的图片，请换一张 PNG、JPEG、GIF 或 WebP 图片。")


class UserDomainMalformed(InvalidRequest):
    code = "user_domain_malformed"
    message = msgid("用户域的格式不正确。")


class CountryUnknown(InvalidRequest):
    code = "country_unknown"
    message = msgid("移动国家码不正确。")


class ApplicationUnknown(LoginError):
    code = "application_unknown"
    message = msgid("没有登记过这个应用，请联系网站管理员。")


class DeliveryUnknown(LoginError):
    code = "delivery_unknown"
    status = 404
    message = msgid("没有这条 webhook 消息，可能已按保留期限删除。")


class ApplicationDisabled(LoginError):
    code = "application_disabled"
    status = 403
    message = msgid("这个应用已停用，请联系网站管理员。")


class CountryNotServed(LoginError):
    code = "country_not_served"
    status = 403
    message = msgid("这个应用不服务这个国家或地区。")


class OriginUnknown(LoginError):
    code = "origin_unknown"
    status = 403
    message = msgid("打开这个窗口的网站没有登记过，请联系那个网站的管理员。")


class SignatureWrong(LoginError):
    code = "signature_wrong"
    status = 403
    message = msgid("签名不正确。")


class ApiKeyWrong(LoginError):
    code = "api_key_wrong"
    status = 401
    message = msgid("API 密钥不正确或已停用。")


class AccessTokenWithheld(LoginError):
    """The operator does not hand WeChat's access token to this application."""

    code = "access_token_withheld"
    status = 403
    message = msgid("这个应用不能取得公众号的 access_token，请联系网站管理员。")


class TokenInvalid(LoginError):
    code = "token_invalid"
    status = 401
    message = msgid("登录凭证无效或已过期，请重新登录。")


class TicketInvalid(LoginError):
    """Unknown, another application's, used up and expired look the same."""

    code = "ticket_invalid"
    message = msgid("登录票据无效、已用过或已过期，请重新登录。")


class OpenidUnknown(LoginError):
    code = "openid_unknown"
    status = 404
    message = msgid("不知道这个用户的 openid。")


class UserUnknown(LoginError):
    code = "user_unknown"
    status = 404
    message = msgid("没有这个用户。")


class NotFollowing(LoginError):
    code = "not_following"
    message = msgid("用户没有关注公众号。")


class KeyUnknown(LoginError):
    code = "key_unknown"
    status = 404
    message = msgid("没有这个密钥。")


class KeyInUse(LoginError):
    """A signing key that signs; or, until the time it carries, one whose tokens are still about."""

    code = "key_in_use"
    status = 409
    message = msgid("这个密钥还在使用，不能停用。")

    def __init__(self, until: datetime | None = None) -> None:
        self.until = until
        super().__init__()


class AuthorizationRequestUnknown(InvalidRequest):
    """An authorization request that waits no longer, or a pushed one that was taken before."""

    code = "authorization_request_unknown"
    message = msgid("这次登录已经过期，请回到原来的网站重新开始。")


class CodeReused(LoginError):
    """An authorization code that comes a second time; what the first was given has ended."""

    code = "code_reused"
    message = msgid("这个授权码已经用过了，请回到原来的网站重新登录。")
