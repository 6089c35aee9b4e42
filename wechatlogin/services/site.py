"""The installation that a service works for, and the browser that is in front of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from wechatlogin.config import Settings
from wechatlogin.services.pauses import Pauses
from wechatlogin.services.waiting import Bus
from wechatlogin.vault import Vault, sha256_hex
from wechatlogin.wechat.http import WeChatHTTP


@dataclass(frozen=True)
class Site:
    """What one installation has: settings, keys, the way to WeChat, the wake-up bus."""

    settings: Settings
    vault: Vault
    http: WeChatHTTP
    bus: Bus
    pauses: Pauses
    #: Translates a Chinese sentence, filling its `%(name)s` places, into the language in force.
    translate: Callable[..., str]

    def url(self, path: str) -> str:
        """Return the public address of a path of ours."""
        return self.settings.public_url + path


@dataclass(frozen=True)
class Browser:
    """The browser that asks."""

    #: The secret of its cookie; a new one where it has sent none.
    binding: str = field(repr=False)
    #: False when the browser came without the cookie.
    is_bound: bool
    #: Such as "Windows · Edge".
    name: str
    ip: str | None
    #: The session it is in, which a login replaces.
    session_token: str | None = field(default=None, repr=False)

    @property
    def binding_hash(self) -> str:
        """What an attempt keeps of the secret."""
        return sha256_hex(self.binding)
