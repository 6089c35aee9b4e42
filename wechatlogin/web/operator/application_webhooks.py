"""The webhooks of an application: where they go, of what they tell, and what became of them.

GET|POST /operator/applications/<client_id>/webhook                    settings and messages
POST     /operator/applications/<client_id>/webhook/secret             a new secret, shown once
POST     /operator/applications/<client_id>/webhook/test               send one that tells nothing
POST     /operator/applications/<client_id>/webhook/resend             all that were given up
GET      /operator/applications/<client_id>/webhook/<id>               one message
POST     /operator/applications/<client_id>/webhook/<id>/resend
"""

import json
from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext
from pydantic import SecretStr
from werkzeug.wrappers import Response

from wechatlogin import clock
from wechatlogin.errors import SettingRefused
from wechatlogin.models import Application, WebhookDelivery, WebhookEvent
from wechatlogin.services import applications, webhook_settings, webhooks
from wechatlogin.services.paging import Place
from wechatlogin.services.webhook_settings import EVENTS, WebhookSettings
from wechatlogin.services.webhooks import State
from wechatlogin.web import words
from wechatlogin.web.context import current_site
from wechatlogin.web.operator import application_page, desk
from wechatlogin.web.parameters import get_single
from wechatlogin.wechat.notices import BARRED

bp = Blueprint("webhooks", __name__, url_prefix="/<client_id>/webhook")

_KINDS = {State.DELIVERED: "success", State.WAITING: "warning", State.GIVEN_UP: "error"}


@bp.get("")
def show(client_id: str) -> str:
    application = applications.verify(client_id)
    return _page(application, webhook_settings.of(application), {})


@bp.post("")
def save(client_id: str) -> Response | str | tuple[str, int]:
    application = applications.verify(client_id)
    uri = (get_single("webhook_uri", source=request.form) or "").strip() or None
    wanted = WebhookSettings(uri, tuple(request.form.getlist("webhook_events")))
    try:
        secret = webhook_settings.save(
            current_site(), application, wanted, by=desk.current_actor(), now=clock.now()
        )
    except SettingRefused as err:
        return _page(application, wanted, {err.field: gettext(err.message)}), 400
    if secret is not None:
        return _show_secret(application, secret)
    return redirect(url_for(".show", client_id=client_id, done="saved"), 303)


@bp.post("/secret")
def rotate(client_id: str) -> str:
    application = applications.verify(client_id)
    secret = webhook_settings.rotate(
        current_site(), application, by=desk.current_actor(), now=clock.now()
    )
    return _show_secret(application, secret)


@bp.post("/test")
def send_test(client_id: str) -> Response:
    application = applications.verify(client_id)
    webhooks.send_test(application, by=desk.current_actor(), now=clock.now())
    return redirect(url_for(".show", client_id=client_id, done="test"), 303)


@bp.post("/resend")
def resend_failed(client_id: str) -> Response:
    application = applications.verify(client_id)
    webhooks.resend_failed(application, by=desk.current_actor(), now=clock.now())
    return redirect(url_for(".show", client_id=client_id, done="resent"), 303)


@bp.get("/<delivery_id>")
def show_delivery(client_id: str, delivery_id: str) -> str:
    application = applications.verify(client_id)
    delivery = webhooks.verify(application, delivery_id)
    payload = json.dumps(json.loads(delivery.payload), ensure_ascii=False, indent=2)
    return render_template(
        "operator/delivery.html",
        notice=gettext("已排队，马上重新发送。") if get_single("done") else None,
        delivery=_describe(delivery, client_id, clock.now()),
        payload=payload,
        resend_action=url_for(".resend", client_id=client_id, delivery_id=delivery.id),
        back_url=url_for(".show", client_id=client_id),
    )


@bp.post("/<delivery_id>/resend")
def resend(client_id: str, delivery_id: str) -> Response:
    delivery = webhooks.verify(applications.verify(client_id), delivery_id)
    webhooks.resend(delivery, by=desk.current_actor(), now=clock.now())
    shown: dict[str, Any] = {"client_id": client_id, "delivery_id": delivery_id}
    return redirect(url_for(".show_delivery", **shown, done="resent"), 303)


