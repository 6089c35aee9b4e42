"""By which of WeChat's names a person may be known to an application."""

from sqlalchemy import bindparam, select

from wechatlogin.extensions import db
from wechatlogin.models import Application, Identity
from wechatlogin.services import wechat_apps

_THEIRS = (
    select(Identity)
    .where(
        Identity.user_id == bindparam("user_id"),
        Identity.appid.in_(bindparam("appids", expanding=True)),
    )
    .execution_options(populate_existing=True)
)


def get_all(application: Application, user_id: str) -> list[Identity]:
    """Return a person's identities in the application's WeChat apps, the preferred app's first."""
    places = {row.appid: place for place, row in enumerate(wechat_apps.get_for(application))}
    found = db.session.scalars(_THEIRS, {"user_id": user_id, "appids": list(places)})
    return sorted(found, key=lambda identity: (places[identity.appid], identity.id))
