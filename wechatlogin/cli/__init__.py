"""Commands of the operator, thin over the services; one group a file.

flask wechat-app …      the accounts: `wechat_apps`
flask application …     the programs: `applications`
flask reply …           what an account says in the chat: `replies`
flask verification-file …
                        the files by which WeChat checks our domain: `verification_files`
flask person …          people: who is one person, who is let in: `people`; their data:
                        `person_data`
flask operator …        who may see the status page: `operators`
flask key …             what tokens are signed with: `keys`
flask logout …          what applications are told when people log out: `logout`
flask webhook …         what applications are told of people: `webhooks`
flask privacy-notice …  what people agree to before their first login: `privacy`
flask purge             what is kept no longer: `purge`
flask doctor            why WeChat login does not work: `doctor`
flask settings-table    the table of docs/settings.md
"""

import click
from flask import Flask

from wechatlogin import config
from wechatlogin.cli import (
    applications,
    doctor,
    keys,
    logout,
    operators,
    person_data,
    privacy,
    purge,
    replies,
    verification_files,
    webhooks,
    wechat_apps,
)

GROUPS = (
    wechat_apps,
    applications,
    replies,
    verification_files,
    person_data,
    privacy,
    operators,
    keys,
    logout,
    webhooks,
)


def init_app(app: Flask) -> None:
    """Add the commands to an app."""
    for module in GROUPS:
        app.cli.add_command(module.group)
    app.cli.add_command(purge.purge)
    app.cli.add_command(doctor.command)
    app.cli.add_command(settings_table)


@click.command("settings-table")
def settings_table() -> None:
    """Print the table of docs/settings.md."""
    click.echo(config.as_markdown(), nl=False)
