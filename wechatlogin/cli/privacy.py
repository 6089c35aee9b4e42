"""flask privacy-notice set FILE     put the text of a file in force; see docs/personal-data.md
flask privacy-notice withdraw     ask people for nothing any more
flask privacy-notice show         the version in force and its text
"""

from typing import TextIO

import click
from flask.cli import AppGroup

from wechatlogin import clock
from wechatlogin.services import audit, privacy_notices
from wechatlogin.services.privacy_notices import LONGEST_TEXT, NewNotice

group = AppGroup("privacy-notice", help="What people agree to before their first login.")


@group.command("set")
@click.argument("chinese", metavar="FILE", type=click.File(encoding="utf-8"))
@click.option("--english", type=click.File(encoding="utf-8"), help="The text in English.")
@click.option("--ask-anew", is_flag=True, help="Who agreed to an earlier one has to agree again.")
def save(chinese: TextIO, english: TextIO | None, *, ask_anew: bool) -> None:
    """Put a text in force: blank lines part its paragraphs, addresses become links."""
    text_zh, text_en = chinese.read().strip(), english.read().strip() if english else ""
    if not text_zh or max(len(text_zh), len(text_en)) > LONGEST_TEXT:
        raise click.ClickException(f"write a text of 1 to {LONGEST_TEXT} characters")
    new = NewNotice(text_zh, text_en, asks_anew=ask_anew)
    row = privacy_notices.publish(new, by=audit.COMMAND_LINE, now=clock.now())
    click.echo(f"version {row.version} is in force")


@group.command("withdraw")
def withdraw() -> None:
    """Ask people for nothing any more; what they agreed to stays known."""
    if privacy_notices.get_current() is None:
        raise click.ClickException("no notice is in force")
    privacy_notices.publish(NewNotice(""), by=audit.COMMAND_LINE, now=clock.now())
    click.echo("no notice is in force any more")


@group.command("show")
def show() -> None:
    """Show the version in force and its text."""
    notice = privacy_notices.get_current()
    if notice is None:
        click.echo("no notice is in force")
        return
    click.echo(f"version {notice.version}, {notice.created_at:%Y-%m-%d %H:%M} UTC")
    click.echo(notice.text_zh)
    if notice.text_en:
        click.echo(f"\n{notice.text_en}")
