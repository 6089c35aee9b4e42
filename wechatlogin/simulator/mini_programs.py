"""Login in a mini program: `/sns/jscode2session` (WeChat's page 小程序登录).

The code comes from `wx.login` on the phone, for which a test asks the control side. It is like the
code of the authorize page: 32 characters, one use, 5 minutes, only with the appid it is for.
"""

import base64
import secrets

from flask import Blueprint

from wechatlogin.simulator import gate, sns
from wechatlogin.simulator.apps import Right
from wechatlogin.simulator.errors import ControlError, PlatformError
from wechatlogin.simulator.gate import OpenCall
from wechatlogin.simulator.grants import Consent
from wechatlogin.simulator.state import Simulation

blueprint = Blueprint("mini_programs", __name__)

PATH = "/sns/jscode2session"
SESSION_KEY_BYTES = 16


@gate.open_call(blueprint, PATH, plain_type=True)
def exchange(call: OpenCall) -> dict[str, object]:
    """Exchange a code for the person's ids and a session key, once."""
    simulation = call.simulation
    if not gate.text(call.query, "appid"):
        raise PlatformError(41002)
    if not gate.text(call.query, "secret"):
        raise PlatformError(41004)
    if not gate.text(call.query, "js_code"):
        raise PlatformError(41008)
    if gate.text(call.query, "grant_type") != "authorization_code":
        raise PlatformError(40002)
    account = call.credentials(call.query)
    simulation.require(account, Right.MINI_PROGRAM_LOGIN)
    gate.spend(simulation, account, PATH)
    consent = simulation.grants.spend(
        call.query["js_code"],
        appid=account.appid,
        now=simulation.clock.now(),
        switches=simulation.switches,
    )
    answer: dict[str, object] = {
        "session_key": base64.b64encode(secrets.token_bytes(SESSION_KEY_BYTES)).decode(),
        "openid": consent.person.openid(account.appid),
    }
    unionid = sns.told_unionid(simulation, account, consent.person)
    if unionid:
        answer["unionid"] = unionid
    return answer


def log_in(simulation: Simulation, name: str, appid: str) -> str:
    """Return the code that `wx.login` gives when this person opens the mini program.

    :raise ControlError: if the app is not a mini program.
    """
    with simulation.lock:
        person, account = simulation.person(name), simulation.chosen_account(appid)
        if not account.may(Right.MINI_PROGRAM_LOGIN):
            raise ControlError("not_a_mini_program", f"{appid} 不是小程序")
        person.known.add(appid)
        return simulation.grants.issue_code(
            Consent(appid, person, scope=""),
            now=simulation.clock.now(),
            lifetime=simulation.switches.code_lifetime,
        )
