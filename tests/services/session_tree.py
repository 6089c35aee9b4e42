"""Sessions of browsers, and those of programs below them."""

from datetime import timedelta

from sqlalchemy import select

from tests.services.one_person import LATER, NOW
from tests.stories import a_browser
from wechatlogin.extensions import db
from wechatlogin.models import Application, LogoutNotice, Session, SubjectType
from wechatlogin.services import application_users, applications, sessions
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.site import Site

LIFETIME = timedelta(days=30)
URI = "https://shop.example/logged-out"
CALLBACK = "https://shop.example/callback"


def a_shop(site: Site, *, uri: str | None = URI, **more: SubjectType) -> Application:
    new = NewApplication(
        "书店", redirect_uris=(CALLBACK,), backchannel_logout_uri=uri, is_first_party=True, **more
    )
    return applications.verify(applications.create(site.vault, new, now=NOW).client_id)


def start(token: str, user_id: str, *, replaces: str | None = None) -> Session:
    return sessions.start(
        token,
        sessions.Owner(user_id=user_id),
        browser=a_browser(session_token=replaces),
        way="scan",
        lifetime=LIFETIME,
        now=NOW,
    )


def a_child(parent: Session, shop: Application, name: str = "child") -> Session:
    assert parent.user_id is not None
    application_users.find_or_create(shop.id, parent.user_id, now=NOW)
    return sessions.start_child(name, parent.key_hash, shop, expires_at=NOW + LIFETIME, now=LATER)


def keys() -> set[str]:
    return set(db.session.scalars(select(Session.key_hash)))


def noticed() -> list[str]:
    return sorted(db.session.scalars(select(LogoutNotice.sid)))
