"""A device, and people who are logged in in a browser, for the tests of device logins."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.stories import an_account, an_identity
from wechatlogin.models import Application, DeviceCode, Identity, Session
from wechatlogin.services import applications, device_codes, device_login, sessions
from wechatlogin.services.applications import NewApplication
from wechatlogin.services.device_login import DeviceLogin, Started
from wechatlogin.services.site import Browser, Site

NOW = datetime(2026, 11, 21, 3, 4, tzinfo=UTC)
SECOND = timedelta(seconds=1)
EARLIER, LONG_AGO = NOW - timedelta(hours=6), NOW - timedelta(days=300)
SCOPE = "openid profile offline_access"
APPID, OTHER_APPID = "wx0123456789abcdef", "wxfedcba9876543210"


@dataclass(frozen=True)
class Person:
    """Somebody who is logged in, in a browser where they have logged in hours ago."""

    identity: Identity
    session: Session
    user_id: str


def a_person(site: Site, openid: str, *, appid: str = APPID) -> Person:
    identity = an_identity(an_account(site, now=NOW, appid=appid), openid, now=EARLIER)
    session = sessions.start(
        f"the session of {openid} in {appid}",
        sessions.Owner(user_id=identity.user_id),
        browser=Browser(binding="", is_bound=True, name="iPhone · 微信", ip="203.0.113.9"),
        way="in_wechat",
        lifetime=timedelta(days=7),
        now=EARLIER,
    )
    return Person(identity, session, identity.user_id)


def an_application(site: Site, **more: object) -> Application:
    new = NewApplication("电视", **more)  # type: ignore[arg-type]
    return applications.verify(applications.create(site.vault, new, now=NOW).client_id)


def start(application: Application, now: datetime = NOW) -> Started:
    return device_login.start(
        application, SCOPE, name="Linux · 未知浏览器", ip="203.0.113.7", now=now
    )


def shown(started: Started, now: datetime = NOW) -> DeviceLogin:
    return device_login.verify(started.user_code, now=now)


def poll(started: Started, application: Application, now: datetime = NOW) -> device_login.Granted:
    return device_login.poll(started.device_code.get_secret_value(), application, now=now)


def row_of(started: Started) -> DeviceCode:
    row = device_codes.get_by_user_code(started.user_code)
    assert row is not None
    return row
