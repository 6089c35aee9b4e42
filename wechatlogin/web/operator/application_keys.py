"""What an application proves itself by, and its logo: small forms on its page.

POST /operator/applications/<client_id>/secret              a new secret; those before it run out
POST /operator/applications/<client_id>/keys                one more API key
POST /operator/applications/<client_id>/keys/<id>/revoke
POST /operator/applications/<client_id>/logo                a picture, as multipart/form-data
POST /operator/applications/<client_id>/logo/remove
"""

from datetime import timedelta

from flask import Blueprint, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import LogoRefused, SettingRefused
from wechatlogin.services import api_keys, applications, client_secrets, logos
from wechatlogin.web import words
from wechatlogin.web.context import current_site
from wechatlogin.web.operator import application_page, desk
from wechatlogin.web.operator.application_form import get_number
from wechatlogin.web.parameters import get_single

bp = Blueprint("keys", __name__, url_prefix="/<client_id>")

PAGE = "operator_applications.show"


@bp.post("/secret")
def rotate_secret(client_id: str) -> str | tuple[str, int]:
    application, now = applications.verify(client_id), clock.now()
    try:
        hours = get_number("overlap", get_single("overlap", source=request.form) or "")
        # Whatever is longer than a year is too long all the same.
        overlap = timedelta(hours=max(-1, min(hours, 9000)))
        secret = client_secrets.rotate(
            current_site().vault, application, overlap=overlap, by=desk.current_actor(), now=now
        )
    except SettingRefused as err:
        return application_page.show(application, errors={"overlap": gettext(err.message)}), 400
    value = secret.get_secret_value()
    ends = words.moment(now + overlap, now=now)
    return application_page.show_once(
        gettext("新的客户端密钥"),
        gettext("只显示这一次，请现在复制。原来的密钥到 %(time)s 为止仍然有效。", time=ends),
        [("client-secret", gettext("客户端密钥（client_secret）"), value)],
        url_for(PAGE, client_id=client_id),
    )


@bp.post("/keys")
def issue(client_id: str) -> str | tuple[str, int]:
    application = applications.verify(client_id)
    name = get_single("name", source=request.form) or ""
    try:
        key = api_keys.issue(application, name, by=desk.current_actor(), now=clock.now())
    except SettingRefused as err:
        return application_page.show(application, errors={"name": gettext(err.message)}), 400
    return application_page.show_once(
        gettext("新的 API 密钥"),
        gettext("只显示这一次，请现在复制。"),
        [("api-key", words.isolate(name), key.get_secret_value())],
        url_for(PAGE, client_id=client_id),
    )


@bp.post("/keys/<int:key_id>/revoke")
def revoke(client_id: str, key_id: int) -> Response:
    application = applications.verify(client_id)
    api_keys.revoke(application, key_id, by=desk.current_actor(), now=clock.now())
    return redirect(url_for(PAGE, client_id=client_id, done="revoked"), 303)


@bp.post("/logo")
def save_logo(client_id: str) -> Response | tuple[str, int]:
    application, given = applications.verify(client_id), request.files.get("logo")
    try:
        file = given.read() if given else b""
        logos.save(application, file, by=desk.current_actor(), now=clock.now())
    except LogoRefused as err:
        return application_page.show(application, errors={"logo": gettext(err.message)}), 400
    return redirect(url_for(PAGE, client_id=client_id, done="logo"), 303)


@bp.post("/logo/remove")
def remove_logo(client_id: str) -> Response:
    application = applications.verify(client_id)
    logos.remove(application, by=desk.current_actor(), now=clock.now())
    return redirect(url_for(PAGE, client_id=client_id, done="logo_removed"), 303)
