"""A release beside all others that are out: what they tell together, release by release.

Decided here: which comparison holds for which release. Releases of the same rows are joined, all at once. Releases of other extracts of
the same register are compared by difference, one by one, and their joint classes, all extracts at once, are held against those of the
extract that is to be released. Not decided here: what is too much (`gate`), what else could be released (`nearest`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from anonymize.parts import name_parts
from anonymize.risk.differences import compare_extracts, count_changes, find_parts, overlap_all
from anonymize.risk.released import QUASI_IDENTIFIER, SENSITIVE, ReleasedColumn, read_fields
from anonymize.risk.releases import Extract, count_between, count_classes, join_extracts, number_lines
from anonymize.risk.sealed import Sealed, align
from anonymize.risk.secrets import Spread
from schemas.counts import guard_count
from schemas.messages import Name

Code: TypeAlias = Literal["joint", "joint_linked", "difference", "change"]
ID, LABELS, RANDOM = "id", frozenset({"label", "from", "to", "value"}), frozenset({"noise", "swap", "date_shift", "microaggregate"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One comparison and the sizes it gave.

    Parameters
    ----------
    code : str
        joint: persons of joint classes; joint_linked: persons who share the joint classes of all their rows; difference: persons by whom
        parts of the population differ; change: persons by whom the values of a sensitive column went away or came in a part.
    releases : tuple[Name, ...]
        The other releases.
    sizes : dict[int, int]
        Persons → number of joint classes or parts.
    column : Name or None
        Of a change.
    spreads : tuple[Spread, ...]
        What joint classes tell of sensitive columns.
    """

    code: Code
    releases: tuple[Name, ...]
    sizes: dict[int, int]
    column: Name | None = None
    spreads: tuple[Spread, ...] = ()

    @property
    def smallest(self) -> int | None:
        """The smallest count of persons above none; None without one."""
        return min((size for size in self.sizes if size), default=None)

    def count_below(self, k: int) -> tuple[int, int]:
        """Return how many joint classes or parts stand for 1 … k − 1 persons, and these persons."""
        return count_between(self.sizes, 1, k)

    def to_json(self) -> dict[str, object]:
        """Return the comparison for machines; small counts are hidden."""
        number = sum(self.sizes.values())
        return {"code": self.code, "releases": list(self.releases), "column": self.column, "compared": guard_count(number)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """What a release tells together with those that are out.

    Parameters
    ----------
    others : tuple[Name, ...]
        Releases it was held against.
    told : tuple[Told, ...]
        Comparisons.
    failed : tuple[Name, ...]
        Releases that could not be compared.
    promised : int
        Greatest k that one of the others promised; it is not taken back by a later release.
    """

    others: tuple[Name, ...]
    told: tuple[Told, ...] = ()
    failed: tuple[Name, ...] = ()
    promised: int = 0

    def find_limit(self, told: Told, k: int, linked: int) -> int:
        """Return the persons a comparison must not fall below: those asked for (`linked`: of persons with several rows), or promised."""
        return linked if told.code == "joint_linked" else max(k, self.promised)

    def holds(self, k: int, linked: int, least: int = 0) -> bool:
        """Return whether nothing stands against the release: no comparison below its limit, no secret told by fewer than `least` values."""
        small = any(told.count_below(self.find_limit(told, k, linked))[0] for told in self.told)
        return not self.failed and not small and not self.find_broken(k, least)

    def find_broken(self, k: int, least: int) -> dict[tuple[str, Name], tuple[Told, int]]:
        """Return what joint classes that are large enough miss of a column → the comparison in which most of them do, and how many."""
        worst: dict[tuple[str, Name], tuple[Told, int]] = {}
        broken = (
            ((kind, spread.column), told, number)
            for told in self.told
            for spread in told.spreads
            for kind, number in spread.count_broken(max(k, self.promised), least).items()
        )
        for key, told, number in broken:
            if number > worst.get(key, (told, 0))[1]:
                worst[key] = told, number
        return worst

    def to_json(self) -> dict[str, object]:
        """Return what was compared for machines."""
        return {"others": list(self.others), "failed": list(self.failed), "told": [told.to_json() for told in self.told]}


def take_together(candidate: Sealed, others: Sequence[Sealed], work: Path) -> Together:
    """Return what a release tells together with others.

    Parameters
    ----------
    candidate : Sealed
        What is to be released.
    others : sequence of Sealed
        All releases of the same register that are out.
    work : Path
        Private folder.

    References
    ----------
    S. R. Ganta, S. P. Kasiviswanathan, A. Smith (2008), doi:10.1145/1401890.1401926; J.-W. Byun, Y. Sohn, E. Bertino, N. Li (2006),
    doi:10.1007/11844662_4; X. Xiao, Y. Tao (2007), doi:10.1145/1247480.1247556.
    """
    groups: dict[str, list[Sealed]] = {}
    for other in others:
        groups.setdefault(other.facts["rows_of"], []).append(other)
    same = groups.pop(candidate.facts["rows_of"], [])
    told: list[Told] = []
    failed: list[Name] = []
    for found, lost in (
        _join_same(candidate, same, work),
        *(_join_extracts([candidate, *same], [group], work) for group in groups.values()),
        *([_join_extracts([candidate, *same], list(groups.values()), work)] if len(groups) > 1 else []),
        *(_subtract(candidate, other, work) for group in groups.values() for other in group),
    ):
        told += found
        failed += lost
    promised = max((int(other.facts.get("k", 0)) for other in others), default=0)
    return Together(others=_names(others), told=tuple(told), failed=tuple(dict.fromkeys(failed)), promised=promised)


Outcome: TypeAlias = tuple[list[Told], list[Name]]


def _names(sealed: Sequence[Sealed]) -> tuple[Name, ...]:
    return tuple(one.name for one in sealed)


def _join_same(candidate: Sealed, others: Sequence[Sealed], work: Path) -> Outcome:
    """Join a release with all others of the same rows."""
    if not others:
        return [], []
    joints, failed = _join([[candidate, *others]], work)
    if not joints:
        return [], [name for name in failed if name != candidate.name] or list(_names(others))
    (joint,) = joints
    found = count_classes(joint)
    told = [Told(code="joint", releases=_names(others), sizes=found.sizes, spreads=found.spreads)]
    if found.linked and found.linked != found.sizes:
        told.append(Told(code="joint_linked", releases=_names(others), sizes=found.linked))
    return told, _find_unmeasured([candidate, *others], [joint])


def _find_unmeasured(sealed: Sequence[Sealed], extracts: Sequence[Extract]) -> list[Name]:
    """Return all but the first release where one of them promised l or t of a column that could not be counted in joint classes."""
    measured = {(secret.release, secret.column) for extract in extracts for secret in extract.secrets}
    lacking = any((one.name, column) not in measured for one in sealed for column in one.promised.asked)
    return [one.name for one in sealed[1:]] if lacking else []


def _join_extracts(ours: Sequence[Sealed], theirs: Sequence[Sequence[Sealed]], work: Path) -> Outcome:
    """Hold the joint classes of one extract against those of others, each a group of releases of the same rows."""
    names = tuple(one.name for group in theirs for one in group)
    joints, _ = _join([ours, *theirs], work)
    if not joints:
        return [], list(names)
    joint, *others = joints
    found = overlap_all(others, joint)
    if found is None:
        return [], list(names)
    lost = _find_unmeasured([*ours, *(one for group in theirs for one in group)], [joint, *others])
    return [Told(code="joint", releases=names, sizes=found.sizes, spreads=found.spreads)], [name for name in names if name in lost]


def _join(groups: Sequence[Sequence[Sealed]], work: Path) -> tuple[list[Extract], list[Name]]:
    """Return each group of releases of the same rows as one extract, all over the same columns; none, and who is to blame, where not."""
    failed: list[Name] = []
    for by_person in (False, True):
        extracts, failed = align([one for group in groups for one in group], work, by_person=by_person)
        if not failed:
            each = iter(extracts)
            joints = [join_extracts([next(each) for _ in group]) for group in groups]
            if all(joint is not None for joint in joints):
                return [joint for joint in joints if joint is not None], []
    return [], failed


def _subtract(candidate: Sealed, other: Sealed, work: Path) -> Outcome:
    """Compare a release with one of another extract by difference."""
    extracts, failed = align([candidate, other], work)
    if failed:
        return [], [other.name]
    after, before = extracts
    parts = find_parts(before, after)
    told = [Told(code="difference", releases=(other.name,), sizes=compare_extracts(before, after, parts).sizes)]
    if candidate.released is None or other.released is None:
        return told, []
    for column, comparable in _find_secrets(other.released, candidate.released):
        old, new = _count_values(other.released, before, column), _count_values(candidate.released, after, column)
        if not comparable or old is None or new is None:
            return told, [other.name]
        told.append(Told(code="change", releases=(other.name,), sizes=count_changes(old, new, parts), column=Name(column)))
    return told, []


def _find_secrets(before: Path, after: Path) -> Iterator[tuple[str, bool]]:
    """Yield the columns that both files hold and one of them calls sensitive, and whether their values can be compared one by one.

    By other treatments the values are others; randomly treated ones are left out, since nothing is told by subtracting them.
    """
    old, new = ({f.column: f for f in read_fields(path)[0] if f.role != QUASI_IDENTIFIER and f.part in LABELS} for path in (before, after))
    for name in new:
        both = [side[name] for side in (old, new) if name in side]
        if len(both) == len((old, new)) and any(field.role == SENSITIVE for field in both):
            treatments = {field.treatment for field in both}
            if not any(set(treatment.split("+")) & RANDOM for treatment in treatments):
                yield name, len(treatments) == 1


def _count_values(path: Path, extract: Extract, column: str) -> pd.DataFrame | None:
    """Return class, value and persons of a released column; None where the file is not that of the class table.

    Rows lie in the order of their classes, which is the order classes are numbered in.
    """
    fields, facts = read_fields(path)
    keys = [field.name for field in fields if field.role == QUASI_IDENTIFIER and field.part in LABELS]
    value = next(field.name for field in fields if field.column == column and field.part in LABELS)
    person = find_person(fields, facts.get("unit"))
    table = pq.read_table(name_parts(path), columns=[*keys, value, *([person] if person else [])])
    (classes,) = number_lines([_plain(table.select(keys))]) if keys else ([0] * table.num_rows,)
    persons = table.column(person).to_numpy() if person else range(table.num_rows)
    rows = pd.DataFrame(
        {"class": classes, "value": _plain(table.select([value])).column(0).to_pandas().astype("string"), "person": persons}
    )
    lines = extract.released
    sizes = extract.count_persons(lines, extract.classes[lines], int(extract.classes.max(initial=-1)) + 1)
    if rows.groupby("class")["person"].nunique().tolist() != sizes.tolist():
        return None
    return rows.drop_duplicates().groupby(["class", "value"], dropna=False).size().rename("persons").reset_index()


def _plain(table: pa.Table) -> pa.Table:
    """Return a table with its dictionaries as plain values."""
    kinds = [pa.field(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type) for f in table.schema]
    return table.cast(pa.schema(kinds))


def find_person(fields: Sequence[ReleasedColumn], unit: str | None) -> str | None:
    """Return the released id that counts persons."""
    return next((field.name for field in fields if field.part == ID and field.column == unit), None)
