"""Work that happens after an answer was given: receipts, and pushes that come late."""

import threading
import time
from collections.abc import Callable


class Outbox:
    """Runs each job in a thread of its own, and knows when all are done."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running = 0

    def later(self, job: Callable[[], object], *, delay: float = 0.0) -> None:
        """Run the job after `delay` seconds, without anybody waiting for it."""
        with self._changed:
            self._running += 1
        threading.Thread(target=self._run, args=(job, delay), daemon=True).start()

    def settle(self, patience: float) -> bool:
        """Wait until nothing is under way; tell whether that happened in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._running == 0, timeout=patience)

    def _run(self, job: Callable[[], object], delay: float) -> None:
        try:
            time.sleep(delay)
            job()
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()
