"""The document in which a person, or an operator for them, is given all that is stored about them.

Its shape is documented in docs/personal-data.md.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime

FORMAT = "wechatlogin.person/1"


@dataclass(frozen=True)
class Notice:
    """Which privacy notice the person has agreed to."""

    version: int
    accepted_at: datetime | None


@dataclass(frozen=True)
class PersonPart:
    """The user itself."""

    id: str
    created_at: datetime
    last_login_at: datetime | None
    banned_at: datetime | None
    privacy_notice: Notice | None


@dataclass(frozen=True)
class IdentityPart:
    """What one WeChat app has told of the person."""

    appid: str
    account: str | None
    openid: str
    unionid: str | None
    nickname: str | None
    avatar_url: str | None
    language: str | None
    follows: bool | None
    follows_since: datetime | None
    follows_checked_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class SessionPart:
    """Where the person is logged in."""

    application: str | None
    way: str
    browser: str
    ip: str | None
    auth_time: datetime
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class ApplicationPart:
    """An application that knows the person, or may: by which `sub`, and what they have granted."""

    client_id: str
    name: str
    sub: str | None
    first_login_at: datetime | None
    last_login_at: datetime | None
    granted: list[str]
    granted_at: datetime | None


@dataclass(frozen=True)
class AttemptPart:
    """A login, or what might have become one."""

    way: str
    purpose: str
    status: str
    failure: str | None
    application: str | None
    browser: str
    ip: str | None
    created_at: datetime
    scanned_at: datetime | None
    confirmed_at: datetime | None
    claimed_at: datetime | None


@dataclass(frozen=True)
class MessagePart:
    """A message in WeChat that was sent to the person; its text is not kept."""

    appid: str
    channel: str
    state: str
    created_at: datetime


@dataclass(frozen=True)
class MergePart:
    """Another id that the person had once."""

    former_id: str
    reason: str
    merged_at: datetime | None


@dataclass(frozen=True)
class AuditPart:
    """What was noted about the person; `by` is `person` or `operator`."""

    at: datetime
    event: str
    by: str
    ip: str | None
    detail: str | None


@dataclass(frozen=True)
class Export:
    """All of it."""

    format: str
    exported_at: datetime
    person: PersonPart
    identities: list[IdentityPart]
    sessions: list[SessionPart]
    applications: list[ApplicationPart]
    attempts: list[AttemptPart]
    messages: list[MessagePart]
    merges: list[MergePart]
    audit: list[AuditPart]

    def to_json(self) -> str:
        """Return it as JSON that a person can read too; moments are ISO 8601."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2, default=datetime.isoformat)
