"""What the processes around one SQLite file say to each other.

Each has a socket for datagrams beside the file, `<file>-wake-<random>`, and says to all of them
which attempt it has changed. Nothing depends on that: a word can get lost where a process is slow
to listen, and one that has no socket, since the path is too long for one, hears nothing at all.
"""

import logging
import os
import secrets
import select
import socket
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)

#: Bytes; an attempt's id is shorter.
LONGEST = 64


class Siblings:
    """The sockets around one file. `tell` may be called from any thread."""

    def __init__(self, file: Path) -> None:
        self._folder = file.parent
        self._prefix = f"{file.name}-wake-"
        self._path: Path | None = None
        self._ear: socket.socket | None = None

    @property
    def are_heard(self) -> bool:
        """Whether there is a socket to hear them by."""
        return self._ear is not None

    def listen(self) -> None:
        """Hear what is said from now on; again does nothing."""
        if self._ear is not None:
            return
        path = self._folder / f"{self._prefix}{secrets.token_hex(8)}"
        ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        with suppress(OSError):
            # Linux gives the file what the socket has, from its first moment on.
            os.fchmod(ear.fileno(), 0o600)
        try:
            ear.bind(str(path))
            path.chmod(0o600)
        except OSError as err:
            log.debug("other processes are only seen by what they write: %s", err)
            ear.close()
            return
        ear.setblocking(False)
        self._path, self._ear = path, ear

    def hear(self, seconds: float) -> list[str]:
        """Return what has been said, at the latest after so many seconds; call it while heard."""
        heard: list[str] = []
        if self._ear is None:
            return heard
        # `select` knows no descriptor beyond 1024.
        waiting = select.poll()
        waiting.register(self._ear, select.POLLIN)
        waiting.poll(seconds * 1000)
        with suppress(BlockingIOError):
            while True:
                heard.append(self._ear.recv(LONGEST).decode("ascii", "replace"))
        return heard

    def tell(self, word: str) -> None:
        """Say something to all the others, as far as they listen."""
        try:
            names = [name for name in os.listdir(self._folder) if name.startswith(self._prefix)]
        except OSError:
            return
        # Read once: the bus's own thread may close the socket in this moment.
        path = self._path
        own = path.name if path else None
        if not names or names == [own]:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mouth:
            # Nobody is held up by one that is slow to listen.
            mouth.setblocking(False)
            for name in set(names) - {own}:
                self._say(mouth, word, self._folder / name)

    def close(self) -> None:
        """Stop listening."""
        if self._ear is not None and self._path is not None:
            self._ear.close()
            self._path.unlink(missing_ok=True)
            self._path = self._ear = None

    def _say(self, mouth: socket.socket, word: str, path: Path) -> None:
        try:
            mouth.sendto(word.encode(), str(path))
        except ConnectionRefusedError:
            # Whoever had this socket was killed.
            path.unlink(missing_ok=True)
        except OSError as err:
            log.debug("another process did not hear: %s", type(err).__name__)
