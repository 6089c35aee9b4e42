"""Which browser is this: good enough to choose a page, never to trust anybody.

The markers are those WeChat's clients send (`MicroMessenger`, `WindowsWechat`, `MacWechat`); WeCom
carries `MicroMessenger` too, but an official account's authorize page does not work in it.
"""

from dataclasses import dataclass

# Each list is read from the top: WeChat for Mac also says "WindowsWechat", Android also says
# "Linux", Edge and Opera also say "Chrome", Chrome also says "Safari".
_SYSTEMS = (
    ("macwechat", "macOS"),
    ("ipad", "iPad"),
    ("iphone", "iPhone"),
    ("ipod", "iPhone"),
    ("harmonyos", "HarmonyOS"),
    ("openharmony", "HarmonyOS"),
    ("android", "Android"),
    ("windows", "Windows"),
    ("macintosh", "macOS"),
    ("mac os x", "macOS"),
    ("cros", "ChromeOS"),
    ("linux", "Linux"),
)
_BROWSERS = (
    ("wxwork/", "企业微信"),
    ("micromessenger", "微信"),
    ("dingtalk", "钉钉"),
    ("edg/", "Edge"),
    ("edga/", "Edge"),
    ("edgios/", "Edge"),
    ("opr/", "Opera"),
    ("samsungbrowser/", "Samsung Internet"),
    ("huaweibrowser/", "华为浏览器"),
    ("miuibrowser/", "小米浏览器"),
    ("ucbrowser/", "UC 浏览器"),
    ("mqqbrowser/", "QQ 浏览器"),
    ("qqbrowser/", "QQ 浏览器"),
    ("firefox/", "Firefox"),
    ("fxios/", "Firefox"),
    ("crios/", "Chrome"),
    ("chrome/", "Chrome"),
    ("safari/", "Safari"),
)
UNKNOWN_SYSTEM = "未知系统"
UNKNOWN_BROWSER = "未知浏览器"
#: Those that have another name in another language.
CHINESE_NAMES = frozenset(
    name
    for name in (*dict(_BROWSERS).values(), UNKNOWN_SYSTEM, UNKNOWN_BROWSER)
    if not name.isascii()
)
# A longer header is not a browser's, and must not cost time.
LONGEST = 1024


@dataclass(frozen=True)
class BrowserName:
    """What the confirm page calls the other browser."""

    system: str
    browser: str


def in_wechat(user_agent: str) -> bool:
    """Return whether the page is open in WeChat itself, on whatever device."""
    agent = _normal(user_agent)
    return "micromessenger" in agent and "wxwork" not in agent


def is_mobile(user_agent: str) -> bool:
    """Return whether the page is on a phone or tablet, where a QR code cannot be scanned."""
    agent = _normal(user_agent)
    return any(word in agent for word in ("mobile", "android", "iphone", "ipad", "ipod"))


def describe_browser(user_agent: str) -> BrowserName:
    """Return the names of system and browser, for a person to recognise."""
    agent = _normal(user_agent)
    return BrowserName(
        system=_first(_SYSTEMS, agent, otherwise=UNKNOWN_SYSTEM),
        browser=_first(_BROWSERS, agent, otherwise=UNKNOWN_BROWSER),
    )


def _normal(user_agent: str) -> str:
    return user_agent[:LONGEST].lower()


def _first(names: tuple[tuple[str, str], ...], agent: str, *, otherwise: str) -> str:
    return next((name for mark, name in names if mark in agent), otherwise)
