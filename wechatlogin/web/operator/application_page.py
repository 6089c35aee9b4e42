"""What an admin sees of one application, and the page that shows a secret once."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from flask import render_template, url_for
from flask_babel import gettext

from wechatlogin import clock
from wechatlogin.models import Application
from wechatlogin.services import api_keys, applications, client_secrets
from wechatlogin.web import brands, words
from wechatlogin.web.context import current_site

#: The name of its place on the page, what it is called, and the value.
Shown = tuple[str, str, str | None]


def show(
    application: Application, done: str | None = None, errors: dict[str, str] | None = None
) -> str:
    """Return the page about one application; `errors` are of its small forms, by their fields."""
    target: dict[str, Any] = {"client_id": application.client_id}
    pages = "operator_applications."
    return render_template(
        "operator/application.html",
        notice=_notice(done),
        errors=errors or {},
        application=_describe(application),
        settings=_settings(application),
        secrets=_secrets(application),
        keys=_keys(application),
        facts=_facts(application),
        settings_url=url_for(pages + "ask_for_settings", **target),
        webhook_url=url_for(pages + "webhooks.show", **target),
        secret_action=url_for(pages + "keys.rotate_secret", **target),
        key_action=url_for(pages + "keys.issue", **target),
        logo_action=url_for(pages + "keys.save_logo", **target),
        logo_remove_action=url_for(pages + "keys.remove_logo", **target),
        disable_action=url_for(pages + "save_disabled", **target),
        remove_url=url_for(pages + "ask_to_remove", **target),
        back_url=url_for(pages + "show_all"),
    )


def show_once(title: str, text: str, shown: Iterable[Shown], back_url: str) -> str:
    """Return a page with what cannot be shown again."""
    return render_template(
        "operator/once.html",
        title=title,
        text=text,
        shown=[{"name": name, "label": label, "value": value} for name, label, value in shown],
        back_url=back_url,
    )


def _describe(application: Application) -> dict[str, object]:
    return {
        "name": application.name,
        "client_id": application.client_id,
        "logo_url": brands.brand_of(application).logo_url,
        "is_public": application.is_public,
        "is_disabled": application.is_disabled,
    }


def _settings(application: Application) -> list[dict[str, object]]:
    """Return what an OpenID Connect client is set up with, but for the secret."""
    shown = [
        ("issuer", gettext("签发者（issuer）"), current_site().issuer),
        ("client-id", gettext("客户端 ID（client_id）"), application.client_id),
        *(
            (f"redirect-uri-{number}", gettext("回调地址（redirect_uri）"), uri)
            for number, uri in enumerate(application.redirect_uris, 1)
        ),
    ]
    return [{"name": name, "label": label, "value": value} for name, label, value in shown]


def _secrets(application: Application) -> list[dict[str, object]]:
    now = clock.now()
    return [
        {
            "created_text": words.moment(secret.created_at, now=now),
            "ends_text": words.moment(secret.expires_at, now=now) if secret.expires_at else None,
            "is_kept": secret.sealed_secret is not None,
        }
        for secret in client_secrets.get_live(application, now=now)
    ]


def _keys(application: Application) -> list[dict[str, object]]:
    now = clock.now()
    return [
        {
            "name": key.name,
            "created_text": words.moment(key.created_at, now=now),
            "used_text": words.moment(key.last_used_at, now=now)
            if key.last_used_at
            else gettext("没有用过"),
            "revoke_action": url_for(
                "operator_applications.keys.revoke",
                client_id=application.client_id,
                key_id=key.id,
            ),
        }
        for key in api_keys.get_all(application)
    ]


def _facts(application: Application) -> list[dict[str, object]]:
    site = current_site()
    is_handed = site.settings.permits_access_token(application.client_id)
    facts = [
        (gettext("登录过的人"), str(applications.count_people(application)), None),
        (gettext("许可过的人"), str(applications.count_consents(application)), None),
        (gettext("创建于"), words.day(application.created_at), None),
        (gettext("用户域"), application.user_domain, "docs/coming-from-enduser-api.md"),
        (gettext("中转授权的域名"), urlsplit(site.settings.public_url).netloc, "docs/relay.md"),
        (
            gettext("微信的 access_token"),
            gettext("会交给它") if is_handed else gettext("不交给它"),
            "docs/coming-from-wechat-server.md",
        ),
    ]
    return [{"label": label, "value": value, "document": told} for label, value, told in facts]


def _notice(done: str | None) -> str | None:
    notices = {
        "saved": gettext("设置已保存。"),
        "disabled": gettext("已停用：没有人能登录它，它的 token 已失效。"),
        "enabled": gettext("已启用，用户可以重新登录。"),
        "revoked": gettext("已作废这个 API 密钥。"),
        "logo": gettext("标志已保存。"),
        "logo_removed": gettext("标志已移除，页面上显示名称的第一个字。"),
    }
    return notices.get(done or "")
