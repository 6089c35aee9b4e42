"""What a person's built-in browser remembers, and how each device introduces itself."""

from dataclasses import dataclass, field

from requests.cookies import RequestsCookieJar

# Reference 10: as seen in public code.
USER_AGENTS = {
    "ios": (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, "
        "like Gecko) Mobile/15E148 MicroMessenger/8.0.56(0x1800383b) NetType/WIFI Language/zh_CN"
    ),
    "android": (
        "Mozilla/5.0 (Linux; Android 15; PJZ110 Build/AP3A.240617.008; wv) AppleWebKit/537.36 "
        "(KHTML, like Gecko) Version/4.0 Chrome/142.0.7444.173 Mobile Safari/537.36 "
        "XWEB/1420229 MMWEBSDK/20250802 MMWEBID/7928 MicroMessenger/8.0.62.2900(0x28003EA0) "
        "WeChat/arm64 Weixin NetType/WIFI Language/zh_CN ABI/arm64"
    ),
    "windows": (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/132.0.0.0 Safari/537.36 NetType/WIFI MicroMessenger/7.0.20.1781(0x6700143B) "
        "WindowsWechat(0x63090a13) UnifiedPCWindowsWechat(0xf2541022) XWEB/16467 Flue"
    ),
    "macos": (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like "
        "Gecko) MicroMessenger/6.8.0(0x16080000) MacWechat/3.3(0x13030013) NetType/WIFI "
        "WindowsWechat"
    ),
}


@dataclass
class WebProfile:
    """One browser: its cookies, and the visit that is going on in it.

    `start` is the address the visit began with, `from_chat` the account in whose chat the link
    was tapped, `full` says that the person asked for the full service after a snapshot page.
    """

    jar: RequestsCookieJar = field(default_factory=RequestsCookieJar)
    start: str = ""
    from_chat: str = ""
    full: bool = False
    snapshot: bool = False
    hops: int = 0

    def begin(self, url: str, *, from_chat: str, full: bool) -> None:
        """Begin a new visit with the same cookies."""
        self.start, self.from_chat, self.full = url, from_chat, full
        self.snapshot, self.hops = False, 0
