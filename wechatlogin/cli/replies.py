"""Texts for the chat in the owner's words; docs/replies.md says what they may hold.

flask reply set APPID OCCASION TEXT    write one down, or replace it
flask reply list APPID                 show an account's texts
flask reply remove APPID OCCASION      say the built-in one again
"""

import textwrap

import click
from flask.cli import AppGroup

from wechatlogin import clock
from wechatlogin.errors import ReplyRefused
from wechatlogin.models import Occasion, WeChatAppRow
from wechatlogin.services import replies, wechat_apps
from wechatlogin.services.replies import NewReply
from wechatlogin.web.context import current_site

group = AppGroup("reply", help="What an account says in the chat, in your own words.")

OCCASIONS = click.Choice([occasion.value for occasion in Occasion])
with_appid = click.argument("appid")
with_occasion = click.argument("occasion", type=OCCASIONS)
with_language = click.option(
    "--language", help="zh_CN or en; the installation's default language when left out."
)
with_keyword = click.option(
    "--keyword", default="", help="What the person writes, where the occasion is keyword."
)


@group.command("set")
@with_appid
@with_occasion
@click.argument("text")
@with_language
@with_keyword
def save(appid: str, occasion: str, text: str, *, language: str | None, keyword: str) -> None:
    """Write a text down, or replace the one that is there."""
    new = NewReply(Occasion(occasion), language or _default(), text, keyword)
    row = _row(appid)
    try:
        saved = replies.save(row, new, now=clock.now())
    except ReplyRefused as err:
        raise click.ClickException(current_site().speaking("en").translate(err.message)) from err
    click.echo(f"saved {saved.occasion} in {saved.language} for {appid}")


@group.command("list")
@with_appid
def show(appid: str) -> None:
    """Show an account's texts."""
    for reply in replies.get_all(_row(appid)):
        click.echo(" ".join(filter(None, (reply.occasion, reply.language, reply.keyword))))
        click.echo(textwrap.indent(reply.text, "    "))


@group.command("remove")
@with_appid
@with_occasion
@with_language
@with_keyword
def remove(appid: str, occasion: str, *, language: str | None, keyword: str) -> None:
    """Remove a text, so that the built-in one is said again."""
    given = Occasion(occasion), language or _default()
    if not replies.remove(_row(appid), *given, keyword=keyword, now=clock.now()):
        raise click.ClickException(f"{appid} has no such text; `flask reply list` shows them")
    click.echo(f"removed {occasion} in {given[1]} for {appid}")


def _default() -> str:
    return current_site().settings.default_language


def _row(appid: str) -> WeChatAppRow:
    row = wechat_apps.get(appid)
    if row is None:
        raise click.ClickException(f"no account {appid}; `flask wechat-app save` adds one")
    return row
