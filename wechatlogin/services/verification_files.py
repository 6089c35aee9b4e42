"""The files by which WeChat checks that a domain is the owner's; served at the root of ours.

Follows WeChat's rules for them: an official account's is `MP_verify_<16 characters>.txt` and holds
those 16 characters; a website app's or mini program's has another name. Every app has its own, and
one domain may have several.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus

from sqlalchemy import delete, select

from wechatlogin.errors import VerificationFileRefused
from wechatlogin.extensions import db
from wechatlogin.i18n import msgid
from wechatlogin.models import AuditTag, VerificationFile, WeChatAppRow
from wechatlogin.models.transaction import count_changed, repeatable, write
from wechatlogin.services import audit
from wechatlogin.services.audit import Actor
from wechatlogin.services.site import Site
from wechatlogin.wechat.app import AppKind
from wechatlogin.wechat.visiting import NotSeen, Visitor

LONGEST_CONTENT = 128
LARGEST_FILE = 1024
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


class FileCheck(StrEnum):
    """What our public address has in a file's place."""

    SAME = "same"
    OTHER = "other"
    NOTHING = "nothing"


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


@repeatable
def save(
    row: WeChatAppRow,
    new: NewVerificationFile,
    *,
    by: Actor = audit.COMMAND_LINE,
    now: datetime,
) -> VerificationFile:
    """Write an app's file down, replacing the one of the same name.

    :raise VerificationFileRefused: if WeChat would not take it, if the name means something else,
        or if another app has a file of this name; the message says which.
    """
    _verify(AppKind(row.kind), new)
    with write() as session:
        known = get(new.name)
        file = known or VerificationFile(wechat_app_id=row.id, name=new.name, created_at=now)
        if file.wechat_app_id != row.id:
            raise VerificationFileRefused(_ANOTHER_APPS)
        audit.record_change(
            AuditTag.VERIFICATION_FILE_SAVED,
            by,
            before={"content": known.content} if known else None,
            after={"content": new.content},
            detail=f"{row.appid} {new.name}",
            now=now,
        )
        file.content = new.content
        session.add(file)
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


def get_all_of(row: WeChatAppRow) -> list[VerificationFile]:
    """Return an app's files by their names."""
    query = select(VerificationFile).where(VerificationFile.wechat_app_id == row.id)
    return list(db.session.scalars(query.order_by(VerificationFile.name)))


@repeatable
def remove(name: str, *, by: Actor = audit.COMMAND_LINE, now: datetime) -> bool:
    """Serve a file no longer; False when there was none of this name."""
    with write():
        file = get(name)
        if file is None or not count_changed(
            delete(VerificationFile).where(VerificationFile.id == file.id)
        ):
            return False
        before: dict[str, object] = {"content": file.content}
        audit.record_change(
            AuditTag.VERIFICATION_FILE_REMOVED, by, before=before, after=None, detail=name, now=now
        )
        db.session.expunge(file)
    return True


def check_reachable(site: Site, file: VerificationFile) -> FileCheck:
    """Fetch a file as WeChat would, and tell what came."""
    try:
        seen = Visitor().look(site.url(f"/{file.name}"))
    except NotSeen:
        return FileCheck.NOTHING
    is_same = seen.status == HTTPStatus.OK and seen.body.strip() == file.content.encode()
    return FileCheck.SAME if is_same else FileCheck.OTHER


def _verify(kind: AppKind, new: NewVerificationFile) -> None:
    if not _NAME.fullmatch(new.name) or new.name.lower() in RESERVED:
        raise VerificationFileRefused(_ODD_NAME)
    if len(new.content) > LONGEST_CONTENT or not _CONTENT.fullmatch(new.content):
        raise VerificationFileRefused(_ODD_CONTENT)
    is_accounts = kind not in _OTHERWISE_NAMED or new.name.lower().startswith("mp_verify_")
    own = _OF_ACCOUNT.fullmatch(new.name)
    if is_accounts and (own is None or own[1] != new.content):
        raise VerificationFileRefused(_NOT_OF_ACCOUNT)
