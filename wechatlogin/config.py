"""Every setting: typed, with default, meaning and example, checked before anything starts.

Settings come from the environment, then from `.env`. `load()` turns whatever is wrong into one
`SettingsError` that names each setting and says what to write. `docs/settings.md` is made from
the same fields.
"""

from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from wechatlogin.i18n import LANGUAGES
from wechatlogin.policies import LEAST_DAYS
from wechatlogin.policies import ConfirmPolicy as ConfirmPolicy
from wechatlogin.policies import Environment as Environment
from wechatlogin.policies import FollowPolicy as FollowPolicy
from wechatlogin.policies import UnfollowPolicy as UnfollowPolicy

WEAK_SECRET_KEYS = frozenset({"changeme", "secret", "password", "dev", "development"})
MINIMUM_SECRET_KEY_LENGTH = 32


class SettingsError(Exception):
    """The settings cannot be used; the text names each one and says what to write."""


def _setting(default: Any, meaning: str, example: str, **limits: Any) -> Any:
    return Field(default, description=meaning, examples=[example], **limits)


def _days(name: str, default: int, what: str) -> Any:
    meaning = f"Days to keep {what}; at least {LEAST_DAYS[name]}, 0 is for ever."
    return _setting(default, meaning, str(default or 1095), ge=0, le=36_500)


