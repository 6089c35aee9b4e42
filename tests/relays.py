"""A site that is relayed to, in the words of the service, for the tests of both directions."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr
from sqlalchemy import func, select

from tests.stories import a_browser
from wechatlogin.extensions import db
from wechatlogin.models import Application
from wechatlogin.services import applications, relay, wechat_apps
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.relay import Asked, PageWish
from wechatlogin.services.site import Site
from wechatlogin.services.wechat_apps import NewWeChatApp
from wechatlogin.wechat.app import AppKind
from wechatlogin.wechat.oauth import Scope

NOW = datetime(2026, 11, 21, 3, 4, tzinfo=UTC)
URI = "https://shop.example/wx/Back?from=menu&n=%E5%BE%AE"
APPID = "wx0123456789abcdef"
WEBSITE_APPID = "wxfedcba9876543210"
BASE = PageWish(Scope.BASE)
ASKED = Asked(APPID, URI, "theirs", BASE)


def register(site: Site, *uris: str, **more: tuple[str, ...]) -> str:
    """Register a site and return its client id."""
    new = NewApplication("书店", redirect_uris=uris, **more)
    return applications.create(site.vault, new, now=NOW).client_id


def add_website_app(site: Site) -> None:
    """Add a website app beside the account."""
    new = NewWeChatApp(WEBSITE_APPID, SecretStr("s" * 32), AppKind.WEBSITE, "晨光书店")
    wechat_apps.save(site.vault, new, now=NOW)


def begin(site: Site, asked: Asked = ASKED) -> str:
    """Begin as the browser of `a_browser()` and return the scene."""
    return scene_in(relay.begin(site, a_browser(), relay.verify(asked), now=NOW))


def scene_in(url: str) -> str:
    """Return the state in an address of WeChat's page."""
    return parse_qs(urlsplit(url).query)["state"][0]


def count_applications() -> int:
    """Return how many sites are registered."""
    return db.session.scalar(select(func.count()).select_from(Application)) or 0
