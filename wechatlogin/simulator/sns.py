"""The user-level calls `/sns/*`: a code becomes a token, a token a profile (reference 1.3-1.6)."""

from flask import Blueprint, Response, request

from wechatlogin.simulator import gate, wire
from wechatlogin.simulator.apps import Account, Kind, Right
from wechatlogin.simulator.errors import PlatformError
from wechatlogin.simulator.faults import Mode
from wechatlogin.simulator.gate import OpenCall
from wechatlogin.simulator.grants import ACCESS_LIFETIME, Snapshot, UserToken
from wechatlogin.simulator.people import Person
from wechatlogin.simulator.state import Simulation

blueprint = Blueprint("sns", __name__)

PROFILE_SCOPES = frozenset({"snsapi_userinfo", "snsapi_login"})


@gate.open_call(blueprint, "/sns/oauth2/access_token", plain_type=True)
def exchange(call: OpenCall) -> dict[str, object]:
    """Exchange a code for a user token, once."""
    simulation = call.simulation
    if not gate.text(call.query, "appid"):
        raise PlatformError(41002)
    if not gate.text(call.query, "secret"):
        raise PlatformError(41004)
    if not gate.text(call.query, "code"):
        raise PlatformError(41008)
    if gate.text(call.query, "grant_type") != "authorization_code":
        raise PlatformError(40002)
    account = call.credentials(call.query)
    right = Right.WEBSITE_LOGIN if account.kind is Kind.WEBSITE else Right.WEB_AUTHORIZATION
    simulation.require(account, right)
    gate.spend(simulation, account, "/sns/oauth2/access_token")
    token = simulation.grants.redeem(
        call.query["code"],
        appid=account.appid,
        now=simulation.clock.now(),
        switches=simulation.switches,
    )
    return _token_answer(simulation, account, token)


@gate.open_call(blueprint, "/sns/oauth2/refresh_token", plain_type=True)
def refresh(call: OpenCall) -> dict[str, object]:
    """Lengthen a user token's life; no secret is asked for."""
    simulation = call.simulation
    account = simulation.account(gate.text(call.query, "appid"))
    if gate.text(call.query, "grant_type") != "refresh_token":
        raise PlatformError(40002)
    gate.spend(simulation, account, "/sns/oauth2/refresh_token")
    token = simulation.grants.refresh(
        gate.text(call.query, "refresh_token"),
        appid=account.appid,
        now=simulation.clock.now(),
        rotates=simulation.switches.refreshing == "rotates",
    )
    return {
        "access_token": token.access_token,
        "expires_in": int(ACCESS_LIFETIME.total_seconds()),
        "refresh_token": token.refresh_token,
        "openid": token.openid,
        "scope": token.consent.scope,
    }


@gate.open_call(blueprint, "/sns/userinfo", plain_type=True)
def userinfo(call: OpenCall) -> Response:
    """Return the profile, if the person agreed to show it."""
    simulation = call.simulation
    token = _holder(call)
    account = simulation.account(token.consent.appid)
    gate.spend(simulation, account, "/sns/userinfo")
    if token.consent.scope not in PROFILE_SCOPES or _is_refused(simulation, token):
        raise PlatformError(48001)
    person = token.consent.person
    if person.frozen:
        raise PlatformError(50002)
    profile = _profile(simulation, person, token.openid)
    unionid = told_unionid(simulation, account, person)
    if unionid:
        profile["unionid"] = unionid
    return wire.answer(profile, plain_type=True, raw_nickname=person.raw_nickname)


def _is_refused(simulation: Simulation, token: UserToken) -> bool:
    """Whether a snapshot page refuses the profile; the refusal is all that tells of a lost flag."""
    snapshot = token.consent.snapshot
    refuses = simulation.switches.snapshot_profile == "48001"
    return snapshot is Snapshot.UNFLAGGED or (snapshot is Snapshot.FLAGGED and refuses)


@gate.open_call(blueprint, "/sns/auth", plain_type=True)
def auth(call: OpenCall) -> dict[str, object]:
    """Tell whether a user token is alive."""
    token = _holder(call)
    account = call.simulation.account(token.consent.appid)
    gate.spend(call.simulation, account, "/sns/auth")
    return {"errcode": 0, "errmsg": "ok"}


def told_unionid(simulation: Simulation, account: Account, person: Person) -> str | None:
    """Return the unionid an answer may carry, or None."""
    unionid = person.unionid_for(account)
    if unionid is None or simulation.faults.take(request.path, Mode.LATE_UNIONID):
        return None
    return f" {unionid}" if simulation.switches.unionid_with_leading_space else unionid


def _holder(call: OpenCall) -> UserToken:
    return call.simulation.grants.holder(
        gate.text(call.query, "access_token"),
        gate.text(call.query, "openid"),
        now=call.simulation.clock.now(),
    )


def _token_answer(simulation: Simulation, account: Account, token: UserToken) -> dict[str, object]:
    answer: dict[str, object] = {
        "access_token": token.access_token,
        "expires_in": int(ACCESS_LIFETIME.total_seconds()),
        "refresh_token": token.refresh_token,
        "openid": token.openid,
    }
    if simulation.switches.scope_in_token_answer:
        answer["scope"] = token.consent.scope
    if token.consent.snapshot is Snapshot.FLAGGED:
        answer["is_snapshotuser"] = 1
    if token.consent.scope in PROFILE_SCOPES or simulation.switches.unionid_in_base_answer:
        unionid = told_unionid(simulation, account, token.consent.person)
        if unionid:
            answer["unionid"] = unionid
    return answer


def _profile(simulation: Simulation, person: Person, openid: str) -> dict[str, object]:
    base = (simulation.settings.avatar_base or request.host_url).rstrip("/")
    picture = f"{base}/avatars/{person.name}/132" if person.has_avatar else ""
    return {
        "openid": openid,
        "nickname": person.nickname,
        "sex": "0" if simulation.switches.sex == "text" else 0,
        "language": "",
        "city": "",
        "province": "",
        "country": "",
        "headimgurl": picture,
        "privilege": [],
    }
