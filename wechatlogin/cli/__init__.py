"""Commands of the operator, thin over the services; one group a file.

flask wechat-app …      the accounts: `wechat_apps`
flask application …     the programs: `applications`
flask operator …        who may see the status page: `operators`
flask settings-table    the table of docs/settings.md
"""

import click
from flask import Flask

from wechatlogin import config
from wechatlogin.cli import applications, operators, wechat_apps


def init_app(app: Flask) -> None:
    """Add the commands to an app."""
    for group in (wechat_apps.group, applications.group, operators.group):
        app.cli.add_command(group)
    app.cli.add_command(settings_table)


@click.command("settings-table")
def settings_table() -> None:
    """Print the table of docs/settings.md."""
    click.echo(config.as_markdown(), nl=False)
