"""flask person search TEXT      find users by what names them
flask person show ID          what is known of a user
flask person export ID        all that is stored about a user, as JSON
flask person delete ID        delete a user and all that is theirs
"""

from datetime import datetime

import click

from wechatlogin import clock
from wechatlogin.cli.people import group, nobody
from wechatlogin.errors import UserUnknown
from wechatlogin.models import User
from wechatlogin.services import deletion, exports, people_search, persons
from wechatlogin.services.audit import COMMAND_LINE


@group.command("search")
@click.argument("text", metavar="TEXT")
def search(text: str) -> None:
    """Find users by an id, openid, unionid or sub, or by the beginning of a nickname."""
    found = people_search.search(text)
    for user in found.people:
        click.echo(_line(user))
    if not found.people:
        raise click.ClickException("nobody found")
    if found.has_more:
        click.echo(f"only the first {people_search.MOST} are shown")


@group.command("show")
@click.argument("user_id", metavar="ID")
def show(user_id: str) -> None:
    """Show what is known of a user; that it was looked at is noted in the audit."""
    try:
        user = persons.verify(user_id)
    except UserUnknown as err:
        raise nobody(user_id) from err
    persons.note_view(user.id, by=COMMAND_LINE, now=clock.now())
    click.echo(_line(user))
    for identity in user.identities:
        follows = {True: "follows", False: "does not follow", None: "unknown whether it follows"}
        told = f"  {identity.appid} {identity.openid} {follows[identity.follows]}"
        click.echo(f"{told} unionid {identity.unionid}" if identity.unionid else told)
    for known, application in persons.get_applications(user.id):
        told = f"  {application.name} ({application.client_id}) knows them as {known.subject}"
        click.echo(f"{told}, last login {_moment(known.last_login_at)}")


@group.command("export")
@click.argument("user_id", metavar="ID")
def export(user_id: str) -> None:
    """Print all that is stored about a user, as JSON."""
    try:
        click.echo(exports.export(user_id, by=COMMAND_LINE, now=clock.now()).to_json())
    except UserUnknown as err:
        raise nobody(user_id) from err


@group.command("delete")
@click.argument("user_id", metavar="ID")
@click.confirmation_option(prompt="Delete this user for good?")
def delete(user_id: str) -> None:
    """Delete a user and all that is theirs; what applications keep stays there."""
    try:
        deletion.delete_person(user_id, by=COMMAND_LINE, now=clock.now())
    except UserUnknown as err:
        raise nobody(user_id) from err
    click.echo(f"deleted {user_id}")


def _line(user: User) -> str:
    names = [identity.nickname for identity in user.identities if identity.nickname]
    told = f"{user.id} {names[0] if names else '(no name)'}, since {_moment(user.created_at)}"
    if user.last_login_at:
        told += f", last login {_moment(user.last_login_at)}"
    return f"{told}, banned {_moment(user.banned_at)}" if user.banned_at else told


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")
