"""What is wrong with a program that logs people in through us, or with its tokens."""

from wechatlogin.errors.requests import InvalidRequest, LoginError
from wechatlogin.i18n import msgid


class RedirectUnknown(InvalidRequest):
    code = "redirect_unknown"
    message = msgid("这个网站的回调地址没有登记，请联系网站管理员。")


class AppidRefused(InvalidRequest):
    """The appid is none of ours, not the application's, or its kind has no such page."""

    code = "appid_refused"
    message = msgid("这个网站不能用这个公众号或应用登录，请联系网站管理员。")


class UserDomainMalformed(InvalidRequest):
    code = "user_domain_malformed"
    message = msgid("用户域的格式不正确。")


class CountryUnknown(InvalidRequest):
    code = "country_unknown"
    message = msgid("移动国家码不正确。")


class ApplicationUnknown(LoginError):
    code = "application_unknown"
    message = msgid("没有登记过这个应用，请联系网站管理员。")


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


class KeyInUse(LoginError):
    code = "key_in_use"
    status = 409
    message = msgid("这个密钥还在使用，不能停用。")
