"""The accounts WeChat knows: what each is called, where it is called, and what it may do."""

import hashlib
import re
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

APPID = re.compile(r"wx[0-9A-Za-z]{16}")
TOKEN = re.compile(r"[A-Za-z0-9]{3,32}")
AES_KEY = re.compile(r"[A-Za-z0-9]{43}")
DOMAIN = re.compile(r"(?:[A-Za-z0-9-]+\.)*[A-Za-z0-9-]+(?::\d{1,5})?")
PLACEHOLDER = re.compile(r"\{\{(\w+)\.DATA\}\}")


class Kind(StrEnum):
    SERVICE = "service"
    SERVICE_UNCERTIFIED = "service_uncertified"
    SUBSCRIPTION = "subscription"
    PERSONAL = "personal"
    TEST = "test"
    WEBSITE = "website"
    MINI_PROGRAM = "mini_program"


class Mode(StrEnum):
    PLAIN = "plain"
    COMPATIBLE = "compatible"
    SAFE = "safe"


class Right(StrEnum):
    WEB_AUTHORIZATION = "web_authorization"
    WEBSITE_LOGIN = "website_login"
    MINI_PROGRAM_LOGIN = "mini_program_login"
    PARAMETRIC_QR = "parametric_qr"
    TEMPLATE_MESSAGE = "template_message"
    CUSTOMER_MESSAGE = "customer_message"
    USER_INFO = "user_info"
    JSAPI = "jsapi"
    ACCOUNT_TOKEN = "account_token"  # noqa: S105 - the name of a right, not a secret
    PUSHES = "pushes"
    CHAT = "chat"


_EVERY_ACCOUNT = frozenset({Right.ACCOUNT_TOKEN, Right.PUSHES, Right.CHAT, Right.JSAPI})
_EVERYTHING = _EVERY_ACCOUNT | {
    Right.WEB_AUTHORIZATION,
    Right.PARAMETRIC_QR,
    Right.TEMPLATE_MESSAGE,
    Right.CUSTOMER_MESSAGE,
    Right.USER_INFO,
}
RIGHTS: dict[Kind, frozenset[Right]] = {
    Kind.SERVICE: _EVERYTHING,
    Kind.TEST: _EVERYTHING,
    Kind.SERVICE_UNCERTIFIED: _EVERY_ACCOUNT,
    Kind.SUBSCRIPTION: _EVERY_ACCOUNT | {Right.CUSTOMER_MESSAGE, Right.USER_INFO},
    Kind.PERSONAL: _EVERY_ACCOUNT,
    # It is told what becomes of a consent, but nobody can follow it or write to it.
    Kind.WEBSITE: frozenset({Right.WEBSITE_LOGIN, Right.PUSHES}),
    Kind.MINI_PROGRAM: frozenset({Right.ACCOUNT_TOKEN, Right.PUSHES, Right.MINI_PROGRAM_LOGIN}),
}
CALLED = {Kind.WEBSITE: "网站应用", Kind.MINI_PROGRAM: "小程序"}


class Template(BaseModel):
    """A message template; `constants` are the values a `const` field may take."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    template_id: Annotated[str, Field(min_length=1, max_length=64)]
    title: str = ""
    content: str
    example: str = ""
    constants: dict[str, tuple[str, ...]] = {}

    @property
    def keywords(self) -> tuple[str, ...]:
        """Return the names of the fields, in the order they are shown."""
        return tuple(PLACEHOLDER.findall(self.content))


class VerificationFile(BaseModel):
    """The MP_verify file that proves a domain is the operator's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+\.txt$")]
    content: str


class Account(BaseModel):
    """An official account, website app or mini program as the operator set it up.

    A domain with a port and a callback on any port are accepted, as a test account does, so
    that a service on a laptop can be tried; a domain without a port is as strict as WeChat.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    appid: str
    secret: SecretStr
    kind: Kind = Kind.SERVICE
    name: str = ""
    gh_id: str = ""
    token: SecretStr | None = None
    aes_key: SecretStr | None = None
    mode: Mode = Mode.PLAIN
    data_format: Annotated[str, Field(pattern="^(xml|json)$")] = "xml"
    domains: tuple[str, ...] = ()
    callback_url: str | None = None
    templates: tuple[Template, ...] = ()
    ip_whitelist: tuple[str, ...] | None = None
    open_platform: str | None = "default"
    banned: bool = False
    quotas: dict[str, int] = {}

    @field_validator("appid")
    @classmethod
    def _looks_like_an_appid(cls, appid: str) -> str:
        if not APPID.fullmatch(appid):
            raise ValueError("wx 加 16 个字母或数字")
        return appid

    @field_validator("domains")
    @classmethod
    def _bare_hosts(cls, domains: tuple[str, ...]) -> tuple[str, ...]:
        for domain in domains:
            if not DOMAIN.fullmatch(domain):
                raise ValueError(f"{domain} 不是域名：不带 http://，不带路径")
        return tuple(domain.lower() for domain in domains)

    @field_validator("callback_url")
    @classmethod
    def _callback_over_http(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("http://", "https://")):
            raise ValueError("以 http:// 或 https:// 开头")
        return url

    @model_validator(mode="after")
    def _server_configuration(self) -> "Account":
        if self.callback_url and self.token is None:
            raise ValueError("配置了 callback_url 就要有 token")
        if self.token and not TOKEN.fullmatch(self.token.get_secret_value()):
            raise ValueError("token 是 3 到 32 个字母或数字")
        if self.aes_key and not AES_KEY.fullmatch(self.aes_key.get_secret_value()):
            raise ValueError("aes_key 是 43 个字母或数字")
        if self.mode is not Mode.PLAIN and self.aes_key is None:
            raise ValueError("兼容模式和安全模式要有 aes_key")
        if self.kind is Kind.TEST and self.mode is not Mode.PLAIN:
            raise ValueError("测试号只有明文模式")
        return self

    @model_validator(mode="before")
    @classmethod
    def _derived_names(cls, values: object) -> object:
        if isinstance(values, dict) and isinstance(values.get("appid"), str):
            digest = hashlib.sha256(values["appid"].encode()).hexdigest()
            values = {**values}
            values["gh_id"] = values.get("gh_id") or f"gh_{digest[:12]}"
            website = values.get("kind") == Kind.WEBSITE
            called = next((name for kind, name in CALLED.items() if values.get("kind") == kind), "")
            values["name"] = values.get("name") or f"{called or '公众号'} {values['appid'][-4:]}"
            if website and "open_platform" in values and values["open_platform"] is None:
                # A website app always lives under an open-platform account, its own at least.
                values["open_platform"] = values["appid"]
            if values.get("kind") == Kind.TEST:
                # A test account cannot be bound to an open-platform account.
                values["open_platform"] = None
        return values

    def may(self, right: Right) -> bool:
        """Tell whether this kind of account has the right (reference 6.5)."""
        return right in RIGHTS[self.kind]

    def template(self, template_id: str) -> Template | None:
        """Return the template of this id, or None."""
        return next((one for one in self.templates if one.template_id == template_id), None)

    def public_facts(self) -> dict[str, object]:
        """Return what the control side and the phone show: no secrets."""
        return {
            "appid": self.appid,
            "name": self.name,
            "kind": self.kind.value,
            "gh_id": self.gh_id,
            "mode": self.mode.value,
            "domains": list(self.domains),
            "callback_url": self.callback_url,
        }
