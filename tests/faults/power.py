"""Cutting a program's power: what it asked of the disk is recorded, and done only in part.

What was synchronized is there for certain. Of what was asked for after that, in each file, any part
may have reached the disk, and in any order: that is what a kernel is free to do.
"""

import os
import random
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests import databases
from tests.servers import ROOT

CALLS = "pwrite64,ftruncate,fsync,fdatasync,unlink,write"
LINE = re.compile(
    r"\d+ +(?P<call>\w+)\((?:\d+<)?\"?(?P<path>[^>\"]*)\"?>?"
    r"(?:, \"(?P<data>[^\"]*)\")?(?:, (?P<first>\d+))?(?:, (?P<second>\d+))?\) += (?P<result>-?\d+)"
)


class Act(StrEnum):
    """What a program does."""

    WRITE = "write"
    TRUNCATE = "truncate"
    REMOVE = "remove"
    SYNCHRONIZE = "synchronize"
    #: It tells the world that something is done.
    SAY = "say"


@dataclass(frozen=True)
class Step:
    """One thing that a program did: to a file, or to the world."""

    act: Act
    path: str
    offset: int = 0
    data: bytes = b""


@dataclass(frozen=True)
class Remains:
    """What there is once the power is back."""

    files: dict[str, bytes]
    #: What the world had been told before.
    said: list[str]


def record(program: Path, *arguments: str) -> list[Step]:
    """Run a program of ours to its end, and return what it did to files and said."""
    strace = shutil.which("strace")
    if strace is None:
        databases.missing("strace")
    log = Path(arguments[0]).with_suffix(".strace")
    options = ["-f", "-y", "-xx", "-s", "100000", "-e", f"trace={CALLS}", "-o", str(log)]
    subprocess.run(
        [str(strace), *options, sys.executable, str(program), *arguments],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return [step for line in log.read_text().splitlines() if (step := _read(line)) is not None]


def _read(line: str) -> Step | None:
    found = LINE.match(line)
    if found is None or int(found["result"]) < 0:
        return None
    path = _decode(found["path"]).decode()
    first = int(found["first"] or 0)
    match found["call"]:
        case "pwrite64":
            return Step(Act.WRITE, path, int(found["second"]), _decode(found["data"]))
        case "ftruncate":
            return Step(Act.TRUNCATE, path, first)
        case "unlink":
            return Step(Act.REMOVE, path)
        case "write" if ") = " in line and line.partition("(")[2].startswith("1<"):
            return Step(Act.SAY, path, data=_decode(found["data"]))
        case "fsync" | "fdatasync":
            return Step(Act.SYNCHRONIZE, path)
    return None


def _decode(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", " "))


def cut(before: dict[str, bytes], steps: list[Step], dice: random.Random) -> Remains:
    """Return what may be left if the power fails at a moment that the dice choose."""
    certain = {path: bytearray(content) for path, content in before.items()}
    open_steps: dict[str, list[Step]] = {}
    said: list[str] = []
    for step in steps[: dice.randrange(len(steps) + 1)]:
        if step.act is Act.SAY:
            said.append(step.data.decode())
        elif step.act is Act.SYNCHRONIZE:
            _do(certain, open_steps.pop(step.path, []))
        else:
            open_steps.setdefault(step.path, []).append(step)
    for waiting in open_steps.values():
        arrived = dice.sample(waiting, dice.randrange(len(waiting) + 1))
        _do(certain, arrived)
    return Remains({path: bytes(content) for path, content in certain.items()}, said)


def _do(files: dict[str, bytearray], steps: list[Step]) -> None:
    for step in steps:
        if step.act is Act.REMOVE:
            files.pop(step.path, None)
            continue
        content = files.setdefault(step.path, bytearray())
        if step.act is Act.TRUNCATE:
            _resize(content, step.offset)
        else:
            _resize(content, max(len(content), step.offset + len(step.data)))
            content[step.offset : step.offset + len(step.data)] = step.data


def _resize(content: bytearray, size: int) -> None:
    del content[size:]
    content.extend(bytes(size - len(content)))
