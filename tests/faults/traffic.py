"""People who come all the time, and how each of them fared."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import requests

from tests.flows.phones import Browser

#: What a visit that got no answer at all counts as.
NO_ANSWER = 0


@dataclass(frozen=True)
class Visit:
    """One request, or a few in a row, of somebody new."""

    began: float
    ended: float
    #: Of the last answer; 0 where there was none.
    status: int
    retry_after: str | None = None

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began


class Traffic:
    """Visits from several threads, one after another in each, as long as the block runs."""

    def __init__(
        self,
        visit: Callable[[Browser], requests.Response],
        *,
        threads: int = 4,
        pause: float = 0.02,
    ) -> None:
        self.visits: list[Visit] = []
        self._visit, self._pause = visit, pause
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._come, daemon=True) for _ in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, at: TracebackType | None
    ) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def since(self, moment: float) -> list[Visit]:
        """Return the visits that began after a moment."""
        return [visit for visit in self.visits if visit.began >= moment]

    def go_on(self, seconds: float) -> None:
        """Let them come for so long."""
        self._is_over.wait(seconds)

    def _come(self) -> None:
        while not self._is_over.is_set():
            began = time.monotonic()
            try:
                with Browser() as browser:
                    answer = self._visit(browser)
                status, again = answer.status_code, answer.headers.get("Retry-After")
            except requests.RequestException:
                status, again = NO_ANSWER, None
            self.visits.append(Visit(began, time.monotonic(), status, again))
            self._is_over.wait(self._pause)


def statuses(visits: list[Visit]) -> set[int]:
    """Return which answers there were."""
    return {visit.status for visit in visits}