class Settings(BaseSettings):
    """The settings of one installation; names are upper-case in the environment."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    environment: Environment = _setting(
        Environment.PRODUCTION,
        "`development` permits http and derives the trusted hosts; never use it in public.",
        "production",
    )
    debug: bool = _setting(False, "Flask's debug mode; refused in production.", "false")
    secret_key: SecretStr = Field(
        description="Everything sealed, hashed and derived hangs on it: at least 32 random "
        "characters (`python -c 'import secrets; print(secrets.token_urlsafe(48))'`).",
        examples=["(48 random bytes, base64)"],
    )
    secret_key_fallbacks: Annotated[tuple[SecretStr, ...], NoDecode] = _setting(
        (),
        "Former secret keys, comma-separated; what they sealed and signed is still read.",
        "old-key",
    )
    public_url: str = Field(
        description="The address people open, without a path; WeChat sends them back to it.",
        examples=["https://login.example.com"],
    )
    trusted_hosts: Annotated[tuple[str, ...], NoDecode] = _setting(
        (), "Host names that requests may carry, comma-separated.", "login.example.com"
    )
    trusted_proxies: int = _setting(
        0, "How many proxies in front set X-Forwarded-For and -Proto.", "1", ge=0, le=5
    )
    database_url: str = _setting(
        "sqlite:///wechatlogin.db",
        "SQLAlchemy's address of the database; a relative SQLite path lies in `instance/`.",
        "postgresql+psycopg://wechatlogin@127.0.0.1/wechatlogin",
    )
    redis_url: str | None = _setting(
        None,
        "Redis for rate limits and wake-ups over several processes. Without it each process counts "
        "its own, and hears of the others by PostgreSQL, or by looking at the database.",
        "redis://127.0.0.1:6379/0",
    )
    site_name: str = _setting("微信登录", "The name people see on the pages.", "晨光书店")
    default_language: str = _setting(
        "zh_CN", "The language when the browser asks for none of ours: `zh_CN` or `en`.", "zh_CN"
    )
    log_level: str = _setting("INFO", "How much is logged: DEBUG, INFO, WARNING, ERROR.", "INFO")
    access_log: bool = _setting(
        True, "Whether each request is one line of the log, see docs/metrics.md.", "false"
    )
    metrics_token: SecretStr | None = _setting(
        None,
        "What `/metrics` has to be shown as Bearer, at least 16 characters; without it the numbers "
        "are there for this machine alone, and behind a proxy or https for nobody.",
        "(32 random bytes, base64)",
        min_length=16,
    )

    bind: str = _setting("127.0.0.1:8000", "Where `make run` listens.", "0.0.0.0:8000")
    workers: int = _setting(0, "Processes; 0 means one for each core.", "2", ge=0, le=64)
    threads: int = _setting(8, "Threads of each process.", "8", ge=1, le=64)
    pin_workers: bool = _setting(
        True, "Whether each process stays on one processor, where the system lets it.", "false"
    )
    max_waiting: int = _setting(
        10_000, "Browsers that one process lets wait at once.", "10000", ge=0, le=100_000
    )
    max_wait_seconds: int = _setting(
        25, "The longest that one waiting request is held.", "25", ge=0, le=55
    )

    wechat_open_url: str = _setting(
        "https://open.weixin.qq.com",
        "Base URL of WeChat's authorize page.",
        "https://open.weixin.qq.com",
    )
    wechat_api_url: str = _setting(
        "https://api.weixin.qq.com",
        "Base URL of WeChat's API; `https://api2.weixin.qq.com` is its stand-by.",
        "https://api.weixin.qq.com",
    )
    wechat_mp_url: str = _setting(
        "https://mp.weixin.qq.com",
        "Base URL of WeChat's QR pictures.",
        "https://mp.weixin.qq.com",
    )
    wechat_avatar_hosts: Annotated[tuple[str, ...], NoDecode] = _setting(
        (),
        "Hosts besides qlogo.cn whose pictures may be shown, comma-separated.",
        "127.0.0.1:5001",
    )

    login_scope: str = _setting(
        "snsapi_userinfo",
        "What `/login` asks for inside WeChat: `snsapi_userinfo` (consent, name and picture) "
        "or `snsapi_base` (silent).",
        "snsapi_base",
        pattern="^snsapi_(userinfo|base)$",
    )
    confirm: ConfirmPolicy = _setting(
        ConfirmPolicy.NUMBER,
        "How a scan is confirmed on the phone: `number` (tap the number that the desktop shows), "
        "`tap`, `first_time` (only the first time in a browser) or `never`.",
        "number",
    )
    desktop_ways: Annotated[tuple[str, ...], NoDecode] = _setting(
        ("scan", "website", "number"),
        "What a desktop is offered, the best first, as far as a WeChat app may do it: `scan` (the "
        "account's QR code), `website` (a website app), `number` (a number sent to the account).",
        "website,scan",
        min_length=1,
    )
    scan_seconds: int = _setting(
        120, "Seconds that a QR code may be scanned, and then confirmed.", "120", ge=1, le=1800
    )
    authorize_seconds: int = _setting(
        600, "Seconds that a person may stay on WeChat's authorize page.", "600", ge=1, le=1800
    )
    code_seconds: int = _setting(
        1800, "Seconds that a verification code is valid.", "1800", ge=1, le=3600
    )
    code_repeat: bool = _setting(
        True,
        "`true`: who asks again is given the same code, which then lives longer, and a stranger "
        "authorizes first, as with AnQiCMS. `false`: each time a new code, the older ones live on "
        "to their end, and a stranger is given one at once, as with wechat-server.",
        "false",
    )
    code_keyword: Annotated[tuple[str, ...], NoDecode] = _setting(
        ("验证码", "登录", "login", "code"),
        "What a person writes to the account to get a code, comma-separated; the pages name the "
        "first.",
        "验证码,登录",
        min_length=1,
    )
    hand_out_access_token: Annotated[tuple[str, ...], NoDecode] = _setting(
        (),
        "Client ids of the applications that are handed WeChat's access token, comma-separated; "
        "`true` is all of them, `false` none. Whoever has it can do what the account can do.",
        "0123456789abcdef0123456789abcdef",
    )
    session_idle_seconds: int = _setting(
        86_400, "Seconds without a visit after which a session ends.", "86400", ge=1
    )
    session_seconds: int = _setting(
        604_800, "Seconds after which a session ends in any case.", "604800", ge=1
    )

    limit_login: str = _setting(
        "120 per minute", "Logins that one address may start.", "120 per minute"
    )
    limit_poll: str = _setting(
        "600 per minute",
        "Questions about waiting logins from one address; each process counts those of the login "
        "page for itself.",
        "600 per minute",
    )
    limit_code_tries: str = _setting(
        "10 per 10 minutes", "Wrong codes from one address.", "10 per 10 minutes"
    )
    limit_code_tries_all: str = _setting(
        "60 per 10 minutes",
        "Wrong codes from everywhere together; beyond it nobody can log in by typing a code.",
        "60 per 10 minutes",
    )
    limit_operator: str = _setting(
        "10 per 10 minutes", "Wrong operator passwords from one address.", "10 per 10 minutes"
    )
    limit_operator_name: str = _setting(
        "30 per 10 minutes",
        "Wrong passwords for one operator's name from everywhere together; a browser in which that "
        "operator has logged in before is counted alone.",
        "30 per 10 minutes",
    )

    attempt_days: int = _days("attempt_days", 90, "login attempts, finished or not")
    expired_days: int = _days(
        "expired_days", 7, "sessions, codes, tokens and requests after their end"
    )
    message_days: int = _days("message_days", 30, "messages from WeChat and to it")
    audit_days: int = _days("audit_days", 365, "the audit")
    delivery_days: int = _days(
        "delivery_days", 30, "notices of log-outs and webhooks after their delivery"
    )
    error_days: int = _days("error_days", 30, "the counts of WeChat's errors")
    people_days: int = _days(
        "people_days", 0, "people who no longer log in, with all that is theirs"
    )
    ip_days: int = _days("ip_days", 30, "whole IP addresses, which then lose their last part")
    unfollowed: UnfollowPolicy = _setting(
        UnfollowPolicy.KEEP,
        "What becomes of people who no longer follow the account: `keep`, `log_out` (their "
        "sessions end at once) or `erase` (the same, and later that WeChat is deleted).",
        "log_out",
    )
    unfollowed_erase_days: int = _setting(
        30,
        "With `UNFOLLOWED=erase`: days without following again until then.",
        "30",
        ge=1,
        le=36_500,
    )

    @field_validator(
        "secret_key_fallbacks",
        "trusted_hosts",
        "wechat_avatar_hosts",
        "code_keyword",
        "desktop_ways",
        "hand_out_access_token",
        mode="before",
    )
    @classmethod
    def _split_commas(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("public_url", "wechat_open_url", "wechat_api_url", "wechat_mp_url")
    @classmethod
    def _check_base_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("write an address with scheme and host, like https://example.com")
        if parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username:
            raise ValueError("write scheme and host alone, without path, query or user")
        return value.rstrip("/")

    @field_validator(*LEAST_DAYS)
    @classmethod
    def _check_days(cls, value: int, info: ValidationInfo) -> int:
        least = LEAST_DAYS[info.field_name or ""]
        if 0 < value < least:
            raise ValueError(f"write 0 for ever, or {least} or more")
        return value

    @field_validator("desktop_ways")
    @classmethod
    def _check_desktop_ways(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not set(value) <= {"scan", "website", "number"} or len(set(value)) < len(value):
            raise ValueError("write some of scan, website and number, each once")
        return value

    @field_validator("hand_out_access_token")
    @classmethod
    def _read_none(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return () if value == ("false",) else value

    @field_validator("default_language")
    @classmethod
    def _check_language(cls, value: str) -> str:
        if value not in LANGUAGES:
            raise ValueError("write zh_CN or en")
        return value

    @model_validator(mode="after")
    def _refuse_what_production_must_not_have(self) -> Self:
        if self.environment is Environment.PRODUCTION:
            problems = list(self._production_problems())
            if problems:
                raise ValueError("; ".join(problems))
        return self

    def _production_problems(self) -> list[str]:
        key = self.secret_key.get_secret_value()
        weak = key.lower() in WEAK_SECRET_KEYS or len(set(key)) < 10
        checks = (
            (
                weak or len(key) < MINIMUM_SECRET_KEY_LENGTH,
                "SECRET_KEY: write at least 32 random characters",
            ),
            (
                not self.public_url.startswith("https://"),
                "PUBLIC_URL: write an address that begins with https://",
            ),
            (not self.trusted_hosts, "TRUSTED_HOSTS: write the host of PUBLIC_URL"),
            (self.debug, "DEBUG: write false, or leave it out"),
        )
        return [words for is_wrong, words in checks if is_wrong]

    @property
    def hosts(self) -> list[str]:
        """The hosts a request may carry; in development that of `public_url` is among them."""
        if self.environment is Environment.DEVELOPMENT:
            return [*self.trusted_hosts, urlsplit(self.public_url).netloc]
        return list(self.trusted_hosts)

    def permits_access_token(self, client_id: str) -> bool:
        """Whether an application may be handed WeChat's access token."""
        return bool({"true", client_id} & set(self.hand_out_access_token))

    @property
    def is_https(self) -> bool:
        """Whether people reach us over https, which `__Host-` cookies need."""
        return self.public_url.startswith("https://")


