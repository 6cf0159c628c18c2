"""All attacks on one release, bounded in time by sampling, each with its positive control.

Decided here: the order of work, and what is said when there is nothing to attack. Not decided here: how an attack works.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from anonymize.risk.attacks import classification, inference, linkability, linkage, neighbours, singling_out
from anonymize.risk.attacks.encoding import Rows
from anonymize.risk.attacks.halves import Process, release_members, split_halves
from anonymize.risk.attacks.originals import Originals
from anonymize.risk.attacks.result import AttackResult, Score
from anonymize.risk.attacks.scene import Scene
from anonymize.risk.attacks.staging import find_quasi_identifiers, read_classes, stage_release, stage_unprotected, treat_cells
from anonymize.risk.released import Released
from schemas.errors import TargetNotReached
from schemas.messages import N_, Message
from schemas.plan import Plan

FEWEST_PERSONS = 100
MOST_SECRETS = 3
HALVES = N_("{persons} persons drawn at random, one row each: half of them processed by the plan, half kept apart as control")
REGISTER = N_("{persons} persons drawn at random from the original, looked for among all {released} persons of the written file")
TOO_FEW = N_("attacks on a half were not run: the original has fewer than {least} persons")
NOT_REACHED = N_("attacks on a half were not run: half of the sampled persons cannot meet the plan")
NO_SECRET = N_("inference was not tried: nothing sensitive is released")


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackSettings:
    """How much is attacked.

    Parameters
    ----------
    limits : Mapping[str, float]
        Code of each attack → acceptable excess of success, 0–1; an attack without an entry is told, and not held against the release.
    trials : int
        Targets or questions per attack.
    persons : int
        Persons in each half at most.
    seed : int
        Of all random choices.
    """

    limits: Mapping[str, float]
    trials: int = 500
    persons: int = 10_000
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackReport:
    """Results, and notes on what could not be run."""

    results: tuple[AttackResult, ...] = ()
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attacked:
    """What is attacked: the original, the written file, the plan, and the software that processes by the plan."""

    originals: Originals
    released: Released
    plan: Plan
    process: Process


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attempt:
    """One attack ready to run on a scene."""

    code: str
    title: str
    source: str
    attacker: Message
    run: Callable[[Scene], Score]
    max_attempts: int = 0
    column: str | None = None


def run_attacks(attacked: Attacked, settings: AttackSettings, work: Path, advance: Callable[[int], None] = lambda _: None) -> AttackReport:
    """Return what every attack achieved on the release and on an unprotected copy.

    Parameters
    ----------
    attacked : Attacked
        The release and what it was made from.
    settings : AttackSettings
        Trials, sample, seed, limit.
    work : Path
        Private folder.
    advance : Callable[[int], None]
        Called with 1 after each attack.
    """
    results = [attack_file(attacked, settings)]
    advance(1)
    halves = split_halves(attacked.originals, np.random.default_rng([settings.seed, 2]), settings.persons)
    if halves.members.num_rows < FEWEST_PERSONS:
        return AttackReport(results=tuple(results), notes=(Message(TOO_FEW, {"least": 2 * FEWEST_PERSONS}),))
    try:
        release = release_members(halves, attacked.plan, attacked.process, work)
    except TargetNotReached:
        return AttackReport(results=tuple(results), notes=(Message(NOT_REACHED),))
    plan = attacked.plan
    scene = stage_release(treat_cells(halves, plan, work), release, plan, seed=settings.seed)
    bare = stage_unprotected(halves, plan)
    trials = min(settings.trials, len(scene.members))
    for attempt in list_attempts(scene, settings, trials):
        results.append(measure(attempt, scene, bare, trials, settings.limits.get(attempt.code)))
        advance(1)
    return AttackReport(results=tuple(results), notes=() if scene.secrets else (Message(NO_SECRET),))


def list_attempts(scene: Scene, settings: AttackSettings, trials: int) -> Iterator[Attempt]:
    """Yield what an outsider can try with quasi-identifiers, guesses of secrets, and singling out by all columns."""
    seed, known = settings.seed, len(scene.members.known)
    yield from _list_of_outsider(scene, settings, trials)
    for secret in scene.secrets[:MOST_SECRETS]:
        for guess in (inference, classification):
            yield Attempt(
                code=guess.CODE,
                title=guess.TITLE,
                source=guess.SOURCE,
                attacker=Message(guess.ATTACKER, {"columns": known}),
                run=partial(guess.attack, secret=secret, trials=trials, seed=seed),
                column=secret,
            )
    if others := len(scene.members.numbers) + len(scene.members.categories):
        yield Attempt(
            code=singling_out.INSIDER_CODE,
            title=singling_out.INSIDER_TITLE,
            source=singling_out.SOURCE,
            attacker=Message(singling_out.INSIDER, {"columns": min(singling_out.COLUMNS, known + others)}),
            run=partial(singling_out.attack, trials=trials, seed=seed),
            max_attempts=singling_out.MAX_ATTEMPTS,
        )


def _list_of_outsider(scene: Scene, settings: AttackSettings, trials: int) -> Iterator[Attempt]:
    """Yield singling out, linkability and nearest-neighbour linkage by quasi-identifiers alone."""
    known = len(scene.members.known)
    single, link, near = (partial(module.attack, trials=trials, seed=settings.seed) for module in (singling_out, linkability, neighbours))
    yield Attempt(
        code=singling_out.CODE,
        title=singling_out.TITLE,
        source=singling_out.SOURCE,
        attacker=Message(singling_out.ATTACKER, {"columns": min(singling_out.COLUMNS, known)}),
        run=lambda seen: single(seen.of_outsider()),
        max_attempts=singling_out.MAX_ATTEMPTS,
    )
    yield Attempt(
        code=linkability.CODE,
        title=linkability.TITLE,
        source=linkability.SOURCE,
        attacker=Message(linkability.ATTACKER, {"columns": linkability.count_columns(known)}),
        run=lambda seen: link(seen.of_outsider()),
    )
    yield Attempt(
        code=neighbours.CODE,
        title=neighbours.TITLE,
        source=neighbours.SOURCE,
        attacker=Message(neighbours.ATTACKER, {"columns": known, "mistakes": neighbours.MISTAKES}),
        run=near,
    )


def measure(attempt: Attempt, scene: Scene, bare: Scene, trials: int, limit: float | None) -> AttackResult:
    """Return an attack's result on the release (`scene`) and on the unprotected copy (`bare`)."""
    start = time.perf_counter()
    released, unprotected = attempt.run(scene), attempt.run(bare)
    return AttackResult(
        code=attempt.code,
        title=attempt.title,
        attacker=attempt.attacker,
        population=Message(HALVES, {"persons": len(scene.members) + len(scene.strangers)}),
        source=attempt.source,
        released=released,
        unprotected=unprotected,
        limit=limit,
        trials=trials,
        persons=len(scene.members),
        max_attempts=attempt.max_attempts,
        column=attempt.column,
        seconds=time.perf_counter() - start,
    )


