"""The first run: from nothing to a login that works, in one sitting or in several.

GET      /operator/setup                         which account do you have?
GET|POST /operator/setup/account                 its appid and secret, which WeChat checks at once
GET      /operator/setup/<appid>                 where to click and what to paste, step by step
POST     /operator/setup/<appid>/examine/<key>   let the doctor examine one step
POST     /operator/setup/<appid>/token           a token and an EncodingAESKey, shown once
POST     /operator/setup/<appid>/files           the file by which WeChat checks our domain
POST     /operator/setup/<appid>/application     the first application, its secret shown once

How far it has come is not kept anywhere: it follows from what is configured.
"""

from collections.abc import Mapping, Sequence

from flask import abort, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import InvalidRequest, SettingRefused, VerificationFileRefused
from wechatlogin.extensions import limiter
from wechatlogin.models import WeChatAppRow
from wechatlogin.services import (
    applications,
    doctor,
    setup,
    wechat_app_changes,
    wechat_app_settings,
    wechat_apps,
)
from wechatlogin.services.doctor import Finding, State
from wechatlogin.services.wechat_app_changes import CallbackSecrets
from wechatlogin.web import words
from wechatlogin.web.context import current_site
from wechatlogin.web.operator import (
    account_kinds,
    console_values,
    desk,
    first_application,
    setup_steps,
    verification_files,
    wechat_app_forms,
    wechat_words,
)
from wechatlogin.web.operator.wechat_app_forms import AppForm
from wechatlogin.web.parameters import get_single
from wechatlogin.wechat.app import AppKind, WeChatApp
from wechatlogin.wechat.errors import PlatformError

bp = desk.blueprint("setup", __name__, "/setup")

ONE = "/<string(length=18):appid>"


@bp.get("")
def show() -> str:
    return render_template(
        "operator/setup.html",
        apps=[_begun(row) for row in wechat_apps.get_all()],
        kinds=[
            {
                "name": account_kinds.name(kind),
                "how_to_tell": account_kinds.how_to_tell(kind),
                "rights_text": words.rights(kind.value),
                "missing_text": words.missing_rights(kind.value),
                "url": url_for("operator_setup.ask_for_account", kind=kind.value),
            }
            for kind in account_kinds.ORDER
        ],
    )


@bp.get("/account")
def ask_for_account() -> str:
    try:
        kind = AppKind(get_single("kind") or "")
    except ValueError as err:
        raise InvalidRequest from err
    return _account_form(kind, {})


@bp.post("/account")
def save_account() -> Response | str | tuple[str, int]:
    form, site, problem = wechat_app_forms.read_first(), current_site(), None
    try:
        wechat_app_settings.verify_new(site.settings, form.appid, form.settings, form.secrets)
        problem = _ask_wechat(form)
        row = wechat_app_changes.create(
            site, form.appid, form.settings, form.secrets, by=desk.current_actor(), now=clock.now()
        )
    except SettingRefused as err:
        return _account_form(form.settings.kind, form.values, err), err.status
    if problem is not None:
        return _steps(row, problem=problem)
    setup.keep_token(site, row)
    return redirect(url_for("operator_setup.show_steps", appid=row.appid), 303)


@bp.get(ONE)
def show_steps(appid: str) -> str:
    return _steps(wechat_app_forms.verify_row(appid))


@bp.post(ONE + "/examine/<key>")
@limiter.limit("30 per minute")
def examine(appid: str, key: str) -> str:
    row, site = wechat_app_forms.verify_row(appid), current_site()
    if key not in setup_steps.EXAMINED:
        abort(404)
    found = doctor.examine_app(site, row, *setup_steps.EXAMINED[key], now=clock.now())
    if key == "secret" and all(finding.state is State.OK for finding in found):
        setup.keep_token(site, row)
    return _steps(row, found={key: found})


