"""flask application create NAME …    add a program; its secrets are shown once"""

import json
from dataclasses import asdict

import click
from flask.cli import AppGroup

from wechatlogin import clock
from wechatlogin.errors import LoginError
from wechatlogin.services import applications
from wechatlogin.web.context import current_site

group = AppGroup("application", help="The programs that log people in through us.")


@group.command("create")
@click.argument("name")
@click.option("--redirect-uri", "redirect_uris", multiple=True)
def create(name: str, redirect_uris: tuple[str, ...]) -> None:
    """Add a program and show its secrets, this once."""
    try:
        made = applications.create(current_site().vault, name, list(redirect_uris), now=clock.now())
    except LoginError as err:
        raise click.ClickException(
            "a redirect URI is exact and absolute: https (http on this machine alone), "
            "without fragment, user or wildcard"
        ) from err
    click.echo(json.dumps(asdict(made), indent=2))
