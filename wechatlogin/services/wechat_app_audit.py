"""A WeChat app as the audit shows it: its settings, and of its secrets whether they are there."""

from collections.abc import Collection
from datetime import datetime

from wechatlogin.models import AuditTag, WeChatAppRow
from wechatlogin.services import audit
from wechatlogin.services.audit import Actor, Hidden

#: What is shown of an app, by the names of its columns.
SHOWN = (
    "name",
    "kind",
    "mode",
    "gh_id",
    "open_platform_group",
    "follow_url",
    "forward_url",
    "identifier",
    "template_id",
    "template_fields",
)
SECRETS = {"secret": "sealed_secret", "token": "sealed_token", "aes_key": "sealed_aes_key"}


def describe(row: WeChatAppRow) -> dict[str, object]:
    """Return what the audit may show of an app."""
    hidden = {
        name: Hidden.SET if getattr(row, column) else Hidden.NONE
        for name, column in SECRETS.items()
    }
    return {**{name: getattr(row, name) for name in SHOWN}, **hidden}


def record(
    row: WeChatAppRow,
    by: Actor,
    *,
    before: dict[str, object] | None,
    new_secrets: Collection[str] = (),
    now: datetime,
) -> None:
    """Add what has become of an app; `new_secrets` names those that are others than before."""
    known, after = before or {}, describe(row)
    replaced = {
        name: Hidden.CHANGED for name in new_secrets if known.get(name) == after[name] == Hidden.SET
    }
    audit.record_change(
        AuditTag.WECHAT_APP_SAVED,
        by,
        before=before,
        after={**after, **replaced},
        detail=row.appid,
        now=now,
    )
