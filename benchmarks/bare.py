"""The service's SQL in bare Flask views, by the driver: the least that these statements take."""

import os
import pickle
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.clients import Request
from benchmarks.services import Installed, Program, baseline
from benchmarks.statements import Recording

VARIABLE = "BENCHMARK_RECORDINGS"


@contextmanager
def serving(house: Installed, shares: Sequence[Recording]) -> Iterator[Program]:
    """Run a program with a view for the statements of each request."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recordings"
        path.write_bytes(pickle.dumps(shares))
        os.environ[VARIABLE] = str(path)
        try:
            with baseline("recorded", house.settings) as program:
                yield program
        finally:
            del os.environ[VARIABLE]


def read_shares() -> Sequence[Recording]:
    """Return what the program was given."""
    shares: Sequence[Recording] = pickle.loads(Path(os.environ[VARIABLE]).read_bytes())  # noqa: S301 - written above
    return shares


def requests_for(shares: Sequence[Recording]) -> list[Request]:
    """Return the requests that run them all once, with values that are new."""
    name = secrets.token_hex(8)
    return [Request(f"/{place}/{name}", "POST", b"") for place in range(len(shares))]
