"""Models that look beyond the file, at the population it was taken from: k-map and δ-presence.

A class is a region: whoever of the population lies inside it matches its released values. Only the columns the population table has take
part, and a line of the table counts for a region only if it lies wholly inside (a five-year band of ages never counts for one year), so
that the population is never overstated.

References
----------
Sweeney (2001), Computational disclosure control (k-map), hdl:1721.1/8589. Nergiz, Atzori, Clifton (2007), Hiding the presence of
individuals from shared databases (δ-presence), doi:10.1145/1247480.1247554.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anonymize.classes import Population
from anonymize.models.requirement import ClassSums, Matches, Requirement
from schemas.errors import InternalError
from schemas.hierarchies import LevelTable
from schemas.messages import N_

TOLERANCE = 1e-9
CACHED_CELLS = 4_000_000


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """The population at one choice of levels: per column the known (cell so far, group) pairs, ascending; the people of each cell."""

    sizes: tuple[int, ...]
    steps: tuple[NDArray[np.int64], ...]
    people: NDArray[np.int64]


class PopulationIndex:
    """Counts the people who match released classes.

    Parameters
    ----------
    population : Population
        The population, in groups of the level tables.
    tables : tuple[LevelTable, ...]
        Of all quasi-identifiers.
    """

    def __init__(self, population: Population, tables: tuple[LevelTable, ...]) -> None:
        self.population = population
        self._tables = [tables[column] for column in population.columns]
        self._columns = list(population.columns)
        self._total = int(population.persons.sum())
        self._cells: OrderedDict[tuple[int, ...], _Cells] = OrderedDict()

    def count(self, values: NDArray[np.int32], levels: NDArray[np.integer[Any]]) -> Matches:
        """Return the people who match each class.

        Parameters
        ----------
        values : NDArray[np.int32]
            (classes, columns): values of one line of each class, as positions in the level tables.
        levels : NDArray of integers
            (columns) or (classes, columns): released levels.
        """
        mine = values[:, self._columns]
        wanted = np.broadcast_to(levels, values.shape)[:, self._columns].astype(np.int64)
        choices, choice_of = (wanted[:1], np.zeros(len(mine), np.int64)) if levels.ndim == 1 else _unique_rows(wanted)
        people, cells = np.zeros(len(mine), dtype=np.int64), np.full(len(mine), -1, dtype=np.int64)
        start = 0
        for number, choice in enumerate(choices):
            found = self._at(tuple(choice.tolist()))
            asking = np.flatnonzero(choice_of == number)
            places = self._find(found, mine[asking], choice)
            inside = places >= 0
            people[asking[inside]] = found.people[places[inside]]
            cells[asking[inside]] = places[inside] + start
            start += len(found.people)
        return Matches(people=people, cells=cells, total=self._total)

    def _at(self, levels: tuple[int, ...]) -> _Cells:
        """Return the population at one choice of levels; the most recently used are kept, within a fixed memory."""
        found = self._cells.get(levels)
        if found is None:
            found = self._cells[levels] = self._make(levels)
            while len(self._cells) > 1 and sum(len(cells.people) for cells in self._cells.values()) > CACHED_CELLS:
                self._cells.popitem(last=False)
        self._cells.move_to_end(levels)
        return found

    def _make(self, levels: tuple[int, ...]) -> _Cells:
        population = self.population
        groups = [of[population.codes[:, j], levels[j]].astype(np.int64) for j, of in enumerate(population.groups)]
        inside = np.logical_and.reduce([column >= 0 for column in groups])
        sizes, steps = [], []
        cells = np.zeros(int(inside.sum()), dtype=np.int64)
        for j, column in enumerate(groups):
            sizes.append(len(self._tables[j].leaves[levels[j]]))
            known, cells = np.unique(cells * sizes[j] + column[inside], return_inverse=True)
            steps.append(known)
        people = np.bincount(cells, weights=population.persons[inside], minlength=len(steps[-1])).astype(np.int64)
        return _Cells(tuple(sizes), tuple(steps), people)

    def _find(self, cells: _Cells, values: NDArray[np.int32], levels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the cell of each class, -1 where nobody matches."""
        places = np.zeros(len(values), dtype=np.int64)
        inside = np.full(len(values), len(cells.people) > 0)
        for j, known in enumerate(cells.steps):
            keys = places * cells.sizes[j] + self._tables[j].codes[values[:, j], levels[j]]
            places = np.minimum(np.searchsorted(known, keys), max(len(known) - 1, 0))
            if len(known):
                inside &= known[places] == keys
        return np.where(inside, places, -1)


