"""What PostgreSQL's driver is told, and how an ended connection is known before it is used."""

import select
from typing import Any

from psycopg import Error
from psycopg.abc import Buffer
from psycopg.types.string import StrDumperUnknown
from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

REPLACEMENT = "\ufffd"


class TextWithoutNul(StrDumperUnknown):
    """Writes U+0000, which PostgreSQL's texts cannot hold, as the sign of what cannot be shown.

    Whoever asks for something by such a text finds nothing, as on the other databases, instead of
    meeting an error of the driver.
    https://www.postgresql.org/docs/current/datatype-character.html
    """

    def dump(self, obj: str) -> Buffer | None:
        """Return the text as the server reads it."""
        return super().dump(obj.replace("\0", REPLACEMENT) if "\0" in obj else obj)


def prepare(connection: Any) -> None:
    """Tell a new connection of the driver how texts are written."""
    connection.adapters.register_dumper(str, TextWithoutNul)


def replace_ended(engine: Engine) -> None:
    """Let a connection that the server has ended be replaced before it is used.

    What the server has said since its last answer, its farewell above all, lies there to be read.
    So only a connection where something does is tried with a statement, which is a journey to the
    server, and one before each short unit adds up.
    """

    @event.listens_for(engine, "checkout")
    def try_out(connection: Any, _record: object, _proxy: object) -> None:
        try:
            if not _check_silent(connection):
                engine.dialect.do_ping(connection)
        except Error as err:
            raise InvalidatePoolError from err


def _check_silent(connection: Any) -> bool:
    # Not `select.select`, which knows no numbers over 1023: each browser that waits holds one.
    sockets = select.poll()
    sockets.register(connection.fileno(), select.POLLIN)
    return not sockets.poll(0)
