"""Operators in words: what a role may do, and how somebody got in."""

from flask_babel import gettext

from wechatlogin.models import Role
from wechatlogin.services.operator_links import BY_WECHAT


def role(name: str) -> str:
    """Return what a role is called."""
    return gettext("管理员") if name == Role.ADMIN else gettext("只看状态")


def role_help() -> str:
    """Return what the roles mean."""
    return gettext("管理员可以查看和更改一切；只看状态的人看不到任何个人信息，只看到数量。")


def roles() -> list[tuple[str, str]]:
    """Return the roles as a form offers them."""
    return [(one.value, role(one)) for one in (Role.VIEWER, Role.ADMIN)]


def way(name: str) -> str:
    """Return how an operator logged in."""
    return gettext("微信") if name == BY_WECHAT else gettext("密码")
