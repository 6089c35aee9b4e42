"""The connections of one process that wait, and the one thread that looks after them.

The thread notices who hangs up, ends a wait when its time is up, and closes what is answered. It
never asks the database, so nothing holds it up. An answer is written by the thread that has it,
which only tells this one.
"""

import heapq
import itertools
import logging
import resource
import selectors
import socket
import threading
import time
from collections import deque

from wechatlogin.web import parked
from wechatlogin.web.guest import Guest
from wechatlogin.web.parked import Head, ParkedConnection, Phase
from wechatlogin.web.waiting_room import WaitingRoom

log = logging.getLogger(__name__)

#: Descriptors that stay free for requests, files, the database and calls to WeChat.
RESERVED_DESCRIPTORS = 128
#: Seconds that the last reading at the end of an attempt may take.
REREAD_SECONDS = 2.0
#: Seconds in which everybody must have been answered when the process stops.
CLOSE_SECONDS = 1.0


def raise_descriptor_limit() -> int:
    """Let this process open as many descriptors as it may, and return how many that is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError):
        # A Mac says "unlimited" and then refuses it.
        log.debug("the descriptor limit stays at %d", soft)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1_000_000 if soft == resource.RLIM_INFINITY else soft


class ParkingLot:
    """Where sockets wait; `park`, `start` and `close` may be called from any thread."""

    def __init__(self, room: WaitingRoom, *, max_waiting: int) -> None:
        self._room = room
        self._max_waiting = max_waiting
        # Guards the life of the thread and the number of places taken.
        self._lock = threading.Lock()
        self._places = 0
        self._taken = 0
        self._thread: threading.Thread | None = None
        self._is_closing = False
        self._is_dismissing = False
        # Made once, for all who are parked share it.
        self._deliver = self._deliver_answer
        # An arrival, or somebody parked who has been answered.
        self._inbox: deque[tuple[ParkedConnection, bool]] = deque()
        self._deadlines: list[tuple[float, int, ParkedConnection]] = []
        self._serial = itertools.count()
        self._parked: set[ParkedConnection] = set()

    def __len__(self) -> int:
        """Return how many places are taken."""
        with self._lock:
            return self._taken

    def start(self) -> None:
        """Start the thread of this process, after the fork; again does nothing."""
        with self._lock:
            if self._thread is not None or self._is_closing:
                return
            limit = raise_descriptor_limit()
            self._places = max(0, min(self._max_waiting, limit - RESERVED_DESCRIPTORS))
            self._selector = selectors.DefaultSelector()
            self._bell, self._ear = socket.socketpair()
            self._bell.setblocking(False)
            self._ear.setblocking(False)
            self._selector.register(self._ear, selectors.EVENT_READ)
            self._thread = threading.Thread(target=self._run, name="parking-lot", daemon=True)
            self._thread.start()
        log.info("%d browsers may wait (descriptor limit %d)", self._places, limit)
        if self._places < self._max_waiting:
            log.warning("MAX_WAITING is %d, more than the descriptors allow", self._max_waiting)

    def park(self, connection: socket.socket, *, head: Head, guest: Guest) -> bool:
        """Take a connection over and answer it later; False where there is no place for it."""
        self.start()
        if not self._take_place():
            return False
        try:
            ours = parked.take_over(connection)
        except OSError as err:
            log.warning("a connection cannot be parked: %s", err.strerror)
            self._free_place()
            return False
        deadline = time.monotonic() + guest.seconds
        newcomer = ParkedConnection(
            ours, head=head, guest=guest, deadline=deadline, deliver=self._deliver
        )
        self._inbox.append((newcomer, True))
        # From here on the room may answer at any moment, so the arrival stands in the inbox first.
        if not self._room.seat(guest, newcomer):
            newcomer(guest.unchanged())
        self._ring()
        return True

    def dismiss(self) -> None:
        """Let the thread answer everybody in the room that nothing has changed, and return at once.

        A signal's handler may call this, which must not wait for what it has interrupted.
        """
        self._is_dismissing = True
        self._ring()

    def close(self) -> None:
        """Let the answers that are on their way leave, and end the thread."""
        with self._lock:
            self._is_closing = True
            thread = self._thread
        if thread is not None:
            self._ring()
            thread.join(timeout=CLOSE_SECONDS + 0.5)

    def _take_place(self) -> bool:
        with self._lock:
            is_free = not self._is_closing and self._taken < self._places
            self._taken += is_free
            return is_free

    def _free_place(self) -> None:
        with self._lock:
            self._taken -= 1

    def _deliver_answer(self, waiting: ParkedConnection, body: bytes) -> None:
        if waiting.answer(body, time.monotonic()):
            self._inbox.append((waiting, False))
            self._ring()

    def _ring(self) -> None:
        try:
            self._bell.send(b"\0")
        except OSError:
            # So many rings are unheard already that one more makes no difference, or the thread
            # has ended and nobody is left to hear it.
            return

    def _run(self) -> None:
        closes_at: float | None = None
        # A place may be taken whose connection is still on its way into the inbox.
        while closes_at is None or (len(self) and time.monotonic() < closes_at):
            for key, events in self._selector.select(self._until_next_deadline(closes_at)):
                self._attend(key, events)
            now = time.monotonic()
            self._take_in()
            if self._is_dismissing:
                self._is_dismissing = False
                self._room.dismiss()
            self._end_those_due(now)
            if self._is_closing and closes_at is None:
                closes_at = now + CLOSE_SECONDS
        for left_over in tuple(self._parked):
            self._drop(left_over)
        for end in (self._selector, self._bell, self._ear):
            end.close()

    def _until_next_deadline(self, closes_at: float | None) -> float | None:
        ends = [self._deadlines[0][0]] if self._deadlines else []
        ends += [] if closes_at is None else [closes_at]
        return max(0.0, min(ends) - time.monotonic()) if ends else None

    def _attend(self, key: selectors.SelectorKey, events: int) -> None:
        waiting = key.data
        if waiting is None:
            # Emptied before the inbox is, so that a ring in between is heard the next time.
            self._ear.recv(65_536)
            return
        before = waiting.phase
        if events & selectors.EVENT_READ:
            waiting.listen()
        if events & selectors.EVENT_WRITE:
            waiting.write(time.monotonic())
        if waiting.phase is not before:
            self._follow(waiting)

    def _take_in(self) -> None:
        while self._inbox:
            waiting, is_arrival = self._inbox.popleft()
            if is_arrival:
                self._parked.add(waiting)
                self._selector.register(waiting, selectors.EVENT_READ, waiting)
                self._note_deadline(waiting)
            elif waiting in self._parked:
                self._follow(waiting)

    def _follow(self, waiting: ParkedConnection) -> None:
        """Do what a new phase asks of the lot; again does no harm."""
        if waiting.phase is Phase.CLOSED:
            self._drop(waiting)
            return
        is_writing = waiting.phase is Phase.WRITING
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if is_writing else 0)
        self._selector.modify(waiting, wanted, waiting)
        self._note_deadline(waiting)

    def _note_deadline(self, waiting: ParkedConnection) -> None:
        heapq.heappush(self._deadlines, (waiting.deadline, next(self._serial), waiting))

    def _end_those_due(self, now: float) -> None:
        while self._deadlines and self._deadlines[0][0] <= now:
            due, _, waiting = heapq.heappop(self._deadlines)
            phase, deadline = waiting.state
            # An entry of a former phase says nothing any more.
            if phase is Phase.CLOSED or deadline != due:
                continue
            if phase is not Phase.WAITING:
                self._drop(waiting)
            elif waiting.guest.outlasts_attempt and not waiting.is_looked_for:
                waiting.is_looked_for = True
                waiting.wait_longer(now + REREAD_SECONDS)
                self._note_deadline(waiting)
                self._room.look_for(waiting.guest)
            else:
                # Nobody reads the row for them: they ask again at once, and it is read then.
                self._room.end(waiting.guest)
                waiting.answer(waiting.guest.time_up(), now)
                self._follow(waiting)

    def _drop(self, waiting: ParkedConnection) -> None:
        self._parked.discard(waiting)
        self._selector.unregister(waiting)
        waiting.close()
        self._free_place()
        self._room.leave(waiting.guest)
