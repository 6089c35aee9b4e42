"""flask key list             the keys that tokens are signed with, and what each is there for
flask key rotate ALGORITHM   publish a new one, which signs a day later
flask key retire KID         take an old one out, once all that it signed is over

With `--now` the last two happen at once: for a key that somebody else may have.
"""

from datetime import datetime

import click
from flask.cli import AppGroup

from wechatlogin import clock
from wechatlogin.errors import KeyInUse, KeyUnknown
from wechatlogin.models import Algorithm, SigningKey
from wechatlogin.services import keys
from wechatlogin.services.keys import KeyState, KeyUse
from wechatlogin.web.context import current_site

group = AppGroup("key", help="The keys that tokens are signed with.")


@group.command("list")
def list_all() -> None:
    """List the keys, the newest first."""
    now = clock.now()
    for row in keys.get_all():
        click.echo(f"{row.kid}\t{row.algorithm}\t{_describe(row, keys.get_use(row, now=now))}")


@group.command("rotate")
@click.argument("algorithm", type=click.Choice(list(Algorithm)))
@click.option("--now", "is_urgent", is_flag=True, help="It signs at once, seen by all or not.")
def rotate(algorithm: str, *, is_urgent: bool) -> None:
    """Publish a new key; it signs as soon as nobody's copy of our key set lacks it."""
    row = keys.rotate(current_site(), Algorithm(algorithm), is_urgent=is_urgent, now=clock.now())
    click.echo(f"{row.kid} signs from {_time(row.active_from)}")


# One key in 64 has a name that begins with a dash.
@group.command("retire", context_settings={"ignore_unknown_options": True})
@click.argument("kid")
@click.option("--now", "is_urgent", is_flag=True, help="End the tokens that it has signed.")
def retire(kid: str, *, is_urgent: bool) -> None:
    """Take a key out: what it signed is refused from now on."""
    try:
        keys.retire(kid, is_urgent=is_urgent, now=clock.now())
    except KeyUnknown as err:
        raise click.ClickException(f"no key is called {kid}; `flask key list` tells all") from err
    except KeyInUse as err:
        raise click.ClickException(_why_not(err.until)) from err
    click.echo(f"{kid} is retired")


def _why_not(until: datetime | None) -> str:
    if until is None:
        return "this key signs: `flask key rotate` first, and retire it once the new one signs"
    return (
        f"tokens that this key has signed are good until {_time(until)}: retire it then, "
        "or end them all by --now"
    )


def _describe(row: SigningKey, use: KeyUse) -> str:
    told = f"{use.state} since {_time(use.since)}"
    match use.state:
        case KeyState.PUBLISHED:
            return f"{told}, signs from {_time(row.active_from)}"
        case KeyState.VERIFIES if use.until:
            return f"{told}, needed until {_time(use.until)}"
        case _:
            return told


def _time(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC"
