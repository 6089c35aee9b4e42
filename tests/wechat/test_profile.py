"""Profiles and the pictures in them."""

import pytest

from wechatlogin.wechat import errors, profile
from wechatlogin.wechat.app import Platform

PICTURE = "thirdwx.qlogo.cn/mmopen/vi_32/abc/132"
ANSWER = {
    "openid": "o6_bmjrPTlm6_2sgVt7hMZOPfL2M",
    "nickname": "小明😀",
    "sex": "1",
    "headimgurl": f"http://{PICTURE}",
    "privilege": [],
    "unionid": " o6_bmasdasdsad6_2sgVt7hMZOPfL",
}


def test_the_documented_answer_is_read() -> None:
    assert profile.read_profile(ANSWER, Platform()) == profile.Profile(
        openid="o6_bmjrPTlm6_2sgVt7hMZOPfL2M",
        unionid="o6_bmasdasdsad6_2sgVt7hMZOPfL",
        nickname="小明😀",
        avatar_url=f"https://{PICTURE}",
    )


@pytest.mark.parametrize("absent", ["", "  ", None, 0, "a b"], ids=repr)
def test_an_empty_unionid_is_none(absent: object) -> None:
    assert profile.read_profile(ANSWER | {"unionid": absent}, Platform()).unionid is None


def test_a_person_without_nickname_and_picture_is_one_too() -> None:
    person = profile.read_profile({"openid": "o1", "nickname": "", "headimgurl": ""}, Platform())

    assert (person.nickname, person.avatar_url) == ("", None)


@pytest.mark.parametrize("openid", [None, "", 7, "o 1", "o1\n", "o" * 65], ids=repr)
def test_an_answer_without_a_proper_openid_is_garbled(openid: object) -> None:
    with pytest.raises(errors.WeChatGarbled):
        profile.read_profile(ANSWER | {"openid": openid}, Platform())


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        (f"http://{PICTURE}", f"https://{PICTURE}"),
        (f"https://{PICTURE}", f"https://{PICTURE}"),
        ("https://wx.qlogo.cn:443/a", "https://wx.qlogo.cn/a"),
        ("http://wx.qlogo.cn:80/a", "https://wx.qlogo.cn/a"),
        ("https://qlogo.cn/a", "https://qlogo.cn/a"),
        ("HTTPS://WX.QLOGO.CN/a", "https://wx.qlogo.cn/a"),
        ("http://127.0.0.1:5001/avatar/1", "http://127.0.0.1:5001/avatar/1"),
        ("http://127.0.0.1:5002/avatar/1", None),
        ("https://evil-qlogo.cn/a", None),
        ("https://qlogo.cn.evil.com/a", None),
        ("https://evil.com/qlogo.cn", None),
        ("https://wx.qlogo.cn@evil.com/a", None),
        ("https://evil.com\\.qlogo.cn/a", None),
        ("https://evil.com#.qlogo.cn/a", None),
        ("https://wx.qlogo.cn:8443/a", None),
        ("https://wx.qlogo.cn:bad/a", None),
        ("https://[::1/a", None),
        ("javascript://wx.qlogo.cn/%0aalert(1)", None),
        ("//wx.qlogo.cn/a", None),
        ('https://wx.qlogo.cn/"onerror=', None),
        ("https://wx.qlogo.cn/\n", None),
        ("https://wx.qlogo.cn/头像", None),
        ("https://wx.qlogo.cn/" + "a" * 1100, None),
        ("", None),
    ],
)
def test_only_pictures_on_wechats_hosts_are_shown(raw: str, clean: str | None) -> None:
    platform = Platform(avatar_hosts=("127.0.0.1:5001",))

    assert profile.clean_avatar_url(raw, platform) == clean
