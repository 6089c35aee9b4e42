"""The start of a login on a desktop by a QR code, which a phone scans (`services/qr_scans.py`).

An attempt and the text of its QR: the account's parametric QR (way `scan`), or our own address (way
`page`) where WeChat gives none, or where it is opened on the phone itself.
"""

import logging
from datetime import datetime, timedelta

from wechatlogin.config import ConfirmPolicy
from wechatlogin.errors import RightMissing
from wechatlogin.models import Attempt, Way, WeChatAppRow
from wechatlogin.services import attempts, wechat_apps
from wechatlogin.services.errand import Errand
from wechatlogin.services.site import Browser, Site
from wechatlogin.wechat.app import Right
from wechatlogin.wechat.errors import PlatformError

log = logging.getLogger(__name__)

CREATE_QRCODE = "qrcode/create"


def start(
    site: Site,
    row: WeChatAppRow,
    browser: Browser,
    *,
    errand: Errand,
    now: datetime,
    shows_numbers: bool = True,
) -> Attempt:
    """Start an attempt whose QR a phone can scan.

    A page that shows no numbers keeps no cookie either: there a tap confirms, each time.

    :raise RightMissing: if WeChat makes no QR, and the account cannot do without.
    :raise OperatorNeeded: if WeChat refuses the account's secret, so that no QR leads anywhere.
    """
    scene = attempts.new_scene()
    lifetime = timedelta(seconds=site.settings.scan_seconds)
    url = _account_qr(site, row, scene, lifetime=lifetime, now=now)
    if url is None and not row.has(Right.WEB_AUTHORIZATION):
        raise RightMissing
    if url is None:
        site.pauses.verify_secret(row.appid, now=now)
    new = attempts.NewAttempt(
        way=Way.SCAN if url else Way.PAGE,
        errand=errand,
        binding_hash=browser.binding_hash,
        browser=browser.name,
        ip=browser.ip,
        lifetime=lifetime,
        scene=scene,
        confirm=_confirm_policy(site, errand, shows_numbers=shows_numbers),
        appid=row.appid,
        qr_content=url or site.url(f"/q/{scene}"),
    )
    return attempts.start(new, now=now)


def start_by_link(
    site: Site, row: WeChatAppRow, browser: Browser, *, errand: Errand, now: datetime
) -> Attempt:
    """Start an attempt that is confirmed where its address is opened in WeChat, on the same phone.

    It lasts as long as a visit to WeChat's page: a link takes longer to bring there than a scan.
    """
    scene = attempts.new_scene()
    new = attempts.NewAttempt(
        way=Way.PAGE,
        errand=errand,
        binding_hash=browser.binding_hash,
        browser=browser.name,
        ip=browser.ip,
        lifetime=timedelta(seconds=site.settings.authorize_seconds),
        scene=scene,
        confirm=_confirm_policy(site, errand, shows_numbers=True),
        appid=row.appid,
        qr_content=site.url(f"/q/{scene}"),
    )
    return attempts.start(new, now=now)


def _confirm_policy(site: Site, errand: Errand, *, shows_numbers: bool) -> ConfirmPolicy:
    policy = errand.confirm_policy(site.settings)
    return policy if shows_numbers or policy is ConfirmPolicy.NEVER else ConfirmPolicy.TAP


def _account_qr(
    site: Site, row: WeChatAppRow, scene: str, *, lifetime: timedelta, now: datetime
) -> str | None:
    """Return what the account's own QR for the scene holds, if WeChat makes one."""
    is_paused = site.pauses.check_paused(row.appid, CREATE_QRCODE, now=now)
    if is_paused or not row.has(Right.PARAMETRIC_QR):
        return None
    try:
        # A little longer than the attempt: its last seconds can be scanned too.
        ticket = wechat_apps.client(site, row).create_qrcode(
            scene, max(lifetime, timedelta(seconds=60))
        )
    except PlatformError as err:
        log.warning("%s makes no QR, so the page shows one of ours: %s", row.appid, err.detail)
        site.pauses.pause(row.appid, CREATE_QRCODE, err, now=now)
        return None
    return ticket.url
