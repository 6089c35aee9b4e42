"""Faults on demand: what goes wrong, where, how often.

on an API call or page   errcode · http_500 · html · slow · reset · truncate · garbage · kill_token
on the authorize page    double_callback · drop_callback · snapshot · snapshot_without_flag
on what a person has     late_unionid
on a push                push_twice · push_late
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wechatlogin.simulator.errors import ControlError


class Mode(StrEnum):
    ERRCODE = "errcode"
    HTTP_500 = "http_500"
    HTML = "html"
    SLOW = "slow"
    RESET = "reset"
    TRUNCATE = "truncate"
    GARBAGE = "garbage"
    KILL_TOKEN = "kill_token"  # noqa: S105 - the name of a fault, not a secret
    DOUBLE_CALLBACK = "double_callback"
    DROP_CALLBACK = "drop_callback"
    SNAPSHOT = "snapshot"
    SNAPSHOT_WITHOUT_FLAG = "snapshot_without_flag"
    LATE_UNIONID = "late_unionid"
    PUSH_TWICE = "push_twice"
    PUSH_LATE = "push_late"


CALL_MODES = frozenset(
    {
        Mode.ERRCODE,
        Mode.HTTP_500,
        Mode.HTML,
        Mode.SLOW,
        Mode.RESET,
        Mode.TRUNCATE,
        Mode.GARBAGE,
        Mode.KILL_TOKEN,
    }
)


class Fault(BaseModel):
    """One order: `path` is a path, a front ending in `*`, or for a push the event's name.

    `variant` of `double_callback` is `same_code` or `two_codes`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Mode
    path: str = "*"
    errcode: int = -1
    delay: Annotated[float, Field(ge=0, le=120)] = 6.0
    times: Annotated[int, Field(ge=1)] | None = None
    probability: Annotated[float, Field(gt=0, le=1)] = 1.0
    variant: Annotated[str, Field(pattern="^(same_code|two_codes)$")] = "same_code"

    def concerns(self, path: str) -> bool:
        """Tell whether the fault lies on this path."""
        if self.path.endswith("*"):
            return path.startswith(self.path[:-1])
        return path == self.path


@dataclass
class _Order:
    fault: Fault
    left: int | None


class Faults:
    """The orders in force; the dice are seeded, so that a run can be repeated."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._orders: list[_Order] = []
        self._dice = random.Random(seed)  # noqa: S311 - a test has to be repeatable

    def add(self, values: Mapping[str, object]) -> Fault:
        """Put an order in force.

        :raise ControlError: if it makes no sense.
        """
        try:
            fault = Fault.model_validate(values)
        except ValidationError as err:
            where = "、".join(".".join(map(str, one["loc"])) for one in err.errors())
            raise ControlError("bad_fault", f"故障的参数不对：{where}") from err
        self._orders.append(_Order(fault, fault.times))
        return fault

    def take(self, path: str, *modes: Mode) -> Fault | None:
        """Return the first fault of these modes that strikes now, counting it, or None."""
        for order in self._orders:
            fits = order.fault.mode in modes and order.fault.concerns(path)
            if not fits or order.left == 0 or self._dice.random() >= order.fault.probability:
                continue
            if order.left is not None:
                order.left -= 1
            return order.fault
        return None

    def list(self) -> list[dict[str, object]]:
        """Return the orders and how often each will still strike."""
        return [
            {**order.fault.model_dump(mode="json"), "left": order.left} for order in self._orders
        ]

    def clear(self) -> None:
        """Let everything go right again."""
        self._orders.clear()
        self._dice.seed(self._seed)
