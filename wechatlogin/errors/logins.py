"""What happens to a login on its way."""

from wechatlogin.errors.requests import LoginError
from wechatlogin.i18n import msgid


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


class PolledTooSoon(AttemptError):
    """A device asks more often than it was told to; it has to wait longer from now on."""

    code = "slow_down"
    status = 400
    message = msgid("问得太频繁了，请稍候再试。")


class NoticeDue(AttemptError):
    """Who this is has been shown; what is missing is that they agree to the privacy notice."""

    code = "notice_due"
    status = 403
    message = msgid("登录前要先同意隐私须知。")

    def __init__(self, attempt_id: str) -> None:
        super().__init__()
        self.attempt_id = attempt_id


class NoticeRefused(AttemptError):
    code = "notice_refused"
    status = 403
    message = msgid("你没有同意隐私须知，登录没有进行。")


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


class UserCodeWrong(CodeError):
    """No device waits with this code; unknown, expired and used by another look the same."""

    code = "user_code_wrong"
    message = msgid("设备码不正确或已失效，请看设备上现在显示的设备码。")


class UserBanned(LoginError):
    """Who this is has been shown, and an operator lets them no longer in."""

    code = "user_banned"
    status = 403
    message = msgid("这个账号已被停用，不能登录。请联系网站管理员。")


class NumberWrong(LoginError):
    code = "number_wrong"
    message = msgid("号码不正确或已失效，请看电脑上现在显示的号码。")


class FollowUnknowable(LoginError):
    """The application requires a follower, and none of its accounts can know of this person."""

    code = "follow_unknowable"
    status = 503
    message = msgid("登录前要先关注公众号，但现在没有公众号能确认关注。请联系网站管理员。")


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
