"""flask person merges            the merges that wait for you, and the last ones
flask person merge ID         merge two users after all
flask person keep-apart ID    never merge these two
flask person undo-merge ID    bring the merged user back; both are logged out
flask person ban ID           let a user no longer in, and log them out everywhere
flask person unban ID         let them in again
"""

from datetime import datetime

import click
from flask.cli import AppGroup

from wechatlogin import clock
from wechatlogin.errors import MergeError, UserUnknown
from wechatlogin.models import Merge
from wechatlogin.services import bans, merge_records, merging
from wechatlogin.services.audit import COMMAND_LINE
from wechatlogin.services.merge_pairs import Conflict
from wechatlogin.services.merging import Decision
from wechatlogin.web.context import current_site

group = AppGroup("person", help="People: who is one person, and who is let in.")

_REASONS = {
    Conflict.APPLICATION: "an application knows both, and may keep data for each",
    Conflict.WECHAT_APP: "one WeChat app knows both, as two people",
}


@group.command("merges")
def show() -> None:
    """Show the merges that wait for a decision, and the last ones."""
    waiting = merge_records.get_waiting()
    for merge in [*waiting, *merge_records.get_recent()]:
        click.echo(_line(merge))
    if waiting:
        click.echo("decide with `flask person merge ID` or `flask person keep-apart ID`")


@group.command("merge")
@click.argument("merge_id", metavar="ID", type=int)
def merge(merge_id: int) -> None:
    """Merge two users after all."""
    merged = _decide(merge_id, Decision.MERGE)
    click.echo(f"merged {merged.other_user_id} into {merged.user_id}")


@group.command("keep-apart")
@click.argument("merge_id", metavar="ID", type=int)
def keep_apart(merge_id: int) -> None:
    """Keep two users apart; it is not proposed again."""
    kept = _decide(merge_id, Decision.KEEP_APART)
    click.echo(f"keeping {kept.other_user_id} and {kept.user_id} apart")


@group.command("undo-merge")
@click.argument("merge_id", metavar="ID", type=int)
def undo(merge_id: int) -> None:
    """Bring back the user who was merged into another; both are logged out."""
    try:
        undone = merging.undo(merge_id, by=COMMAND_LINE, now=clock.now())
    except MergeError as err:
        raise _refused(merge_id, err) from err
    click.echo(f"brought {undone.other_user_id} back; {undone.user_id} stays")


@group.command("ban")
@click.argument("user_id", metavar="ID")
def ban(user_id: str) -> None:
    """Let a user no longer in, and log them out everywhere."""
    try:
        is_new = bans.ban(user_id, by=COMMAND_LINE, now=clock.now())
    except UserUnknown as err:
        raise nobody(user_id) from err
    click.echo(f"banned {user_id}" if is_new else f"{user_id} was banned before")


@group.command("unban")
@click.argument("user_id", metavar="ID")
def unban(user_id: str) -> None:
    """Let a user in again."""
    try:
        is_new = bans.unban(user_id, by=COMMAND_LINE, now=clock.now())
    except UserUnknown as err:
        raise nobody(user_id) from err
    click.echo(f"unbanned {user_id}" if is_new else f"{user_id} was not banned")


def nobody(user_id: str) -> click.ClickException:
    """Return the error that no user has an id."""
    return click.ClickException(f"no user has the id {user_id}")


def _decide(merge_id: int, decision: Decision) -> Merge:
    try:
        return merging.decide(merge_id, decision, by=COMMAND_LINE, now=clock.now())
    except MergeError as err:
        raise _refused(merge_id, err) from err


def _refused(merge_id: int, err: MergeError) -> click.ClickException:
    why = current_site().speaking("en").translate(err.message)
    return click.ClickException(f"merge {merge_id}: {why} `flask person merges` shows them")


def _line(merge: Merge) -> str:
    told = f"{merge.id} {merge.state} {_moment(merge.decided_at or merge.created_at)}"
    told += f" {merge.other_user_id} -> {merge.user_id} by {merge.reason}"
    why = _REASONS.get(Conflict(merge.conflict)) if merge.conflict else None
    return f"{told}: {why}" if why else told


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")
