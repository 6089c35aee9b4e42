"""flask purge              take away what is kept no longer, as the settings in …_DAYS say
flask purge --dry-run    say what that would be
"""

import gc

import click
from flask.cli import with_appcontext

from wechatlogin import clock
from wechatlogin.services import retention
from wechatlogin.services.retention import Purged
from wechatlogin.web import timers
from wechatlogin.web.context import current_site


@click.command("purge")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@with_appcontext
def purge(*, dry_run: bool) -> None:
    """Take away what is kept no longer; the service does so by itself every hour."""
    counted = retention.count_due(current_site(), now=clock.now()) if dry_run else _purge()
    for each in counted:
        click.echo(f"{each.name}: {each.count}")


def _purge() -> list[Purged]:
    # A collection of garbage that looks through all that is loaded takes up to a tenth of a second,
    # and one in the middle of a unit of writes would hold the lock for as long.
    gc.freeze()
    try:
        return timers.purge()
    finally:
        gc.unfreeze()
