"""Everything that can go wrong, as one tree.

Each error has a stable `code` for programs, an HTTP `status`, and a `message` for people: the
Chinese sentence is the gettext msgid, so a rendering translates it. An error is rendered in one
place per format (`web/errors.py`, and each compat module's map); nobody else builds error bodies.

    LoginError
    ├── InvalidRequest            a parameter is missing, doubled or malformed
    │   ├── BodyNotAccepted       411, 413 or 415: the body's size or kind
    │   ├── ForeignOrigin         a form sent from another site
    │   ├── RedirectUnknown       no application has exactly this redirect URI
    │   └── AppidRefused          the application cannot use the WeChat app that it names
    ├── ApplicationUnknown        no program has this client id
    ├── FollowUnknowable          a follower is required, but no account can tell who follows
    ├── OriginUnknown             the page that opened a window is none of the application's
    ├── NotInWeChat               the page only works in WeChat's own browser
    ├── LoginRequired             nobody is logged in
    ├── RateLimited               too often; carries `resets_in`
    ├── AttemptError              what happens to a login attempt
    │   ├── AttemptNotFound       unknown, or not this browser's: the two look the same
    │   ├── AttemptExpired
    │   ├── AttemptDeclined
    │   ├── AttemptTaken          somebody else scanned first
    │   ├── AttemptNotReady       not confirmed yet
    │   ├── AttemptSpent          already claimed
    │   └── AccountLeft           no longer logged in to the account it would add to
    ├── AuthorizationError        WeChat's page sent the person back without a login
    │   ├── AuthorizationRefused  no code came back: the person refused
    │   ├── AuthorizationInvalid  state or code is missing, foreign, expired or used up
    │   ├── CookieMissing         the browser keeps no cookie, so it may be another one
    │   └── SnapshotUser          WeChat showed a snapshot page with a made-up person
    ├── CodeError                 a verification code
    │   ├── CodeWrong             wrong, expired and used up look the same
    │   └── CodeTriesExhausted
    ├── NumberWrong               no login waits for the number that was sent
    ├── IdentityError             a person's own identities
    │   ├── IdentityNotFound      unknown, or not this person's: the two look the same
    │   └── LastIdentity          taking it away would lock the person out
    ├── MergeError                two users that are, or may be, one person
    │   ├── MergeNotFound
    │   ├── MergeDecided          it stands already as it shall
    │   └── MergeImpossible       one of the two is gone, or would have no identity
    ├── TokenInvalid              a token that is not one of ours, or no longer
    ├── KeyInUse                  a signing key that cannot be retired
    ├── PushRefused               a push that WeChat cannot have sent; `reason` is for the log
    ├── OperatorCredentialsWrong
    ├── ForwardingFailed          a push that the owner's other program did not take
    ├── ForwardURLRefused         an address that pushes cannot be forwarded to
    ├── ReplyRefused              a text for the chat cannot be saved; the message says why
    ├── VerificationFileRefused   a file that WeChat would not take; the message says why
    ├── TemplateRefused           a message template cannot carry codes; the message says why
    ├── NotConfigured             no WeChat app can do what is asked
    │   └── RightMissing          there is one, but its kind has not the right
    └── WeChatError               WeChat's answer; its subclasses are in `wechat/errors.py`
"""

from datetime import timedelta

from wechatlogin.i18n import msgid


class LoginError(Exception):
    """The root; never raised itself."""

    code = "error"
    status = 400
    message = msgid("出错了，请稍后再试。")

    def __init__(self, message: str | None = None) -> None:
        self.message = message or type(self).message
        super().__init__(self.message)


class InvalidRequest(LoginError):
    code = "invalid_request"
    message = msgid("请求的参数不正确。")


class BodyNotAccepted(InvalidRequest):
    """The body's length is unknown (411), too large (413) or its encoding unwanted (415)."""

    code = "body_not_accepted"
    message = msgid("请求的内容过大或格式不正确。")

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__()


class ForeignOrigin(InvalidRequest):
    code = "foreign_origin"
    status = 403
    message = msgid("这个请求来自别的网站，已拒绝。")


class RedirectUnknown(InvalidRequest):
    code = "redirect_unknown"
    message = msgid("这个网站的回调地址没有登记，请联系网站管理员。")


class AppidRefused(InvalidRequest):
    """The appid is none of ours, not the application's, or its kind has no such page."""

    code = "appid_refused"
    message = msgid("这个网站不能用这个公众号或应用登录，请联系网站管理员。")


class ApplicationUnknown(LoginError):
    code = "application_unknown"
    message = msgid("没有登记过这个应用，请联系网站管理员。")


class OriginUnknown(LoginError):
    code = "origin_unknown"
    status = 403
    message = msgid("打开这个窗口的网站没有登记过，请联系那个网站的管理员。")


class FollowUnknowable(LoginError):
    """The application requires a follower, and none of its accounts can know of this person."""

    code = "follow_unknowable"
    status = 503
    message = msgid("登录前要先关注公众号，但现在没有公众号能确认关注。请联系网站管理员。")


class NotInWeChat(LoginError):
    code = "not_in_wechat"
    message = msgid("请在微信中打开。")


class LoginRequired(LoginError):
    code = "login_required"
    status = 401
    message = msgid("请先登录。")


