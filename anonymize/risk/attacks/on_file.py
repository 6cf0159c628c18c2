"""Attacks on the written file itself: what is tried on the very bytes that would leave the office, with the original as a register.

Decided here: who is looked for, what each attack is given, and what its positive control is. Not decided here: how an attack works.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import md5
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anonymize.risk.attacks import downcoding, linkage, pseudonyms, sparse, storage
from anonymize.risk.attacks.encoding import QuasiIdentifier, Rows
from anonymize.risk.attacks.linkage import ReleasedClasses
from anonymize.risk.attacks.result import AttackResult, Score
from anonymize.risk.attacks.staging import find_quasi_identifiers, read_classes, read_holders
from anonymize.risk.attacks.subject import Attacked, AttackSettings
from anonymize.risk.released import QUASI_IDENTIFIER
from schemas.embedded_sql import quote
from schemas.messages import N_, Message

REGISTER = N_(
    "persons drawn at random from the original (at most {persons:,}), looked for among all {released:,} persons of the written file"
)
WHOLE = N_("all {released:,} persons of the written file")
PURPOSES = {"targets": 3, "sparse": 7, "downcoding": 8}  # of seeds; 1, 2, 4 to 6 are the attacks on halves


@dataclass(frozen=True, kw_only=True, eq=False)
class File:
    """The written file before its attackers, and the original beside it; what several attacks need is read once.

    Parameters
    ----------
    attacked : Attacked
        Original, written file and plan.
    settings : AttackSettings
        Trials, sample, seed, limits.
    work : Path
        Private folder.
    """

    attacked: Attacked
    settings: AttackSettings
    work: Path

    def __repr__(self) -> str:
        """Show counts only."""
        return f"File({self.attacked.released!r})"

    @cached_property
    def quasi(self) -> dict[str, QuasiIdentifier]:
        """Quasi-identifiers, by column."""
        plan, originals = self.attacked.plan, self.attacked.originals
        return find_quasi_identifiers(plan, {column.name: originals.distinct(column.name) for column in plan.recoded})

    @cached_property
    def classes(self) -> ReleasedClasses:
        """Classes of the file."""
        return read_classes(self.attacked.released, self.quasi, self.attacked.plan)

    @cached_property
    def drawn(self) -> pa.Table:
        """One row each of the persons looked for."""
        return self.attacked.originals.read(self.attacked.originals.choose(self.draw("targets"), self.settings.trials))

    @cached_property
    def targets(self) -> Rows:
        """The quasi-identifiers of `drawn`."""
        return Rows(known={name: q.encode_values(self.drawn.column(name)) for name, q in self.quasi.items()}, numbers={}, categories={})

    def draw(self, purpose: str) -> np.random.Generator:
        """Return a generator of its own for each purpose."""
        return np.random.default_rng([self.settings.seed, PURPOSES[purpose]])

    def answer(self, module: Any, released: Score, unprotected: Score, attacker: Message, **more: Any) -> AttackResult:
        """Return the result of an attack, with the words of its module."""
        persons = self.attacked.released.persons
        targets = more.get("trials", 0)
        return AttackResult(
            code=module.CODE,
            title=module.TITLE,
            attacker=attacker,
            population=Message(REGISTER, {"persons": self.settings.trials, "released": persons})
            if targets
            else Message(WHOLE, {"released": persons}),
            source=module.SOURCE,
            released=released,
            unprotected=unprotected,
            limit=self.settings.limits.get(module.CODE),
            persons=persons,
            **{"trials": targets or persons, **more},
        )


def attack_file(attacked: Attacked, settings: AttackSettings, work: Path) -> Iterator[AttackResult]:
    """Yield what every attack on the written file achieves, and on an unprotected copy.

    Parameters
    ----------
    attacked : Attacked
        Original, written file and plan.
    settings : AttackSettings
        Trials, sample, seed, limits.
    work : Path
        Private folder.
    """
    file = File(attacked=attacked, settings=settings, work=work)
    for attempt in ATTEMPTS:
        start = time.perf_counter()
        results = list(attempt(file))
        for result in results:
            yield replace(result, seconds=(time.perf_counter() - start) / len(results))


def try_linkage(file: File) -> Iterator[AttackResult]:
    """Yield what a register with all names finds."""
    anybody = 1 / max(file.attacked.released.persons, 1)
    fitting = linkage.count_fitting(file.classes, file.targets)
    same = file.attacked.originals.count_same(file.drawn, list(file.quasi))
    scores = linkage.score(fitting, anybody), linkage.score(same, anybody)
    yield file.answer(linkage, *scores, Message(linkage.ATTACKER, {"columns": len(file.quasi)}), trials=len(fitting))


def try_histories(file: File) -> Iterator[AttackResult]:
    """Yield what a few rows of a person find, and name, where ids link rows."""
    released, originals = file.attacked.released, file.attacked.originals
    if released.person_id is None or released.rows == released.persons:
        return
    rng = file.draw("sparse")
    rows, owners = originals.choose_histories(rng, file.settings.persons)
    if not len(rows):
        return
    table = originals.read(rows)
    histories = _split(table, owners, file.quasi)
    values = {name: len(known.values) for name, known in file.quasi.items()}
    days = sparse.find_changing_days(file.quasi, histories)
    victims = histories[: file.settings.trials]
    boards = (sparse.make_board(file.classes.labels, values, *read_holders(released)), sparse.board_of_originals(histories, values))
    (picked, named), (bare_picked, bare_named) = (sparse.attack(board, victims, days, rng) for board in boards)
    known = {"least": sparse.FEWEST_FACTS, "most": sparse.MOST_FACTS, "days": sparse.DAYS}
    yield file.answer(sparse, picked, bare_picked, Message(sparse.ATTACKER, known), trials=len(victims))
    found = file.answer(sparse, named, bare_named, Message(sparse.NAMED_ATTACKER, known), trials=len(victims))
    yield replace(found, code=sparse.NAMED_CODE, title=sparse.NAMED_TITLE, limit=file.settings.limits.get(sparse.NAMED_CODE))


def _split(table: pa.Table, owners: NDArray[np.int64], quasi: Mapping[str, QuasiIdentifier]) -> list[sparse.Positions]:
    """Return, per person, the value positions of all rows."""
    cells = {name: known.encode_values(table.column(name)).value for name, known in quasi.items()}
    starts = np.flatnonzero(np.diff(owners)) + 1
    parts = {name: np.split(column, starts) for name, column in cells.items()}
    return [{name: part[i] for name, part in parts.items()} for i in range(len(starts) + 1)]


def try_ids(file: File) -> Iterator[AttackResult]:
    """Yield what computing ids from keys finds, where the person key is released as an id."""
    originals, released = file.attacked.originals, file.attacked.released
    if released.person_id is None or originals.unit is None or len(file.drawn) < 2:
        return
    keys = [str(key) for key in file.drawn.column(originals.unit).to_pylist()]
    ways = pseudonyms.list_ways(released.persons, originals.order_keys())
    scores = pseudonyms.attack(keys, ways, _fit_released(file)), pseudonyms.attack(keys, ways, _fit_hashed(file, keys))
    yield file.answer(pseudonyms, *scores, Message(pseudonyms.ATTACKER, {"ways": len(ways)}), trials=len(keys) - len(keys) // 2)


def _fit_released(file: File) -> pseudonyms.Fits:
    """Return the test of ids on the written file: rows with the id contain the values of the person."""
    released = file.attacked.released
    columns = {c.column: c.name for c in released.fields if c.role == QUASI_IDENTIFIER and c.part == "label"}
    text = f"lower(CAST({quote(released.person_id or '')} AS VARCHAR))"
    ranked = f"SELECT {text} AS id, dense_rank() OVER (ORDER BY {', '.join(map(quote, columns.values()))}) - 1 AS class FROM released"  # noqa: S608
    connection = released.connection.cursor()
    pairs = connection.sql(f"SELECT DISTINCT id, class FROM ({ranked}) ORDER BY id, class").to_arrow_table()  # noqa: S608
    held: dict[str, list[int]] = {}
    for identity, number in zip(pairs.column(0).to_pylist(), pairs.column(1).to_pylist(), strict=True):
        held.setdefault(identity, []).append(number)
    fitting = linkage.find_fitting(file.classes, file.targets)

    def fits(ids: Sequence[str], persons: NDArray[np.int64]) -> NDArray[np.bool_]:
        pairs = zip(ids, persons, strict=True)
        return np.array([bool(fitting[person, held.get(identity, [])].any()) for identity, person in pairs], dtype=np.bool_)

    return fits


def _fit_hashed(file: File, keys: Sequence[str]) -> pseudonyms.Fits:
    """Return the test of ids on the unprotected copy, whose ids are MD5 hashes of the keys."""
    owner = {md5(key.encode(), usedforsecurity=False).hexdigest(): i for i, key in enumerate(keys)}
    values = np.stack([known.value for known in file.targets.known.values()], axis=1)

    def fits(ids: Sequence[str], persons: NDArray[np.int64]) -> NDArray[np.bool_]:
        rows = np.array([owner.get(identity, -1) for identity in ids])
        found: NDArray[np.bool_] = (rows >= 0) & (values[rows] == values[persons]).all(axis=1)
        return found

    return fits


def try_downcoding(file: File) -> Iterator[AttackResult]:
    """Yield what finer classes tell of coarser ones."""
    names = list(file.quasi)
    combinations, rows = file.attacked.originals.count_combinations(names)
    positions = {name: file.quasi[name].encode_values(combinations.column(name)).value for name in names}
    originals = downcoding.Combinations(positions=positions, rows=rows)
    released = downcoding.attack(file.classes, originals, file.draw("downcoding"))
    careless = downcoding.attack_careless(file.classes, file.targets, file.attacked.plan.privacy.k)
    yield file.answer(downcoding, released, careless, Message(downcoding.ATTACKER))


def try_storage(file: File) -> Iterator[AttackResult]:
    """Yield what the bytes tell beside the cells."""
    careless = file.work / "careless.parquet"
    storage.write_careless(file.drawn, careless)
    scores = storage.attack(file.attacked.released.path), storage.attack(careless)
    yield file.answer(storage, *scores, Message(storage.ATTACKER))


Try = Callable[[File], Iterator[AttackResult]]
ATTEMPTS: tuple[Try, ...] = (try_linkage, try_histories, try_ids, try_downcoding, try_storage)
