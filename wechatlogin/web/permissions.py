"""The part of the account page about applications that know a person, and a scope in words.

GET|POST /account/applications/<client_id>/revoke   the GET asks, the POST takes the consent back
"""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, url_for
from flask_babel import gettext
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.services import consents
from wechatlogin.services.consents import Known
from wechatlogin.web import brands, words

bp = Blueprint("permissions", __name__)


@dataclass(frozen=True)
class Permission:
    """What a scope lets an application know or do, in plain words."""

    label: str
    detail: str


@bp.get("/account/applications/<client_id>/revoke")
@login_required
def ask_to_revoke(client_id: str) -> Response | str:
    known = consents.get(current_user.user.id, client_id)
    if known is None:
        # It has been taken back in another tab.
        return redirect(url_for("account.show"), 303)
    return render_template(
        "question.html",
        title=gettext("收回给「%(name)s」的许可？", name=known.application.name),
        text=gettext(
            "你在那里的登录会结束，它不再能查询你的资料；下次登录会再问你。它已经保存的不受影响。"
        ),
        action=url_for("permissions.revoke", client_id=client_id),
        label=gettext("收回"),
        back_url=url_for("account.show"),
    )


@bp.post("/account/applications/<client_id>/revoke")
@login_required
def revoke(client_id: str) -> Response:
    user_id = current_user.user.id
    known = consents.get(user_id, client_id)
    if known is not None:
        consents.revoke(user_id, known.application.id, now=clock.now())
    return redirect(url_for("account.show", linked="revoked"), 303)


def describe(known: Known) -> dict[str, object]:
    """Return an application that knows the person, as the account page shows it."""
    client_id = known.application.client_id
    return {
        "client_id": client_id,
        "brand": brands.brand_of(known.application),
        "since_text": gettext("%(date)s 起", date=words.day(known.since)),
        "may_know": [permission.label for permission in get_permissions(known.scopes)],
        "revoke_url": url_for("permissions.ask_to_revoke", client_id=client_id),
    }


def get_permissions(scopes: Iterable[str]) -> list[Permission]:
    """Return what these scopes permit, in the order of the pages."""
    granted = set(scopes)
    if "profile" in granted:
        # Who tells a name tells that it is the same person.
        granted.discard("openid")
    texts = {
        "openid": Permission(gettext("认出你"), gettext("每次登录都知道是同一个人")),
        "profile": Permission(
            gettext("微信昵称和头像"), gettext("每次登录都认得你，还知道微信的语言")
        ),
        "email": Permission(gettext("代用邮箱"), gettext("由编号生成的地址，不是你的真实邮箱")),
        "wechat": Permission(
            gettext("你的微信编号"), gettext("openid、unionid，以及是否关注公众号")
        ),
        "offline_access": Permission(gettext("保持登录"), gettext("你不在时也能查看这些资料")),
    }
    return [permission for scope, permission in texts.items() if scope in granted]
