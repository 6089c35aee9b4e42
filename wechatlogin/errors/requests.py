"""What is wrong with a request itself."""

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


class ParameterWrong(InvalidRequest):
    """One parameter is doubled or malformed: `field`, as the caller spells it."""

    code = "parameter_wrong"

    def __init__(self, field: str = "") -> None:
        self.field = field
        super().__init__()


class ParameterMissing(ParameterWrong):
    code = "parameter_missing"
    message = msgid("缺少必要的参数。")


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


class NotInWeChat(LoginError):
    code = "not_in_wechat"
    message = msgid("请在微信中打开。")


class LoginRequired(LoginError):
    code = "login_required"
    status = 401
    message = msgid("请先登录。")


class MetricsNotPermitted(LoginError):
    code = "metrics_not_permitted"
    status = 403
    message = msgid("运行数据只对本机开放，或者需要出示 METRICS_TOKEN。")


class SchemaBehind(LoginError):
    """The database has the tables of an older release."""

    code = "schema_behind"
    status = 503
    message = msgid("数据库结构不是最新的，请先运行 flask db upgrade。")


class SchemaAhead(LoginError):
    """The database has the tables of a newer release, and lacks something that this one uses."""

    code = "schema_ahead"
    status = 503
    message = msgid("数据库已经是更新的版本，这个版本的服务不能再使用它，请更新服务。")


class RateLimited(LoginError):
    """Too often; `resets_in` says when to come back."""

    code = "rate_limited"
    status = 429
    message = msgid("操作太频繁，请稍后再试。")

    def __init__(self, resets_in: timedelta) -> None:
        self.resets_in = resets_in
        super().__init__()
