"""The authorize page: who holds the phone, what is asked, and the way back (reference 1.1, 1.7).

    GET  /connect/oauth2/authorize   error page · chooser · consent sheet · redirect with a code
    POST /connect/oauth2/consent     allow or refuse on the sheet

A caller that names a person in the header agrees to everything, unless `X-Simulator-Consent` says
`ask` or `refuse`.
"""

import secrets
from dataclasses import dataclass

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from wechatlogin.simulator import authorize_request, grants, holder, state
from wechatlogin.simulator.apps import Account, Kind, Right
from wechatlogin.simulator.authorize_request import AuthorizeRequest
from wechatlogin.simulator.errors import AuthorizeRefused
from wechatlogin.simulator.faults import Mode
from wechatlogin.simulator.grants import Consent, Snapshot
from wechatlogin.simulator.people import Person
from wechatlogin.simulator.state import Simulation

blueprint = Blueprint("oauth", __name__)

AUTHORIZE = holder.AUTHORIZE
CONSENT = "X-Simulator-Consent"
FROM_CHAT = "X-Simulator-From-Chat"
FULL_SERVICE = "X-Simulator-Full-Service"
SNAPSHOT_SHOWN = "X-Simulator-Snapshot"
SNAPSHOTS = {Mode.SNAPSHOT: Snapshot.FLAGGED, Mode.SNAPSHOT_WITHOUT_FLAG: Snapshot.UNFLAGGED}


@dataclass(frozen=True)
class PendingConsent:
    """A sheet that is on somebody's screen."""

    wish: AuthorizeRequest
    person_name: str


@blueprint.app_errorhandler(AuthorizeRefused)
def refused(error: AuthorizeRefused) -> Response:
    """Show the error inside WeChat; nobody is redirected."""
    return notice(error.text, number=error.number)


@blueprint.get(AUTHORIZE)
def authorize() -> BaseResponse:
    """Answer the authorize address."""
    simulation = state.current()
    with simulation.lock:
        holder.verify_browser(simulation)
        wish = authorize_request.parse(
            request.query_string.decode("latin-1"),
            state_required=simulation.switches.state_required,
        )
        account = _account(simulation, wish)
        person = holder.person(simulation)
        if person is None:
            return holder.chooser(simulation)
        if account.kind is Kind.TEST and account.appid not in person.follows:
            raise AuthorizeRefused(10006)
        return _decided(simulation, account, wish, person)


@blueprint.post("/connect/oauth2/consent")
def consent() -> BaseResponse:
    """Take the decision on the sheet, once."""
    simulation = state.current()
    with simulation.lock:
        pending = simulation.pending_consents.pop(request.form.get("ticket", ""), None)
        person = holder.person(simulation)
        if not isinstance(pending, PendingConsent) or person is None:
            raise AuthorizeRefused(text="授权已失效，请重新打开页面")
        if person.name != pending.person_name:
            raise AuthorizeRefused(text="授权已失效，请重新打开页面")
        if request.form.get("decision") != "allow":
            return _denied(simulation, pending.wish)
        return _sent_back(simulation, pending.wish, person, Snapshot.NONE)


def notice(text: str, *, number: int | None = None) -> Response:
    """Return one of WeChat's pages that only say something."""
    page = render_template("simulator/notice.html", title=text, text="", number=number)
    return make_response(page)


def _account(simulation: Simulation, wish: AuthorizeRequest) -> Account:
    account = simulation.accounts.get(wish.appid)
    if account is None:
        raise AuthorizeRefused(text="AppID 参数错误")
    if account.banned:
        raise AuthorizeRefused(10004)
    if account.kind is Kind.WEBSITE:
        raise AuthorizeRefused(10016)
    if not account.may(Right.WEB_AUTHORIZATION):
        raise AuthorizeRefused(10005)
    authorize_request.verify_redirect(account, wish.redirect_uri)
    fault = simulation.faults.take(AUTHORIZE, Mode.ERRCODE)
    if fault:
        raise AuthorizeRefused(fault.errcode)
    return account


def _decided(
    simulation: Simulation, account: Account, wish: AuthorizeRequest, person: Person
) -> BaseResponse:
    """Ask, or do not ask: base is silent, so is a follower who comes from the chat."""
    if wish.scope == "snsapi_base":
        return _sent_back(simulation, wish, person, Snapshot.NONE)
    from_chat = request.headers.get(FROM_CHAT) == account.appid
    if from_chat and account.appid in person.follows:
        return _sent_back(simulation, wish, person, Snapshot.NONE)
    snapshot = _snapshot(simulation, wish)
    if snapshot is not Snapshot.NONE:
        return _sent_back(simulation, wish, person, snapshot)
    wanted = request.headers.get(CONSENT, "allow" if request.headers.get(holder.PERSON) else "ask")
    if wanted == "refuse":
        return _denied(simulation, wish)
    if wanted == "allow":
        return _sent_back(simulation, wish, person, Snapshot.NONE)
    return make_response(_sheet(simulation, account, wish, person))


def _snapshot(simulation: Simulation, wish: AuthorizeRequest) -> Snapshot:
    if request.headers.get(FULL_SERVICE):
        return Snapshot.NONE
    fault = simulation.faults.take(AUTHORIZE, *SNAPSHOTS)
    if fault:
        return SNAPSHOTS[fault.mode]
    return Snapshot.FLAGGED if "forceSnapShot" in wish.additions else Snapshot.NONE


def _sheet(simulation: Simulation, account: Account, wish: AuthorizeRequest, person: Person) -> str:
    ticket = secrets.token_urlsafe(24)
    simulation.pending_consents[ticket] = PendingConsent(wish, person.name)
    return render_template("simulator/consent.html", account=account, person=person, ticket=ticket)


def _denied(simulation: Simulation, wish: AuthorizeRequest) -> BaseResponse:
    if simulation.switches.denial == "redirect_with_state":
        return redirect(wish.callback(None))
    return notice("你已拒绝授权")


def _sent_back(
    simulation: Simulation, wish: AuthorizeRequest, person: Person, snapshot: Snapshot
) -> BaseResponse:
    simulation.people[person.name].known.add(wish.appid)
    if simulation.faults.take(AUTHORIZE, Mode.DROP_CALLBACK):
        return notice("正在加载…")
    shown = person
    if snapshot is not Snapshot.NONE:
        shown = grants.snapshot_person(person, appid=wish.appid, switches=simulation.switches)
    given = Consent(wish.appid, shown, wish.scope, snapshot)
    callback = wish.callback(_code(simulation, given))
    twice = simulation.faults.take(AUTHORIZE, Mode.DOUBLE_CALLBACK)
    if twice is None:
        response = redirect(callback)
    else:
        second = (
            callback if twice.variant == "same_code" else wish.callback(_code(simulation, given))
        )
        response = make_response(
            render_template("simulator/twice.html", first=callback, second=second)
        )
    if snapshot is not Snapshot.NONE:
        response.headers[SNAPSHOT_SHOWN] = "1"
    return response


def _code(simulation: Simulation, given: Consent) -> str:
    return simulation.grants.issue_code(
        given, now=simulation.clock.now(), lifetime=simulation.switches.code_lifetime
    )
