"""Sparse histories: a few dated facts pick one history out of the linked rows of all persons.

Decided here: what the attacker knows (2 to 8 rows of a person, dates up to 14 days wrong), how candidates are scored, and when the best one
stands out. Not decided here: where rows come from (`on_file`). Everything is counted on the written file itself, by containment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix

from anonymize.risk.attacks import linkage
from anonymize.risk.attacks.encoding import QuasiIdentifier, to_numbers
from anonymize.risk.attacks.result import Score
from anonymize.risk.figures import wilson_interval
from schemas.messages import N_

CODE = "sparse"
TITLE = N_("picking a history by a few dated facts")
NAMED_CODE = "sparse_named"
NAMED_TITLE = N_("naming a history by a few dated facts")
ATTACKER = N_("knows {least} to {most} rows of a person, dates up to {days} days wrong, and picks one of the persons whose rows fit best")
NAMED_ATTACKER = N_("knows {least} to {most} rows of a person, dates up to {days} days wrong, and names whoever fits clearly best")
SOURCE = "A. Narayanan, V. Shmatikov (2008), Robust de-anonymization of large sparse datasets, doi:10.1109/SP.2008.33"
FEWEST_FACTS, MOST_FACTS = 2, 8
DAYS = 14
ECCENTRICITY = 1.5  # standard deviations between the best and the second: the value of the source

Labels = Mapping[str, tuple[list[NDArray[np.int64]], NDArray[np.int32]]]
Positions = Mapping[str, NDArray[np.int32]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Board:
    """What the attacker holds: classes of rows, and which of them every person has.

    Parameters
    ----------
    columns : Mapping[str, tuple]
        Per column: (labels × values) which values a label stands for, and (classes) the label of each class.
    holders : csc_matrix
        (persons, classes): who has rows in it.
    """

    columns: Mapping[str, tuple[Any, NDArray[np.int32]]]
    holders: Any

    def __repr__(self) -> str:
        """Show counts only."""
        return "Board({} persons, {} classes)".format(*self.holders.shape)

    def find_fitting(self, fact: Mapping[str, NDArray[np.int64]]) -> NDArray[np.bool_]:
        """Return (classes): whether a row of the class may have, in every column, one of some values."""
        fits = np.ones(self.holders.shape[1], dtype=np.bool_)
        for name, admitted in fact.items():
            holds, of_class = self.columns[name]
            hit = np.zeros(holds.shape[0], dtype=np.bool_)
            hit[holds[:, admitted].indices] = True
            fits &= hit[of_class]
        return fits

    def find_holders(self, classes: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return (persons): whether the person has a row in one of some classes."""
        found = np.zeros(self.holders.shape[0], dtype=np.bool_)
        found[self.holders[:, np.flatnonzero(classes)].indices] = True
        return found


def make_board(labels: Labels, values: Mapping[str, int], persons: NDArray[np.int64], classes: NDArray[np.int64]) -> Board:
    """Return the board of pairs of person and class.

    Parameters
    ----------
    labels : Mapping[str, tuple]
        Per column: positions of the values each label stands for, and (classes) the label of each class.
    values : Mapping[str, int]
        Distinct original values of each column.
    persons, classes : NDArray[np.int64]
        (pairs): which person has rows in which class.
    """
    columns = {}
    for name, (members, of_class) in labels.items():
        owner = np.repeat(np.arange(len(members)), [len(part) for part in members])
        member = np.concatenate(members) if members else np.empty(0, dtype=np.int64)
        holds = csc_matrix((np.ones(len(member), dtype=np.int8), (owner, member)), shape=(len(members), values[name]))
        columns[name] = (holds, of_class)
    size = (int(persons.max(initial=-1)) + 1, len(next(iter(labels.values()))[1]))
    return Board(columns=columns, holders=csc_matrix((np.ones(len(persons), dtype=np.int8), (persons, classes)), shape=size))


def board_of_originals(histories: Sequence[Positions], values: Mapping[str, int]) -> Board:
    """Return the board of an attacker who holds rows as they came; every value is a label of its own."""
    cells = np.stack([np.concatenate([history[name] for history in histories]) for name in values], axis=1)
    owners = np.repeat(np.arange(len(histories)), [len(next(iter(history.values()))) for history in histories])
    combinations, of_row = np.unique(cells, axis=0, return_inverse=True)
    labels = {
        name: (list(np.arange(count)[:, None]), combinations[:, i].astype(np.int32)) for i, (name, count) in enumerate(values.items())
    }
    pairs = np.unique(np.stack([owners, of_row.reshape(-1)]), axis=1)
    return make_board(labels, values, pairs[0], pairs[1])


