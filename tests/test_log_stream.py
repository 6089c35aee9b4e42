"""The log's stream makes nobody wait: not for a reader, not at the end, not after a fork."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.waiters import eventually
from wechatlogin import log_stream
from wechatlogin.log_stream import LogStream

LINE = "x" * 999 + "\n"


@dataclass(frozen=True)
class Pipe:
    """The two ends of a pipe; what is read does not wait."""

    reading: int
    writing: int
    told: list[str] = field(default_factory=list)

    def is_told(self, ending: str) -> bool:
        """Read on, and tell whether what was read so far ends in this."""
        with contextlib.suppress(BlockingIOError):
            self.told.append(os.read(self.reading, 10_000_000).decode())
        return "".join(self.told).endswith(ending)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    yield Pipe(reading, writing)
    os.close(reading)
    os.close(writing)


@pytest.fixture
def stream(pipe: Pipe) -> Iterator[LogStream]:
    writes = LogStream(pipe.writing)
    yield writes
    # Its thread must be done with the descriptor, whose number is given to others.
    writes.end()


def test_lines_arrive_in_their_order(pipe: Pipe, stream: LogStream) -> None:
    for number in range(100):
        stream.write(f"{number}\n")

    assert eventually(lambda: pipe.is_told("99\n"))
    assert "".join(pipe.told) == "".join(f"{number}\n" for number in range(100))


@pytest.mark.fault("C-33")
def test_what_nobody_reads_is_kept_up_to_a_bound_and_the_rest_is_counted(
    pipe: Pipe, stream: LogStream, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(log_stream, "MOST_LINES", 100)
    started = time.monotonic()

    for _ in range(1000):
        stream.write(LINE)

    assert time.monotonic() - started < 1
    assert eventually(lambda: pipe.is_told(LINE) and "were lost" in caplog.text)
    [words] = [record.getMessage() for record in caplog.records]
    lost = int(words.partition(" ")[0])
    # A pipe holds some sixty of them, and one is on its way.
    assert 800 < lost < 1000
    assert eventually(lambda: pipe.is_told(LINE) and "".join(pipe.told) == LINE * (1000 - lost))


def test_a_process_that_was_forked_writes_its_own_lines(pipe: Pipe, stream: LogStream) -> None:
    stream.write("parent\n")
    assert eventually(lambda: pipe.is_told("parent\n"))
    child = os.fork()
    if child == 0:
        stream.write("child\n")
        stream.end()
        os._exit(0)
    os.waitpid(child, 0)

    assert eventually(lambda: pipe.is_told("child\n"))
    assert "".join(pipe.told) == "parent\nchild\n"


LAST_WORDS = """
import logging
from wechatlogin import logs
logs.set_up("INFO")
for number in range({count}):
    logging.getLogger("wechatlogin").info("said %d " + "x" * 500, number)
"""


def test_the_last_words_of_a_process_are_written() -> None:
    program = [sys.executable, "-c", LAST_WORDS.format(count=20)]

    ended = subprocess.run(program, stderr=subprocess.PIPE, check=True, text=True, timeout=20)

    assert "said 19" in ended.stderr


def test_an_end_waits_for_no_reader(pipe: Pipe) -> None:
    program = [sys.executable, "-c", LAST_WORDS.format(count=1000)]
    with subprocess.Popen(program, stderr=pipe.writing) as process:
        try:
            # A busy machine takes a while to load it; without an end it would go on for good.
            assert process.wait(60) == 0
        finally:
            process.kill()
