"""flask operator create NAME           add an operator; a random password is shown, this once
flask operator list                  who they are, and how far each may go
flask operator set-role NAME ROLE    viewer or admin; one admin always stays
flask operator password NAME         a new password; the operator is logged out everywhere
flask operator unlink NAME           let their WeChat in no longer
flask operator remove NAME
"""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask.cli import AppGroup
from pydantic import SecretStr

from wechatlogin import clock
from wechatlogin.errors import (
    LastAdmin,
    LoginError,
    OperatorExists,
    OperatorNameRefused,
    OperatorPasswordRefused,
    OperatorUnknown,
)
from wechatlogin.models import Operator, Role
from wechatlogin.services import operator_links, operators, passwords
from wechatlogin.services.audit import COMMAND_LINE
from wechatlogin.web.context import current_site

group = AppGroup("operator", help="The people who may open the operators' pages.")

ROLES = click.Choice([role.value for role in Role])
with_password = click.option(
    "--password", envvar="OPERATOR_PASSWORD", help="A random one when left out."
)


@group.command("create")
@click.argument("name")
@click.option("--role", type=ROLES, default=Role.ADMIN.value, show_default=True)
@with_password
def create(name: str, role: str, password: str | None) -> None:
    """Add an operator."""
    chosen = SecretStr(password) if password else passwords.make_random()
    with _refusals():
        operators.create(name, chosen, role=Role(role), by=COMMAND_LINE, now=clock.now())
    click.echo(f"operator {name}{_shown(chosen, password)}")


@group.command("list")
def list_all() -> None:
    """List all operators: name, role, since when, and whether a WeChat is linked."""
    for operator in operators.get_all():
        linked = "WeChat linked" if operator.user_id else ""
        since = operator.created_at.date().isoformat()
        click.echo("\t".join((operator.name, operator.role, since, linked)).rstrip())


@group.command("set-role")
@click.argument("name")
@click.argument("role", type=ROLES)
def set_role(name: str, role: str) -> None:
    """Change what an operator may do; as a viewer they see no personal data."""
    with _refusals():
        operators.set_role(_find(name).id, Role(role), by=COMMAND_LINE, now=clock.now())
    click.echo(f"{name} is {role}")


@group.command("password")
@click.argument("name")
@with_password
def change_password(name: str, password: str | None) -> None:
    """Give an operator a new password and log them out everywhere."""
    chosen = SecretStr(password) if password else passwords.make_random()
    with _refusals():
        operators.change_password(_find(name).id, chosen, by=COMMAND_LINE, now=clock.now())
    click.echo(f"operator {name}{_shown(chosen, password)}")


@group.command("unlink")
@click.argument("name")
def unlink(name: str) -> None:
    """Let an operator in by password alone."""
    with _refusals():
        is_changed = operator_links.unlink(_find(name).id, by=COMMAND_LINE, now=clock.now())
    click.echo(f"unlinked {name}" if is_changed else f"{name} was not linked")


@group.command("remove")
@click.argument("name")
def remove(name: str) -> None:
    """Remove an operator and log them out everywhere."""
    with _refusals():
        operators.remove(_find(name).id, by=COMMAND_LINE, now=clock.now())
    click.echo(f"removed {name}")


def _find(name: str) -> Operator:
    operator = operators.get_by_name(name)
    if operator is None:
        raise OperatorUnknown
    return operator


def _shown(chosen: SecretStr, given: str | None) -> str:
    return "" if given else f", password {chosen.get_secret_value()}"


@contextmanager
def _refusals() -> Iterator[None]:
    """Say in English why it cannot be."""
    refusals: tuple[type[LoginError], ...] = (
        LastAdmin,
        OperatorExists,
        OperatorNameRefused,
        OperatorPasswordRefused,
        OperatorUnknown,
    )
    try:
        yield
    except refusals as err:
        told = current_site().speaking("en").translate(err.message)
        raise click.ClickException(told) from err
