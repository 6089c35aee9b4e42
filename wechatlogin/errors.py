"""Everything that can go wrong, as one tree.

Each error has a stable `code` for programs, an HTTP `status`, and a `message` for people: the
Chinese sentence is the gettext msgid, so a rendering translates it. An error is rendered in one
place per format (`web/errors.py`, and each compat module's map); nobody else builds error bodies.

    LoginError
    ├── InvalidRequest            a parameter is missing, doubled or malformed
    │   ├── BodyNotAccepted       411, 413 or 415: the body's size or kind
    │   └── ForeignOrigin         a form sent from another site
    ├── ApplicationUnknown        no program has this client id
    ├── NotInWeChat               the page only works in WeChat's own browser
    ├── LoginRequired             nobody is logged in
    ├── RateLimited               too often; carries `resets_in`
    ├── AttemptError              what happens to a login attempt
    │   ├── AttemptNotFound       unknown, or not this browser's: the two look the same
    │   ├── AttemptExpired
    │   ├── AttemptDeclined
    │   ├── AttemptTaken          somebody else scanned first
    │   ├── AttemptNotReady       not confirmed yet
    │   └── AttemptSpent          already claimed
    ├── AuthorizationError        WeChat's page sent the person back without a login
    │   ├── AuthorizationRefused  no code came back: the person refused
    │   ├── AuthorizationInvalid  state or code is missing, foreign, expired or used up
    │   └── SnapshotUser          WeChat showed a snapshot page with a made-up person
    ├── CodeError                 a verification code
    │   ├── CodeWrong             wrong, expired and used up look the same
    │   └── CodeTriesExhausted
    ├── NumberWrong               no login waits for the number that was sent
    ├── PushRefused               a push that WeChat cannot have sent; `reason` is for the log
    ├── OperatorCredentialsWrong
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


class ApplicationUnknown(LoginError):
    code = "application_unknown"
    message = msgid("没有登记过这个应用，请联系网站管理员。")


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


class AuthorizationError(LoginError):
    code = "authorization_failed"
    message = msgid("微信授权失败")


class AuthorizationRefused(AuthorizationError):
    code = "authorization_refused"
    message = msgid("你没有同意授权，登录没有完成。")


class AuthorizationInvalid(AuthorizationError):
    code = "authorization_invalid"
    message = msgid("微信授权参数错误或已失效，请重新开始。")


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
