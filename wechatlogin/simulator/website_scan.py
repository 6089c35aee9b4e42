"""What a person does with the QR code of a website: scan it, then confirm or cancel.

Who scanned decides; anybody may scan again after a cancel. Each step wakes the waiting page.
"""

from dataclasses import replace

from wechatlogin.simulator.errors import AuthorizeRefused
from wechatlogin.simulator.grants import Consent
from wechatlogin.simulator.qrconnect_request import SCOPE
from wechatlogin.simulator.state import Simulation
from wechatlogin.simulator.website_logins import Stage, WebsiteLogin


def scan(simulation: Simulation, uuid: str, name: str) -> WebsiteLogin:
    """Let a person scan.

    :raise AuthorizeRefused: if the code is dead, or somebody else has scanned it.
    """
    with simulation.lock:
        login = simulation.website_logins.open(uuid, now=simulation.clock.now())
        if login.appid not in simulation.accounts:
            raise AuthorizeRefused(text="AppID 参数错误")
        if login.stage is Stage.SCANNED and login.person_name != name:
            raise AuthorizeRefused(text="二维码已被别人扫描")
        return _kept(simulation, replace(login, stage=Stage.SCANNED, person_name=name))


def confirm(simulation: Simulation, uuid: str, name: str) -> WebsiteLogin:
    """Let the person who scanned agree, which makes a code for the website.

    :raise AuthorizeRefused: if the code is dead, or the person is not the one who scanned.
    """
    with simulation.lock:
        login = _scanned_by(simulation, uuid, name)
        person = simulation.person(name)
        person.known.add(login.appid)
        code = simulation.grants.issue_code(
            Consent(login.appid, person, SCOPE),
            now=simulation.clock.now(),
            lifetime=simulation.switches.code_lifetime,
        )
        return _kept(simulation, replace(login, stage=Stage.CONFIRMED, code=code))


def cancel(simulation: Simulation, uuid: str, name: str) -> WebsiteLogin:
    """Let the person who scanned refuse.

    :raise AuthorizeRefused: if the code is dead, or the person is not the one who scanned.
    """
    with simulation.lock:
        login = _scanned_by(simulation, uuid, name)
        return _kept(simulation, replace(login, stage=Stage.CANCELLED, person_name=None))


def _scanned_by(simulation: Simulation, uuid: str, name: str) -> WebsiteLogin:
    login = simulation.website_logins.open(uuid, now=simulation.clock.now())
    if login.stage is not Stage.SCANNED or login.person_name != name:
        raise AuthorizeRefused(text="请重新扫描二维码")
    if login.appid not in simulation.accounts:
        raise AuthorizeRefused(text="AppID 参数错误")
    return login


def _kept(simulation: Simulation, login: WebsiteLogin) -> WebsiteLogin:
    simulation.website_logins.keep(login)
    simulation.changed.notify_all()
    return login
