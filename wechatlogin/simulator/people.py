"""The people who may hold the phone, and the ids each account knows them by."""

import base64
import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime

from wechatlogin.simulator.apps import Account, Kind
from wechatlogin.simulator.chats import ChatMessage
from wechatlogin.simulator.windows import Window

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


@dataclass(frozen=True)
class Follow:
    """How and when somebody came to follow an account."""

    since: datetime
    scene: str
    qr_scene: int = 0
    qr_scene_str: str = ""


@dataclass
class Person:
    """Somebody with WeChat on a phone.

    `raw_nickname` is what travels over the wire when it is no clean UTF-8; `known` are the
    accounts that have ever met this person, `muted` those whose messages are refused.
    """

    name: str
    nickname: str
    unionid: str | None = None
    raw_nickname: bytes | None = None
    has_avatar: bool = True
    frozen: bool = False
    follows: dict[str, Follow] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    muted: set[str] = field(default_factory=set)
    chats: dict[str, list[ChatMessage]] = field(default_factory=dict)
    windows: dict[str, dict[str, Window]] = field(default_factory=dict)

    def openid(self, appid: str) -> str:
        """Return the id this account knows the person by: 28 characters, the first an o."""
        return derived_id("openid", appid, self.name)

    def unionid_for(self, account: Account) -> str | None:
        """Return the id shared by the accounts of one open-platform account, if there is one."""
        if account.open_platform is None:
            return None
        if self.unionid is None:
            # A website app lives under an open-platform account, so nobody is without one there.
            website = account.kind is Kind.WEBSITE
            return derived_id("unionid", account.open_platform, self.name) if website else None
        if account.open_platform == "default":
            return self.unionid
        return derived_id("unionid", account.open_platform, self.unionid)

    def facts(self, appids: list[str]) -> dict[str, object]:
        """Return what the control side tells about the person."""
        return {
            "name": self.name,
            "nickname": self.nickname,
            "unionid": self.unionid,
            "openids": {appid: self.openid(appid) for appid in appids},
            "follows": sorted(self.follows),
        }


def derived_id(*parts: str) -> str:
    """Return an id that looks like WeChat's and is the same in every run."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return "o" + base64.urlsafe_b64encode(digest).decode()[:27]


def starting_people() -> list[Person]:
    """Return the people there are from the start, each with a difficulty of their own."""
    return [
        _person("lin", "林小满"),
        _person("chen", "陈一诺"),
        _person("emoji", "🌈✨小仙女👩‍👩‍👧‍👦" + "💐🎉" * 12 + "要开心每一天🇨🇳"),
        Person(
            "control",
            "控制\u0001字符\u202e反转\u0000名",
            unionid=derived_id("unionid", "control"),
            raw_nickname="控制\u0001字符\u202e反转\u0000名".encode(),
        ),
        Person(
            "broken",
            "坏字节\ufffd昵称",
            unionid=derived_id("unionid", "broken"),
            raw_nickname="坏字节".encode() + b"\xf0\x9f" + "昵称".encode(),
        ),
        Person(
            "noavatar", "没头像的人", unionid=derived_id("unionid", "noavatar"), has_avatar=False
        ),
        Person("nounion", "周不凡"),
    ]


def _person(name: str, nickname: str) -> Person:
    return Person(name, nickname, unionid=derived_id("unionid", name))
