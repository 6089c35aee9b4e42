"""Calls that are not made, since WeChat has said that they will fail for a while.

Who keeps that in mind needs a clock, and is behind `Breaker`.
"""

from typing import Protocol

from wechatlogin.wechat.errors import PlatformError


class Breaker(Protocol):
    """What the client asks before a call, and tells after one that failed."""

    def verify_open(self, path: str) -> None:
        """Return if a call is worth its while.

        :raise PlatformError: what WeChat said last, if it would say it again.
        """
        ...

    def note_failure(self, err: PlatformError) -> None:
        """Keep in mind what WeChat said, if it holds for a while."""
        ...


class AlwaysOpen:
    """Keeps nothing in mind."""

    def verify_open(self, path: str) -> None:
        """Return, whatever WeChat said."""

    def note_failure(self, err: PlatformError) -> None:
        """Forget it."""
