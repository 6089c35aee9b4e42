"""Each process on a processor of its own.

Threads of Python run one at a time anyway. Where they are spread over several processors each
change from one to the next wakes another processor up, and under load that can cost as much as the
work itself.
"""

import logging
import os
import random
from collections import Counter
from collections.abc import Iterable

log = logging.getLogger(__name__)


def choose(taken: Iterable[int | None]) -> int | None:
    """Return one of the least taken processors that we may use; None where nothing is gained.

    `taken` is where the processes stay that there are already. Which of several equal ones is left
    to chance: other services on this machine choose, too.
    """
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(usable) < 2:
        return None
    counts = Counter(taken)
    fewest = min(counts[processor] for processor in usable)
    return random.choice([one for one in usable if counts[one] == fewest])  # noqa: S311 - no secret


def stay_on(processor: int) -> None:
    """Keep this process, with all threads that it will start, on a processor if that is allowed."""
    try:
        os.sched_setaffinity(0, {processor})
    except OSError as err:
        # A container may forbid it, and it was only to be faster.
        log.warning("this process stays on no processor: %s", err.strerror)
