"""What changed between two files of the same table: rows added, gone, changed, and in which columns; counted by hashes, as values.

Decided here: files are compared after conversion, so that another spelling of the same value is no change; rows are paired by the key of
the table (`intake/quality/tables/`), in the order of the file where several share it; rows that are put aside are not compared.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from intake.batches import Conversion
from intake.layout import Layout
from intake.quality.checks import load_checks
from intake.quality.fingerprints import Hashes, fingerprint, join_hashes
from intake.quarantine import SOURCE_ROW
from intake.reading import open_source
from schemas.errors import FileRejected
from schemas.messages import N_, Name

# Changed rows whose columns are looked at one by one; more would say no more and take memory.
CHANGED_LOOKED_AT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What changed.

    Parameters
    ----------
    key : tuple[str, ...]
        Columns rows are paired by.
    rows_old, rows_new : int
        Rows that came out of either file.
    unchanged, changed, added, gone : int
        rows_new = unchanged + changed + added; rows_old = unchanged + changed + gone.
    columns_changed : dict[str, int]
        Column → changed rows in which it differs, among those looked at.
    looked_at : int
        Changed rows looked at column by column.
    columns_added, columns_gone : tuple[str, ...]
        Columns that only the new, or only the old file has.
    """

    key: tuple[str, ...]
    rows_old: int
    rows_new: int
    unchanged: int
    changed: int
    added: int
    gone: int
    columns_changed: dict[str, int]
    looked_at: int
    columns_added: tuple[str, ...]
    columns_gone: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """Return the changes for machines; counts and names of columns alone."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Reading:
    """One of the two files: the plain file, its layout, and the columns it has."""

    source: Path
    layout: Layout

    def columns(self) -> tuple[str, ...]:
        """Return the columns the file has, in the order of the table."""
        there = {column.name for _, column in open_source(self.source, self.layout).places}
        return tuple(column.name for column in self.layout.table.columns if column.name in there)

    def read(self, names: Iterable[str]) -> Iterable[dict[str, Hashes]]:
        """Yield, block by block, a hash per row of each column."""
        wanted = tuple(names)
        for piece in Conversion(opened=open_source(self.source, self.layout)).run():
            yield {name: _hash_rows(piece.table, name) for name in wanted}


def _hash_rows(table, name: str) -> Hashes:  # type: ignore[no-untyped-def]  # noqa: ANN001 - a record batch
    return fingerprint(table.column(name))[0]


def compare_files(old: Reading, new: Reading) -> Changes:
    """Return what changed from one file to another.

    Raises
    ------
    FileRejected
        The files are of different tables, or one of them cannot be read.
    """
    if old.layout.table.name != new.layout.table.name:
        raise FileRejected(
            N_("the files are of different tables: {old} and {new}"),
            N_("compare two files of the same table"),
            old=Name(old.layout.table.name),
            new=Name(new.layout.table.name),
        )
    before, after = old.columns(), new.columns()
    shared = tuple(name for name in after if name in before and name != SOURCE_ROW)
    wanted = load_checks(new.layout.table.name).key
    key = tuple(name for name in wanted if name in shared) or shared
    pairing = _Pairing(*_read_pairs(old, key, shared), *_read_pairs(new, key, shared))
    columns, looked_at = _count_columns(old, new, key, shared, pairing)
    return Changes(
        key=key,
        rows_old=pairing.old_keys.size,
        rows_new=pairing.new_keys.size,
        unchanged=pairing.unchanged,
        changed=int(pairing.old_changed.size),
        added=pairing.new_keys.size - pairing.unchanged - int(pairing.old_changed.size),
        gone=pairing.old_keys.size - pairing.unchanged - int(pairing.old_changed.size),
        columns_changed=columns,
        looked_at=looked_at,
        columns_added=tuple(name for name in after if name not in before),
        columns_gone=tuple(name for name in before if name not in after),
    )


def _read_pairs(reading: Reading, key: tuple[str, ...], shared: tuple[str, ...]) -> tuple[Hashes, Hashes]:
    """Return for each row the hash of its key and of all of it."""
    keys, wholes = [np.empty(0, dtype=np.uint64)], [np.empty(0, dtype=np.uint64)]
    for block in reading.read(shared):
        keys.append(join_hashes([block[name] for name in key]))
        wholes.append(join_hashes([block[name] for name in shared]))
    return np.concatenate(keys), np.concatenate(wholes)


class _Pairing:
    """Which rows of two files belong together.

    Equal rows are paired first, as often as both files have them; what is left is paired by key in the order of the files.
    """

    def __init__(self, old_keys: Hashes, old_wholes: Hashes, new_keys: Hashes, new_wholes: Hashes) -> None:
        self.old_keys, self.new_keys = old_keys, new_keys
        old_same, new_same = _pair(old_wholes, new_wholes)
        self.unchanged = int(old_same.size)
        old_rest = np.setdiff1d(np.arange(old_keys.size), old_same, assume_unique=True)
        new_rest = np.setdiff1d(np.arange(new_keys.size), new_same, assume_unique=True)
        old_changed, new_changed = _pair(old_keys[old_rest], new_keys[new_rest])
        self.old_changed, self.new_changed = old_rest[old_changed], new_rest[new_changed]


def _pair(old: Hashes, new: Hashes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return places of equal hashes, the first with the first, the second with the second."""
    left, right = _number(old), _number(new)
    both, old_places, new_places = np.intersect1d(left, right, assume_unique=True, return_indices=True)
    return old_places[: both.size], new_places[: both.size]


def _number(hashes: Hashes) -> Hashes:
    """Return hashes that differ between the first, second, … occurrence of the same one."""
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if hashes.size else np.empty(0, dtype=np.int64)
    sizes = np.diff(np.r_[starts, hashes.size])
    occurrence = np.empty(hashes.size, dtype=np.uint64)
    occurrence[order] = (np.arange(hashes.size) - np.repeat(starts, sizes)).astype(np.uint64)
    return join_hashes([hashes, occurrence]) if hashes.size else hashes


def _count_columns(
    old: Reading, new: Reading, key: tuple[str, ...], shared: tuple[str, ...], pairing: _Pairing
) -> tuple[dict[str, int], int]:
    """Return in how many changed rows each column differs, by a second reading of the changed rows alone."""
    looked_at = min(int(pairing.old_changed.size), CHANGED_LOOKED_AT)
    names = tuple(name for name in shared if name not in key)
    if not looked_at or not names:
        return {}, looked_at
    before = _gather(old, names, pairing.old_changed[:looked_at])
    after = _gather(new, names, pairing.new_changed[:looked_at])
    counts = {name: int(np.count_nonzero(before[:, place] != after[:, place])) for place, name in enumerate(names)}
    return {name: count for name, count in counts.items() if count}, looked_at


def _gather(reading: Reading, names: tuple[str, ...], rows: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return the hashes of some columns (rows, columns) in some rows, in the order asked for."""
    found = np.empty((rows.size, len(names)), dtype=np.uint64)
    order = np.argsort(rows)
    wanted, first = rows[order], 0
    for block in reading.read(names):
        size = block[names[0]].size
        begin, end = np.searchsorted(wanted, [first, first + size])
        places = order[begin:end]
        for place, name in enumerate(names):
            found[places, place] = block[name][wanted[begin:end] - first]
        first += size
    return found
