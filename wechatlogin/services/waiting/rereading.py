"""The bus for databases that tell nobody of a change."""

from typing import ClassVar

from wechatlogin.services.waiting.watching import WatchingBus


class RereadingBus(WatchingBus):
    """Says once a second that anything may have changed; whoever waits asks one query."""

    interval: ClassVar[float] = 1.0
    patience: ClassVar[float] = 3.0

    def _has_changed(self) -> bool:
        return True

    def _let_go(self) -> None:
        # A look opens nothing here.
        return
