"""`attempts`: one browser on its way to become one person."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, Boolean, CheckConstraint, ForeignKey, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from wechatlogin.config import ConfirmPolicy
from wechatlogin.extensions import Base
from wechatlogin.models.types import Exact, UtcDateTime, filled_index, one_of


class Way(StrEnum):
    """How the person shows who they are."""

    IN_WECHAT = "in_wechat"
    SCAN = "scan"
    PAGE = "page"
    WEBSITE = "website"
    CODE = "code"
    NUMBER = "number"


class Purpose(StrEnum):
    """What the attempt ends in."""

    #: The browser is logged in and goes on to `next_path`.
    LOGIN = "login"
    #: The browser is shown a result page, with a verification code when it asked for one.
    RESULT = "result"
    #: A phone proves who it is, to confirm the attempt `parent_id`.
    CONFIRM = "confirm"
    #: A logged-in person adds the identity to their account, `link_user_id`.
    LINK = "link"
    #: Another site's own authorization: WeChat's code goes on to its `redirect_uri`.
    RELAY = "relay"


#: These log nobody in here: one is part of another attempt, the other is another site's login.
NO_LOGINS = (Purpose.CONFIRM, Purpose.RELAY)


class Display(StrEnum):
    """Where the browser shows the login."""

    PAGE = "page"
    #: In a window that another page opened; that page hears the outcome.
    POPUP = "popup"
    #: In a frame of our own waiting page, which moves on.
    FRAME = "frame"

    @classmethod
    def _missing_(cls, value: object) -> "Display":
        """Take what only a newer release knows, whose attempts we may meet, for a page."""
        return cls.PAGE


class Status(StrEnum):
    PENDING = "pending"
    SCANNED = "scanned"
    CONFIRMED = "confirmed"
    CLAIMED = "claimed"
    DECLINED = "declined"
    EXPIRED = "expired"
    FAILED = "failed"


class Attempt(Base):
    """One attempt; only `services/attempts.py` changes its state."""

    __tablename__ = "attempts"
    __table_args__ = (
        one_of("status", Status),
        one_of("way", Way),
        one_of("purpose", Purpose),
        one_of("confirm", ConfirmPolicy),
        one_of("display", Display),
        CheckConstraint(
            "status NOT IN ('confirmed', 'claimed') OR openid IS NOT NULL", name="has_person"
        ),
        CheckConstraint("tries >= 0", name="tries"),
        Index(None, "created_at"),
        # The last logins, of all and of each app's ways.
        filled_index("claimed_at"),
        filled_index("appid", "way", "claimed_at"),
        # Or all would be looked through for each of these that goes.
        filled_index("parent_id"),
        filled_index("application_id"),
        # Found when a person follows, and when one is erased.
        filled_index("user_id"),
        filled_index("link_user_id"),
        filled_index("openid"),
    )

    #: What the waiting page asks by.
    id: Mapped[str] = mapped_column(Exact(32), primary_key=True)
    #: What travels through WeChat: the OAuth `state` and the QR's scene.
    scene: Mapped[str] = mapped_column(Exact(64), unique=True)
    #: The hash of the secret in the browser's cookie.
    binding_hash: Mapped[str] = mapped_column(Exact(64))
    way: Mapped[Way] = mapped_column(Exact(16))
    purpose: Mapped[Purpose] = mapped_column(Exact(16))
    status: Mapped[Status] = mapped_column(Exact(16), default=Status.PENDING)
    confirm: Mapped[ConfirmPolicy] = mapped_column(Exact(16))
    application_id: Mapped[int | None] = mapped_column(
        ForeignKey("applications.id", ondelete="CASCADE")
    )
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("attempts.id", ondelete="CASCADE"))
    appid: Mapped[str | None] = mapped_column(Exact(32))
    next_path: Mapped[str | None] = mapped_column(Exact(1024))
    #: Where a relayed code goes: exactly one of the application's URIs.
    redirect_uri: Mapped[str | None] = mapped_column(Exact(1024))
    display: Mapped[Display] = mapped_column(Exact(16), default=Display.PAGE)
    #: The page that opened the popup.
    opener_origin: Mapped[str | None] = mapped_column(Exact(255))
    link_user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    #: Whether to ask for name and picture inside WeChat; None is as the installation has it.
    wants_profile: Mapped[bool | None] = mapped_column(Boolean)
    #: The `state` that the caller gave, such as `code`; what travels is `scene`.
    requested_state: Mapped[str | None] = mapped_column(Exact(128))
    #: The text of the QR that the desktop shows.
    qr_content: Mapped[str | None] = mapped_column(Exact(512))

    #: The first person to scan owns the attempt.
    openid: Mapped[str | None] = mapped_column(Exact(64))
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    #: The hash of the secret in the link that the scanning person alone receives.
    confirm_hash: Mapped[str | None] = mapped_column(Exact(64), unique=True)
    #: Everything is proven, but the application wants a follower.
    awaits_follow: Mapped[bool] = mapped_column(Boolean, default=False)
    #: The number that the desktop shows, and the three that the phone offers.
    number: Mapped[int | None] = mapped_column(SmallInteger)
    choices: Mapped[list[int] | None] = mapped_column(JSON)

    #: The hash of the OAuth code whose exchange has begun, and when.
    exchange_hash: Mapped[str | None] = mapped_column(Exact(64))
    exchange_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    restarts: Mapped[int] = mapped_column(SmallInteger, default=0)
    tries: Mapped[int] = mapped_column(SmallInteger, default=0)
    failure: Mapped[str | None] = mapped_column(Exact(64))

    #: Where the attempt was started, for the confirm page.
    browser: Mapped[str] = mapped_column(Exact(64))
    ip: Mapped[str | None] = mapped_column(Exact(45))

    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    scanned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