def _page(application: Application, typed: WebhookSettings, errors: dict[str, str]) -> str:
    client_id, now = application.client_id, clock.now()
    after = Place.read(get_single("after"))
    page = webhooks.get_deliveries(application, after=after)
    former_until = application.former_webhook_secret_until
    return render_template(
        "operator/webhook.html",
        notice=_notice(get_single("done")),
        name=application.name,
        typed={"uri": typed.uri, "events": typed.events},
        errors=errors,
        events=[(event.value, _event(event)) for event in EVENTS],
        is_on=application.webhook_uri is not None,
        has_secret=application.sealed_webhook_secret is not None,
        former_text=words.moment(former_until, now=now)
        if former_until is not None and former_until > now
        else None,
        deliveries=[_describe(row, client_id, now) for row in page.rows],
        has_failed=webhooks.has_given_up(application),
        action=url_for(".save", client_id=client_id),
        secret_action=url_for(".rotate", client_id=client_id),
        test_action=url_for(".send_test", client_id=client_id),
        resend_action=url_for(".resend_failed", client_id=client_id),
        back_url=url_for("operator_applications.show", client_id=client_id),
        first_url=url_for(".show", client_id=client_id) if after else None,
        next_url=url_for(".show", client_id=client_id, after=page.end) if page.end else None,
    )


def _show_secret(application: Application, secret: SecretStr) -> str:
    return application_page.show_once(
        gettext("webhook 密钥"),
        gettext("只显示这一次，请现在复制到接收方。换密钥时，原来的密钥还会同时签名一天。"),
        [("webhook-secret", gettext("webhook 密钥"), secret.get_secret_value())],
        url_for(".show", client_id=application.client_id),
    )


def _describe(delivery: WebhookDelivery, client_id: str, now: datetime) -> dict[str, object]:
    state = webhooks.get_state(delivery)
    next_at = delivery.next_try_at
    return {
        "id": delivery.id,
        "event": str(delivery.event),
        "created_text": words.moment(delivery.created_at, now=now),
        "tries": delivery.tries,
        "tried_text": words.moment(delivery.tried_at, now=now) if delivery.tried_at else None,
        "next_text": words.moment(next_at, now=now) if next_at else None,
        "answer_text": _answer(delivery),
        "state_kind": _KINDS[state],
        "state_text": _state(state),
        "url": url_for(".show_delivery", client_id=client_id, delivery_id=delivery.id),
    }


def _state(state: State) -> str:
    texts = {
        State.DELIVERED: gettext("已送达"),
        State.WAITING: gettext("等待发送"),
        State.GIVEN_UP: gettext("已放弃"),
    }
    return texts[state]


def _answer(delivery: WebhookDelivery) -> str:
    """Return what the last try met, in words."""
    if delivery.status is not None:
        return f"HTTP {delivery.status}"
    texts = {
        None: gettext("还没有"),
        BARRED: gettext("域名指向本机或内网，没有发送"),
        webhooks.NO_ADDRESS: gettext("没有 webhook 地址"),
        "ConnectTimeout": gettext("连接超时"),
        "ReadTimeout": gettext("没有及时回答"),
        "SSLError": gettext("证书不正确"),
    }
    return texts.get(delivery.error, gettext("连接不上"))


def _event(event: WebhookEvent) -> str:
    texts = {
        WebhookEvent.USER_CREATED: gettext("有人第一次登录这个应用"),
        WebhookEvent.USER_LOGIN: gettext("有人登录这个应用"),
        WebhookEvent.USER_MERGED: gettext("两个用户合并成一个"),
        WebhookEvent.USER_DELETED: gettext("用户被删除"),
        WebhookEvent.FOLLOW_CHANGED: gettext("用户关注或取消关注了公众号（需要 wechat scope）"),
    }
    return texts[event]


def _notice(done: str | None) -> str | None:
    notices = {
        "saved": gettext("设置已保存。"),
        "test": gettext("测试事件已排队，马上发送；刷新本页看结果。"),
        "resent": gettext("已放弃的消息已重新排队，马上发送。"),
    }
    return notices.get(done or "")
