"""When something was committed, noted by the server that did it and read by whoever measures.

Each line of the file is an id and the monotonic clock, which all processes of a machine share.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VARIABLE = "BENCHMARK_STAMPS"


class Pen:
    """Writes stamps; several processes may write at the same time."""

    def __init__(self) -> None:
        self._file = os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_APPEND)

    def note(self, name: str, at: int | None = None) -> None:
        """Note that something happened to this id, now or at a moment of the monotonic clock."""
        os.write(self._file, f"{name} {at or time.monotonic_ns()}\n".encode())


class Stamps:
    """What servers that are started meanwhile have noted."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_to = 0
        self._first: dict[str, int] = {}

    def read(self) -> dict[str, int]:
        """Return when each id was noted first, in nanoseconds."""
        with self._path.open("rb") as file:
            file.seek(self._read_to)
            text = file.read()
        # A line that is just being written is left for the next time.
        whole = text[: text.rfind(b"\n") + 1]
        self._read_to += len(whole)
        for line in whole.decode().splitlines():
            name, _, at = line.partition(" ")
            self._first.setdefault(name, int(at))
        return self._first


@contextmanager
def kept() -> Iterator[Stamps]:
    """Let the servers that are started in the block note what they commit."""
    with tempfile.NamedTemporaryFile(prefix="stamps-") as file:
        os.environ[VARIABLE] = file.name
        try:
            yield Stamps(Path(file.name))
        finally:
            del os.environ[VARIABLE]
