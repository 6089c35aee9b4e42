"""The applications, as an admin manages them; the pages of one are in the siblings.

GET|POST /operator/applications                       the list; the POST adds one
GET      /operator/applications/new
GET      /operator/applications/<client_id>           all about one
GET|POST /operator/applications/<client_id>/settings  (`application_form`)
POST     /operator/applications/<client_id>/disabled  disable it, or enable it again
GET|POST /operator/applications/<client_id>/remove    for good: the GET asks

Secrets are shown once, with the answer that made them.
"""

from flask import redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import SettingRefused
from wechatlogin.models import Application
from wechatlogin.services import application_settings, applications
from wechatlogin.services.applications import Credentials
from wechatlogin.services.paging import Place
from wechatlogin.web import words
from wechatlogin.web.context import current_site
from wechatlogin.web.operator import (
    application_form,
    application_keys,
    application_page,
    application_webhooks,
    desk,
)
from wechatlogin.web.parameters import get_single

bp = desk.blueprint("applications", __name__, "/applications")
bp.register_blueprint(application_keys.bp)
bp.register_blueprint(application_webhooks.bp)


@bp.get("")
def show_all() -> str:
    after = Place.read(get_single("after"))
    page = applications.get_page(after=after)
    return render_template(
        "operator/applications.html",
        notice=gettext("已移除这个应用。") if get_single("done") == "removed" else None,
        applications=[_describe(one) for one in page.rows],
        new_url=url_for(".ask_for_new"),
        first_url=url_for(".show_all") if after else None,
        next_url=url_for(".show_all", after=page.end) if page.end else None,
    )


@bp.get("/new")
def ask_for_new() -> str:
    return application_form.show_new(application_form.DEFAULTS, {})


@bp.post("")
def create() -> str | tuple[str, int]:
    typed = application_form.read_typed(request.form)
    try:
        new = application_form.read_new(typed, request.form)
        made = applications.create(
            current_site().vault, new, by=desk.current_actor(), now=clock.now()
        )
    except SettingRefused as err:
        return application_form.show_new(typed, application_form.told(err)), 400
    return _show_credentials(made, new.redirect_uris)


@bp.get("/<client_id>")
def show(client_id: str) -> str:
    return application_page.show(applications.verify(client_id), get_single("done"))


@bp.get("/<client_id>/settings")
def ask_for_settings(client_id: str) -> str:
    application = applications.verify(client_id)
    typed = application_form.describe(application_settings.of(application))
    return application_form.show(application, typed, {})


@bp.post("/<client_id>/settings")
def change(client_id: str) -> Response | tuple[str, int]:
    application = applications.verify(client_id)
    typed = application_form.read_typed(request.form)
    try:
        wanted = application_form.read(typed)
        applications.change(application, wanted, by=desk.current_actor(), now=clock.now())
    except SettingRefused as err:
        return application_form.show(application, typed, application_form.told(err)), 400
    return redirect(url_for(".show", client_id=client_id, done="saved"), 303)


@bp.post("/<client_id>/disabled")
def save_disabled(client_id: str) -> Response:
    application = applications.verify(client_id)
    is_disabled = get_single("is_disabled", source=request.form) == "1"
    applications.save_disabled(
        application, is_disabled=is_disabled, by=desk.current_actor(), now=clock.now()
    )
    done = "disabled" if is_disabled else "enabled"
    return redirect(url_for(".show", client_id=client_id, done=done), 303)


@bp.get("/<client_id>/remove")
def ask_to_remove(client_id: str) -> str:
    application = applications.verify(client_id)
    return render_template(
        "question.html",
        title=gettext("移除应用 %(name)s？", name=words.isolate(application.name)),
        text=gettext(
            "它的密钥、API 密钥、token、登录和许可立即失效，"
            "%(count)s 个用户在它那里的 sub 不再保留。用户本身不受影响。"
            "这一步不能撤销；只想暂停的话，请停用它。",
            count=applications.count_people(application),
        ),
        action=url_for(".remove", client_id=client_id),
        label=gettext("移除"),
        back_url=url_for(".show", client_id=client_id),
    )


@bp.post("/<client_id>/remove")
def remove(client_id: str) -> Response:
    application = applications.verify(client_id)
    applications.remove(application, by=desk.current_actor(), now=clock.now())
    return redirect(url_for(".show_all", done="removed"), 303)


def _show_credentials(made: Credentials, redirect_uris: tuple[str, ...]) -> str:
    shown = [
        ("issuer", gettext("签发者（issuer）"), current_site().issuer),
        ("client-id", gettext("客户端 ID（client_id）"), made.client_id),
        ("client-secret", gettext("客户端密钥（client_secret）"), made.client_secret),
        ("redirect-uri", gettext("回调地址（redirect_uri）"), next(iter(redirect_uris), None)),
        ("api-key", gettext("API 密钥"), made.api_key),
        ("user-domain", gettext("用户域"), made.user_domain),
        ("user-domain-secret", gettext("用户域密钥"), made.user_domain_secret),
    ]
    return application_page.show_once(
        gettext("应用已创建"),
        gettext(
            "密钥只显示这一次，请现在复制到应用的设置里。前四项是 OpenID Connect 需要的全部设置。"
        ),
        [one for one in shown if one[2]],
        url_for(".show", client_id=made.client_id),
    )


def _describe(application: Application) -> dict[str, object]:
    kinds = {
        gettext("公开"): application.is_public,
        gettext("自有"): application.is_first_party,
    }
    return {
        "name": application.name,
        "client_id": application.client_id,
        "url": url_for(".show", client_id=application.client_id),
        "kinds": [kind for kind, is_so in kinds.items() if is_so],
        "is_disabled": application.is_disabled,
        "created_text": words.day(application.created_at),
    }
