"""Browsers, by the headers that real ones send."""

import pytest

from wechatlogin.wechat import user_agent

WECHAT_ANDROID = (
    "Mozilla/5.0 (Linux; Android 15; PJZ110 Build/AP3A.240617.008; wv) AppleWebKit/537.36 (KHTML,"
    " like Gecko) Version/4.0 Chrome/142.0.7444.173 Mobile Safari/537.36 XWEB/1420229"
    " MMWEBSDK/20250802 MMWEBID/7928 MicroMessenger/8.0.62.2900(0x28003EA0) WeChat/arm64 Weixin"
    " NetType/WIFI Language/zh_CN ABI/arm64"
)
WECHAT_IOS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML,"
    " like Gecko) Mobile/15E148 MicroMessenger/8.0.56(0x1800383b) NetType/WIFI Language/zh_CN"
)
WECHAT_WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/132.0.0.0 Safari/537.36 NetType/WIFI MicroMessenger/7.0.20.1781(0x6700143B)"
    " WindowsWechat(0x63090a13) UnifiedPCWindowsWechat(0xf2541022) XWEB/16467 Flue"
)
WECHAT_OLD_MAC = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " MicroMessenger/6.8.0(0x16080000) MacWechat/3.3(0x13030013) NetType/WIFI WindowsWechat"
)
WECHAT_LINUX = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0"
    " Safari/537.36 MicroMessenger/7.0.20.1781 UnifiedPCLinuxWechat(0xf2741104) XWEB/14910"
)
MINI_PROGRAM = WECHAT_IOS + " miniProgram/wx71a6af1f91734f18"
WECOM_IOS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 16_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML,"
    " like Gecko) Mobile/15E148 MicroMessenger/7.0.1 wxwork/4.1.6 ColorScheme/Light"
)
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"
)
SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.1 Safari/605.1.15"
)
CHROME_ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0"
    " Mobile Safari/537.36"
)
FIREFOX_LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
IPAD = (
    "Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " CriOS/142.0.0.0 Mobile/15E148 Safari/604.1"
)


@pytest.mark.parametrize(
    ("agent", "inside", "mobile", "system", "browser"),
    [
        pytest.param(WECHAT_ANDROID, True, True, "Android", "微信", id="WeChat, Android"),
        pytest.param(WECHAT_IOS, True, True, "iPhone", "微信", id="WeChat, iPhone"),
        pytest.param(WECHAT_WINDOWS, True, False, "Windows", "微信", id="WeChat, Windows"),
        pytest.param(WECHAT_OLD_MAC, True, False, "macOS", "微信", id="WeChat, Mac"),
        pytest.param(WECHAT_LINUX, True, False, "Linux", "微信", id="WeChat, Linux"),
        pytest.param(MINI_PROGRAM, True, True, "iPhone", "微信", id="mini program"),
        pytest.param(WECOM_IOS, False, True, "iPhone", "企业微信", id="WeCom"),
        pytest.param(EDGE, False, False, "Windows", "Edge", id="Edge"),
        pytest.param(SAFARI, False, False, "macOS", "Safari", id="Safari"),
        pytest.param(CHROME_ANDROID, False, True, "Android", "Chrome", id="Chrome, Android"),
        pytest.param(FIREFOX_LINUX, False, False, "Linux", "Firefox", id="Firefox"),
        pytest.param(IPAD, False, True, "iPad", "Chrome", id="Chrome, iPad"),
        pytest.param("", False, False, "未知系统", "未知浏览器", id="nothing"),
        pytest.param("curl/8.0", False, False, "未知系统", "未知浏览器", id="curl"),
        pytest.param("MicroMessenger5.0", True, False, "未知系统", "微信", id="no slash"),
    ],
)
def test_point_16_browsers_are_recognised(
    agent: str, inside: bool, mobile: bool, system: str, browser: str
) -> None:
    assert user_agent.in_wechat(agent) is inside
    assert user_agent.is_mobile(agent) is mobile
    assert user_agent.describe_browser(agent) == user_agent.BrowserName(system, browser)


def test_the_end_of_an_endless_header_is_not_looked_at() -> None:
    assert not user_agent.in_wechat("x" * user_agent.LONGEST + "MicroMessenger/8.0")
