"""Who waits for which login attempt in this process, and who must be told what.

A guest enters before the row is read, so that nothing can happen between the reading and the
waiting; then it leaves again, or is seated with the way to answer it. Woken by the bus, one
thread reads the rows of those concerned, round by round, and answers whoever knows less. Where the
bus says how an attempt stands, whoever woke it answers: among busy threads each one that has to
do its part waits for its turn.

The room knows nothing of sockets: parked connections and blocked threads wait here alike.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from wechatlogin import clock, metrics
from wechatlogin.services import attempt_status
from wechatlogin.services.attempt_status import AttemptStatus, Known
from wechatlogin.services.waiting import Bus
from wechatlogin.web.guest import Guest
from wechatlogin.web.rounds import Round, Rounds
from wechatlogin.web.seats import Limits, Seats

log = logging.getLogger(__name__)

#: Seconds between two readings of everybody while the bus hears nothing.
REREAD_INTERVAL = 1.0

_Answers = list[tuple[Callable[[bytes], None], bytes]]


class WaitingRoom:
    """The guests of one process. Every method may be called from any thread."""

    def __init__(self, engine: Engine, bus: Bus, limits: Limits | None = None) -> None:
        self._engine = engine
        self._bus = bus
        # Guards everything below; never held while the database is asked or somebody answered.
        self._condition = threading.Condition()
        self._seats = Seats(limits or Limits())
        self._rounds = Rounds()
        self._unsubscribe: Callable[[], None] | None = None
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def __len__(self) -> int:
        """Return how many are seated."""
        with self._condition:
            return len(self._seats)

    @property
    def is_deserted(self) -> bool:
        """Whether nobody is seated and nobody enters."""
        with self._condition:
            return self._seats.is_nobody_here

    def enter(self, attempt_id: str, address: str) -> Guest:
        """Let a guest in who is about to read the row; whatever happens from now on counts."""
        # Those who come by one address share its text.
        guest = Guest(attempt_id, sys.intern(address))
        with self._condition:
            self._seats.enter(guest)
            self._listen()
        return guest

    def seat(self, guest: Guest, answer: Callable[[bytes], None]) -> bool:
        """Let the guest wait; `answer` is called at most once, from another thread.

        False, and the guest has left, where too many wait already.
        """
        with self._condition:
            was_empty = not self._seats.are_taken
            if self._is_closed or not self._seats.take(guest):
                self._forget(guest)
                return False
            guest.answer = answer
            if guest.is_woken:
                self._rounds.wake((guest.attempt_id,))
            # The thread sleeps soundly over an empty room.
            if guest.is_woken or was_empty:
                self._condition.notify_all()
            return True

    def leave(self, guest: Guest) -> None:
        """Forget the guest; again does nothing."""
        with self._condition:
            self._forget(guest)

    def look_for(self, guest: Guest) -> None:
        """Read the row for a guest whose attempt has ended by now."""
        with self._condition:
            if guest.answer is not None:
                self._rounds.wake((guest.attempt_id,))
                self._condition.notify_all()

    def end(self, guest: Guest) -> None:
        """Forget a guest whose time is up, if no answer is on its way."""
        with self._condition:
            if guest.answer is not None:
                metrics.WAITS.labels("time_up").inc()
                self._forget(guest)

    def dismiss(self) -> None:
        """Answer everybody that nothing has changed, and let nobody wait any more."""
        with self._condition:
            self._is_closed = True
            answers = self._send_away(list(self._seats))
            self._condition.notify_all()
        _give(answers)

    def close(self) -> None:
        """Dismiss everybody and end the thread."""
        self.dismiss()
        if self._thread is not None:
            self._thread.join(timeout=REREAD_INTERVAL)

    def _listen(self) -> None:
        # Only here, so that a process which is forked later has a thread of its own.
        if self._thread is None:
            self._bus.start()
            self._thread = threading.Thread(target=self._run, name="waiting-room", daemon=True)
            self._thread.start()
        if self._unsubscribe is None:
            self._unsubscribe = self._bus.subscribe(self._on_wake)

    def _forget(self, guest: Guest) -> None:
        self._seats.leave(guest)
        if self._unsubscribe is not None and self._seats.is_nobody_here:
            self._unsubscribe()
            self._unsubscribe = None

    def _send_away(self, guests: Iterable[Guest]) -> _Answers:
        seated = [(guest, guest.answer) for guest in guests]
        for guest, _ in seated:
            self._forget(guest)
        return [(answer, guest.unchanged()) for guest, answer in seated if answer is not None]

    def _on_wake(self, ids: Iterable[str] | None, news: AttemptStatus | None = None) -> None:
        wanted = None if ids is None else set(ids)
        answers: _Answers = []
        with self._condition:
            self._seats.wake_entering(wanted)
            is_to_read = True
            if wanted is None:
                self._rounds.wake_everybody()
            else:
                concerned = self._seats.taken_for(wanted)
                if not concerned:
                    return
                if news is not None:
                    answers = self._tell(concerned, news)
                is_to_read = self._rounds.wake(self._seats.taken_for(concerned))
            metrics.WAKE_UPS.inc()
            if is_to_read:
                self._condition.notify_all()
        _give(answers)

    def _tell(self, ids: list[str], news: AttemptStatus) -> _Answers:
        """Tell news to those who know less; whoever does not may have heard of something newer."""
        answers: _Answers = []
        for guest in self._seats.waiting_for(ids):
            if guest.status is not None and news.comes_after(guest.status):
                answers += self._take_answer(guest, news)
        return answers

    def _take_answer(self, guest: Guest, status: AttemptStatus) -> _Answers:
        """Let a guest leave with an answer, if it has none yet."""
        answer = guest.answer
        if answer is None:
            return []
        metrics.WAITS.labels("news").inc()
        self._forget(guest)
        return [(answer, status.as_json())]

    def _run(self) -> None:
        while (next_round := self._next_round()) is not None:
            try:
                self._answer(next_round)
                self._compare(next_round.compared)
            except SQLAlchemyError as err:
                # The text of the error may hold the statement's values.
                log.warning("the waiting attempts cannot be read: %s", type(err).__name__)
                self._put_back(next_round)

    def _next_round(self) -> Round | None:
        with self._condition:
            while not self._is_closed:
                now = time.monotonic()
                is_time = now - self._rounds.everybody_looked_at >= REREAD_INTERVAL
                if self._seats.are_taken and is_time and not self._bus.healthy:
                    self._rounds.wake_everybody()
                found = self._rounds.take(self._seats, now)
                if found is not None:
                    return found
                self._condition.wait(self._patience(now))
        return None

    def _patience(self, now: float) -> float | None:
        usual = REREAD_INTERVAL if self._seats.are_taken else None
        until_part = self._rounds.patience(now)
        return usual if until_part is None else until_part

    def _answer(self, asked: Round) -> None:
        if asked.read:
            statuses = attempt_status.get_statuses(self._engine, asked.read, now=clock.now())
            _give(self._take_answers(asked, statuses))

    def _compare(self, guests: list[Guest]) -> None:
        if not guests:
            return
        began = time.monotonic()
        known = [
            Known(guest.attempt_id, guest.status.status, guest.status.follow)
            for guest in guests
            if guest.status
        ]
        changed = attempt_status.find_changed(self._engine, known)
        with self._condition:
            self._rounds.wake(self._seats.taken_for(changed))
            self._rounds.rest(began, time.monotonic())

    def _take_answers(self, asked: Round, statuses: dict[str, AttemptStatus]) -> _Answers:
        answers: _Answers = []
        with self._condition:
            for guest in self._seats.waiting_for(asked.read):
                if guest.status is None:
                    continue
                # A row that is gone was cleaned away long after its time.
                status = statuses.get(guest.attempt_id) or guest.status.expired()
                if not status.says_the_same_as(guest.status):
                    answers += self._take_answer(guest, status)
        return answers

    def _put_back(self, failed: Round) -> None:
        with self._condition:
            self._rounds.wake(self._seats.taken_for(failed.read))
            if failed.compared:
                self._rounds.wake_everybody()
            self._condition.wait_for(lambda: self._is_closed, REREAD_INTERVAL)


def _give(answers: _Answers) -> None:
    for answer, body in answers:
        answer(body)
