"""flask webhook set CLIENT_ID …             where an application hears of people, and of what
flask webhook list CLIENT_ID              its last messages, and what became of them
flask webhook resend CLIENT_ID [ID]       send one once more, or all that were given up
flask webhook secret CLIENT_ID            a new secret, shown once; the old one signs for a while
flask webhook deliver                     send what is due, from a timetable

docs/webhooks.md says what is sent and how it is verified.
"""

import click
from flask.cli import AppGroup

from wechatlogin import clock
from wechatlogin.cli.application_options import find_application, refuse
from wechatlogin.errors import DeliveryUnknown, SettingRefused
from wechatlogin.services import webhook_settings, webhooks
from wechatlogin.services.audit import COMMAND_LINE
from wechatlogin.services.webhook_settings import EVENTS, WebhookSettings
from wechatlogin.web import notices
from wechatlogin.web.context import current_site

# Click would spell an enum's members by their names.
_EVENTS = [event.value for event in EVENTS]

group = AppGroup("webhook", help="What applications are told of people.")


@group.command("set")
@click.argument("client_id")
@click.option("--uri", help="Where its server listens; empty turns it off.", required=True)
@click.option("--event", "events", multiple=True, type=click.Choice(_EVENTS), help="Repeatable.")
def save(client_id: str, uri: str, events: tuple[str, ...]) -> None:
    """Save where an application hears of people and of what; the first time shows its secret."""
    wanted = WebhookSettings(uri or None, events)
    try:
        secret = webhook_settings.save(
            current_site(), find_application(client_id), wanted, by=COMMAND_LINE, now=clock.now()
        )
    except SettingRefused as err:
        raise refuse(err) from err
    if secret is not None:
        click.echo(secret.get_secret_value())


@group.command("list")
@click.argument("client_id")
def show(client_id: str) -> None:
    """List an application's last messages: id, event, when, tries, state, last answer."""
    page = webhooks.get_deliveries(find_application(client_id), after=None)
    for row in page.rows:
        answer = str(row.status or row.error or "")
        at = f"{row.created_at:%Y-%m-%d %H:%M:%S}"
        told = (row.id, row.event, at, str(row.tries), webhooks.get_state(row), answer)
        click.echo("\t".join(told).rstrip())


@group.command("resend")
@click.argument("client_id")
@click.argument("delivery_id", required=False)
def resend(client_id: str, delivery_id: str | None) -> None:
    """Have one message sent once more, or all that were given up."""
    application, count = find_application(client_id), 1
    if delivery_id is None:
        count = webhooks.resend_failed(application, now=clock.now())
    else:
        try:
            webhooks.resend(webhooks.verify(application, delivery_id), now=clock.now())
        except DeliveryUnknown as err:
            raise click.ClickException(f"{client_id} has no message {delivery_id}") from err
    click.echo(f"{count} due")


@group.command("secret")
@click.argument("client_id")
def rotate_secret(client_id: str) -> None:
    """Make a new secret and show it, this once; the old one signs beside it for a day."""
    application = find_application(client_id)
    secret = webhook_settings.rotate(current_site(), application, by=COMMAND_LINE, now=clock.now())
    click.echo(secret.get_secret_value())


@group.command("deliver")
def deliver() -> None:
    """Send the messages that are due; what is not taken is due again later."""
    count = notices.deliver_due([webhooks.deliver_next])
    click.echo(f"{count} due")
