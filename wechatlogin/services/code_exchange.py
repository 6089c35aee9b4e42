"""The exchange of the code with which WeChat's page sends a browser back: once for each attempt.

The first callback exchanges it, and the attempt is confirmed as whom it stands for. A second one
waits for the first to end and has the same outcome. After a snapshot page, which names nobody, the
next code is exchanged anew.
"""

import time
from datetime import datetime

from wechatlogin.errors import AuthorizationInvalid, SnapshotUser, WeChatError
from wechatlogin.models import Attempt, Identity, Status, WeChatAppRow
from wechatlogin.services import accounts, attempt_marks, attempts, followers_only, wechat_apps
from wechatlogin.services.accounts import Sighting
from wechatlogin.services.site import Site
from wechatlogin.vault import sha256_hex
from wechatlogin.wechat.errors import LoginMustRestart, SnapshotSuspected
from wechatlogin.wechat.oauth import TOKEN_PATH, Scope

#: How long the second of two callbacks waits for the first to end.
PATIENCE_SECONDS = 8.0
LOOK_AGAIN_SECONDS = 0.05


def confirm_by_code(
    site: Site, attempt: Attempt, code: str, *, now: datetime, language: str | None = None
) -> Attempt:
    """Exchange the code and confirm the attempt, or wait for the callback that is at it.

    The caller has seen that whoever brings the code is the one that the attempt belongs to;
    `language` is what their pages speak.

    :raise AuthorizationInvalid: if the callback that was first came to nothing.
    :raise SnapshotUser: if WeChat showed a snapshot page.
    :raise LoginMustRestart: if WeChat refuses the code; the attempt stays as it is.
    :raise WeChatError: if WeChat gives no answer to the code.
    """
    if not attempt_marks.begin_exchange(attempt.id, code_hash=sha256_hex(code), now=now):
        with site.http.slots.taken(TOKEN_PATH):
            return _outcome_of_other_callback(attempt.id, now)
    row = wechat_apps.get(attempt.appid or "")
    if row is None:
        raise AuthorizationInvalid
    try:
        identity = identify(site, row, code, now=now, language=language)
        followers_only.find_out(site, attempt, row, identity.openid, now=now)
    except (SnapshotUser, SnapshotSuspected):
        attempt_marks.release_exchange(attempt.id, now=now)
        raise
    except LoginMustRestart:
        raise
    except WeChatError:
        attempts.fail(attempt.id, reason="wechat", now=now)
        raise
    return followers_only.confirm(attempt, identity, now=now)


def identify(
    site: Site, row: WeChatAppRow, code: str, *, now: datetime, language: str | None = None
) -> Identity:
    """Return whom a code of WeChat's page stands for, in one try.

    :raise SnapshotUser: if WeChat showed a snapshot page; `SnapshotSuspected` says the same.
    :raise LoginMustRestart: if the code is expired, used up or not one of this app's.
    :raise WeChatError: if WeChat gives no answer.
    """
    client = wechat_apps.client(site, row)
    # One slot for both calls: whose code is spent is not to be turned away at the second.
    with site.http.slots.taken(TOKEN_PATH):
        grant = client.exchange_code(code)
        if grant.is_snapshot_user:
            raise SnapshotUser
        has_profile = bool({Scope.USERINFO, Scope.LOGIN} & grant.scopes)
        profile = client.get_profile(grant) if has_profile else None
    sighting = Sighting(grant.openid, grant.unionid, profile, language=language)
    return accounts.find_or_create_identity(row, sighting, now=now)


def _outcome_of_other_callback(attempt_id: str, now: datetime) -> Attempt:
    """Wait until the callback that exchanges the code has ended, and share its outcome."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up_at:
        attempt = attempts.get(attempt_id)
        if attempt is not None and attempt.status in {Status.CONFIRMED, Status.CLAIMED}:
            return attempt
        if attempt is not None and attempt.awaits_follow:
            return attempt
        if attempt is None or attempt.status != Status.PENDING:
            break
        if attempt.exchange_hash is None:
            # Nothing else gives the right to exchange back.
            raise SnapshotUser
        time.sleep(LOOK_AGAIN_SECONDS)
    raise AuthorizationInvalid
