"""Counting the connections to the database that are taken."""

from typing import Any

from sqlalchemy import Engine, event

from wechatlogin.metrics import CONNECTIONS


def count_connections(engine: Engine) -> None:
    """Keep count of the connections that an engine has given out."""

    @event.listens_for(engine, "checkout")
    def take(_connection: Any, _record: object, _proxy: object) -> None:
        CONNECTIONS.inc()

    @event.listens_for(engine, "checkin")
    def give_back(_connection: Any, _record: object) -> None:
        # A connection that broke comes back, too, as nothing.
        CONNECTIONS.dec()
