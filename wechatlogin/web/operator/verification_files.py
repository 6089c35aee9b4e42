"""The files by which WeChat checks our domain, of one app.

GET|POST /operator/wechat-apps/<appid>/files                  all of them; add one
GET|POST /operator/wechat-apps/<appid>/files/<name>/remove    the GET asks, the POST does it
"""

from flask import Request, abort, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import VerificationFileRefused
from wechatlogin.models import VerificationFile, WeChatAppRow
from wechatlogin.services import verification_files
from wechatlogin.services.verification_files import LARGEST_FILE, FileCheck, NewVerificationFile
from wechatlogin.web.context import current_site
from wechatlogin.web.operator import desk, wechat_app_forms
from wechatlogin.web.parameters import get_single

bp = desk.blueprint("verification_files", __name__, "/wechat-apps/<string(length=18):appid>/files")


@bp.get("")
def show(appid: str) -> str:
    return _page(wechat_app_forms.verify_row(appid))


@bp.post("")
def add(appid: str) -> Response | tuple[str, int]:
    row = wechat_app_forms.verify_row(appid)
    values = {name: wechat_app_forms.get_text(name) for name in ("name", "content")}
    try:
        save(row, request)
    except VerificationFileRefused as err:
        return _page(row, values, error=gettext(err.message)), err.status
    return redirect(_url("show", row, done="saved"), 303)


@bp.get("/<name>/remove")
def ask_to_remove(appid: str, name: str) -> str:
    row, file = _verify(appid, name)
    return render_template(
        "question.html",
        title=gettext("移除这个校验文件？"),
        text=gettext(
            "%(name)s 以后打不开。微信可能会再次检查它，域名仍在使用时请保留。", name=file.name
        ),
        action=_url("remove", row, name=name),
        label=gettext("移除"),
        back_url=_url("show", row),
    )


@bp.post("/<name>/remove")
def remove(appid: str, name: str) -> Response:
    row, file = _verify(appid, name)
    verification_files.remove(file.name, by=desk.current_actor(), now=clock.now())
    return redirect(_url("show", row, done="removed"), 303)


def save(row: WeChatAppRow, sent: Request) -> None:
    """Add the file that was uploaded with a form, or the one that was typed into it.

    :raise VerificationFileRefused: if WeChat would not take it; the message says why.
    """
    upload = sent.files.get("file")
    if upload is not None and upload.filename:
        body = upload.stream.read(LARGEST_FILE)
        new = NewVerificationFile.from_upload(upload.filename, body)
    else:
        typed = wechat_app_forms.get_text
        new = NewVerificationFile(typed("name"), typed("content"))
    verification_files.save(row, new, by=desk.current_actor(), now=clock.now())


def describe(row: WeChatAppRow, file: VerificationFile) -> dict[str, object]:
    """Return a file with the address that WeChat fetches it from, and what comes from there now."""
    site = current_site()
    found = verification_files.check_reachable(site, file)
    texts = {
        FileCheck.SAME: gettext("能打开，内容正确。"),
        FileCheck.OTHER: gettext("打开的内容不对：这个地址前面的服务器把它送到了别处。"),
        FileCheck.NOTHING: gettext("本服务器自己打不开这个地址，请检查域名和前面的服务器。"),
    }
    return {
        "name": file.name,
        "address": site.url("/" + file.name),
        "check_text": texts[found],
        "check_kind": "success" if found is FileCheck.SAME else "error",
        "remove_url": _url("ask_to_remove", row, name=file.name),
    }


def _page(
    row: WeChatAppRow, values: dict[str, str] | None = None, *, error: str | None = None
) -> str:
    files = verification_files.get_all_of(row)
    return render_template(
        "operator/verification_files.html",
        notice=_notice(get_single("done")),
        app_name=row.name,
        files=[describe(row, file) for file in files],
        values=values or {},
        errors={"": error} if error else {},
        action=_url("add", row),
        back_url=url_for("operator_wechat_apps.show", appid=row.appid),
    )


def _verify(appid: str, name: str) -> tuple[WeChatAppRow, VerificationFile]:
    row, file = wechat_app_forms.verify_row(appid), verification_files.get(name)
    if file is None or file.wechat_app_id != row.id:
        abort(404)
    return row, file


def _notice(done: str | None) -> str | None:
    notices: dict[str | None, str] = {
        "saved": gettext("已保存，现在可以在微信后台提交了。"),
        "removed": gettext("已移除这个校验文件。"),
    }
    return notices.get(done)


def _url(view: str, row: WeChatAppRow, *, name: str | None = None, done: str | None = None) -> str:
    return url_for(f"operator_verification_files.{view}", appid=row.appid, name=name, done=done)
