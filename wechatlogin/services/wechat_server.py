"""What the clients of wechat-server ask for, in the name of an application.

    identify               a verification code becomes the openid of its person, and is spent
    hand_out_access_token  WeChat's access token, where the operator permits it

Both keep to the application's own WeChat apps.
"""

import logging
from datetime import datetime

from wechatlogin.config import FollowPolicy
from wechatlogin.errors import (
    AccessTokenWithheld,
    AppidRefused,
    CodeWrong,
    FollowUnknowable,
    NotConfigured,
    NotFollowing,
)
from wechatlogin.models import Application, Identity, Way, WeChatAppRow
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import (
    accounts,
    application_users,
    codes,
    following,
    users,
    wechat_apps,
)
from wechatlogin.services.errand import Errand
from wechatlogin.services.site import Site
from wechatlogin.wechat.access_token import IssuedToken
from wechatlogin.wechat.app import Right

log = logging.getLogger(__name__)


def identify(
    site: Site, application: Application, typed: str, *, appid: str | None = None, now: datetime
) -> str:
    """Spend a code and return the openid of its person.

    `appid` is the only WeChat app whose codes count; without it all the application's do. Whoever
    calls this limits the wrong guesses.

    :raise AppidRefused: if the application has no such WeChat app.
    :raise CodeWrong: if the code is wrong, expired, used, or another WeChat app's.
    :raise NotFollowing: if the application requires a follower and the person is none; then the
        code stays good.
    :raise FollowUnknowable: if there is no account that could know.
    :raise UserBanned: if an operator has banned the person.
    """
    rows = {row.appid: row for row in _apps(application, appid)}
    holder = codes.get_holder(site, typed, now=now)
    if holder is None or holder.appid not in rows:
        raise CodeWrong
    if Errand(application=application).follow_policy is FollowPolicy.REQUIRE:
        account = following.get_account(application, rows[holder.appid])
        _verify_following(site, account, holder, now)
    identity = codes.spend(site, typed, appids=rows, now=now)
    _note_login(application, identity, now)
    return identity.openid


def hand_out_access_token(
    site: Site, application: Application, *, appid: str | None = None
) -> IssuedToken:
    """Return the access token of an account of the application's, and how long it is good for.

    :raise AccessTokenWithheld: if the operator does not permit it for this application.
    :raise AppidRefused: if the application has no such WeChat app.
    :raise NotConfigured: if none of them has an access token.
    :raise WeChatError: if WeChat gives none.
    """
    if not site.settings.permits_access_token(application.client_id):
        raise AccessTokenWithheld
    rows = _apps(application, appid)
    row = next((row for row in rows if row.has(Right.ACCESS_TOKEN)), None)
    if row is None:
        raise NotConfigured
    issued = wechat_apps.access_tokens(site, row).get_with_lifetime()
    log.info("the access token of %s went to application %s", row.appid, application.client_id)
    return issued


def _apps(application: Application, appid: str | None) -> list[WeChatAppRow]:
    rows = wechat_apps.get_for(application)
    if appid is None:
        return rows
    named = [row for row in rows if row.appid == appid]
    if not named:
        raise AppidRefused
    return named


def _verify_following(
    site: Site, account: WeChatAppRow | None, identity: Identity, now: datetime
) -> None:
    if account is None:
        raise FollowUnknowable
    known = following.get_identity_of(identity.user_id, account)
    if known is None or not following.renew(site, account, known, now=now).follows:
        raise NotFollowing


@repeatable
def _note_login(application: Application, identity: Identity, now: datetime) -> None:
    with write():
        user_id = users.lock(identity.user_id)
        if user_id is None:
            # Erased a moment ago.
            raise CodeWrong
        users.verify_admitted(user_id)
        accounts.note_login(user_id, way=Way.CODE, ip=None, now=now)
        application_users.find_or_create(application.id, user_id, now=now)
