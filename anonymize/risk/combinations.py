"""The combinations of quasi-identifier values of a file as numbers, original or released: what the search for special uniques looks at.

Decided here: a missing value is a value; a combination belongs to a person when all its rows are that person's. Values become numbers here
and go no further.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from anonymize.ordering import number_values
from anonymize.parts import name_parts
from anonymize.risk.attacks.originals import Originals
from anonymize.risk.released import Released
from schemas.embedded_sql import open_duckdb, quote


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Combinations:
    """One line per distinct combination of values.

    Parameters
    ----------
    columns : tuple[str, ...]
        Columns of the plan.
    codes : NDArray[np.int32]
        (lines, columns): number of the value.
    persons : NDArray[np.int64]
        (lines): distinct persons.
    owners : NDArray[np.int64]
        (lines): number of the one person of a line, 0 …; -1 where it has several.
    total : int
        Persons of the file.
    """

    columns: tuple[str, ...]
    codes: NDArray[np.int32]
    persons: NDArray[np.int64]
    owners: NDArray[np.int64]
    total: int

    def __repr__(self) -> str:
        """Show counts, never values."""
        return f"Combinations({len(self.persons)} lines, {len(self.columns)} columns)"

    @property
    def is_partition(self) -> bool:
        """Whether every person stands in one line, so that lines are classes."""
        return int(self.persons.sum()) == self.total

    def count_classes(self) -> dict[int, int]:
        """Return size in persons → number of lines of that size."""
        sizes, lines = np.unique(self.persons, return_counts=True)
        return dict(zip(sizes.tolist(), lines.tolist(), strict=True))

    def count_owners(self, lines: NDArray[np.bool_]) -> int:
        """Return the persons who own one of these lines, each counted once."""
        return len(np.unique(self.owners[lines & (self.owners >= 0)]))


def read_released(released: Released) -> Combinations:
    """Return the combinations of a written file that has quasi-identifiers."""
    columns = [field.column for field in released.fields if field.name in released.quasi_identifiers]
    names = dict(zip(released.quasi_identifiers, columns, strict=True))
    return _read(released.connection, "released", names, released.person_id, released.persons)


def read_original(originals: Originals, columns: Sequence[str], persons: int) -> Combinations:
    """Return the combinations of the original in some columns, at least one."""
    with open_duckdb(originals.work) as connection:
        connection.read_parquet(name_parts(originals.path)).create_view("original")
        return _read(connection, "original", {name: name for name in columns}, originals.unit, persons)


def _read(connection: duckdb.DuckDBPyConnection, view: str, names: dict[str, str], person: str | None, total: int) -> Combinations:
    keys = ", ".join(quote(name) for name in names)
    unit = quote(person) if person else "1"
    counted = f"count(DISTINCT {unit})" if person else "count(*)"
    listed = f"SELECT {keys}, {counted} AS __persons, min({unit}) AS __owner FROM {view} GROUP BY {keys}"  # noqa: S608 - names are quoted
    found = connection.sql(listed).to_arrow_table()
    persons = found.column("__persons").to_numpy().astype(np.int64)
    owners = number_values(found.column("__owner"))[1] if person else np.arange(len(persons))
    codes = [number_values(found.column(name))[1] for name in names]
    return Combinations(
        columns=tuple(names.values()),
        codes=np.stack(codes, axis=1),
        persons=persons,
        owners=np.where(persons == 1, owners, -1).astype(np.int64),
        total=total,
    )
