"""The way to applications' own servers, which are told of a log-out: one try, no redirect.

The operator has registered the address, so it may well be in the same network or on this machine;
`deadline` keeps away from the addresses that only a cloud's own machines answer. Nothing of the
answer is read but its head.
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
_HEADERS = {"Accept": "*/*", "Connection": "close"}


@dataclass(frozen=True)
class PostLimits:
    """How long a call may take."""

    connect: timedelta = timedelta(seconds=2)
    read: timedelta = timedelta(seconds=5)
    total: timedelta = timedelta(seconds=8)


class Poster:
    """Posts forms."""

    def __init__(self, limits: PostLimits | None = None) -> None:
        self._limits = limits or PostLimits()

    def post(self, url: str, form: Mapping[str, str]) -> None:
        """Post a form to a server.

        :raise NoticeNotTaken: if it does not answer in time that it has taken it.
        """
        try:
            status = self._post(url, form)
        except (OSError, ValueError, urllib3_exceptions.HTTPError) as err:
            # Every exception of requests is an OSError, but for an address that is none.
            reason = type(err).__name__
        else:
            if status in TAKEN:
                return
            reason = f"HTTP {status}"
        # Raised out here the exception has no context: requests quotes the whole address in its.
        raise NoticeNotTaken(reason)

    def _post(self, url: str, form: Mapping[str, str]) -> int:
        limits = self._limits
        seconds = (limits.connect.total_seconds(), limits.read.total_seconds())
        with deadline.within(limits.total), DirectSession(1) as session:
            sent = session.post(
                url,
                data=form,
                headers=_HEADERS,
                timeout=seconds,
                allow_redirects=False,
                stream=True,
            )
            with sent as answer:
                return answer.status_code
