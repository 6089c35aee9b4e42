"""The way to applications' own servers, which are told what happened: one try, no redirect.

    post       a form, to where a log-out is told: an operator may well have registered an address
               in the same network or on this machine
    deliver    a webhook, to public addresses alone; while developing, to this machine too

`deadline` keeps away from what is not to be reached. Nothing of the answer is read but its head.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import requests
from urllib3 import exceptions as urllib3_exceptions

from wechatlogin.errors import NoticeNotTaken
from wechatlogin.wechat import deadline
from wechatlogin.wechat.http import DirectSession

#: How a server says that it has taken a notice (Back-Channel Logout, 2.8).
TAKEN = frozenset({requests.codes.ok, requests.codes.no_content})
#: The reason where an address is not to be gone to.
BARRED = "AddressBarred"
_HEADERS = {"Accept": "*/*", "Connection": "close"}


@dataclass(frozen=True)
class PostLimits:
    """How long a call may take."""

    connect: timedelta = timedelta(seconds=2)
    read: timedelta = timedelta(seconds=5)
    total: timedelta = timedelta(seconds=8)


class Poster:
    """Posts forms and webhooks."""

    def __init__(self, limits: PostLimits | None = None, *, permits_loopback: bool = False) -> None:
        self._limits = limits or PostLimits()
        self._permits_loopback = permits_loopback

    def post(self, url: str, form: Mapping[str, str]) -> None:
        """Post a form to a server.

        :raise NoticeNotTaken: if it does not answer in time that it has taken it.
        """
        status = self._get_status(url, form, {})
        if status not in TAKEN:
            raise NoticeNotTaken(f"HTTP {status}")

    def deliver(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Post a webhook's body as it is, and return the status that was answered.

        :raise NoticeNotTaken: if nothing was answered in time, or the address is not public.
        """
        with deadline.only_public(permits_loopback=self._permits_loopback):
            return self._get_status(url, body, headers)

    def _get_status(
        self, url: str, body: Mapping[str, str] | bytes, headers: Mapping[str, str]
    ) -> int:
        try:
            return self._post(url, body, headers)
        except (OSError, ValueError, urllib3_exceptions.HTTPError) as err:
            # Every exception of requests is an OSError, but for an address that is none.
            reason = _reason(err)
        # Raised out here the exception has no context: requests quotes the whole address in its.
        raise NoticeNotTaken(reason)

    def _post(self, url: str, body: Mapping[str, str] | bytes, headers: Mapping[str, str]) -> int:
        limits = self._limits
        seconds = (limits.connect.total_seconds(), limits.read.total_seconds())
        with deadline.within(limits.total), DirectSession(1) as session:
            sent = session.post(
                url,
                data=body,
                headers={**_HEADERS, **headers},
                timeout=seconds,
                allow_redirects=False,
                stream=True,
            )
            with sent as answer:
                return answer.status_code


def _reason(err: BaseException) -> str:
    """Return the name of an error, as the log and the operators' pages have it."""
    cause: BaseException | None = err
    while cause is not None:
        if isinstance(cause, deadline.AddressBarred):
            return BARRED
        cause = _inner(cause)
    return type(err).__name__


def _inner(err: BaseException) -> BaseException | None:
    """Return what an error of requests or urllib3 was made from."""
    given = (getattr(err, "reason", None), *err.args, err.__cause__)
    return next((one for one in given if isinstance(one, BaseException)), None)
