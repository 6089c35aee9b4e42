"""flask operator create NAME    add an operator, or give one a new password"""

import secrets

import click
from flask.cli import AppGroup
from pydantic import SecretStr

from wechatlogin import clock
from wechatlogin.services import operators

group = AppGroup("operator", help="The people who may see the status page.")


@group.command("create")
@click.argument("name")
@click.option("--password", envvar="OPERATOR_PASSWORD", help="A random one when left out.")
def create(name: str, password: str | None) -> None:
    """Add an operator, or give one a new password."""
    chosen = password or secrets.token_urlsafe(12)
    operators.save(name, SecretStr(chosen), now=clock.now())
    click.echo(f"operator {name}" + ("" if password else f", password {chosen}"))