def attack_file(attacked: Attacked, settings: AttackSettings) -> AttackResult:
    """Return what a register with all names achieves against the written file."""
    start = time.perf_counter()
    originals, released, plan = attacked.originals, attacked.released, attacked.plan
    quasi = find_quasi_identifiers(plan, {column.name: originals.distinct(column.name) for column in plan.recoded})
    rows = originals.choose(np.random.default_rng([settings.seed, 3]), settings.trials)
    drawn = originals.read(rows)
    targets = Rows(known={name: q.encode_values(drawn.column(name)) for name, q in quasi.items()}, numbers={}, categories={})
    anybody = 1 / max(released.persons, 1)
    return AttackResult(
        code=linkage.CODE,
        title=linkage.TITLE,
        attacker=Message(linkage.ATTACKER, {"columns": len(quasi)}),
        population=Message(REGISTER, {"persons": len(rows), "released": released.persons}),
        source=linkage.SOURCE,
        released=linkage.score(linkage.count_fitting(read_classes(released, quasi, plan), targets), anybody),
        unprotected=linkage.score(originals.count_same(drawn, list(quasi)), anybody),
        limit=settings.limits.get(linkage.CODE),
        trials=len(rows),
        persons=released.persons,
        seconds=time.perf_counter() - start,
    )
