"""Reading one row past SQLAlchemy's execution, for the question that is asked all the time.

SQLAlchemy still writes the SQL, pools the connections and says what a column's value means; the
driver does the rest. On the way through an answer of Flask this costs a third of the same by Core.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Dialect, Engine, Select
from sqlalchemy.exc import OperationalError


class Lookup:
    """A SELECT with a single parameter that finds one row at most."""

    def __init__(self, statement: Select[*tuple[Any, ...]], parameter: str) -> None:
        self._statement = statement
        self._parameter = parameter
        self._prepared: dict[str, _Prepared] = {}

    def get(self, engine: Engine, value: str) -> tuple[Any, ...] | None:
        """Return the columns of the row for a value, or None where there is none.

        :raise OperationalError: if the database does not answer.
        """
        dialect = engine.dialect
        prepared = self._prepared.get(dialect.name)
        if prepared is None:
            prepared = self._prepared[dialect.name] = _Prepared(self._statement, dialect)
        by_name = {self._parameter: value}
        row = _fetch(engine, prepared.sql, [value] if prepared.is_positional else by_name)
        return None if row is None else prepared.read(row)


class _Prepared:
    """The statement as one driver takes it, and what its columns mean there."""

    def __init__(self, statement: Select[*tuple[Any, ...]], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self.is_positional = bool(getattr(compiled, "positional", False))
        types = (column.type.dialect_impl(dialect) for column in statement.selected_columns)
        self._meanings: list[Callable[[Any], Any] | None] = [
            of_type.result_processor(dialect, None) for of_type in types
        ]

    def read(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(
            value if mean is None else mean(value)
            for value, mean in zip(row, self._meanings, strict=True)
        )


def _fetch(
    engine: Engine, sql: str, parameters: Sequence[Any] | Mapping[str, Any]
) -> tuple[Any, ...] | None:
    connection = engine.raw_connection()
    driver: Any = connection.driver_connection
    # One SELECT needs no transaction, whose begin and end are two more journeys to the server.
    has_switch = engine.dialect.name == "postgresql"
    try:
        if has_switch:
            driver.autocommit = True
        cursor = connection.cursor()
        cursor.execute(sql, parameters)
        row: tuple[Any, ...] | None = cursor.fetchone()
        cursor.close()
        if has_switch:
            driver.autocommit = False
    except BaseException as err:
        # It may be broken, or not as it was; a new one costs little beside what has gone wrong.
        connection.invalidate(err)
        if isinstance(err, engine.dialect.loaded_dbapi.Error):
            raise OperationalError(sql, None, err, hide_parameters=True) from err
        raise
    finally:
        connection.close()
    return row
