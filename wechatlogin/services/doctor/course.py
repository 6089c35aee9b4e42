"""The course of an examination: which steps, in which order, and what happens when one breaks."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.fernet import InvalidToken
from sqlalchemy.exc import SQLAlchemyError

from wechatlogin.errors import LoginError
from wechatlogin.extensions import db
from wechatlogin.i18n import msgid
from wechatlogin.models import WeChatAppRow
from wechatlogin.services import wechat_apps
from wechatlogin.services.doctor import callback, credentials, domain, front, reach, rights, storage
from wechatlogin.services.doctor.examination import Arrival, Examination
from wechatlogin.services.doctor.finding import Finding, State, Step
from wechatlogin.services.site import Site
from wechatlogin.wechat import deadline
from wechatlogin.wechat.visiting import Visitor

log = logging.getLogger(__name__)

#: For everything together: somebody waits in front of the page.
PATIENCE = timedelta(seconds=18)

Examine = Callable[[Examination], Finding | None]

OF_INSTALLATION: Mapping[Step, Examine] = {
    Step.SETTINGS: front.examine_settings,
    Step.PUBLIC_URL: reach.examine_public_url,
    Step.CERTIFICATE: reach.examine_certificate,
    Step.CLOCK: reach.examine_clock,
    Step.DATABASE: storage.examine_database,
    Step.REDIS: storage.examine_redis,
    Step.PROXIES: front.examine_proxies,
    Step.COOKIES: front.examine_cookies,
}
OF_APP: Mapping[Step, Examine] = {
    Step.SECRET: credentials.examine_secret,
    Step.WHITE_LIST: credentials.examine_white_list,
    # Before our own calls renew a token that has been replaced.
    Step.TOKEN_OWNER: credentials.examine_token_owner,
    Step.CALLBACK: callback.examine_callback,
    Step.WECHAT_CHECK: callback.examine_wechat_check,
    Step.PUSH: callback.examine_push,
    Step.MODE: callback.examine_mode,
    Step.DOMAIN: domain.examine_domain,
    Step.RIGHTS: rights.examine_rights,
    Step.TEMPLATE: rights.examine_template,
}


@dataclass(frozen=True)
class AppFindings:
    """What the examination of one WeChat app showed."""

    appid: str
    name: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Report:
    """What the whole examination showed."""

    installation: tuple[Finding, ...]
    apps: tuple[AppFindings, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings in one row."""
        return (*self.installation, *(one for app in self.apps for one in app.findings))

    def count(self, state: State) -> int:
        """Return how many steps ended so."""
        return sum(finding.state is state for finding in self.findings)


def examine_all(
    site: Site,
    *,
    now: datetime,
    appid: str | None = None,
    arrival: Arrival | None = None,
    visitor: Visitor | None = None,
) -> Report:
    """Walk through every step, of one WeChat app or of all; whatever breaks, it goes on."""
    visitor, until = visitor or Visitor(), time.monotonic() + PATIENCE.total_seconds()
    exam = Examination(site, now, visitor, arrival)
    with deadline.within(PATIENCE):
        installation = _walk(exam, OF_INSTALLATION, until)
        apps = [
            AppFindings(
                row.appid,
                row.name,
                _walk(Examination(site, now, visitor, arrival, row), OF_APP, until),
            )
            for row in _get_rows()
            if appid is None or row.appid == appid
        ]
    return Report(installation, tuple(apps))


def examine_installation(
    site: Site,
    *steps: Step,
    now: datetime,
    arrival: Arrival | None = None,
    visitor: Visitor | None = None,
) -> tuple[Finding, ...]:
    """Return what these steps show of the installation."""
    exam = Examination(site, now, visitor or Visitor(), arrival)
    return _choose(exam, OF_INSTALLATION, steps)


def examine_app(
    site: Site,
    row: WeChatAppRow,
    *steps: Step,
    now: datetime,
    visitor: Visitor | None = None,
) -> tuple[Finding, ...]:
    """Return what these steps show of one WeChat app, and of the installation as far as named.

    Those that do not concern the app are left out.
    """
    exam = Examination(site, now, visitor or Visitor(), _row=row)
    return _choose(exam, {**OF_INSTALLATION, **OF_APP}, steps)


def look_for_push(
    site: Site, row: WeChatAppRow, *, since: datetime, now: datetime
) -> Finding | None:
    """Return whether WeChat has sent something since a moment; None where it sends nothing."""
    exam = Examination(site, now, _row=row)
    return callback.examine_push(exam, since=since)


def _choose(
    exam: Examination, known: Mapping[Step, Examine], steps: Sequence[Step]
) -> tuple[Finding, ...]:
    with deadline.within(PATIENCE):
        until = time.monotonic() + PATIENCE.total_seconds()
        return _walk(exam, {step: known[step] for step in steps}, until)


def _walk(exam: Examination, steps: Mapping[Step, Examine], until: float) -> tuple[Finding, ...]:
    found = (_examine(exam, step, examine, until) for step, examine in steps.items())
    return tuple(finding for finding in found if finding is not None)


def _examine(exam: Examination, step: Step, examine: Examine, until: float) -> Finding | None:
    if time.monotonic() > until:
        return exam.unknown(
            step, msgid("前面的步骤太慢，没有时间做这一步。"), msgid("只选一个帐号再检查一次。")
        )
    try:
        return examine(exam)
    except (LoginError, SQLAlchemyError, InvalidToken, OSError, ValueError) as err:
        log.exception("the doctor could not finish a step: %s", step)
        _give_up_transaction()
        return exam.unknown(
            step,
            msgid("这一步没有做完（%(why)s）。"),
            msgid("详细原因在服务的日志里。"),
            why=type(err).__name__,
        )


def _get_rows() -> list[WeChatAppRow]:
    try:
        return wechat_apps.get_all()
    except SQLAlchemyError:
        log.exception("the doctor could not read the WeChat apps")
        _give_up_transaction()
        return []


def _give_up_transaction() -> None:
    try:
        db.session.rollback()
    except SQLAlchemyError:
        log.warning("the doctor could not roll back")
