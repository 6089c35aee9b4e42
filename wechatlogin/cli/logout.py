"""flask logout deliver      tell applications of log-outs that they have not heard of yet"""

import click
from flask.cli import AppGroup

from wechatlogin.services import logout_notices
from wechatlogin.web import notices

group = AppGroup("logout", help="What applications are told when people log out.")


@group.command("deliver")
def deliver() -> None:
    """Deliver the notices that are due; what is not taken is due again later."""
    count = notices.deliver_due([logout_notices.deliver_next])
    click.echo(f"{count} due")
