"""A stream for the log that makes nobody wait for whoever reads it.

A pipe or terminal that is not read from fills up, and would then stop every thread that has
something to say. So a thread of its own writes the lines; while it is stopped, as many are kept as
are worth it, and the others are counted. A file is written to at once.
"""

import atexit
import contextlib
import logging
import os
import queue
import stat
import sys
import threading
from functools import cache
from typing import TextIO, cast

log = logging.getLogger(__name__)

MOST_LINES = 2_000
#: How long the end of a process waits for its last lines to be read.
LAST_SECONDS = 0.5


class LogStream:
    """Takes lines, and lets its thread write them."""

    _lines: "queue.SimpleQueue[str | threading.Event]"
    _thread: threading.Thread | None
    _lost: int

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._begin()
        # The thread stays behind in the process that forks.
        os.register_at_fork(after_in_child=self._begin)
        atexit.register(self.end)

    def write(self, text: str) -> int:
        """Take a line; where too many wait already, it is lost."""
        if self._lines.qsize() >= MOST_LINES:
            self._lost += 1
            return 0
        # What logs may do so in a signal handler, and this queue is safe there.
        self._lines.put(text)
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_all, name="log", daemon=True)
            self._thread.start()
        return len(text)

    def flush(self) -> None:
        """Do nothing: the thread is at it."""

    def end(self) -> None:
        """Wait until all has been written, and for no reader who does not come."""
        if self._thread is not None:
            is_done = threading.Event()
            self._lines.put(is_done)
            is_done.wait(LAST_SECONDS)

    def _begin(self) -> None:
        self._lines = queue.SimpleQueue()
        self._thread = None
        self._lost = 0

    def _write_all(self) -> None:
        while True:
            line = self._lines.get()
            if isinstance(line, threading.Event):
                line.set()
                continue
            # A full disk, or nobody at the other end, is no reason to stop.
            with contextlib.suppress(OSError):
                _write(self._descriptor, line.encode("utf-8", "backslashreplace"))
            if self._lost:
                lost, self._lost = self._lost, 0
                log.warning("%d lines were lost, since nobody read the log", lost)


@cache
def get_stream() -> TextIO:
    """Return where this process logs to: what stderr is."""
    descriptor = sys.__stderr__.fileno() if sys.__stderr__ else 2
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return sys.stderr
    return cast(TextIO, LogStream(descriptor))


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
