"""The settings of an application as options, the same for `create` and `set`.

What is not given stays as it is, or gets the default; what may be given several times replaces the
whole list; an empty value empties a setting (`--origin ''`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import click

from wechatlogin.config import ConfirmPolicy, FollowPolicy
from wechatlogin.errors import ApplicationUnknown, LogoRefused, SettingRefused
from wechatlogin.models import Algorithm, Application, SubjectType
from wechatlogin.services import applications
from wechatlogin.web.context import current_site

Command = Callable[..., Any]


@dataclass(frozen=True)
class SettingOption:
    """One setting and the option that it is given by."""

    field: str
    #: As click takes it: `--name`, or `--flag/--no-flag`.
    option: str
    help: str
    #: What the text is turned into; of a list each part.
    read: Callable[[str], Any] = str
    choices: type[StrEnum] | None = None
    is_list: bool = False

    @property
    def name(self) -> str:
        """What the option is called in a message."""
        return self.option.partition("/")[0]

    def decorate(self, command: Command) -> Command:
        """Return a command that takes the option."""
        given: dict[str, Any] = {"help": self.help, "default": None}
        if self.is_list:
            given = {"help": self.help, "multiple": True}
        if self.choices:
            # Click would spell an enum's members by their names.
            given["type"] = click.Choice([one.value for one in self.choices])
        return click.option(self.option, self.field, **given)(command)

    def parse(self, given: Any) -> Any:
        """Return the setting that was given; nothing in place of an empty text."""
        if self.is_list:
            return tuple(self._parse_one(text) for text in given if text)
        return self._parse_one(given) if given != "" else None

    def _parse_one(self, given: Any) -> Any:
        if isinstance(given, bool):
            return given
        try:
            return (self.choices or self.read)(given)
        except ValueError as err:
            raise click.BadParameter(f"{given!r} is no number", param_hint=self.name) from err


SETTINGS = (
    SettingOption(
        "is_public", "--public/--no-public", "It runs in a browser or on a phone: it has no secret."
    ),
    SettingOption(
        "is_first_party", "--first-party/--no-first-party", "Yours: nobody is asked for consent."
    ),
    SettingOption("redirect_uris", "--redirect-uri", "Exact; may be repeated.", is_list=True),
    SettingOption(
        "post_logout_redirect_uris",
        "--post-logout-redirect-uri",
        "Where people may be sent after a log-out; exact; may be repeated.",
        is_list=True,
    ),
    SettingOption(
        "backchannel_logout_uri",
        "--backchannel-logout-uri",
        "Where its server is told that somebody has logged out.",
    ),
    SettingOption("origins", "--origin", "Whose pages may open a login window.", is_list=True),
    SettingOption(
        "appids", "--appid", "Its WeChat apps, the preferred one first; all if none.", is_list=True
    ),
    SettingOption(
        "ways",
        "--way",
        "What its login page offers, the preferred one first: in_wechat, scan, website, number, "
        "code; all if none.",
        is_list=True,
    ),
    SettingOption(
        "scopes",
        "--scope",
        "What it may be granted, besides openid: profile, email, offline_access, wechat.",
        is_list=True,
    ),
    SettingOption(
        "requires_pkce", "--pkce/--no-pkce", "Whether a login without PKCE is refused; it is."
    ),
    SettingOption(
        "subject_type",
        "--pairwise/--no-pairwise",
        "Whether it knows people by a sub of its own; it does not.",
    ),
    SettingOption("email_template", "--email", "The e-mail that it is told, with a place {sub}."),
    SettingOption(
        "id_token_algorithm",
        "--id-token-algorithm",
        "What its ID tokens are signed with.",
        choices=Algorithm,
    ),
    SettingOption(
        "access_seconds", "--access-seconds", "How long an access token lives.", read=int
    ),
    SettingOption(
        "refresh_seconds", "--refresh-seconds", "How long a refresh token lives.", read=int
    ),
    SettingOption(
        "confirm",
        "--confirm",
        "How a scan is confirmed on the phone.",
        choices=ConfirmPolicy,
    ),
    SettingOption(
        "follow",
        "--follow",
        "Whether people have to follow the account.",
        choices=FollowPolicy,
    ),
    SettingOption(
        "mccs", "--mcc", "Mobile country codes it serves; all if none.", read=int, is_list=True
    ),
)
_NAMES = {
    "client_id": "--client-id",
    "client_secret": "--client-secret",
    "keeps_secret": "--keeps-secret",
    "name": "name",
    "overlap": "--overlap-hours",
    "webhook_uri": "--uri",
    "webhook_events": "--event",
    **{one.field: one.name for one in SETTINGS},
    "requires_pkce": "--no-pkce",
}


def with_settings(command: Command) -> Command:
    """Let a command take every setting as an option."""
    command = click.option("--no-email", is_flag=True, help="It is told no e-mail.")(command)
    for one in reversed(SETTINGS):
        command = one.decorate(command)
    return command


def read_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that a command was given, by their names."""
    found = {
        one.field: one.parse(given[one.field])
        for one in SETTINGS
        if given[one.field] not in (None, ())
    }
    if "subject_type" in found:
        found["subject_type"] = _SUBJECT_TYPES[found["subject_type"]]
    if given["no_email"]:
        if found.get("email_template") is not None:
            raise click.UsageError("give either --email or --no-email")
        found["email_template"] = None
    return found


def find_application(client_id: str) -> Application:
    """Return the application with this client id, or end the command."""
    try:
        return applications.verify(client_id)
    except ApplicationUnknown as err:
        raise click.ClickException(f"no application has the client id {client_id}") from err


def refuse(err: SettingRefused | LogoRefused) -> click.ClickException:
    """Return the error that ends a command: which option is wrong, and why, in English."""
    told = current_site().speaking("en").translate(err.message)
    if isinstance(err, LogoRefused):
        return click.ClickException(told)
    where = " ".join(filter(None, (_NAMES.get(err.field, err.field), err.value)))
    return click.ClickException(f"{where}: {told}")


_SUBJECT_TYPES = {True: SubjectType.PAIRWISE, False: SubjectType.PUBLIC}
