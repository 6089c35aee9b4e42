"""Work that a request sets off and that nobody waits for, in a thread of its own."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Aside:
    """Runs pieces of work beside the requests of one process (`services.site.Site.aside`)."""

    app: Flask

    def __call__(self, work: Callable[[], None]) -> None:
        """Let a thread do the work; a process that ends does not wait for it."""
        threading.Thread(target=self._run, args=(work,), name="aside", daemon=True).start()

    def _run(self, work: Callable[[], None]) -> None:
        try:
            with self.app.app_context():
                work()
        except SQLAlchemyError as err:
            log.warning("what was to be done aside has to wait: %s", type(err).__name__)
