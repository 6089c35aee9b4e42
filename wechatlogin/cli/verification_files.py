"""The files by which WeChat checks our domain.

flask verification-file add APPID FILE                     the file that WeChat's console gave
flask verification-file add APPID --name … --content …     the same, typed
flask verification-file list                               every file and whose it is
flask verification-file remove NAME                        serve it no longer
"""

from pathlib import Path

import click
from flask.cli import AppGroup

from wechatlogin import clock
from wechatlogin.errors import LoginError
from wechatlogin.services import verification_files, wechat_apps
from wechatlogin.services.verification_files import LARGEST_FILE, NewVerificationFile
from wechatlogin.web.context import current_site

group = AppGroup("verification-file", help="The files by which WeChat checks our domain.")


@group.command("add")
@click.argument("appid")
@click.argument(
    "path", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--name", help="The file's name, where there is no file.")
@click.option("--content", help="What is in it.")
def add(appid: str, path: Path | None, name: str | None, content: str | None) -> None:
    """Serve an app's file at the root of our domain."""
    site, row = current_site().speaking("en"), wechat_apps.get(appid)
    if row is None:
        raise click.ClickException(f"there is no WeChat app {appid}")
    try:
        new = _entered(path, name, content)
        verification_files.save(row, new, now=clock.now())
    except LoginError as err:
        raise click.ClickException(site.translate(err.message)) from err
    click.echo(f"saved; WeChat fetches it from {site.url('/' + new.name)}")


@group.command("list")
def show() -> None:
    """List the files and whose they are."""
    for appid, file in verification_files.get_all():
        click.echo(f"{appid}  {file.name}  {file.content}")


@group.command("remove")
@click.argument("name")
def remove(name: str) -> None:
    """Serve a file no longer."""
    if not verification_files.remove(name, now=clock.now()):
        raise click.ClickException(f"there is no file {name}")
    click.echo(f"removed {name}")


def _entered(path: Path | None, name: str | None, content: str | None) -> NewVerificationFile:
    if path is not None and name is None and content is None:
        with path.open("rb") as file:
            return NewVerificationFile.from_upload(path.name, file.read(LARGEST_FILE))
    if path is None and name is not None and content is not None:
        return NewVerificationFile(name, content)
    raise click.UsageError("give a FILE, or --name and --content")
