"""People who no longer follow the account: what becomes of them is the owner's choice.

`UNFOLLOWED` keeps them, ends their sessions at once, or does so and later deletes the WeChat
that unfollowed (`services/retention.py`), should they not follow again meanwhile.
"""

from datetime import datetime

from wechatlogin.config import UnfollowPolicy
from wechatlogin.models import WeChatAppRow
from wechatlogin.models.transaction import repeatable, write
from wechatlogin.services import accounts, sessions, users
from wechatlogin.services.site import Site


def note(site: Site, row: WeChatAppRow, openid: str, *, at: datetime, now: datetime) -> None:
    """Note that somebody no longer follows, by WeChat's time of the event, and act upon it."""
    accounts.note_follow_event(row.appid, openid, follows=False, at=at, now=now)
    if site.settings.unfollowed is UnfollowPolicy.KEEP:
        return
    _log_out(row.appid, openid, now)


@repeatable
def _log_out(appid: str, openid: str, now: datetime) -> None:
    with write():
        identity = accounts.get_identity(appid, openid)
        # The event may be older than one that said the opposite.
        if identity is None or identity.follows is not False:
            return
        user_id = users.lock(identity.user_id)
        if user_id is not None:
            sessions.end_all(user_id, now=now)
