"""The installation that a service works for, and the browser that is in front of it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from wechatlogin.config import Settings
from wechatlogin.services.pauses import Pauses
from wechatlogin.services.signs import Signs
from wechatlogin.services.token_turns import TokenTurns
from wechatlogin.services.waiting import Bus
from wechatlogin.vault import Vault, sha256_hex
from wechatlogin.wechat.forwarding import Forwarder
from wechatlogin.wechat.http import WeChatHTTP
from wechatlogin.wechat.notices import Poster

#: Below which the OpenID Connect provider lives.
ISSUER_PATH = "/oidc"


@dataclass(frozen=True)
class Site:
    """What one installation has: settings, keys, the way to WeChat, the wake-up bus."""

    settings: Settings
    vault: Vault
    http: WeChatHTTP
    forwarder: Forwarder
    poster: Poster
    bus: Bus
    pauses: Pauses
    token_turns: TokenTurns
    #: Does a piece of work, which may use the database, in a thread that nobody waits for.
    aside: Callable[[Callable[[], None]], None]
    #: What WeChat's calls and pushes have shown of the accounts.
    signs: Signs
    #: Translates a Chinese sentence, filling its `%(name)s` places, into the language in force.
    translate: Callable[..., str]
    #: The same into a language that is named first: `translate_into("en", "…", name=…)`.
    translate_into: Callable[..., str]

    def url(self, path: str) -> str:
        """Return the public address of a path of ours."""
        return self.settings.public_url + path

    @property
    def issuer(self) -> str:
        """Whose tokens ours are, and where they are explained (OpenID Connect Discovery, 4)."""
        return self.url(ISSUER_PATH)

    def speaking(self, language: str) -> "Site":
        """Return the site with all its sentences in one language, whatever the request asks for.

        A push asks for none; what it sets off is told in the language of the person's chat.
        """
        return replace(self, translate=partial(self.translate_into, language))


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
    #: What its pages speak, `zh_CN` or `en`.
    language: str | None = None
    #: The session it is in, which a login replaces.
    session_token: str | None = field(default=None, repr=False)

    @property
    def binding_hash(self) -> str:
        """What an attempt keeps of the secret."""
        return sha256_hex(self.binding)
