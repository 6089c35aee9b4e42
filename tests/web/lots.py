"""A parking lot by itself: one end of a socket pair is the browser, the other the worker's."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine

from tests.servers import settings_for_tests
from tests.waiters import Waiter, add_attempt, eventually, new_engine
from wechatlogin import clock
from wechatlogin.services import attempt_status
from wechatlogin.services.waiting import Bus, make_bus
from wechatlogin.web.guest import Guest
from wechatlogin.web.parked import Head
from wechatlogin.web.parking_lot import ParkingLot
from wechatlogin.web.seats import Limits
from wechatlogin.web.waiting_room import WaitingRoom

HEAD = Head("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n", "an-id-of-the-request")


@dataclass
class Stage:
    """A lot of three places, with its room and bus over a file of SQLite."""

    engine: Engine
    bus: Bus
    room: WaitingRoom
    lot: ParkingLot
    guests: list[Guest] = field(default_factory=list)

    def parks(
        self,
        attempt_id: str,
        *,
        seconds: float = 20,
        address: str = "::1",
        meanwhile: Callable[[], None] = lambda: None,
    ) -> Waiter | None:
        """Park a browser as the middleware does; None where there is no place.

        What happens `meanwhile` does so once the row is read and before the browser is parked.
        """
        browser, worker = socket.socketpair()
        guest = self.room.enter(attempt_id, address)
        status = attempt_status.get_status(self.engine, attempt_id, now=clock.now())
        assert status is not None
        meanwhile()
        guest.stay(status, seconds)
        self.guests.append(guest)
        is_parked = self.lot.park(worker, head=HEAD, guest=guest)
        worker.close()
        if is_parked:
            return Waiter(browser)
        self.room.leave(guest)
        browser.close()
        return None


@contextmanager
def make_stage(folder: Path) -> Iterator[Stage]:
    """Set a stage, and clear it in the end."""
    engine = new_engine(folder)
    bus = make_bus(engine, settings_for_tests())
    room = WaitingRoom(engine, bus, Limits(per_attempt=2, per_address=3))
    lot = ParkingLot(room, max_waiting=3)
    yield Stage(engine, bus, room, lot)
    room.close()
    lot.close()
    bus.close()
    engine.dispose()


def parked_waiter(stage: Stage, **more: float) -> tuple[str, Waiter]:
    """Park a browser that asks about an attempt of its own."""
    attempt_id = add_attempt(stage.engine)
    waiter = stage.parks(attempt_id, **more)
    assert waiter is not None
    assert eventually(lambda: len(stage.room) >= 1)
    return attempt_id, waiter
