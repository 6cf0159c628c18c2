# ruff: noqa: S608 - every name that enters a query goes through `quote`
"""What the verifier asks of a written file, as plain SQL of its own: nothing here comes from the solver, the treatments or Ibis.

Every figure is computed from the released columns alone. Persons are the distinct ids of the release; without an id a row is a person.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from anonymize.parts import name_parts
from schemas.errors import FileRejected
from schemas.messages import N_, Name

MEMORY_LIMIT = "2GiB"


def quote(name: str) -> str:
    """Return a column name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    """An open release and the columns to ask about.

    Parameters
    ----------
    connection : Any
        DuckDB connection with the view `release`.
    quasi : tuple[str, ...]
        All released columns of quasi-identifiers (labels and bounds).
    person : str or None
        Column of person ids; None: a row is a person.
    """

    connection: Any
    quasi: tuple[str, ...]
    person: str | None

    def ask(self, sql: str) -> tuple[Any, ...]:
        """Return the first line of an answer.

        Raises
        ------
        FileRejected
            The file cannot be read to its end.
        """
        try:
            found = self.connection.execute(sql).fetchone()
        except duckdb.Error as error:
            raise _refuse(error) from None
        return tuple(found or ())

    def ask_all(self, sql: str) -> list[tuple[Any, ...]]:
        """Return all lines of an answer.

        Raises
        ------
        FileRejected
            The file cannot be read to its end.
        """
        try:
            return list(self.connection.execute(sql).fetchall())
        except duckdb.Error as error:
            raise _refuse(error) from None

    def ask_number(self, sql: str) -> float:
        """Return the one number of an answer; nothing is 0."""
        return float((self.ask(sql) or (0,))[0] or 0)

    @property
    def persons(self) -> str:
        """The SQL that counts persons."""
        return f"count(DISTINCT {quote(self.person)})" if self.person else "count(*)"

    @property
    def groups(self) -> str:
        """The SQL list of all columns a class is equal in; a release without any is one class."""
        return ", ".join(quote(name) for name in self.quasi) or "1"


def _refuse(error: Exception) -> FileRejected:
    return FileRejected(
        N_("the written file cannot be read: {kind}"),
        N_("it is damaged or was changed; process again"),
        kind=Name(type(error).__name__),
    )


def open_written(path: Path, quasi: tuple[str, ...], person: str | None, work: Path | None = None) -> WrittenFile:
    """Return a release, opened with a DuckDB of its own; close its connection when done.

    Parameters
    ----------
    path : Path
        The written file, or the folder of its parts.
    quasi : tuple[str, ...]
        Columns a class is equal in.
    person : str or None
        Column that tells persons apart; None: a row is a person.
    work : Path or None
        Private folder for what does not fit into memory.

    Raises
    ------
    FileRejected
        It is no Parquet file.
    """
    config: dict[str, Any] = {"memory_limit": MEMORY_LIMIT, "autoinstall_known_extensions": False, "autoload_known_extensions": False}
    if work is not None:
        config["temp_directory"] = str(work / "verify")
    connection = duckdb.connect(config=config)
    try:
        connection.read_parquet(name_parts(path)).create_view("release")
    except duckdb.Error as error:
        connection.close()
        raise FileRejected(
            N_("{file} is not a Parquet file that can be read: {kind}"),
            N_("give the file that anonymize run wrote"),
            file=Name(path.name),
            kind=Name(type(error).__name__),
        ) from None
    return WrittenFile(connection=connection, quasi=quasi, person=person)


def count_release(file: WrittenFile) -> tuple[int, int]:
    """Return rows and persons."""
    rows, persons = file.ask(f"SELECT count(*), {file.persons} FROM release")
    return int(rows), int(persons)


def count_classes(file: WrittenFile) -> tuple[int, int]:
    """Return the number of classes and the persons of the smallest; 0 and 0 without rows."""
    inner = f"SELECT {file.persons} AS n FROM release GROUP BY {file.groups}"
    classes, smallest = file.ask(f"SELECT count(*), coalesce(min(n), 0) FROM ({inner})")
    return int(classes), int(smallest)


