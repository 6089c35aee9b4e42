"""The API keys of an application, as commands of `flask application`."""

import click

from wechatlogin import clock
from wechatlogin.cli.application_options import find_application, refuse
from wechatlogin.errors import SettingRefused
from wechatlogin.services import api_keys


@click.command("api-key")
@click.argument("client_id")
@click.argument("name")
def issue(client_id: str, name: str) -> None:
    """Make one more key for a program's servers and show it, this once."""
    try:
        key = api_keys.issue(find_application(client_id), name, now=clock.now())
    except SettingRefused as err:
        raise refuse(err) from err
    click.echo(key.get_secret_value())


@click.command("api-keys")
@click.argument("client_id")
def show(client_id: str) -> None:
    """List a program's keys."""
    for key in api_keys.get_all(find_application(client_id)):
        used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
        click.echo(f"{key.id}\t{key.name}\t{used}")


@click.command("revoke-api-key")
@click.argument("client_id")
@click.argument("key_id", type=int)
def revoke(client_id: str, key_id: int) -> None:
    """Revoke one of a program's keys."""
    if not api_keys.revoke(find_application(client_id), key_id, now=clock.now()):
        raise click.ClickException(f"{client_id} has no key {key_id}")
