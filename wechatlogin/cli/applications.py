"""flask application create NAME …              add a program; its secrets are shown once
flask application list
flask application show CLIENT_ID             its settings, and when its secrets run out
flask application set CLIENT_ID …            change the settings that are given
flask application rotate-secret CLIENT_ID    a new secret, shown once; the old one runs out
flask application logo CLIENT_ID FILE        what the pages show instead of a letter
flask application api-key CLIENT_ID NAME     one more key for its servers, shown once
flask application api-keys CLIENT_ID         its keys and when they were used
flask application revoke-api-key CLIENT_ID ID
flask application disable CLIENT_ID          nobody logs in to it, its tokens end
flask application enable CLIENT_ID
flask application remove CLIENT_ID           for good

docs/applications.md says what each setting means.
"""

import json
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any, BinaryIO

import click
from flask.cli import AppGroup
from pydantic import SecretStr

from wechatlogin import clock
from wechatlogin.cli import api_keys
from wechatlogin.cli.application_options import (
    find_application,
    read_settings,
    refuse,
    with_settings,
)
from wechatlogin.errors import LogoRefused, SettingRefused
from wechatlogin.models import Application
from wechatlogin.services import application_settings, applications, client_secrets, logos
from wechatlogin.services.applications import Credentials, NewApplication
from wechatlogin.web.context import current_site

group = AppGroup("application", help="The programs that log people in through us.")
for command in (api_keys.issue, api_keys.show, api_keys.revoke):
    group.add_command(command)


@group.command("create")
@click.argument("name")
@click.option("--client-id", help="One that programs know already; ours when left out.")
@click.option("--client-secret", envvar="CLIENT_SECRET", help="Likewise; 32 characters or more.")
@click.option("--keeps-secret", is_flag=True, help="For schemes whose tokens it verifies by HS256.")
@with_settings
def create(
    name: str, client_id: str | None, client_secret: str | None, keeps_secret: bool, **given: Any
) -> None:
    """Add a program and show its secrets, this once."""
    new = NewApplication(
        name,
        client_id=client_id,
        client_secret=SecretStr(client_secret) if client_secret else None,
        keeps_secret=keeps_secret,
        **read_settings(given),
    )
    try:
        made = applications.create(current_site().vault, new, now=clock.now())
    except SettingRefused as err:
        raise refuse(err) from err
    click.echo(json.dumps(_credentials(made, new), indent=2))


@group.command("list")
def list_all() -> None:
    """List all programs: client id, name, and what is special about them."""
    for application in applications.get_all():
        kinds = {
            "public": application.is_public,
            "first party": application.is_first_party,
            "disabled": application.is_disabled,
        }
        told = ", ".join(kind for kind, is_so in kinds.items() if is_so)
        click.echo("\t".join((application.client_id, application.name, told)).rstrip())


@group.command("show")
@click.argument("client_id")
def show(client_id: str) -> None:
    """Show a program's settings; its secrets cannot be shown again."""
    shown = _description(find_application(client_id))
    click.echo(json.dumps(shown, indent=2, ensure_ascii=False, default=str))


@group.command("set")
@click.argument("client_id")
@click.option("--name", help="What people see on the pages.")
@with_settings
def change(client_id: str, name: str | None, **given: Any) -> None:
    """Change the settings that are given; what may be repeated replaces the whole list."""
    changes = read_settings(given)
    if name is not None:
        changes["name"] = name
    if not changes:
        raise click.UsageError("say what to change; `flask application set --help` lists it")
    application = find_application(client_id)
    try:
        wanted = replace(application_settings.of(application), **changes)
        applications.change(application, wanted, now=clock.now())
    except SettingRefused as err:
        raise refuse(err) from err
    click.echo(f"changed {', '.join(changes)}")


@group.command("rotate-secret")
@click.argument("client_id")
@click.option(
    "--overlap-hours",
    type=int,
    default=client_secrets.OVERLAP // timedelta(hours=1),
    show_default=True,
    help="How long the old one is good beside the new one.",
)
@click.option(
    "--keeps-secret/--hash-only",
    "keeps_secret",
    default=None,
    help="Whether the new one is kept readable; as the old one when left out.",
)
def rotate_secret(client_id: str, overlap_hours: int, *, keeps_secret: bool | None) -> None:
    """Make a new secret and show it, this once; those before it run out."""
    application, now = find_application(client_id), clock.now()
    overlap = timedelta(hours=overlap_hours)
    try:
        secret = client_secrets.rotate(
            current_site().vault, application, overlap=overlap, keeps_secret=keeps_secret, now=now
        )
    except SettingRefused as err:
        raise refuse(err) from err
    click.echo(secret.get_secret_value())
    click.echo(f"the old secret is good until {now + overlap:%Y-%m-%d %H:%M} UTC", err=True)


@group.command("logo")
@click.argument("client_id")
@click.argument("file", type=click.File("rb"), required=False)
@click.option("--remove", "is_removal", is_flag=True, help="Show the letter again.")
def save_logo(client_id: str, file: BinaryIO | None, *, is_removal: bool) -> None:
    """Show a picture on a program's pages, or the letter again."""
    application = find_application(client_id)
    if (file is None) != is_removal:
        raise click.UsageError("give either a picture's file or --remove")
    if file is None:
        if not logos.remove(application, now=clock.now()):
            raise click.ClickException(f"{client_id} has no logo")
        return
    try:
        logos.save(application, file.read(logos.LARGEST_FILE + 1), now=clock.now())
    except LogoRefused as err:
        raise refuse(err) from err


@group.command("disable")
@click.argument("client_id")
def disable(client_id: str) -> None:
    """Let nobody log in to a program, and end its tokens."""
    applications.save_disabled(find_application(client_id), is_disabled=True, now=clock.now())


@group.command("enable")
@click.argument("client_id")
def enable(client_id: str) -> None:
    """Let people log in to a program again."""
    applications.save_disabled(find_application(client_id), is_disabled=False, now=clock.now())


@group.command("remove")
@click.argument("client_id")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
def remove(client_id: str, *, is_sure: bool) -> None:
    """Remove a program for good: its keys, its tokens, and by what it knows people."""
    application = find_application(client_id)
    if not is_sure:
        click.confirm(f"Remove {application.name} ({client_id}) for good?", abort=True)
    applications.remove(application, now=clock.now())
    click.echo(f"removed {client_id}")


def _credentials(made: Credentials, new: NewApplication) -> dict[str, object]:
    """Return what is shown once, and of it what an OpenID Connect client asks for."""
    issuer = current_site().issuer
    settings = {
        "issuer": issuer,
        "client_id": made.client_id,
        "client_secret": made.client_secret,
        "redirect_uri": next(iter(new.redirect_uris), None),
    }
    return {**asdict(made), "issuer": issuer, "settings": settings}


def _description(application: Application) -> dict[str, object]:
    secrets = client_secrets.get_live(application, now=clock.now())
    return {
        "client_id": application.client_id,
        **asdict(application_settings.of(application)),
        "is_disabled": application.is_disabled,
        "user_domain": application.user_domain,
        "has_logo": logos.get_version(application) is not None,
        "created_at": application.created_at,
        "secrets": [
            {
                "created_at": secret.created_at,
                "expires_at": secret.expires_at,
                "is_kept": secret.sealed_secret is not None,
            }
            for secret in secrets
        ],
    }
