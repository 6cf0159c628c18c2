"""All attacks on one release, bounded in time by sampling, each with its positive control.

Decided here: the order of work, and what is said when there is nothing to attack. Not decided here: how an attack works.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from anonymize.risk.attacks import classification, inference, linkability, membership, neighbours, singling_out
from anonymize.risk.attacks.halves import release_members, split_halves
from anonymize.risk.attacks.on_file import attack_file
from anonymize.risk.attacks.result import AttackResult, Score
from anonymize.risk.attacks.scene import Scene
from anonymize.risk.attacks.staging import other_columns, secret_columns, stage_release, stage_unprotected, treat_cells
from anonymize.risk.attacks.subject import Attacked, AttackSettings
from schemas.errors import TargetNotReached
from schemas.messages import N_, Message
from schemas.plan import Plan

__all__ = [
    "NOT_REACHED",
    "TOO_FEW",
    "AttackReport",
    "AttackSettings",
    "Attacked",
    "Attempt",
    "count_steps",
    "list_attempts",
    "measure",
    "run_attacks",
]

FEWEST_PERSONS = 100
MOST_SECRETS = 3
OUTSIDER = (singling_out, linkability, neighbours, membership)  # by quasi-identifiers alone
HALVES = N_("persons drawn at random (at most {persons:,}), one row each: half of them processed by the plan, half kept apart as control")
TOO_FEW = N_("attacks on a half were not run: the original has fewer than {least:,} persons")
NOT_REACHED = N_("attacks on a half were not run: half of the sampled persons cannot meet the plan")
NO_SECRET = N_("inference was not tried: nothing sensitive is released")


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackReport:
    """Results, and notes on what could not be run."""

    results: tuple[AttackResult, ...] = ()
    notes: tuple[Message, ...] = ()


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
        Called with 1 after those on the file, after the processing of a half, and after each attack on it; what is not run is called for
        at once (see `count_steps`).
    """
    plan = attacked.plan
    results = list(attack_file(attacked, settings, work))
    advance(1)
    halves = split_halves(attacked.originals, np.random.default_rng([settings.seed, 2]), settings.persons)
    if halves.members.num_rows < FEWEST_PERSONS:
        advance(count_steps(plan) - 1)
        return AttackReport(results=tuple(results), notes=(Message(TOO_FEW, {"least": 2 * FEWEST_PERSONS}),))
    try:
        release = release_members(halves, plan, attacked.process, work)
    except TargetNotReached:
        release = None
    if release is None or not pq.read_metadata(release).num_rows:
        advance(count_steps(plan) - 1)
        return AttackReport(results=tuple(results), notes=(Message(NOT_REACHED),))
    advance(1)
    scene = stage_release(treat_cells(halves, plan, work), release, plan, seed=settings.seed)
    bare = stage_unprotected(halves, plan)
    trials = min(settings.trials, len(scene.members))
    for attempt in list_attempts(scene, settings, trials):
        results.append(measure(attempt, scene, bare, settings, trials))
        advance(1)
    return AttackReport(results=tuple(results), notes=() if scene.secrets else (Message(NO_SECRET),))


def count_steps(plan: Plan) -> int:
    """Return how many steps `run_attacks` tells of: all on the file are one, processing a half is one, each attack on it is one."""
    guesses = 2 * min(len(secret_columns(plan)), MOST_SECRETS)
    return 1 + 1 + len(OUTSIDER) + guesses + bool(other_columns(plan))


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
    """Yield singling out, linkability, nearest-neighbour linkage and membership by quasi-identifiers alone."""
    known = len(scene.members.known)
    single, link = (partial(module.attack, trials=trials, seed=settings.seed) for module in (singling_out, linkability))
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
        run=partial(neighbours.attack, trials=trials, seed=settings.seed),
    )
    yield Attempt(
        code=membership.CODE,
        title=membership.TITLE,
        source=membership.SOURCE,
        attacker=Message(membership.ATTACKER, {"columns": known}),
        run=partial(membership.attack, trials=trials, seed=settings.seed),
    )


def measure(attempt: Attempt, scene: Scene, bare: Scene, settings: AttackSettings, trials: int) -> AttackResult:
    """Return an attack's result on the release (`scene`) and on the unprotected copy (`bare`)."""
    start = time.perf_counter()
    released, unprotected = attempt.run(scene), attempt.run(bare)
    return AttackResult(
        code=attempt.code,
        title=attempt.title,
        attacker=attempt.attacker,
        population=Message(HALVES, {"persons": 2 * settings.persons}),
        source=attempt.source,
        released=released,
        unprotected=unprotected,
        limit=settings.limits.get(attempt.code),
        trials=trials,
        persons=len(scene.members),
        max_attempts=attempt.max_attempts,
        column=attempt.column,
        seconds=time.perf_counter() - start,
    )
