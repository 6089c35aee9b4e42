"""`/cgi-bin/user/info` and its batch: who follows (reference 7); no nickname since 2021-12-27."""

from flask import Blueprint

from wechatlogin.simulator import gate, sns
from wechatlogin.simulator.apps import Account, Right
from wechatlogin.simulator.errors import PlatformError
from wechatlogin.simulator.gate import AccountCall
from wechatlogin.simulator.people import Person
from wechatlogin.simulator.state import Simulation

blueprint = Blueprint("users", __name__)

MOST_AT_ONCE = 100


@gate.account_call(blueprint, "/cgi-bin/user/info", right=Right.USER_INFO)
def info(call: AccountCall) -> dict[str, object]:
    """Tell whether a person follows."""
    openid = gate.text(call.query, "openid")
    if not openid:
        raise PlatformError(41009)
    person = call.simulation.person_known_as(call.account, openid)
    if person.frozen:
        raise PlatformError(50002)
    return _facts(call.simulation, call.account, person)


@gate.account_call(blueprint, "/cgi-bin/user/info/batchget", method="POST", right=Right.USER_INFO)
def batch(call: AccountCall) -> dict[str, object]:
    """Tell the same of up to 100 people."""
    wanted = call.body.get("user_list")
    if not isinstance(wanted, list) or not wanted:
        raise PlatformError(40003)
    if len(wanted) > MOST_AT_ONCE:
        raise PlatformError(40032)
    openids = [gate.text(one, "openid") if isinstance(one, dict) else "" for one in wanted]
    people = [call.simulation.person_known_as(call.account, openid) for openid in openids]
    return {"user_info_list": [_facts(call.simulation, call.account, one) for one in people]}


def _facts(simulation: Simulation, account: Account, person: Person) -> dict[str, object]:
    follow = person.follows.get(account.appid)
    unionid = sns.told_unionid(simulation, account, person)
    joined: dict[str, object] = {"unionid": unionid} if unionid else {}
    openid = person.openid(account.appid)
    if follow is None:
        return {"subscribe": 0, "openid": openid, **joined}
    return {
        "subscribe": 1,
        "openid": openid,
        "nickname": "",
        "sex": 0,
        "language": "zh_CN",
        "city": "",
        "province": "",
        "country": "",
        "headimgurl": "",
        "subscribe_time": int(follow.since.timestamp()),
        **joined,
        "remark": "",
        "groupid": 0,
        "tagid_list": [],
        "subscribe_scene": follow.scene,
        "qr_scene": follow.qr_scene,
        "qr_scene_str": follow.qr_scene_str,
    }