@bp.post(ONE + "/token")
def renew_token(appid: str) -> str:
    row, by = wechat_app_forms.verify_row(appid), desk.current_actor()
    made = wechat_app_changes.renew_callback_secrets(
        current_site().vault, row, by=by, now=clock.now()
    )
    return _steps(row, made)


@bp.post(ONE + "/files")
def upload(appid: str) -> Response | tuple[str, int]:
    row = wechat_app_forms.verify_row(appid)
    try:
        verification_files.save(row, request)
    except VerificationFileRefused as err:
        return _steps(row, errors={"file": gettext(err.message)}), err.status
    return redirect(url_for("operator_setup.show_steps", appid=appid, done="file"), 303)


@bp.post(ONE + "/application")
def create_application(appid: str) -> str | tuple[str, int]:
    row = wechat_app_forms.verify_row(appid)
    name, redirect_uri = (wechat_app_forms.get_text(field) for field in ("name", "redirect_uri"))
    try:
        made = first_application.create(name, redirect_uri)
    except SettingRefused as err:
        errors = first_application.describe_error(err)
        values = {"name": name, "redirect_uri": redirect_uri}
        return _steps(row, errors=errors, values=values), err.status
    return render_template(
        "operator/setup_done.html",
        settings=first_application.get_settings(made, redirect_uri),
        login_url=url_for("login.start"),
        steps_url=url_for("operator_setup.show_steps", appid=appid),
    )


def _ask_wechat(form: AppForm) -> str | None:
    """Return what has to be mended in WeChat's console before it gives a token.

    :raise SettingRefused: if appid or secret is wrong.
    """
    secret = form.secrets.secret
    if secret is None:
        return None
    try:
        setup.verify_credentials(current_site(), WeChatApp(form.appid, secret, form.settings.kind))
    except PlatformError as err:
        field = wechat_words.wrong_field(err)
        if field is not None:
            raise SettingRefused(field, wechat_words.explain(err)) from err
        return wechat_words.explain(err)
    return None


def _account_form(kind: AppKind, values: dict[str, str], err: SettingRefused | None = None) -> str:
    return render_template(
        "operator/setup_account.html",
        kind=kind.value,
        kind_text=account_kinds.name(kind),
        where=account_kinds.where_credentials(kind),
        values=values,
        errors={err.field: gettext(err.message)} if err else {},
        action=url_for("operator_setup.save_account"),
        back_url=url_for("operator_setup.show"),
    )


def _steps(
    row: WeChatAppRow,
    made: CallbackSecrets | None = None,
    *,
    problem: str | None = None,
    found: Mapping[str, Sequence[Finding]] | None = None,
    errors: dict[str, str] | None = None,
    values: dict[str, str] | None = None,
) -> str:
    now = clock.now()
    steps = setup_steps.get_steps(
        current_site(),
        row,
        setup.get_progress(row, now=now),
        once=console_values.once(made),
        problem=problem,
        now=now,
    )
    if found is not None:
        steps = [setup_steps.add_findings(one, found.get(one.key, ()), row.appid) for one in steps]
    return render_template(
        "operator/setup_steps.html",
        notice=_notice(get_single("done")),
        app={"name": row.name, "kind_text": account_kinds.name(AppKind(row.kind))},
        steps=steps,
        errors=errors or {},
        values=values or {},
        live_url=url_for("operator_setup.show_steps", appid=row.appid),
        application_url=url_for("operator_setup.create_application", appid=row.appid),
        application_names=[application.name for application in applications.get_all()],
        app_url=url_for("operator_wechat_apps.show", appid=row.appid),
        doctor_url=url_for("operator_doctor.show", appid=row.appid),
    )


def _begun(row: WeChatAppRow) -> dict[str, str]:
    return {
        "name": row.name,
        "kind_text": account_kinds.name(AppKind(row.kind)),
        "url": url_for("operator_setup.show_steps", appid=row.appid),
    }


def _notice(done: str | None) -> str | None:
    notices: dict[str | None, str] = {
        "file": gettext("已保存，现在可以在微信后台提交了。"),
    }
    return notices.get(done)
