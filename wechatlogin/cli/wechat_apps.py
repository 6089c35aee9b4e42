"""flask wechat-app save APPID …                          add an account or replace its settings
flask wechat-app template APPID TEMPLATE_ID --field …  choose the template that carries codes
"""

import click
from flask.cli import AppGroup
from pydantic import SecretStr

from wechatlogin import clock
from wechatlogin.errors import InvalidRequest, LoginError, TemplateRefused
from wechatlogin.services import forward_urls, templates, wechat_apps
from wechatlogin.services.forward_urls import ForwardURL
from wechatlogin.services.templates import ChosenTemplate
from wechatlogin.services.wechat_apps import NewWeChatApp
from wechatlogin.web.context import current_site
from wechatlogin.wechat.app import AppKind, MessageMode
from wechatlogin.wechat.errors import PlatformError

group = AppGroup("wechat-app", help="The WeChat accounts that people log in with.")


@group.command("save")
@click.argument("appid")
@click.option("--secret", prompt=True, hide_input=True, envvar="WECHAT_SECRET")
@click.option("--token", prompt=True, hide_input=True, envvar="WECHAT_TOKEN")
@click.option("--aes-key", prompt=True, hide_input=True, envvar="WECHAT_AES_KEY", default="")
@click.option("--kind", type=click.Choice([kind.value for kind in AppKind]), default="service")
@click.option("--mode", type=click.Choice([mode.value for mode in MessageMode]), default="safe")
@click.option("--name", default="公众号", help="The name people know the account by.")
@click.option("--gh-id", help="The account's original id, gh_….")
@click.option("--open-platform-group", help="A name for the open-platform account it is bound to.")
@click.option("--follow-url", help="What the account's own QR picture holds.")
@click.option("--forward-url", help="Where pushes go that are not ours to answer.")
@click.option("--identifier", help="What SDKs call it: a-z, 0-9 and -, less than 32.")
@click.option("--template-id", help="The template message that carries codes.")
@click.option("--template-field", "fields", multiple=True, help="Such as thing1={code}.")
def save(appid: str, fields: tuple[str, ...], **given: str) -> None:
    """Add an account, or replace the settings of one."""
    new = NewWeChatApp(
        appid=appid,
        secret=SecretStr(given["secret"]),
        kind=AppKind(given["kind"]),
        name=given["name"],
        token=_secret(given["token"]),
        aes_key=_secret(given["aes_key"]),
        mode=MessageMode(given["mode"]),
        gh_id=given["gh_id"],
        open_platform_group=given["open_platform_group"] or None,
        follow_url=given["follow_url"],
        template_id=given["template_id"],
        template_fields=_texts(fields) or None,
        forward_url=_forward_url(given["forward_url"]),
        identifier=given["identifier"] or None,
    )
    if new.template_id or new.template_fields:
        _verify_without_wechat(new)
    try:
        wechat_apps.save(current_site().vault, new, now=clock.now())
    except InvalidRequest as err:
        raise click.ClickException(
            "an identifier has 1 to 31 lower-case letters, digits and -, and is no other app's"
        ) from err
    click.echo(f"saved {appid}; its callback URL is {current_site().url('/api/wechat/' + appid)}")


@group.command("template")
@click.argument("appid")
@click.argument("template_id")
@click.option("--field", "fields", multiple=True, required=True, help="Such as thing1={code}.")
def choose_template(appid: str, template_id: str, fields: tuple[str, ...]) -> None:
    """Choose the template message that carries codes, checked against the account's own list."""
    site = current_site().speaking("en")
    chosen = ChosenTemplate(template_id, _texts(fields))
    try:
        template = templates.choose(site, wechat_apps.verify(appid), chosen, now=clock.now())
    except PlatformError as err:
        raise click.ClickException(f"{site.translate(err.message)} {err.detail}") from err
    except LoginError as err:
        raise click.ClickException(site.translate(err.message)) from err
    click.echo(f"codes for {appid} go into the template {template.title or template_id}")


def _verify_without_wechat(new: NewWeChatApp) -> None:
    chosen = ChosenTemplate(new.template_id or "", new.template_fields or {})
    try:
        templates.verify_texts(current_site().speaking("en"), new.kind, chosen)
    except TemplateRefused as err:
        raise click.ClickException(err.message) from err
    click.echo(
        "the template's texts are checked, its id and the names of its fields are not: WeChat was "
        "not asked; `flask wechat-app template` does that"
    )


def _texts(fields: tuple[str, ...]) -> dict[str, str]:
    texts = dict(field.partition("=")[::2] for field in fields)
    if "" in texts or len(texts) < len(fields) or not all(texts.values()):
        raise click.BadParameter("a field is given once, as in thing1={code}")
    return texts


def _forward_url(value: str | None) -> ForwardURL | None:
    site = current_site().speaking("en")
    try:
        return forward_urls.verify_url(site.settings, value) if value else None
    except LoginError as err:
        raise click.ClickException(site.translate(err.message)) from err


def _secret(value: str | None) -> SecretStr | None:
    return SecretStr(value) if value else None
