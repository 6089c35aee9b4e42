"""Counting the moves of attempts, once they are certain: many a unit of writes does more than move.

A unit of writes is under way.
"""

from datetime import datetime
from functools import partial

from wechatlogin import metrics
from wechatlogin.models import NO_LOGINS, Attempt, Status
from wechatlogin.models.transaction import after_commit


def count_move(attempt: Attempt | None, outcome: str) -> None:
    """Count a move of a login; other errands are not counted."""
    if attempt is not None and attempt.purpose not in NO_LOGINS:
        after_commit(metrics.ATTEMPTS.labels(str(attempt.way), str(outcome)).inc)


def count_end(status: Status, reason: str) -> None:
    """Count why an attempt ended without a login."""
    after_commit(metrics.ATTEMPT_ENDS.labels(str(status), reason).inc)


def time_login(attempt: Attempt, now: datetime) -> None:
    """Note how long a login took from its scan."""
    # Where nothing is scanned, as inside WeChat, nobody waits for anything.
    if attempt.scanned_at is not None:
        took = (now - attempt.scanned_at).total_seconds()
        after_commit(partial(metrics.LOGIN_SECONDS.labels(str(attempt.way)).observe, took))
