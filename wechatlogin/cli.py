"""Commands of the operator, thin over the services.

flask wechat-app save APPID …     add an account or replace its settings
flask application create NAME …   add a program; its secrets are shown once
flask operator create NAME        add an operator, or give one a new password
flask settings-table              the table of docs/settings.md
"""

import json
import secrets
from dataclasses import asdict

import click
from flask import Flask
from flask.cli import AppGroup
from pydantic import SecretStr

from wechatlogin import clock, config
from wechatlogin.errors import LoginError
from wechatlogin.services import applications, operators, wechat_apps
from wechatlogin.services.wechat_apps import NewWeChatApp
from wechatlogin.web.context import current_site
from wechatlogin.wechat.app import AppKind, MessageMode

wechat_app = AppGroup("wechat-app", help="The WeChat accounts that people log in with.")
application = AppGroup("application", help="The programs that log people in through us.")
operator = AppGroup("operator", help="The people who may see the status page.")


def init_app(app: Flask) -> None:
    """Add the commands to an app."""
    for group in (wechat_app, application, operator):
        app.cli.add_command(group)
    app.cli.add_command(settings_table)


@wechat_app.command("save")
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
def save_wechat_app(appid: str, fields: tuple[str, ...], **given: str) -> None:
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


@application.command("create")
@click.argument("name")
@click.option("--redirect-uri", "redirect_uris", multiple=True)
def create_application(name: str, redirect_uris: tuple[str, ...]) -> None:
    """Add a program and show its secrets, this once."""
    try:
        made = applications.create(current_site().vault, name, list(redirect_uris), now=clock.now())
    except LoginError as err:
        raise click.ClickException(
            "a redirect URI is exact and absolute: https (http on this machine alone), "
            "without fragment, user or wildcard"
        ) from err
    click.echo(json.dumps(asdict(made), indent=2))


@operator.command("create")
@click.argument("name")
@click.option("--password", envvar="OPERATOR_PASSWORD", help="A random one when left out.")
def create_operator(name: str, password: str | None) -> None:
    """Add an operator, or give one a new password."""
    chosen = password or secrets.token_urlsafe(12)
    operators.save(name, SecretStr(chosen), now=clock.now())
    click.echo(f"operator {name}" + ("" if password else f", password {chosen}"))


@click.command("settings-table")
def settings_table() -> None:
    """Print the table of docs/settings.md."""
    click.echo(config.as_markdown(), nl=False)


def _secret(value: str | None) -> SecretStr | None:
    return SecretStr(value) if value else None
