"""What PostgreSQL's driver is told before a connection is used."""

from typing import Any

from psycopg.abc import Buffer
from psycopg.types.string import StrDumperUnknown

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
