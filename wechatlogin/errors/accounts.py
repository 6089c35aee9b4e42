"""What is wrong with a WeChat account, its pushes or what an operator enters for it."""

from wechatlogin.errors.requests import LoginError
from wechatlogin.i18n import msgid


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


class OperatorNotPermitted(LoginError):
    """The operator's role does not go so far."""

    code = "operator_not_permitted"
    status = 403
    message = msgid("你的操作员角色不能打开这个页面，请联系管理员。")


class OperatorUnknown(LoginError):
    code = "operator_unknown"
    status = 404
    message = msgid("没有这个操作员。")


class OperatorExists(LoginError):
    code = "operator_exists"
    status = 409
    message = msgid("已有操作员用这个用户名。")


class OperatorNameRefused(LoginError):
    code = "operator_name_refused"
    message = msgid("用户名用 1 到 64 个字母、数字、汉字或 . _ @ -，不含空格。")


class OperatorPasswordRefused(LoginError):
    code = "operator_password_refused"
    message = msgid("这个密码不能用。")


class LastAdmin(LoginError):
    """Without the operator nobody could change anything on the operators' pages."""

    code = "last_admin"
    status = 409
    message = msgid("这是最后一个管理员，不能移除，也不能改为只看状态。请先添加另一个管理员。")


class OperatorNotLinked(LoginError):
    """The person is no operator."""

    code = "operator_not_linked"
    status = 403
    message = msgid("这个微信没有关联操作员。请先用密码登录，再在自己的页面上关联微信。")


class OperatorLinkTaken(LoginError):
    """The person is another operator already."""

    code = "operator_link_taken"
    status = 409
    message = msgid("这个微信已关联另一个操作员，要先在那里取消关联。")


class ForwardingFailed(LoginError):
    """The owner's other program did not take a push; `reason` is a fixed phrase for the log."""

    code = "forwarding_failed"
    status = 502
    message = msgid("另一个程序没有接收这条消息。")

    def __init__(self, reason: str = "no answer") -> None:
        self.reason = reason
        super().__init__()


class NoticeNotTaken(LoginError):
    """An application's server did not take a notice; `reason` is a fixed phrase for the log."""

    code = "notice_not_taken"
    status = 502
    message = msgid("对方服务器没有接收这条通知。")

    def __init__(self, reason: str = "no answer") -> None:
        self.reason = reason
        super().__init__()


class ForwardURLRefused(LoginError):
    code = "forward_url_refused"
    message = msgid("转发地址应当是另一个程序的完整网址，以 http:// 或 https:// 开头。")


class ReplyRefused(LoginError):
    code = "reply_refused"
    message = msgid("这段回复不能保存。")


class VerificationFileRefused(LoginError):
    code = "verification_file_refused"
    message = msgid("这个校验文件不能保存。")


class TemplateRefused(LoginError):
    code = "template_refused"
    message = msgid("这个消息模板不能用来发送验证码。")


class WeChatAppInUse(LoginError):
    """An app that an application names cannot be removed."""

    code = "wechat_app_in_use"
    status = 409
    message = msgid("还有应用指定了这个微信账号，请先在那些应用里去掉它。")


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
