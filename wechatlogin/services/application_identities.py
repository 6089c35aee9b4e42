"""By which of WeChat's names a person may be known to an application."""

from sqlalchemy import bindparam, select

from wechatlogin.extensions import db
from wechatlogin.models import Application, Identity, WeChatAppRow

#: In apps that are still there, the first made first.
_THEIRS = (
    select(Identity)
    .join(WeChatAppRow, WeChatAppRow.appid == Identity.appid)
    .where(Identity.user_id == bindparam("user_id"))
    .order_by(WeChatAppRow.id, Identity.id)
    .execution_options(populate_existing=True)
)


def get_all(application: Application, user_id: str) -> list[Identity]:
    """Return a person's identities in the application's WeChat apps, the preferred app's first."""
    found = list(db.session.scalars(_THEIRS, {"user_id": user_id}))
    if not application.appids:
        return found
    places = {appid: place for place, appid in enumerate(application.appids)}
    named = [identity for identity in found if identity.appid in places]
    return sorted(named, key=lambda identity: places[identity.appid])