def load(**overrides: Any) -> Settings:
    """Return the settings of this process.

    :raise SettingsError: if one is wrong or missing; its text says which and what to write.
    """
    try:
        return Settings(**overrides)
    except ValidationError as err:
        raise SettingsError(_explain(err)) from None


def _explain(err: ValidationError) -> str:
    lines = ["The settings are not usable (docs/settings.md lists them all):"]
    for problem in err.errors(include_input=False, include_url=False):
        name = ".".join(str(part) for part in problem["loc"][:1]).upper()
        words = problem["msg"].removeprefix("Value error, ")
        example = _example(name)
        if problem["type"] == "missing":
            words = f"it is missing, write for example {name}={example}"
        lines.extend(f"  {name + ': ' if name else ''}{part}" for part in words.split("; "))
    return "\n".join(lines)


def _example(name: str) -> str:
    field = Settings.model_fields.get(name.lower())
    return str(field.examples[0]) if field and field.examples else ""


def as_environment(settings: Settings) -> dict[str, str]:
    """Return settings as the variables that another process reads them from, secrets included."""
    given = {name.upper(): getattr(settings, name) for name in Settings.model_fields}
    return {name: _plain(value) for name, value in given.items() if value is not None}


def _plain(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ",".join(map(_plain, value)) if isinstance(value, tuple) else str(value)


def as_markdown() -> str:
    """Return the table of docs/settings.md: name, default, meaning, example."""
    rows = ["| setting | default | meaning | example |", "| --- | --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = "(required)" if field.is_required() else _written(field.default)
        rows.append(f"| `{name.upper()}` | {default} | {field.description} | `{_example(name)}` |")
    return "\n".join(rows) + "\n"


def _written(default: object) -> str:
    if default is None or default == ():
        return "(none)"
    return f"`{str(default).lower() if isinstance(default, bool) else _plain(default)}`"
