"""Original and release cut into the same groups, column by column, so that they can be compared.

Decided here: which groups (at most 20 a column: quantiles of the original where there is an order, a level of the hierarchy or the most
frequent values where there is none) and how a released label that lies in several groups is shared out (see `measures.share_out`).
Original and release are sampled by row, seeded. Values stay in memory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_array

from anonymize.risk.attacks.encoding import Others, QuasiIdentifier, encode_others
from anonymize.risk.attacks.halves import Halves
from anonymize.risk.attacks.originals import Originals
from anonymize.risk.attacks.staging import find_quasi_identifiers, other_columns, treat_cells
from anonymize.risk.narrowed import find_members, read_cells
from anonymize.risk.released import Released
from anonymize.risk.utility.measures import entropy, information_kept, share_out
from schemas.plan import Plan, PlannedColumn
from schemas.tables import Role

MOST_GROUPS = 20
Codes = NDArray[np.int64]
Floats = NDArray[np.float64]
# Steps after which a value is a function of the original one, so that entropies can be compared.
COARSENING = frozenset({"keep", "recode", "suppress", "top_code", "bottom_code", "round_to", "merge_rare"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Grid:
    """One released column.

    Parameters
    ----------
    name : str
        Column of the plan.
    groups : int
        How many groups there are; a missing value lies in one of its own.
    original : Codes
        (original rows): group of each.
    released : Codes
        (released rows): line in `weights` of each.
    weights : Floats
        (lines, groups): share of such a row that lies in each group; lines sum to 1.
    kept : float or None
        Share (0–1) of the column's information that is kept; None where the treatment draws at random.
    numbers : tuple[Floats, Floats] or None
        Amounts of the original as they came and of the release, NaN where missing; None where they are not both numbers.
    sensitive : bool
        Whether the plan calls the column sensitive.
    recoded : bool
        Whether it is a quasi-identifier.
    """

    name: str
    groups: int
    original: Codes
    released: Codes
    weights: Floats
    kept: float | None
    numbers: tuple[Floats, Floats] | None = None
    sensitive: bool = False
    recoded: bool = False

    def __repr__(self) -> str:
        """Show counts only."""
        return f"Grid({len(self.original)} original rows, {len(self.released)} released rows, {self.groups} groups)"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """Rows of both files.

    Parameters
    ----------
    grids : Mapping[str, Grid]
        By column, in the order of the plan.
    original_rows, released_rows : int
        How many rows were read.
    loss : float
        Mean certainty penalty of the released rows by column and weight, 0–1.
    """

    grids: Mapping[str, Grid]
    original_rows: int
    released_rows: int
    loss: float


def read_sample(originals: Originals, released: Released, plan: Plan, *, most: int, seed: int) -> Sample:
    """Return at most so many rows of each file, cut into groups.

    Parameters
    ----------
    originals : Originals
        The original file.
    released : Released
        The written file.
    plan : Plan
        The plan it was made by, its day of ages written out.
    most : int
        Rows of each at most.
    seed : int
        Of the drawing.
    """
    by_row = replace(originals, unit=None)
    raw = by_row.read(np.sort(by_row.choose(np.random.default_rng([seed, 11]), most)))
    raw = raw.slice(0, raw.num_rows // 2 * 2)
    written = _open_written(released)
    table = written.read(np.sort(written.choose(np.random.default_rng([seed, 12]), most)))
    quasi = find_quasi_identifiers(plan, {column.name: originals.distinct(column.name) for column in plan.recoded})
    grids, losses = {}, []
    for column in plan.recoded:
        known = quasi[column.name]
        known = replace(known, narrowed=find_members(read_cells(released, column), column, plan, known.levels))
        grids[column.name], loss = _cut_recoded(known, raw.column(column.name), table.column(column.name))
        losses.append((loss, column.weight))
    grids |= _cut_others(raw, table, plan, originals)
    weight = sum(weight for _, weight in losses)
    return Sample(
        grids={column.name: grids[column.name] for column in plan.released if column.name in grids},
        original_rows=raw.num_rows,
        released_rows=table.num_rows,
        loss=sum(loss * share for loss, share in losses) / weight if weight else 0.0,
    )


def _open_written(released: Released) -> Originals:
    """Return the written file as a file that rows can be drawn from, its labels as plain text."""
    from anonymize.parts import read_schema

    schema = read_schema(released.path)
    plain = [pa.field(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type) for f in schema]
    return Originals(path=released.path, schema=pa.schema(plain), unit=None)


def _cut_recoded(quasi: QuasiIdentifier, original: pa.ChunkedArray, released: pa.ChunkedArray) -> tuple[Grid, float]:
    """Return the grid of a quasi-identifier, and the mean certainty penalty of its released labels."""
    places = quasi.encode_values(original).value
    coded = released.combine_chunks().dictionary_encode()
    labels, lines = coded.dictionary.to_pylist(), coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    found = [quasi.find_members(label) for label in labels]
    members = csr_array(
        (np.ones(sum(map(len, found))), np.concatenate([*found, np.empty(0, np.int64)]).astype(np.int64), np.cumsum([0, *map(len, found)])),
        shape=(len(labels), len(quasi.values)),
    )
    before = np.bincount(places, minlength=len(quasi.values)).astype(np.float64)
    after = np.bincount(lines, minlength=len(labels)).astype(np.float64)
    groups, count = _group_values(quasi, before)
    inside = csr_array((np.ones(len(groups)), (np.arange(len(groups)), groups)), shape=(len(groups), count))
    weights = np.asarray((share_out(after, members) @ inside).todense()) if labels else np.zeros((0, count))
    grid = Grid(
        name=quasi.name,
        groups=count,
        original=groups[places],
        released=lines,
        weights=weights,
        kept=information_kept(before, after, members) if labels else 0.0,
        recoded=True,
    )
    penalties = np.array([_penalty(quasi, label, inside_) for label, inside_ in zip(labels, found, strict=True)])
    return grid, float(penalties @ after / after.sum()) if len(lines) else 0.0


def _penalty(quasi: QuasiIdentifier, label: str | None, members: NDArray[np.int64]) -> float:
    """Return the certainty penalty of a label: of its group, or of the values a narrowed one holds."""
    levels = quasi.levels
    if levels.total_leaves <= 1:
        return 0.0
    if label is not None and label in quasi.narrowed:
        leaves = int(levels.leaves[0][levels.codes[members, 0]].sum())
    else:
        level, group = quasi.find_label(label)
        leaves = int(levels.leaves[level][group])
    return (leaves - 1) / (levels.total_leaves - 1)


def _group_values(quasi: QuasiIdentifier, rows: Floats) -> tuple[Codes, int]:
    """Return the group of each distinct value, and how many groups there are."""
    count = len(quasi.values)
    if count <= MOST_GROUPS:
        return np.arange(count), count
    if quasi.levels.ordered:
        return _cut_by_rows(rows)
    fitting = [level for level, labels in enumerate(quasi.levels.labels[:-1]) if 1 < len(labels) <= MOST_GROUPS]
    if fitting:
        return quasi.levels.codes[:, fitting[0]].astype(np.int64), len(quasi.levels.labels[fitting[0]])
    return _keep_usual(rows)


def _cut_by_rows(rows: Floats) -> tuple[Codes, int]:
    """Return consecutive groups of values with about equally many rows."""
    middle = (np.cumsum(rows) - rows / 2) / max(float(rows.sum()), 1.0)
    _, groups = np.unique(np.minimum((middle * MOST_GROUPS).astype(np.int64), MOST_GROUPS - 1), return_inverse=True)
    return groups.astype(np.int64), int(groups.max(initial=-1)) + 1


def _keep_usual(rows: Floats) -> tuple[Codes, int]:
    """Return a group for each of the most frequent values, and one for the rest."""
    groups = np.full(len(rows), MOST_GROUPS - 1, dtype=np.int64)
    usual = np.argsort(-rows, kind="stable")[: MOST_GROUPS - 1]
    groups[usual] = np.arange(len(usual))
    return groups, MOST_GROUPS


def _cut_others(raw: pa.Table, table: pa.Table, plan: Plan, originals: Originals) -> dict[str, Grid]:
    """Return the grids of all other released columns; the original is recoded and rounded as the release is."""
    names = [name for name in other_columns(plan) if name in table.column_names and name in raw.column_names]
    half = raw.num_rows // 2
    halves = Halves(members=raw.slice(0, half), strangers=raw.slice(half, half))
    treated = raw
    if originals.work is not None:
        done = treat_cells(halves, plan, originals.work)
        treated = pa.concat_tables([done.members, done.strangers])
    coded = encode_others([raw, treated, table], names)
    return {name: _cut_other(plan.get_column(name), coded) for name in names}


def _cut_other(column: PlannedColumn, coded: Sequence[Others]) -> Grid:
    """Return the grid of a column, encoded as it came, treated and as it was released."""
    name, cells = column.name, None
    if name in coded[0][0]:
        raw, treated, written = (numbers[name] for numbers, _ in coded)
        before, after, count = _cut_numbers(treated, written)
        left, cells = _compare_entropy(raw, written), (raw, written)
    else:
        codes = [categories[name] for _, categories in coded]
        before, after, count = _cut_categories(codes[1], codes[2])
        left = _compare_entropy(codes[0], codes[2])
    return Grid(
        name=name,
        groups=count,
        original=before,
        released=after,
        weights=np.eye(count),
        kept=left if _is_coarsening(column.treatment) else None,
        numbers=cells,
        sensitive=column.role is Role.SENSITIVE,
    )


def _is_coarsening(treatment: object) -> bool:
    steps = set(treatment) if isinstance(treatment, Mapping) else {treatment}
    return steps <= COARSENING


def _cut_numbers(before: Floats, after: Floats) -> tuple[Codes, Codes, int]:
    """Return groups by quantiles of the original; a missing amount lies in the last."""
    known = before[~np.isnan(before)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, MOST_GROUPS + 1)[1:-1])) if len(known) else np.empty(0)
    sides = [np.where(np.isnan(cells), len(edges) + 1, np.searchsorted(edges, cells, side="right")) for cells in (before, after)]
    return sides[0].astype(np.int64), sides[1].astype(np.int64), len(edges) + 2


def _cut_categories(before: NDArray[np.int32], after: NDArray[np.int32]) -> tuple[Codes, Codes, int]:
    """Return groups by the most frequent values of the original; a missing value is a value."""
    values = int(max(before.max(initial=-1), after.max(initial=-1))) + 2
    rows = np.bincount(before + 1, minlength=values).astype(np.float64)
    groups, count = (np.arange(values), values) if values <= MOST_GROUPS else _keep_usual(rows)
    return groups[before + 1], groups[after + 1], count


def _compare_entropy(before: NDArray[np.generic], after: NDArray[np.generic]) -> float:
    """Return the entropy of the released cells as a share of the original's, at most 1."""
    whole, left = (entropy(np.unique(cells, return_counts=True)[1].astype(np.float64)) for cells in (before, after))
    return min(1.0, left / whole) if whole else 1.0
