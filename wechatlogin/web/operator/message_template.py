"""The message template that carries codes: chosen from the account's own list.

GET|POST /operator/wechat-apps/<appid>/template           choose it; WeChat is asked for the list
POST     /operator/wechat-apps/<appid>/template/remove    send codes by it no more
"""

from flask import redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import TemplateRefused
from wechatlogin.models import WeChatAppRow
from wechatlogin.services import templates, wechat_apps
from wechatlogin.services.templates import ChosenTemplate
from wechatlogin.web.context import current_site
from wechatlogin.web.operator import desk, wechat_app_forms, wechat_words
from wechatlogin.web.parameters import get_single
from wechatlogin.wechat.errors import PlatformError
from wechatlogin.wechat.templates import REMOVED, Template

bp = desk.blueprint("message_template", __name__, "/wechat-apps/<string(length=18):appid>/template")

#: More than any template has.
MOST_FIELDS = 20
_FIELD = "field-"


@bp.get("")
def show(appid: str) -> str:
    row = wechat_app_forms.verify_row(appid)
    looked_at = get_single("id") or row.template_id or ""
    return _page(row, ChosenTemplate(looked_at, row.template_fields or {}))


@bp.post("")
def choose(appid: str) -> Response | tuple[str, int]:
    row = wechat_app_forms.verify_row(appid)
    chosen, by = _read(), desk.current_actor()
    try:
        templates.choose(current_site(), row, chosen, by=by, now=clock.now())
    except TemplateRefused as err:
        return _page(row, chosen, error=gettext(err.message)), err.status
    except PlatformError as err:
        return _page(row, chosen, error=wechat_words.explain(err)), err.status
    return redirect(url_for("operator_wechat_apps.show", appid=appid, done="saved"), 303)


@bp.post("/remove")
def forget(appid: str) -> Response:
    row = wechat_app_forms.verify_row(appid)
    templates.forget(row, by=desk.current_actor(), now=clock.now())
    return redirect(url_for("operator_wechat_apps.show", appid=appid, done="saved"), 303)


def _read() -> ChosenTemplate:
    names = [name for name in request.form if name.startswith(_FIELD)][:MOST_FIELDS]
    fields = {name.removeprefix(_FIELD): wechat_app_forms.get_text(name) for name in names}
    return ChosenTemplate(wechat_app_forms.get_text("template_id"), fields)


def _page(row: WeChatAppRow, chosen: ChosenTemplate, *, error: str | None = None) -> str:
    listed, trouble = _get_listed(row)
    template = next((one for one in listed if one.template_id == chosen.template_id), None)
    return render_template(
        "operator/message_template.html",
        app_name=row.name,
        errors={"": error} if error else {},
        trouble=trouble,
        templates=[_in_list(row, one, is_chosen=one is template) for one in listed],
        template_id=chosen.template_id,
        fields=_fields(template, chosen),
        is_set=row.template_id is not None,
        action=url_for("operator_message_template.choose", appid=row.appid),
        remove_url=url_for("operator_message_template.forget", appid=row.appid),
        back_url=url_for("operator_wechat_apps.show", appid=row.appid),
    )


def _get_listed(row: WeChatAppRow) -> tuple[tuple[Template, ...], str | None]:
    """Return the account's templates, and why there are none where WeChat gives no list."""
    try:
        return wechat_apps.client(current_site(), row).get_templates(), None
    except PlatformError as err:
        return (), wechat_words.explain(err)


def _in_list(row: WeChatAppRow, template: Template, *, is_chosen: bool) -> dict[str, object]:
    return {
        "title": template.title,
        "id": template.template_id,
        "labels": [f"{field.label} {field.name}".strip() for field in template.fields],
        "is_chosen": is_chosen,
        "url": url_for("operator_message_template.show", appid=row.appid, id=template.template_id),
    }


def _fields(template: Template | None, chosen: ChosenTemplate) -> list[dict[str, str]]:
    if template is None:
        return []
    return [
        {
            "name": _FIELD + field.name,
            "label": f"{field.label} {field.name}".strip(),
            "value": chosen.fields.get(field.name, ""),
        }
        for field in template.fields
        if field.name not in REMOVED
    ]
