"""flask application create NAME …              add a program; its secrets are shown once
flask application api-key CLIENT_ID NAME     one more key for its servers, shown once
flask application api-keys CLIENT_ID         its keys and when they were used
flask application revoke-api-key CLIENT_ID ID
flask application disable CLIENT_ID          nobody logs in to it, its tokens end
flask application enable CLIENT_ID
"""

import json
from dataclasses import asdict
from typing import Any

import click
from flask.cli import AppGroup
from pydantic import SecretStr

from wechatlogin import clock
from wechatlogin.config import ConfirmPolicy, FollowPolicy
from wechatlogin.errors import ApplicationUnknown, LoginError, NotConfigured
from wechatlogin.models import Application
from wechatlogin.services import applications
from wechatlogin.services.applications import NewApplication
from wechatlogin.web.context import current_site

group = AppGroup("application", help="The programs that log people in through us.")


@group.command("create")
@click.argument("name")
@click.option("--client-id", help="One that programs know already; ours when left out.")
@click.option("--client-secret", envvar="CLIENT_SECRET", help="Likewise; 32 characters or more.")
@click.option("--redirect-uri", "redirect_uris", multiple=True, help="Exact; may be repeated.")
@click.option("--origin", "origins", multiple=True, help="Whose pages may open a login window.")
@click.option("--appid", "appids", multiple=True, help="Its WeChat apps, the preferred one first.")
@click.option("--confirm", type=click.Choice(list(ConfirmPolicy)), default=ConfirmPolicy.NUMBER)
@click.option("--follow", type=click.Choice(list(FollowPolicy)), default=FollowPolicy.NEVER)
@click.option("--keeps-secret", is_flag=True, help="For schemes whose tokens it verifies by HS256.")
@click.option("--mcc", "mccs", type=int, multiple=True, help="Mobile country codes it serves.")
def create(**given: Any) -> None:
    """Add a program and show its secrets, this once."""
    given["confirm"] = ConfirmPolicy(given["confirm"])
    given["client_secret"] = SecretStr(given["client_secret"]) if given["client_secret"] else None
    given["follow"] = FollowPolicy(given["follow"])
    try:
        made = applications.create(current_site().vault, NewApplication(**given), now=clock.now())
    except NotConfigured as err:
        raise click.ClickException("an --appid is none of `flask wechat-app save`") from err
    except LoginError as err:
        raise click.ClickException(
            "a client id has 8 to 64 letters, digits, - and _, and is nobody else's; a secret has "
            "32 characters or more; a redirect URI is exact and absolute: https (http on this "
            "machine alone), without fragment, user or wildcard; an origin is the same without a "
            "path"
        ) from err
    click.echo(json.dumps(asdict(made), indent=2))


@group.command("api-key")
@click.argument("client_id")
@click.argument("name")
def issue_api_key(client_id: str, name: str) -> None:
    """Make one more key for a program's servers and show it, this once."""
    try:
        key = applications.issue_api_key(_verify(client_id), name, now=clock.now())
    except LoginError as err:
        raise click.ClickException("a name has 1 to 64 characters") from err
    click.echo(key.get_secret_value())


@group.command("api-keys")
@click.argument("client_id")
def list_api_keys(client_id: str) -> None:
    """List a program's keys."""
    for key in applications.get_api_keys(_verify(client_id)):
        used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
        click.echo(f"{key.id}\t{key.name}\t{used}")


@group.command("revoke-api-key")
@click.argument("client_id")
@click.argument("key_id", type=int)
def revoke_api_key(client_id: str, key_id: int) -> None:
    """Revoke one of a program's keys."""
    if not applications.revoke_api_key(_verify(client_id), key_id, now=clock.now()):
        raise click.ClickException(f"{client_id} has no key {key_id}")


@group.command("disable")
@click.argument("client_id")
def disable(client_id: str) -> None:
    """Let nobody log in to a program, and end its tokens."""
    applications.save_disabled(_verify(client_id), is_disabled=True, now=clock.now())


@group.command("enable")
@click.argument("client_id")
def enable(client_id: str) -> None:
    """Let people log in to a program again."""
    applications.save_disabled(_verify(client_id), is_disabled=False, now=clock.now())


def _verify(client_id: str) -> Application:
    try:
        return applications.verify(client_id)
    except ApplicationUnknown as err:
        raise click.ClickException(f"no application has the client id {client_id}") from err
