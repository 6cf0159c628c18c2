"""What an engine does for the rest of `anonymize`: it holds the rows, and answers Ibis expressions with Arrow.

Decided here: the five verbs every engine knows, and that errors of an engine never show their text (it may quote cells). Not decided here:
what is asked (class table, treatments, apply); the expressions are the same for every engine, compiled to its SQL dialect by Ibis.
"""

import dataclasses
import itertools
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import ibis
import pyarrow as pa

from anonymize.parts import read_schema
from schemas.errors import EngineFailed, SettingsError
from schemas.messages import N_, Name

ENGINE_NAMES = ("duckdb", "spark")
BATCH_ROWS = 1 << 17
LEAST_MEMORY_BYTES = 64 << 20
# Number of a part and its rows in order → how many were written. It may run in another process, on another machine.
PartWriter: TypeAlias = Callable[[int, Iterator[pa.RecordBatch]], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSettings:
    """How an engine may use the machine.

    Parameters
    ----------
    work : Path
        Private folder for what does not fit in memory.
    threads : int or None
        Threads, at most as many as cores; None: all cores.
    memory_limit_bytes : int or None
        Memory for the engine's own tables; None: the engine's default here.
    """

    work: Path
    threads: int | None = None
    memory_limit_bytes: int | None = None


class Engine(ABC):
    """An open engine. Close it when done.

    Attributes
    ----------
    name : str
        "duckdb" or "spark".
    dialect : str
        The SQL that Ibis compiles to.
    """

    name: ClassVar[str]
    dialect: ClassVar[str]
    errors: tuple[type[Exception], ...] = ()

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._passing: list[str] | None = None

    @abstractmethod
    def _run(self, sql: str) -> pa.Table:
        """Return the whole answer of a query."""

    @abstractmethod
    def _stream(self, sql: str) -> Iterator[pa.RecordBatch]:
        """Return the answer of a query piece by piece, in its order."""

    @abstractmethod
    def _keep(self, name: str, sql: str) -> None:
        """Compute a query once under a name."""

    @abstractmethod
    def _load(self, name: str, rows: pa.Table) -> None:
        """Take an Arrow table in under a name."""

    @abstractmethod
    def _open(self, name: str, path: Path) -> None:
        """Name a Parquet file, or a folder of parts."""

    def _drop(self, names: list[str]) -> None:
        """Let go of tables; an engine may keep what lies on disk until it is closed."""
        del names

    @abstractmethod
    def close(self) -> None:
        """Forget everything."""

    def open_parquet(self, path: Path, schema: pa.Schema) -> ibis.Table:
        """Return columns of a Parquet file, or of a folder of parts, in the types of `schema`; nothing is read yet.

        A negative zero is read as zero: the two are one value, and which of them a group would show hung on the order of rows.
        """
        name = self._next_name()
        with self.guard():
            stored = read_schema(path)
            self._open(name, path)
        kinds = {field.name: _find_stored_kind(stored.field(field.name).type, field.type) for field in schema}
        rows = ibis.table(ibis.Schema.from_pyarrow(pa.schema(list(kinds.items()))), name=name).cast(ibis.Schema.from_pyarrow(schema))
        # Addition and no comparison: DuckDB answers comparisons by the statistics of the file, which leave NaN out.
        zeros = {f.name: rows[f.name] + ibis.literal(0.0, "float64") for f in schema if pa.types.is_floating(f.type)}
        return rows.mutate(**zeros) if zeros else rows

    def load(self, rows: pa.Table) -> ibis.Table:
        """Take an Arrow table in."""
        name = self._name_table()
        with self.guard():
            self._load(name, rows)
        return ibis.table(ibis.Schema.from_pyarrow(rows.schema), name=name)

    def keep(self, expression: ibis.Table) -> ibis.Table:
        """Compute a table once, for several uses."""
        name = self._name_table()
        with self.guard():
            self._keep(name, self._compile(expression))
        return ibis.table(expression.schema(), name=name)

    def fetch(self, expression: ibis.Table) -> pa.Table:
        """Return the whole answer; its order means nothing unless the expression states one."""
        with self.guard():
            answer = self._run(self._compile(expression))
        return answer.cast(expression.schema().to_pyarrow())

    def fetch_number(self, expression: ibis.Table) -> int:
        """Return the one number of a table of one cell; a missing number is 0."""
        return int(self.fetch(expression).column(0)[0].as_py() or 0)

    def stream(self, expression: ibis.Table) -> Iterator[pa.RecordBatch]:
        """Return the answer piece by piece, in the order the expression states."""
        schema = expression.schema().to_pyarrow()
        with self.guard():
            for batch in self._stream(self._compile(expression)):
                yield batch.cast(schema)

    def write_parts(self, expression: ibis.Table, write: PartWriter) -> dict[int, int]:
        """Hand the answer to a writer where it arises, in parts that follow the order of the expression; return rows by number of the part.

        Parameters
        ----------
        expression : ibis.Table
            States its order; every part holds the rows after those of the part before.
        write : PartWriter
            Called once per part, numbered from 0; more than once where the engine does lost work again.
        """
        return {0: write(0, self.stream(expression))}

    def _compile(self, expression: ibis.Table) -> str:
        return str(ibis.to_sql(expression, dialect=self.dialect))

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Let go of every table that is loaded or kept inside, at the end."""
        self._passing = []
        yield
        names, self._passing = self._passing, None
        with self.guard():
            self._drop(names)

    def _name_table(self) -> str:
        name = self._next_name()
        if self._passing is not None:
            self._passing.append(name)
        return name

    def _next_name(self) -> str:
        return f"sakusei_{next(self._numbers)}"

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Turn the engine's errors into ours; their text may quote cells and is not shown."""
        try:
            yield
        except (*self.errors, pa.ArrowException) as error:
            raise EngineFailed(
                N_("the engine {engine} stopped with {kind}"),
                N_("nothing was written; see that memory and disk suffice, and that the input file is whole"),
                engine=Name(self.name),
                kind=Name(type(error).__name__),
            ) from None


def _find_stored_kind(stored: pa.DataType, asked: pa.DataType) -> pa.DataType:
    """Return the type in which an engine meets a stored column that is asked for as another."""
    if pa.types.is_null(stored):
        return pa.int32()  # so Parquet stores a column without any value
    return stored if pa.types.is_integer(asked) or pa.types.is_floating(asked) else asked


def open_engine(name: str, settings: EngineSettings) -> Engine:
    """Return an open engine; more threads than there are cores become as many as there are cores.

    Raises
    ------
    SettingsError
        There is no engine of that name, or it would have less than `LEAST_MEMORY_BYTES`.
    EngineUnavailable
        What the engine needs is not installed.
    """
    settings = _check_settings(settings)
    if name == "duckdb":
        from anonymize.engines.duckdb import DuckDBEngine

        return DuckDBEngine(settings)
    if name == "spark":
        from anonymize.engines.spark import SparkEngine

        return SparkEngine(settings)
    raise SettingsError(
        N_("there is no engine {engine}"),
        N_("the engines are: {engines}"),
        engine=Name(name),
        engines=Name(", ".join(ENGINE_NAMES)),
    )


def _check_settings(settings: EngineSettings) -> EngineSettings:
    if settings.memory_limit_bytes is not None and settings.memory_limit_bytes < LEAST_MEMORY_BYTES:
        raise SettingsError(
            N_("the memory limit leaves the engine less than {least} MiB"),
            N_("give at least {least} MiB, or leave the limit out"),
            least=LEAST_MEMORY_BYTES >> 20,
        )
    # Each thread holds buffers of its own: a great many of them in little memory never come to an end.
    return dataclasses.replace(settings, threads=settings.threads and min(settings.threads, count_cores()))


def count_cores() -> int:
    """Return the cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def find_free_bytes(system: Path = Path("/")) -> int:
    """Return the memory this process may still take: what the system can give and a container allows; elsewhere, all that is built in.

    Parameters
    ----------
    system : Path
        Root of /proc and /sys.
    """
    free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError):
        lines = (system / "proc/meminfo").read_text(encoding="ascii").splitlines()
        free = min([free, *(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))])
    with suppress(OSError, ValueError):  # "max": the container has no limit
        group = system / "sys/fs/cgroup"
        most, used = (int((group / name).read_text(encoding="ascii")) for name in ("memory.max", "memory.current"))
        free = min(free, max(most - used, 0))
    return free


def match(left: ibis.Table, right: ibis.Table, columns: list[str]) -> list[Any]:
    """Return the predicates of a join on equal values, where a missing value equals a missing value."""
    return [left[column].identical_to(right[column]) for column in columns]
