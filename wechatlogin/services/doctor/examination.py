"""What the steps of an examination share: the installation, the account, and the words."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from wechatlogin.models import WeChatAppRow
from wechatlogin.services import wechat_apps
from wechatlogin.services.doctor.finding import Finding, State, Step
from wechatlogin.services.pauses import Pauses
from wechatlogin.services.site import Site
from wechatlogin.wechat import errcodes, errors
from wechatlogin.wechat.access_token import IssuedToken, fetch_stable_token
from wechatlogin.wechat.app import WeChatApp
from wechatlogin.wechat.client import WeChatClient
from wechatlogin.wechat.errors import PlatformError
from wechatlogin.wechat.visiting import Visitor


@dataclass(frozen=True)
class Arrival:
    """How an operator's own request reached us, which shows the way that everybody comes."""

    #: The addresses of `X-Forwarded-For`, as they came.
    forwarded_for: tuple[str, ...]
    is_https: bool
    #: Whether a cookie of ours that only https carries came with it.
    has_host_cookie: bool


@dataclass(frozen=True)
class Examination:
    """One examination of the installation, or of one account of it."""

    site: Site
    #: When it began.
    now: datetime
    visitor: Visitor = field(default_factory=Visitor)
    arrival: Arrival | None = None
    _row: WeChatAppRow | None = None
    _began: float = field(default_factory=time.monotonic)

    @property
    def row(self) -> WeChatAppRow:
        """The account that is examined."""
        if self._row is None:
            raise TypeError("this step is about an account")
        return self._row

    @cached_property
    def app(self) -> WeChatApp:
        """The account with its secrets."""
        return wechat_apps.credentials(self.site.vault, self.row)

    @cached_property
    def token_answer(self) -> IssuedToken | PlatformError:
        """What WeChat answers to a request for the account's token, asked once.

        Without force it gives the token in force, and harms no other program that has it.
        """
        try:
            return fetch_stable_token(self.site.http, self.app)
        except PlatformError as err:
            return err

    @property
    def client(self) -> WeChatClient:
        """The account's way to WeChat, which is asked even where logins pause after a refusal."""
        return wechat_apps.client(replace(self.site, pauses=Pauses()), self.row)

    @property
    def present(self) -> datetime:
        """What our clock shows by now."""
        return self.now + timedelta(seconds=time.monotonic() - self._began)

    def ok(self, step: Step, reason: str, remedy: str | None = None, **values: object) -> Finding:
        """Return that a step is as it should be."""
        return self._found(step, State.OK, (reason, remedy), values)

    def wrong(self, step: Step, reason: str, remedy: str, **values: object) -> Finding:
        """Return that something has to be mended."""
        return self._found(step, State.WRONG, (reason, remedy), values)

    def unknown(
        self, step: Step, reason: str, remedy: str | None = None, **values: object
    ) -> Finding:
        """Return that it cannot be told."""
        return self._found(step, State.UNKNOWN, (reason, remedy), values)

    def refused(self, step: Step, err: PlatformError) -> Finding:
        """Return what WeChat's refusal means, in the words of the table of its numbers."""
        entry = errors.describe(err)
        say = self.site.translate
        if entry is None:
            reason, remedy = (
                say(err.message),
                say("稍后再检查一次；错误说明：%(detail)s", detail=err.detail),
            )
            state = State.UNKNOWN
        else:
            reason, remedy = say(entry.meaning), say(entry.advice)
            state = State.UNKNOWN if entry.kind is errcodes.Kind.BUSY else State.WRONG
        return Finding(step, state, reason, remedy, errcode=err.errcode, rid=err.rid)

    def with_answer(self, found: Finding, err: PlatformError) -> Finding:
        """Return a finding with WeChat's number and its name for the call."""
        return replace(found, errcode=err.errcode, rid=err.rid)

    def _found(
        self,
        step: Step,
        state: State,
        sentences: tuple[str, str | None],
        values: dict[str, object],
    ) -> Finding:
        reason, remedy = sentences
        say: Callable[..., str] = self.site.translate
        return Finding(
            step, state, say(reason, **values), say(remedy, **values) if remedy else None
        )
