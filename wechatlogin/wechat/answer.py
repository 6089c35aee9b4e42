"""Fields of WeChat's answers, taken out with suspicion.

A field that has to be there and is not makes the answer garbled; the caller cannot go on.
"""

import re
from datetime import timedelta

from wechatlogin.wechat import errors
from wechatlogin.wechat.http import Answer

_OPENID = re.compile(r"[A-Za-z0-9_-]{1,64}")
# WeChat gives its tokens two hours; anything longer than a month is a mistake.
_LONGEST_LIFE = timedelta(days=30)


def required_text(answer: Answer, name: str, *, path: str) -> str:
    """Return a field that cannot be missing or empty.

    :raise WeChatGarbled: if it is.
    """
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise errors.WeChatGarbled(path=path, reason=f"no {name}")
    return value


def get_text(answer: Answer, name: str) -> str | None:
    """Return a field that may be missing, without the blanks WeChat sometimes puts around it."""
    value = answer.get(name)
    return (value.strip() or None) if isinstance(value, str) else None


def required_openid(answer: Answer, *, path: str) -> str:
    """Return the openid.

    :raise WeChatGarbled: if there is none that looks like one.
    """
    openid = required_text(answer, "openid", path=path)
    if not _OPENID.fullmatch(openid):
        raise errors.WeChatGarbled(path=path, reason="odd openid")
    return openid


def get_unionid(answer: Answer) -> str | None:
    """Return the unionid if there is one; an empty one is none."""
    unionid = get_text(answer, "unionid")
    return unionid if unionid and _OPENID.fullmatch(unionid) else None


def required_lifetime(answer: Answer, *, path: str) -> timedelta:
    """Return `expires_in`.

    :raise WeChatGarbled: if it is not a sensible number of seconds.
    """
    seconds = answer.get("expires_in")
    if isinstance(seconds, int) and 0 < seconds <= _LONGEST_LIFE.total_seconds():
        return timedelta(seconds=seconds)
    raise errors.WeChatGarbled(path=path, reason="no expires_in")


def is_set(answer: Answer, name: str) -> bool:
    """Return whether a 0/1 field is on; anything but an absent field or a zero counts as on."""
    return answer.get(name) not in (None, 0, "0", "", False)
