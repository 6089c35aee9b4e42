"""Column types that mean the same on SQLite, PostgreSQL and MariaDB."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    Index,
    Integer,
    String,
    Text,
    text,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeDecorator


class Exact(TypeDecorator[str]):
    """A text that compares byte by byte and holds any character.

    MariaDB would otherwise take `oAbC` and `oabc` for one person, and choke on an emoji.
    """

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name in {"mysql", "mariadb"}:
            length = cast(String, self.impl_instance).length
            kind = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin")
            return dialect.type_descriptor(kind)
        return dialect.type_descriptor(self.impl_instance)


class ExactText(TypeDecorator[str]):
    """The same for a text without a limit of its own."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name in {"mysql", "mariadb"}:
            kind = mysql.TEXT(charset="utf8mb4", collation="utf8mb4_bin")
            return dialect.type_descriptor(kind)
        return dialect.type_descriptor(self.impl_instance)


#: A 64-bit primary key that SQLite still counts up by itself.
RowId = BigInteger().with_variant(Integer, "sqlite")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC moment, kept without its zone and to the microsecond."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name in {"mysql", "mariadb"}:
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a zone cannot be stored")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """Return the constraint that a column holds one of an enum's values."""
    listed = ", ".join(f"'{value.value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def filled_index(*columns: str, by: str | None = None, **more: Any) -> Index:
    """Return an index of the rows in which one column holds something, the last unless `by` says.

    It costs nothing where that is NULL, and serves what asks for a value. MariaDB, which has no
    such index, has the usual one.
    """
    is_filled = text(f"{by or columns[-1]} IS NOT NULL")
    return Index(None, *columns, sqlite_where=is_filled, postgresql_where=is_filled, **more)
