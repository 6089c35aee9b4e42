"""The WeChat apps: what each can do, what WeChat's console is told, and its settings.

GET      /operator/wechat-apps                     all of them
GET|POST /operator/wechat-apps/new                 add one
GET      /operator/wechat-apps/<appid>             what it can do, and what to paste where
GET|POST /operator/wechat-apps/<appid>/edit        change its settings; an empty secret stays
POST     /operator/wechat-apps/<appid>/token       a new token and EncodingAESKey, shown once
GET|POST /operator/wechat-apps/<appid>/remove      the GET asks, the POST does it
"""

from flask import redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import SettingRefused
from wechatlogin.models import WeChatAppRow
from wechatlogin.services import wechat_app_changes, wechat_apps
from wechatlogin.services.wechat_app_changes import CallbackSecrets, Dependents
from wechatlogin.web import words
from wechatlogin.web.context import current_site
from wechatlogin.web.operator import account_kinds, console_values, desk, wechat_app_forms
from wechatlogin.web.parameters import get_single
from wechatlogin.wechat.app import AppKind, Right

bp = desk.blueprint("wechat_apps", __name__, "/wechat-apps")

ONE = "/<string(length=18):appid>"


@bp.get("")
def show_all() -> str:
    return render_template(
        "operator/wechat_apps.html",
        notice=_notice(get_single("done")),
        apps=[_in_list(row) for row in wechat_apps.get_all()],
        new_url=url_for("operator_wechat_apps.add"),
        setup_url=url_for("operator_setup.show"),
    )


@bp.get("/new")
def add() -> str:
    return _form({"kind": AppKind.SERVICE.value, "mode": "safe"})


@bp.post("/new")
def create() -> Response | tuple[str, int]:
    form, by = wechat_app_forms.read(), desk.current_actor()
    try:
        row = wechat_app_changes.create(
            current_site(), form.appid, form.settings, form.secrets, by=by, now=clock.now()
        )
    except SettingRefused as err:
        return _form(form.values, err), err.status
    return redirect(_url("show", row, done="added"), 303)


@bp.get(ONE)
def show(appid: str) -> str:
    return _page(wechat_app_forms.verify_row(appid))


@bp.get(ONE + "/edit")
def edit(appid: str) -> str:
    row = wechat_app_forms.verify_row(appid)
    return _form(wechat_app_forms.get_values(row), row=row)


@bp.post(ONE + "/edit")
def change(appid: str) -> Response | tuple[str, int]:
    row, form = wechat_app_forms.verify_row(appid), wechat_app_forms.read()
    site, by = current_site(), desk.current_actor()
    try:
        wechat_app_changes.change(site, row, form.settings, form.secrets, by=by, now=clock.now())
    except SettingRefused as err:
        values = {**form.values, "appid": appid}
        return _form(values, err, row=wechat_app_forms.verify_row(appid)), err.status
    return redirect(_url("show", row, done="saved"), 303)


@bp.post(ONE + "/token")
def renew_token(appid: str) -> str:
    row = wechat_app_forms.verify_row(appid)
    made = wechat_app_changes.renew_callback_secrets(
        current_site().vault, row, by=desk.current_actor(), now=clock.now()
    )
    return _page(row, made)


@bp.get(ONE + "/remove")
def ask_to_remove(appid: str) -> Response | str:
    row = wechat_app_forms.verify_row(appid)
    dependents = wechat_app_changes.get_dependents(row)
    if dependents.applications:
        return redirect(_url("show", row, done="in_use"), 303)
    return render_template(
        "question.html",
        title=gettext("移除这个微信账号？"),
        text=_what_ends(row, dependents),
        action=_url("remove", row),
        label=gettext("移除"),
        back_url=_url("show", row),
    )


@bp.post(ONE + "/remove")
def remove(appid: str) -> Response:
    row = wechat_app_forms.verify_row(appid)
    wechat_app_changes.remove(row, by=desk.current_actor(), now=clock.now())
    return redirect(url_for("operator_wechat_apps.show_all", done="removed"), 303)


