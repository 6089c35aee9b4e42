"""`/connect/confirm`: what a phone shows after it scanned a website's QR code (reference 2.3).

GET    marks the code scanned, and asks
POST   confirms or cancels
"""

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from wechatlogin.simulator import holder, oauth, state, website_scan
from wechatlogin.simulator.errors import AuthorizeRefused

blueprint = Blueprint("confirm_page", __name__)


@blueprint.get(holder.CONFIRM)
def ask() -> BaseResponse:
    """Scan, and ask whoever holds the phone."""
    simulation = state.current()
    with simulation.lock:
        holder.verify_browser(simulation)
        person = holder.person(simulation)
        if person is None:
            return holder.chooser(simulation)
        login = website_scan.scan(simulation, request.args.get("uuid", ""), person.name)
        account = simulation.accounts[login.appid]
    page = render_template(
        "simulator/confirm.html", account=account, person=person, uuid=login.uuid
    )
    return make_response(page)


@blueprint.post(holder.CONFIRM)
def decide() -> BaseResponse:
    """Take the decision."""
    simulation = state.current()
    uuid = request.values.get("uuid", "")
    with simulation.lock:
        holder.verify_browser(simulation)
        person = holder.person(simulation)
        if person is None:
            raise AuthorizeRefused(text="请重新扫描二维码")
        if request.form.get("decision") == "confirm":
            website_scan.confirm(simulation, uuid, person.name)
            return oauth.notice("已确认登录")
        website_scan.cancel(simulation, uuid, person.name)
    return oauth.notice("已取消登录")
