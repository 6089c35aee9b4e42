"""The simulator's own clock, which can be moved on without waiting."""

from datetime import UTC, datetime, timedelta


class Clock:
    """A clock that is ahead of the machine's by what it was advanced."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        """Return the simulated moment; every lifetime, window and quota counts in it."""
        return datetime.now(UTC) + self._ahead

    def wall(self) -> datetime:
        """Return the machine's moment.

        Pushes carry this one: the service that receives them has a clock of its own, and
        would rightly refuse a message from the future.
        """
        return datetime.now(UTC)

    def advance(self, by: timedelta) -> None:
        """Move on; the clock never goes back but by `reset`."""
        self._ahead += by

    def reset(self) -> None:
        """Return to the machine's time."""
        self._ahead = timedelta()
