"""What an owner chooses between; `config` has the settings that say so."""

from enum import StrEnum
from types import MappingProxyType


class Environment(StrEnum):
    PRODUCTION = "production"
    DEVELOPMENT = "development"


class ConfirmPolicy(StrEnum):
    """How a scan is confirmed on the phone."""

    NUMBER = "number"
    TAP = "tap"
    FIRST_TIME = "first_time"
    NEVER = "never"


class FollowPolicy(StrEnum):
    """Whether a person has to follow the account for a login."""

    NEVER = "never"
    ASK = "ask"
    REQUIRE = "require"


class UnfollowPolicy(StrEnum):
    """What becomes of people who no longer follow the account."""

    KEEP = "keep"
    LOG_OUT = "log_out"
    ERASE = "erase"


#: How long what is kept for some days is needed by the service itself.
LEAST_DAYS = MappingProxyType(
    {
        "attempt_days": 7,
        "expired_days": 1,
        "message_days": 3,
        "audit_days": 31,
        "delivery_days": 1,
        "error_days": 7,
        "people_days": 30,
        "ip_days": 1,
    }
)
