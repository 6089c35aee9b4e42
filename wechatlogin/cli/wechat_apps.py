"""flask wechat-app save APPID …    add an account or replace its settings"""

import click
from flask.cli import AppGroup
from pydantic import SecretStr

from wechatlogin import clock
from wechatlogin.services import wechat_apps
from wechatlogin.services.wechat_apps import NewWeChatApp
from wechatlogin.web.context import current_site
from wechatlogin.wechat.app import AppKind, MessageMode

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
@click.option("--follow-url", help="What the account's own QR picture holds.")
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
        follow_url=given["follow_url"],
        template_id=given["template_id"],
        template_fields=dict(field.split("=", 1) for field in fields) or None,
    )
    wechat_apps.save(current_site().vault, new, now=clock.now())
    click.echo(f"saved {appid}; its callback URL is {current_site().url('/api/wechat/' + appid)}")


def _secret(value: str | None) -> SecretStr | None:
    return SecretStr(value) if value else None