def _page(row: WeChatAppRow, made: CallbackSecrets | None = None) -> str:
    site, dependents = current_site(), wechat_app_changes.get_dependents(row)
    return render_template(
        "operator/wechat_app.html",
        notice=_notice(get_single("done")),
        app=_in_list(row),
        rights_text=words.rights(row.kind),
        missing_text=words.missing_rights(row.kind),
        callback=console_values.callback(site, row),
        once=console_values.once(made),
        domain=console_values.domain(site, row),
        facts=_facts(row, dependents),
        is_used_by=[application.name for application in dependents.applications],
        urls=_urls(row),
    )


def _form(
    values: dict[str, str], err: SettingRefused | None = None, *, row: WeChatAppRow | None = None
) -> str:
    return render_template(
        "operator/wechat_app_edit.html",
        values=values,
        errors={err.field: gettext(err.message)} if err else {},
        is_new=row is None,
        action=_url("change", row) if row else url_for("operator_wechat_apps.create"),
        back_url=_url("show", row) if row else url_for("operator_wechat_apps.show_all"),
        kinds=account_kinds.options(),
        modes=list(account_kinds.modes().items()),
        has_token=row is not None and row.sealed_token is not None,
        has_aes_key=row is not None and row.sealed_aes_key is not None,
    )


def _in_list(row: WeChatAppRow) -> dict[str, object]:
    return {
        "name": row.name,
        "appid": row.appid,
        "kind_text": account_kinds.name(AppKind(row.kind)),
        "rights_text": words.rights(row.kind),
        "url": _url("show", row),
    }


def _facts(row: WeChatAppRow, dependents: Dependents) -> list[tuple[str, str]]:
    is_set, is_missing = gettext("已设置"), gettext("未设置")
    facts = [
        ("AppSecret", is_set),
        ("Token", is_set if row.sealed_token else is_missing),
        ("EncodingAESKey", is_set if row.sealed_aes_key else is_missing),
        (gettext("原始 ID"), row.gh_id),
        (gettext("开放平台"), row.open_platform_group),
        (gettext("关注二维码"), row.follow_url),
        (gettext("转发地址"), row.forward_url),
        (gettext("标识"), row.identifier),
        (gettext("消息模板"), row.template_id),
        (gettext("用它登录过的身份"), f"{dependents.people:,}"),
    ]
    return [(label, text) for label, text in facts if text]


def _urls(row: WeChatAppRow) -> dict[str, str]:
    urls = {
        "edit": _url("edit", row),
        "remove": _url("ask_to_remove", row),
        "setup": url_for("operator_setup.show_steps", appid=row.appid),
        "files": url_for("operator_verification_files.show", appid=row.appid),
    }
    if row.has(Right.PUSHES):
        urls["token"] = _url("renew_token", row)
    if row.has(Right.CHAT):
        urls["replies"] = url_for("operator_replies.show", appid=row.appid)
    if row.has(Right.TEMPLATE_MESSAGE):
        urls["template"] = url_for("operator_message_template.show", appid=row.appid)
    return urls


def _what_ends(row: WeChatAppRow, dependents: Dependents) -> str:
    return gettext(
        "%(name)s：%(replies)s 段回复和 %(files)s 个校验文件会删除，没有人能再用它登录。"
        "用它登录过的 %(people)s 个身份会保留，重新添加同一个 AppID 以后仍然认得。",
        name=words.isolate(row.name),
        replies=dependents.replies,
        files=dependents.files,
        people=dependents.people,
    )


def _notice(done: str | None) -> str | None:
    notices: dict[str | None, str] = {
        "added": gettext("已添加。"),
        "saved": gettext("已保存。"),
        "removed": gettext("已移除这个微信账号。"),
        "in_use": gettext("还有应用指定了这个微信账号，请先在那些应用里去掉它。"),
    }
    return notices.get(done)


def _url(view: str, row: WeChatAppRow, *, done: str | None = None) -> str:
    return url_for(f"operator_wechat_apps.{view}", appid=row.appid, done=done)
