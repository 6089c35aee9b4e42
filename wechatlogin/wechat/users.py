"""Whether somebody follows the account (WeChat's page 获取用户基本信息).

Nickname and picture have not been in this answer since 2021-12-27; they come from `profile` only.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from wechatlogin.wechat import answer as answers
from wechatlogin.wechat.http import Answer

PATH = "/cgi-bin/user/info"
_LAST_SECOND = 253402300799


@dataclass(frozen=True)
class Follower:
    """Somebody the account knows; `follows` may be false."""

    openid: str
    follows: bool
    unionid: str | None
    followed_at: datetime | None


def read_follower(answer: Answer) -> Follower:
    """Return what an answer says about somebody.

    :raise WeChatGarbled: if there is no openid in it.
    """
    seconds = answer.get("subscribe_time")
    known = isinstance(seconds, int) and 0 < seconds <= _LAST_SECOND
    return Follower(
        openid=answers.required_openid(answer, path=PATH),
        # Somebody who does not follow is answered without an errcode: only a 1 means yes.
        follows=str(answer.get("subscribe")) == "1",
        unionid=answers.get_unionid(answer),
        followed_at=datetime.fromtimestamp(answer["subscribe_time"], UTC) if known else None,
    )
