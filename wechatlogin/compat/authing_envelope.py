"""Authing's shapes: the envelope `{"code", "message", "data"}`, a person, and the word for success.

200 in `code` is success. The SDK reads no body that comes with another HTTP status than 2xx, so
what a program can do something about comes with HTTP 200 and the number in `code`; a refused
origin, an unreadable body, too many requests and our own troubles keep their HTTP status.
"""

import json
from datetime import UTC, datetime

from flask import jsonify, make_response
from flask_babel import gettext
from werkzeug.wrappers import Response

from wechatlogin.errors import AttemptNotFound, LoginError
from wechatlogin.services.authing_users import AuthingUser

OK = 200
NO_SUCH_QR = 2241
NO_SUCH_QR_WORDS = "二维码不存在"
_ALSO_ON_THE_WIRE = frozenset({403, 411, 413, 415, 429})


def answer(data: object) -> Response:
    """Answer that it is done, with what was asked for."""
    return jsonify(code=OK, message=success_words(), data=data)


def render_error(err: LoginError) -> Response:
    """Answer an error in the envelope; `data` has its stable code."""
    number, words = code_of(err), gettext(err.message)
    if number == NO_SUCH_QR:
        words = NO_SUCH_QR_WORDS
    body = jsonify(code=number, message=words, data={"error": err.code})
    is_on_the_wire = err.status >= 500 or err.status in _ALSO_ON_THE_WIRE
    return make_response(body, err.status if is_on_the_wire else OK)


def code_of(err: LoginError) -> int:
    """Return Authing's number for an error, or its HTTP status where Authing has none."""
    return NO_SUCH_QR if isinstance(err, AttemptNotFound) else err.status


def success_words() -> str:
    """Return what `message` says of a success."""
    return gettext("登录成功")


def user_fields(user: AuthingUser) -> dict[str, object]:
    """Return a person by the names that Authing's SDKs know; what we do not know is null."""
    return {
        "_id": user.user_id,
        "id": user.user_id,
        "email": None,
        "emailVerified": False,
        # Older back ends know people by this alone.
        "unionid": user.unionid or user.openid,
        "openid": user.openid,
        "oauth": json.dumps(_as_wechat_tells(user), ensure_ascii=False),
        "registerMethod": "oauth:wxmp",
        "username": user.nickname,
        "nickname": user.nickname,
        "company": None,
        "photo": user.avatar_url,
        "token": user.token.get_secret_value(),
        "tokenExpiredAt": moment(user.token_ends),
        "loginsCount": user.logins_count,
        "lastLogin": moment(user.last_login_at),
        "lastIP": user.last_ip,
        "signedUp": moment(user.signed_up_at),
        "blocked": False,
        "isDeleted": False,
    }


def moment(at: datetime) -> str:
    """Return a moment as JavaScript writes it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _as_wechat_tells(user: AuthingUser) -> dict[str, object]:
    """Return the fields of WeChat's `/sns/userinfo`; it tells no sex and no place any more."""
    told: dict[str, object] = {
        "openid": user.openid,
        "nickname": user.nickname,
        "sex": 0,
        "language": user.language,
        "city": "",
        "province": "",
        "country": "",
        "headimgurl": user.avatar_url,
        "privilege": [],
    }
    return told if user.unionid is None else {**told, "unionid": user.unionid}