def find_changing_days(quasi: Mapping[str, QuasiIdentifier], histories: Sequence[Positions]) -> dict[str, NDArray[np.float64]]:
    """Return, per column of dates that differ within a person, the day of every value: the dates an attacker knows roughly."""
    dated = [name for name, known in quasi.items() if pa.types.is_temporal(known.values.type)]
    changing = [name for name in dated if any((history[name] != history[name][0]).any() for history in histories)]
    return {name: to_numbers(quasi[name].values) for name in changing}


def attack(
    board: Board, histories: Sequence[Positions], days: Mapping[str, NDArray[np.float64]], rng: np.random.Generator
) -> tuple[Score, Score]:
    """Return the expected share of persons found by picking one of the best, and the share named because the best stands out.

    Parameters
    ----------
    board : Board
        What the attacker holds.
    histories : sequence of Mapping[str, NDArray[np.int32]]
        Per person attacked and column, the value positions of all rows of the person.
    days : Mapping[str, NDArray[np.float64]]
        Days of the values of roughly known columns.
    rng : np.random.Generator
        Of the facts and their errors.

    Returns
    -------
    tuple[Score, Score]
        A pick is right where every row of a best candidate fits some row of the person: an upper bound, since the candidate may be
        somebody else with such rows.

    References
    ----------
    A. Narayanan, V. Shmatikov (2008), doi:10.1109/SP.2008.33, section 4.
    """
    places = np.zeros(len(histories), dtype=np.int64)
    named = 0
    rows = csr_matrix(board.holders)
    for i, history in enumerate(histories):
        best, stands_out = _find_best(board, _draw_facts(history, days, rng))
        if len(best) and _may_be(board, rows, best, history):
            places[i] = len(best)
            named += stands_out
    share = named / max(len(histories), 1)
    low, high = wilson_interval(named, len(histories))
    interval = min(low, share), high
    baseline = 1 / max(board.holders.shape[0], 1)
    return linkage.score(places, baseline), Score(members=share, strangers=None, baseline=baseline, excess=share, interval=interval)


def _draw_facts(
    history: Positions, days: Mapping[str, NDArray[np.float64]], rng: np.random.Generator
) -> list[dict[str, NDArray[np.int64]]]:
    """Return the values each known row may have."""
    count = len(next(iter(history.values())))
    known = rng.permutation(count)[: rng.integers(FEWEST_FACTS, MOST_FACTS + 1)]
    facts = []
    for row in known:
        fact = {}
        for name, cells in history.items():
            said = days[name][cells[row]] + rng.integers(-DAYS, DAYS + 1) if name in days else np.nan
            fact[name] = np.array([cells[row]]) if np.isnan(said) else np.flatnonzero(np.abs(days[name] - said) <= DAYS)
        facts.append(fact)
    return facts


def _find_best(board: Board, facts: Sequence[Mapping[str, NDArray[np.int64]]]) -> tuple[NDArray[np.int64], bool]:
    """Return the candidates with the highest score (none where nothing fits), and whether a single one stands out."""
    scores = np.zeros(board.holders.shape[0])
    for fact in facts:
        held = board.find_holders(board.find_fitting(fact))
        scores[held] += 1 / np.log1p(max(int(held.sum()), 1))  # what few have tells more
    top = scores.max(initial=0.0)
    if top <= 0:
        return np.empty(0, dtype=np.int64), False
    best = np.flatnonzero(scores >= top - 1e-9)
    if len(best) > 1:
        return best, False
    second = np.delete(scores, best).max(initial=0.0)
    return best, bool(top - second >= ECCENTRICITY * scores.std())


def _may_be(board: Board, rows: Any, candidates: NDArray[np.int64], history: Positions) -> bool:
    """Return whether one of the candidates has only rows that fit rows of the person."""
    fits = np.zeros(board.holders.shape[1], dtype=np.bool_)
    for row in np.unique(np.stack(list(history.values()), axis=1), axis=0):
        fits |= board.find_fitting({name: row[i : i + 1].astype(np.int64) for i, name in enumerate(history)})
    return bool((rows[candidates] @ (~fits).astype(np.int64) == 0).any())
