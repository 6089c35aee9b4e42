"""What a login is for: where it leads and for whom, whichever way it takes."""

from dataclasses import dataclass
from typing import Self

from wechatlogin.config import ConfirmPolicy, FollowPolicy, Settings
from wechatlogin.extensions import db
from wechatlogin.models import Application, Attempt, Display, Purpose


@dataclass(frozen=True)
class Errand:
    """What a browser wants of a login; an attempt keeps it while it lasts."""

    purpose: Purpose = Purpose.LOGIN
    #: The program that the login is for; None where it is our own pages.
    application: Application | None = None
    #: Where the browser goes afterwards, a path of our own.
    next_path: str | None = None
    #: What the caller wants to have back.
    requested_state: str | None = None
    display: Display = Display.PAGE
    #: POPUP: whose page opened the window, to hear of the outcome.
    opener_origin: str | None = None
    #: Exactly one of the application's URIs: where its program goes on to, or, for a RELAY,
    #: WeChat's code.
    redirect_uri: str | None = None
    #: LINK: whose account the identity is added to.
    link_user_id: str | None = None
    #: Whether to ask for name and picture inside WeChat; None is as the installation has it.
    wants_profile: bool | None = None

    @classmethod
    def of(cls, attempt: Attempt) -> Self:
        """Return the errand that an attempt was started with."""
        return cls(
            purpose=Purpose(attempt.purpose),
            application=get_application(attempt),
            next_path=attempt.next_path,
            requested_state=attempt.requested_state,
            display=Display(attempt.display),
            opener_origin=attempt.opener_origin,
            redirect_uri=attempt.redirect_uri,
            link_user_id=attempt.link_user_id,
            wants_profile=attempt.wants_profile,
        )

    @property
    def is_for_program(self) -> bool:
        """Whether the login goes on to the application's own page, which is told who it is.

        Its session is the program's; the browser gets no cookie of ours for it.
        """
        return self.purpose is Purpose.LOGIN and self.redirect_uri is not None

    def confirm_policy(self, settings: Settings) -> ConfirmPolicy:
        """Return how a scan is confirmed: as the application has it, else the installation.

        What is added to an account for good is always asked for.
        """
        wanted = self.application.confirm if self.application else settings.confirm
        if self.purpose is Purpose.LINK and wanted != ConfirmPolicy.NUMBER:
            return ConfirmPolicy.TAP
        return ConfirmPolicy(wanted)

    @property
    def follow_policy(self) -> FollowPolicy:
        """Whether the person has to follow the account; never, unless the application says so."""
        return FollowPolicy(self.application.follow) if self.application else FollowPolicy.NEVER


def get_application(attempt: Attempt) -> Application | None:
    """Return the program that an attempt is for; None where it is our own pages."""
    if attempt.application_id is None:
        return None
    return db.session.get(Application, attempt.application_id)