def count_missing(file: WrittenFile, column: str) -> int:
    """Return the rows without a value in a column."""
    return int(file.ask_number(f"SELECT count(*) FROM release WHERE {quote(column)} IS NULL"))


def count_most_rows(file: WrittenFile) -> int:
    """Return the most rows that one person has; without ids every row is a person."""
    rows = f"SELECT count(*) AS n FROM release GROUP BY {quote(file.person)}" if file.person else "SELECT 1 AS n"
    return int(file.ask_number(f"SELECT coalesce(max(n), 0) FROM ({rows})"))


def count_disorder(file: WrittenFile, keys: list[str]) -> int:
    """Return the rows that come before a row they should follow, by `keys` ascending, missing values last.

    Comparing rows as tuples puts missing values last; the window has no order of its own and follows the file.
    """
    row = ", ".join(quote(key) for key in keys)
    inner = f"SELECT row({row}) AS here, lag(row({row})) OVER () AS before FROM release"
    return int(file.ask_number(f"SELECT count(*) FROM ({inner}) WHERE before > here"))


def count_at_end(file: WrittenFile, column: str, side: str) -> int:
    """Return the persons at the largest ("top") or smallest value of a column; -1 when it holds nothing."""
    extreme = "max" if side == "top" else "min"
    name = quote(column)
    found = file.ask(f"SELECT {file.persons} FROM release WHERE {name} = (SELECT {extreme}({name}) FROM release) HAVING count(*) > 0")
    return int(found[0]) if found else -1


def count_rarest(file: WrittenFile, column: str) -> int:
    """Return the persons of the rarest value of a column; -1 when it holds nothing."""
    name = quote(column)
    inner = f"SELECT {file.persons} AS n FROM release WHERE {name} IS NOT NULL GROUP BY {name}"
    return int(file.ask_number(f"SELECT coalesce(min(n), -1) FROM ({inner})"))


def count_absent(file: WrittenFile, column: str) -> int:
    """Return the persons with a row without a value in a column that holds values as well; 0 when it holds nothing."""
    name = quote(column)
    return int(
        file.ask_number(f"SELECT {file.persons} FROM release WHERE {name} IS NULL AND EXISTS (FROM release WHERE {name} IS NOT NULL)")
    )


def list_cells(file: WrittenFile, column: str, bounds: list[str]) -> list[tuple[str, Any, Any]]:
    """Return the distinct labels of a column with their bounds, None where it has none."""
    wanted = [f"{quote(column)}::VARCHAR", *(quote(name) for name in bounds), *(["NULL"] * (2 - len(bounds)))]
    return [(label, lower, upper) for label, lower, upper in file.ask_all(f"SELECT DISTINCT {', '.join(wanted)} FROM release")]


def list_parts(file: WrittenFile, column: str) -> list[tuple[str, list[str]]]:
    """Return the distinct labels of a column with the parts they are made of."""
    return file.ask_all(f"SELECT DISTINCT {quote(column)}::VARCHAR, {quote(f'{column}_values')} FROM release")


def count_off_grid(file: WrittenFile, column: str, step: float) -> int:
    """Return the rows whose number is no multiple of a step: exactly for whole numbers, to a millionth of the step for fractions."""
    kind = str(file.ask(f"SELECT any_value(typeof({quote(column)})) FROM release")[0])
    if kind == "BIGINT" and float(step).is_integer():
        return int(file.ask_number(f"SELECT count(*) FROM release WHERE {quote(column)} % {int(step)} <> 0"))
    steps = f"{quote(column)} / {float(step)!r}::DOUBLE"
    return int(file.ask_number(f"SELECT count(*) FROM release WHERE abs({steps} - round({steps})) > 1e-6"))


def count_beyond(file: WrittenFile, column: str, minimum: float | None, maximum: float | None) -> int:
    """Return the rows whose number is smaller than the minimum or larger than the maximum."""
    limits = ((f"{quote(column)} <", minimum), (f"{quote(column)} >", maximum))
    beyond = [f"{side} {float(limit)!r}::DOUBLE" for side, limit in limits if limit is not None]
    return int(file.ask_number(f"SELECT count(*) FROM release WHERE {' OR '.join(beyond) or 'false'}"))