class RateLimited(LoginError):
    """Too often; `resets_in` says when to come back."""

    code = "rate_limited"
    status = 429
    message = msgid("操作太频繁，请稍后再试。")

    def __init__(self, resets_in: timedelta) -> None:
        self.resets_in = resets_in
        super().__init__()


class AttemptError(LoginError):
    code = "attempt_error"
    status = 409


class AttemptNotFound(AttemptError):
    code = "attempt_not_found"
    status = 404
    message = msgid("找不到这次登录，请重新开始。")


class AttemptExpired(AttemptError):
    code = "attempt_expired"
    status = 410
    message = msgid("这次登录已过期，请重新开始。")


class AttemptDeclined(AttemptError):
    code = "attempt_declined"
    message = msgid("这次登录已被拒绝。")


class AttemptTaken(AttemptError):
    code = "attempt_taken"
    message = msgid("这个二维码已被别人扫过，请刷新后再扫。")


class AttemptNotReady(AttemptError):
    code = "attempt_not_ready"
    message = msgid("还没有在手机上确认。")


class AttemptSpent(AttemptError):
    code = "attempt_spent"
    message = msgid("这次登录已经完成。")


class AccountLeft(AttemptError):
    code = "account_left"
    message = msgid("这个浏览器已经退出了账号，请重新登录后再添加。")


class AuthorizationError(LoginError):
    code = "authorization_failed"
    message = msgid("微信授权失败")


class AuthorizationRefused(AuthorizationError):
    code = "authorization_refused"
    message = msgid("你没有同意授权，登录没有完成。")


class AuthorizationInvalid(AuthorizationError):
    code = "authorization_invalid"
    message = msgid("微信授权参数错误或已失效，请重新开始。")


class CookieMissing(AuthorizationError):
    code = "cookie_missing"
    message = msgid("浏览器没有保存 Cookie，登录没有完成。请允许 Cookie，再回到网站重新登录。")


class SnapshotUser(AuthorizationError):
    code = "snapshot_user"
    status = 403
    message = msgid("当前是微信快照页，请点右下角的「使用完整服务」。")


class CodeError(LoginError):
    code = "code_error"


class CodeWrong(CodeError):
    code = "code_wrong"
    message = msgid("验证码不正确或已失效。")


class CodeTriesExhausted(CodeError):
    code = "code_tries_exhausted"
    status = 429
    message = msgid("输错次数太多，请重新获取验证码。")


class NumberWrong(LoginError):
    code = "number_wrong"
    message = msgid("号码不正确或已失效，请看电脑上现在显示的号码。")


class IdentityError(LoginError):
    code = "identity_error"
    status = 409


class IdentityNotFound(IdentityError):
    code = "identity_not_found"
    status = 404
    message = msgid("你的账号里没有这个微信身份。")


class LastIdentity(IdentityError):
    code = "last_identity"
    message = msgid("这是你唯一的微信身份，移除后就无法登录了。")


class MergeError(LoginError):
    code = "merge_error"
    status = 409


class MergeNotFound(MergeError):
    code = "merge_not_found"
    status = 404
    message = msgid("没有这个编号的合并记录。")


class MergeDecided(MergeError):
    code = "merge_decided"
    message = msgid("这条合并记录已经是这个状态，没有改动。")


class MergeImpossible(MergeError):
    code = "merge_impossible"
    message = msgid("其中一个账号已经不存在，或者会没有微信身份，没有改动。")


class TokenInvalid(LoginError):
    code = "token_invalid"
    status = 401
    message = msgid("登录凭证无效或已过期，请重新登录。")


class KeyInUse(LoginError):
    code = "key_in_use"
    status = 409
    message = msgid("这个密钥还在使用，不能停用。")


class PushRefused(LoginError):
    """A push that WeChat cannot have sent; `reason` is a fixed phrase for the log."""

    code = "push_refused"
    status = 403
    message = msgid("签名不正确。")

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__()


class OperatorCredentialsWrong(LoginError):
    code = "operator_credentials_wrong"
    status = 401
    message = msgid("用户名或密码不正确。")


class ReplyRefused(LoginError):
    code = "reply_refused"
    message = msgid("这段回复不能保存。")


class ForwardingFailed(LoginError):
    """The owner's other program did not take a push; `reason` is a fixed phrase for the log."""

    code = "forwarding_failed"
    status = 502
    message = msgid("另一个程序没有接收这条消息。")

    def __init__(self, reason: str = "no answer") -> None:
        self.reason = reason
        super().__init__()


class ForwardURLRefused(LoginError):
    code = "forward_url_refused"
    message = msgid("转发地址应当是另一个程序的完整网址，以 http:// 或 https:// 开头。")


class VerificationFileRefused(LoginError):
    code = "verification_file_refused"
    message = msgid("这个校验文件不能保存。")


class TemplateRefused(LoginError):
    code = "template_refused"
    message = msgid("这个消息模板不能用来发送验证码。")


class NotConfigured(LoginError):
    code = "not_configured"
    status = 503
    message = msgid("微信登录还没有配置好，请联系网站管理员。")


class RightMissing(NotConfigured):
    code = "right_missing"
    status = 501
    message = msgid("这个公众号没有网页授权的权限，请回到登录页，按那里的步骤登录。")


class WeChatError(LoginError):
    """WeChat answered with an error, or not at all."""

    code = "wechat_error"
    status = 502
    message = msgid("微信暂时无法完成这个请求，请稍后再试。")