def _unique_rows(rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    distinct, places = np.unique(rows, axis=0, return_inverse=True)
    return distinct, places.reshape(-1)


def _get_matches(sums: ClassSums) -> Matches:
    if sums.matches is None:
        raise InternalError(N_("classes were not compared with the population"), N_("report this to the maintainers"))
    return sums.matches


@dataclass(frozen=True, slots=True)
class EnoughMatches:
    """k-map: every class is matched by at least k people of the population.

    Monotone under merging, and growing: the region of a coarser class holds those of its parts.
    """

    k: int

    @property
    def grows(self) -> bool:
        """Yes: nobody of the population leaves a region that grows."""
        return True

    @property
    def floor(self) -> Requirement:
        """The requirement itself."""
        return self

    @property
    def least_persons(self) -> int:
        """None: the people of the population count."""
        return 0

    def satisfied(self, sums: ClassSums) -> NDArray[np.bool_]:
        """Return, per class, whether k people match it."""
        return _get_matches(sums).people >= self.k


@dataclass(frozen=True, slots=True)
class PresenceWithin:
    """δ-presence, beside other requirements: whoever of the population matches is in the release with a probability between two bounds.

    The probability is that of a cell, all classes that the same people match: persons released there over people who match. Cells must
    not overlap, so one level per column of the population table. With a least share above 0 nobody of the population may stand in no
    released cell: that person would be known to be absent. Monotone under merging: the share of a union is a mean of those of its parts,
    or smaller where people join who match none of them.

    Parameters
    ----------
    inner : Requirement
        What else is asked; classes that fail it are suppressed, and count as absent in the least share.
    low, high : float
        Least and greatest share, 0–1.
    exact : bool
        Whether persons of several classes may be added. Otherwise their sum, and the largest of them, are the bounds that are used.
    """

    inner: Requirement
    low: float
    high: float
    exact: bool = True

    @property
    def grows(self) -> bool:
        """No: a line may bring too many persons into a cell."""
        return False

    @property
    def floor(self) -> Requirement:
        """That of the other requirements."""
        return self.inner.floor

    @property
    def least_persons(self) -> int:
        """What else is asked."""
        return self.inner.least_persons

    def satisfied(self, sums: ClassSums) -> NDArray[np.bool_]:
        """Return, per class, whether its cell and all else hold."""
        matches = _get_matches(sums)
        inside = matches.cells >= 0
        count = int(matches.cells.max(initial=-1)) + 1
        people, most, kept = (np.zeros(count, dtype=np.int64) for _ in range(3))
        people[matches.cells[inside]] = matches.people[inside]
        np.add.at(most, matches.cells[inside], sums.persons[inside])
        fits = most <= self.high * people + TOLERANCE
        answer = self.inner.satisfied(sums) & inside
        answer[inside] &= fits[matches.cells[inside]]
        if self.low <= 0:
            return answer
        (np.add if self.exact else np.maximum).at(kept, matches.cells[answer], sums.persons[answer])
        enough = kept >= self.low * people - TOLERANCE
        answer[answer] = enough[matches.cells[answer]]
        seen = np.unique(matches.cells[answer])
        return answer if int(people[seen].sum()) == matches.total else np.zeros_like(answer)
