"""Sensitive values in the method information: numbered, never named; per line of the class table the persons of each.

Decided here: how they lie in the file, so that what several releases tell together can be measured after the input is gone. Values are
numbered in their order, a missing one last; which number is which value is not kept. Not decided here: what is measured.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from anonymize.classes import Memberships, SensitiveCounts
from schemas.hierarchies import LevelTable

VALUES, HOLDERS, SHARED, SHARERS = "__values_", "__holders_", "__shared_", "__sharers_"


def seal_secrets(table: pa.Table, secrets: Mapping[str, SensitiveCounts]) -> tuple[pa.Table, dict[str, Any]]:
    """Return the lines with their sensitive values, and what the file says of each column."""
    facts = {}
    for name, counts in secrets.items():
        lists = {f"{VALUES}{name}": pa.array(counts.values), f"{HOLDERS}{name}": pa.array(counts.persons)}
        if counts.memberships is not None:
            owners, sharing = list_patterns(counts.memberships, len(counts.values))
            lists |= {f"{SHARED}{name}": owners, f"{SHARERS}{name}": sharing}
        offsets = pa.array(counts.offsets.astype(np.int32))
        for field, content in lists.items():
            table = table.append_column(field, pa.ListArray.from_arrays(offsets, content))
        groups = None if counts.levels is None else counts.levels.codes.tolist()
        facts[name] = {"distinct": counts.distinct, "missing": counts.missing, "groups": groups}
    return table, facts


def list_patterns(members: Memberships, lines: int) -> tuple[pa.ListArray, pa.ListArray]:
    """Return, per line (or entry), its person patterns, and how many persons share each."""
    pattern_of = np.repeat(np.arange(len(members.persons), dtype=np.int64), np.diff(members.offsets))
    order = np.argsort(members.combinations, kind="stable")
    offsets = pa.array(np.concatenate(([0], np.cumsum(np.bincount(members.combinations, minlength=lines)))).astype(np.int32))
    content = pattern_of[order], members.persons[pattern_of[order]]
    owners, sharing = (pa.ListArray.from_arrays(offsets, pa.array(values)) for values in content)
    return owners, sharing


def read_secrets(table: pa.Table, facts: Mapping[str, Any]) -> dict[str, SensitiveCounts]:
    """Return the sensitive values of method information; none of a file that was written before they were kept."""
    return {name: _read_column(table, name, said) for name, said in facts.get("secrets", {}).items()}


def _read_column(table: pa.Table, name: str, said: Mapping[str, Any]) -> SensitiveCounts:
    lists, holders = (table.column(f"{part}{name}").combine_chunks() for part in (VALUES, HOLDERS))
    offsets = np.concatenate(([0], np.cumsum(pc.list_value_length(lists).to_numpy()))).astype(np.int64)
    memberships = None
    if f"{SHARED}{name}" in table.column_names:
        owners, sharing = (table.column(f"{part}{name}").combine_chunks().flatten() for part in (SHARED, SHARERS))
        memberships = read_patterns(owners, sharing)
    return SensitiveCounts(
        offsets=offsets,
        values=lists.flatten().to_numpy().astype(np.int32),
        persons=holders.flatten().to_numpy().astype(np.int64),
        distinct=int(said["distinct"]),
        memberships=memberships,
        levels=None if said["groups"] is None else _make_levels(np.array(said["groups"], dtype=np.int32)),
        missing=said["missing"],
    )


def read_patterns(owners: pa.ListArray, sharing: pa.ListArray) -> Memberships:
    """Return person patterns from the lists of each line (or entry): the inverse of `list_patterns`."""
    lines = np.repeat(np.arange(len(owners), dtype=np.int64), pc.list_value_length(owners).to_numpy())
    patterns = owners.flatten().to_numpy().astype(np.int64)
    order = np.argsort(patterns, kind="stable")
    persons = np.zeros(int(patterns.max(initial=-1)) + 1, dtype=np.int64)
    persons[patterns] = sharing.flatten().to_numpy()
    offsets = np.concatenate(([0], np.cumsum(np.bincount(patterns, minlength=len(persons))))).astype(np.int64)
    return Memberships(offsets=offsets, combinations=lines[order], persons=persons)


def _make_levels(codes: np.ndarray[Any, np.dtype[np.int32]]) -> LevelTable:
    """Return the groups alone: names and labels are not kept, since they tell the values."""
    depth = codes.shape[1]
    nothing: tuple[tuple[str, ...], ...] = ((),) * depth
    leaves = tuple(np.bincount(codes[:, level]) for level in range(depth))
    return LevelTable(
        level_names=("",) * depth,
        codes=codes,
        leaves=leaves,
        total_leaves=len(codes),
        labels=nothing,
        bounds=(None,) * depth,
        ordered=False,
    )
