"""flask key list             the keys that tokens are signed with
flask key rotate ALGORITHM   publish a new one, which signs a day later
flask key retire KID         take an old one out
"""

import click
from flask.cli import AppGroup

from wechatlogin import clock
from wechatlogin.errors import KeyInUse
from wechatlogin.models import Algorithm
from wechatlogin.services import keys
from wechatlogin.web.context import current_site

group = AppGroup("key", help="The keys that tokens are signed with.")


@group.command("list")
def list_all() -> None:
    """List the keys, the newest first."""
    for row in keys.get_all():
        state = "retired" if row.retired_at else f"signs from {row.active_from:%Y-%m-%d %H:%M} UTC"
        click.echo(f"{row.kid}\t{row.algorithm}\t{state}")


@group.command("rotate")
@click.argument("algorithm", type=click.Choice(list(Algorithm)))
def rotate(algorithm: str) -> None:
    """Publish a new key; it signs as soon as nobody's copy of our key set lacks it."""
    row = keys.rotate(current_site(), Algorithm(algorithm), now=clock.now())
    click.echo(f"{row.kid} signs from {row.active_from:%Y-%m-%d %H:%M} UTC")


@group.command("retire")
@click.argument("kid")
def retire(kid: str) -> None:
    """Take a key out: what it signed is refused from now on."""
    try:
        keys.retire(kid, now=clock.now())
    except KeyInUse as err:
        raise click.ClickException("this key signs, or there is no such key") from err
