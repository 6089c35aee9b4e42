"""The files by which WeChat checks that a domain is the owner's; served at the root of ours.

Follows WeChat's rules for them: an official account's is `MP_verify_<16 characters>.txt` and holds
those 16 characters; a website app's or mini program's has another name. Every app has its own, and
one domain may have several.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from wechatlogin.errors import VerificationFileRefused
from wechatlogin.extensions import db
from wechatlogin.i18n import msgid
from wechatlogin.models import AuditTag, VerificationFile, WeChatAppRow
from wechatlogin.models.transaction import count_changed, write
from wechatlogin.services import audit
from wechatlogin.wechat.app import AppKind

LONGEST_CONTENT = 128
#: Read at the root by others than WeChat, and with another meaning.
RESERVED = frozenset(
    {"robots.txt", "security.txt", "humans.txt", "ads.txt", "app-ads.txt", "llms.txt"}
)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,59}\.txt")
_OF_ACCOUNT = re.compile(r"MP_verify_([A-Za-z0-9_-]{16})\.txt")
_CONTENT = re.compile(r"[\x20-\x7e]+")
_BOM = b"\xef\xbb\xbf"
_OTHERWISE_NAMED = frozenset({AppKind.WEBSITE, AppKind.MINI_PROGRAM})

_ODD_NAME = msgid(
    "校验文件的名称由字母、数字、下划线和短横线组成，以 .txt 结尾，且不是 robots.txt 之类。"
)
_ODD_CONTENT = msgid("校验文件的内容是一行 1 到 128 个英文字符。")
_NOT_OF_ACCOUNT = msgid("公众号的校验文件名为 MP_verify_ 加 16 个字符，内容就是这 16 个字符。")
_ANOTHER_APPS = msgid("已有另一个账号使用这个名称的校验文件，请先删除它。")


@dataclass(frozen=True)
class NewVerificationFile:
    """What the owner got from WeChat's console: name and content, as typed or uploaded."""

    name: str
    content: str

    @classmethod
    def from_upload(cls, name: str, body: bytes) -> "NewVerificationFile":
        """Return the file that was uploaded, without what an editor adds around its line.

        :raise VerificationFileRefused: if it is no text.
        """
        try:
            return cls(name, body.removeprefix(_BOM).strip().decode("ascii"))
        except UnicodeDecodeError:
            # The error would carry the file with it.
            raise VerificationFileRefused(_ODD_CONTENT) from None


def save(row: WeChatAppRow, new: NewVerificationFile, *, now: datetime) -> VerificationFile:
    """Write an app's file down, replacing the one of the same name.

    :raise VerificationFileRefused: if WeChat would not take it, if the name means something else,
        or if another app has a file of this name; the message says which.
    """
    _verify(AppKind(row.kind), new)
    with write() as session:
        file = get(new.name) or VerificationFile(
            wechat_app_id=row.id, name=new.name, created_at=now
        )
        if file.wechat_app_id != row.id:
            raise VerificationFileRefused(_ANOTHER_APPS)
        file.content = new.content
        session.add(file)
        detail = f"{row.appid} {new.name}"
        audit.record(AuditTag.VERIFICATION_FILE_SAVED, detail=detail, now=now)
    return file


def get(name: str) -> VerificationFile | None:
    """Return the file of this name, whatever somebody asks for."""
    if not _NAME.fullmatch(name):
        return None
    return db.session.scalar(select(VerificationFile).where(VerificationFile.name == name))


def get_all() -> list[tuple[str, VerificationFile]]:
    """Return each file with the appid it belongs to, by appid and name."""
    query = (
        select(WeChatAppRow.appid, VerificationFile)
        .join(VerificationFile, VerificationFile.wechat_app_id == WeChatAppRow.id)
        .order_by(WeChatAppRow.appid, VerificationFile.name)
    )
    return [(appid, file) for appid, file in db.session.execute(query)]


def remove(name: str) -> bool:
    """Serve a file no longer; False when there was none of this name."""
    with write():
        return count_changed(delete(VerificationFile).where(VerificationFile.name == name)) == 1


def _verify(kind: AppKind, new: NewVerificationFile) -> None:
    if not _NAME.fullmatch(new.name) or new.name.lower() in RESERVED:
        raise VerificationFileRefused(_ODD_NAME)
    if len(new.content) > LONGEST_CONTENT or not _CONTENT.fullmatch(new.content):
        raise VerificationFileRefused(_ODD_CONTENT)
    is_accounts = kind not in _OTHERWISE_NAMED or new.name.lower().startswith("mp_verify_")
    own = _OF_ACCOUNT.fullmatch(new.name)
    if is_accounts and (own is None or own[1] != new.content):
        raise VerificationFileRefused(_NOT_OF_ACCOUNT)
