"""flask application create NAME …    add a program; its secrets are shown once"""

import json
from dataclasses import asdict

import click
from flask.cli import AppGroup

from wechatlogin import clock
from wechatlogin.config import ConfirmPolicy, FollowPolicy
from wechatlogin.errors import LoginError, NotConfigured
from wechatlogin.services import applications
from wechatlogin.services.applications import NewApplication
from wechatlogin.web.context import current_site

group = AppGroup("application", help="The programs that log people in through us.")


@group.command("create")
@click.argument("name")
@click.option("--redirect-uri", "redirect_uris", multiple=True, help="Exact; may be repeated.")
@click.option("--origin", "origins", multiple=True, help="Whose pages may open a login window.")
@click.option("--appid", "appids", multiple=True, help="Its WeChat apps, the preferred one first.")
@click.option("--confirm", type=click.Choice(list(ConfirmPolicy)), default=ConfirmPolicy.NUMBER)
@click.option("--follow", type=click.Choice(list(FollowPolicy)), default=FollowPolicy.NEVER)
def create(name: str, confirm: str, follow: str, **lists: tuple[str, ...]) -> None:
    """Add a program and show its secrets, this once."""
    new = NewApplication(name, confirm=ConfirmPolicy(confirm), follow=FollowPolicy(follow), **lists)
    try:
        made = applications.create(current_site().vault, new, now=clock.now())
    except NotConfigured as err:
        raise click.ClickException("an --appid is none of `flask wechat-app save`") from err
    except LoginError as err:
        raise click.ClickException(
            "a redirect URI is exact and absolute: https (http on this machine alone), "
            "without fragment, user or wildcard; an origin is the same without a path"
        ) from err
    click.echo(json.dumps(asdict(made), indent=2))
