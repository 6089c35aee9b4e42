"""A WeChat that answers at once, stricter than WeChat: each token ends the one before it.

It counts what it is asked: GET /counts.
"""

import secrets
import threading
from collections import Counter

from flask import Flask, request
from flask.typing import ResponseReturnValue

REFUSED = {"errcode": 40001, "errmsg": "invalid credential, access_token is not the latest"}

app = Flask(__name__)
_lock = threading.Lock()
_counts: Counter[str] = Counter()
_newest = ""


@app.get("/")
def home() -> str:
    return "ok"


@app.get("/counts")
def tell_counts() -> ResponseReturnValue:
    with _lock:
        return dict(_counts)


@app.get("/cgi-bin/token")
@app.post("/cgi-bin/stable_token")
def issue_token() -> ResponseReturnValue:
    global _newest
    with _lock:
        _counts["tokens"] += 1
        _newest = secrets.token_urlsafe(102)
        return {"access_token": _newest, "expires_in": 7200}


@app.post("/cgi-bin/qrcode/create")
def create_qrcode() -> ResponseReturnValue:
    if not _is_newest():
        return REFUSED
    ticket = secrets.token_urlsafe(60)
    url = f"http://weixin.qq.com/q/{secrets.token_hex(10)}"
    return {"ticket": ticket, "expire_seconds": 120, "url": url}


@app.get("/cgi-bin/user/info")
def tell_user() -> ResponseReturnValue:
    return {"subscribe": 1, "openid": request.args["openid"]} if _is_newest() else REFUSED


def _is_newest() -> bool:
    with _lock:
        is_newest = request.args.get("access_token") == _newest
        _counts["accepted" if is_newest else "refused"] += 1
        return is_newest
