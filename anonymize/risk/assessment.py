"""The assessment: every figure and attack about one written release, in one record.

Decided here: what is measured, in which order. Not decided here: what is too much (`gate`), how it is shown (`report`).
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anonymize.parts import hash_table
from anonymize.report import Stopwatch
from anonymize.risk.attacks.originals import Originals
from anonymize.risk.attacks.result import AttackResult
from anonymize.risk.attacks.suite import NOT_REACHED, TOO_FEW, Attacked, AttackReport, AttackSettings, count_steps, run_attacks
from anonymize.risk.beside import Beside, Composition, measure_beside
from anonymize.risk.columns import ColumnTrace, trace_columns
from anonymize.risk.figures import Figure
from anonymize.risk.models import Universe, measure_models
from anonymize.risk.part import process_again
from anonymize.risk.released import Released, open_released
from anonymize.risk.riskiest import Riskiest, find_riskiest
from anonymize.risk.thresholds import Thresholds
from anonymize.risk.utility import Utility, measure_utility
from anonymize.risk.utility.survey import Surveyed
from anonymize.rows.aggregation import reduce_source
from anonymize.rows.class_table import find_as_of
from anonymize.rows.source import open_source
from anonymize.work_folder import open_work_folder
from schemas.errors import VerificationFailed
from schemas.messages import N_, Message, Name
from schemas.plan import Plan

NOT_RUN = N_("attacks were not run, as asked")
NOTHING = N_("attacks were not run: nothing is released")


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How many rows and persons there are in the original and in the release, and what class sizes count."""

    rows_in: int
    persons_in: int
    rows_out: int
    persons_out: int
    counted: str

    def to_json(self) -> dict[str, object]:
        """Return the counts for machines."""
        return {
            "rows_in": self.rows_in,
            "persons_in": self.persons_in,
            "rows_out": self.rows_out,
            "persons_out": self.persons_out,
            "unreleased_rows": self.rows_in - self.rows_out,
            "counted": self.counted,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What was measured about one release.

    Parameters
    ----------
    figures : tuple[Figure, ...]
        Of the models.
    attacks : tuple[AttackResult, ...]
        Of the attacks.
    notes : tuple[Message, ...]
        What was not measured, and why.
    columns : tuple[ColumnTrace, ...]
        Column by column: clause, treatment, evidence.
    class_sizes : Mapping[int, int]
        Size in persons → number of classes.
    riskiest : Riskiest
        What is known about the smallest class.
    thresholds : Thresholds
        What the figures are held against.
    plan, released_sha256, original_sha256 : Plan, str, str
        What was assessed.
    utility : Utility or None
        What the release is still good for; None when nothing was released.
    composition : Composition or None
        What was found beside the other releases of the register; None where there are none.
    """

    figures: tuple[Figure, ...]
    attacks: tuple[AttackResult, ...]
    notes: tuple[Message, ...]
    columns: tuple[ColumnTrace, ...]
    class_sizes: Mapping[int, int]
    riskiest: Riskiest
    extent: Extent
    thresholds: Thresholds
    plan: Plan
    released_sha256: str
    original_sha256: str
    settings: AttackSettings | None
    utility: Utility | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    composition: Composition | None = None

    @property
    def without_power(self) -> tuple[AttackResult, ...]:
        """Attacks that were not able to show anything: their control did not succeed, and they found nothing beyond chance."""
        return tuple(attack for attack in self.attacks if not attack.has_power and not attack.fails)

    @property
    def not_attacked(self) -> tuple[Message, ...]:
        """Why some attacks were not run at all."""
        return tuple(note for note in self.notes if note.template in {NOT_RUN, NOTHING, TOO_FEW, NOT_REACHED})

    def to_json(self) -> dict[str, Any]:
        """Return the assessment for machines; texts in English."""
        return {
            "plan": self.plan.name,
            "plan_sha256": self.plan.sha256,
            "released_sha256": self.released_sha256,
            "original_sha256": self.original_sha256,
            "extent": self.extent.to_json(),
            "k": {"planned": self.plan.privacy.k, "measured": min(self.class_sizes, default=0)},
            "thresholds": self.thresholds.to_json(),
            "figures": [figure.to_json() for figure in self.figures],
            "attacks": [attack.to_json() for attack in self.attacks],
            "columns": [column.to_json() for column in self.columns],
            "riskiest_class": self.riskiest.to_json(),
            "beside": self.composition.to_json() if self.composition else None,
            "utility": None if self.utility is None else self.utility.to_json(),
            "notes": [note.render() for note in self.notes],
            "seconds": {key: round(value, 3) for key, value in self.seconds.items()},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where work is done, and whom to tell of each step."""

    work: Path
    advance: Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is assessed: the original, the written file, the plan, and the population and other releases when there are any."""

    original: Path
    released: Path
    plan: Plan
    universe: Universe = field(default_factory=Universe)
    delimiter: str = ","
    beside: Beside | None = None


def count_all_steps(plan: Plan, *, attacks: bool) -> int:
    """Return how many steps `assess` tells of: models, utility and, where they are asked for, those of the attacks."""
    return 2 + (count_steps(plan) if attacks else 0)


def assess(
    subject: Subject,
    thresholds: Thresholds,
    *,
    settings: AttackSettings | None,
    work: Path,
    advance: Callable[[int], None] = lambda _: None,
) -> Assessment:
    """Measure a written release.

    Parameters
    ----------
    subject, thresholds
        Files and plan; limits of the regime and context.
    settings : AttackSettings or None
        None: no attacks.
    work : Path
        Existing folder; a private folder is made in it and removed.
    advance : Callable[[int], None]
        Called after each step (see `count_all_steps`).

    Raises
    ------
    FileRejected, PlanError, VerificationFailed
        A file cannot be read, does not fit the plan, or says it was made by another one.
    """
    plan, clock = subject.plan, Stopwatch()
    with open_work_folder(work) as private, open_released(subject.released, plan.unit, work=private) as released:
        check_plan(released, plan)
        originals, original_sha256 = _open_originals(subject, private)
        dated = dataclasses.replace(subject, plan=date_plan(plan, originals))
        with clock.measure("models"):
            figures = measure_models(originals, released, dated.plan, subject.universe, thresholds, seed=settings.seed if settings else 0)
            class_sizes = released.count_classes()
            composition = _compose(subject, thresholds, released, private)
        advance(1)
        with clock.measure("attacks"):
            attacks = attack_release(originals, released, dated, settings, Progress(work=private, advance=advance))
        with clock.measure("utility"):
            utility = survey_release(originals, released, dated, settings, private)
        advance(1)
        return Assessment(
            figures=figures + (composition.figures if composition else ()),
            attacks=attacks.results,
            notes=(*(composition.tell() if composition else ()), *subject.universe.tell(), *attacks.notes),
            columns=trace_columns(plan, released),
            class_sizes=class_sizes,
            riskiest=find_riskiest(released, class_sizes),
            extent=_measure_extent(originals, released),
            thresholds=thresholds,
            plan=plan,
            released_sha256=hash_table(subject.released),
            original_sha256=original_sha256,
            settings=settings,
            utility=utility,
            seconds=clock.seconds,
            composition=composition,
        )


def _open_originals(subject: Subject, work: Path) -> tuple[Originals, str]:
    """Return the original as the processing reads it, and its hash as it came."""
    plan = subject.plan
    source = reduce_source(open_source(subject.original, plan, work=work, delimiter=subject.delimiter), plan, work)
    return Originals(path=source.path, schema=source.schema, unit=plan.unit, work=work), source.sha256


def _compose(subject: Subject, thresholds: Thresholds, released: Released, work: Path) -> Composition | None:
    """Return what was found beside the other releases; None where there are none."""
    if subject.beside is None or not subject.beside.others:
        return None
    return measure_beside(subject.beside, subject.plan, thresholds, released, original=subject.original, work=work)


def check_plan(released: Released, plan: Plan) -> None:
    """Compare what the released file says of its plan with the plan.

    Raises
    ------
    VerificationFailed
        Another plan made it, or a quasi-identifier of the plan is not in it.
    """
    said = released.facts.get("plan_sha256")
    absent = [column.name for column in plan.recoded if column.name not in {field.column for field in released.fields}]
    if said not in {None, plan.sha256} or absent:
        raise VerificationFailed(
            N_("{file} was not made by the plan {plan}"),
            N_("give the plan the release was made by"),
            file=Name(released.path.name),
            plan=Name(plan.name),
        )


def date_plan(plan: Plan, originals: Originals) -> Plan:
    """Return the plan with the day on which ages are counted written out, so that a part of the file is read as the whole was."""
    names = [column.name for column in plan.recoded]
    return dataclasses.replace(plan, as_of=find_as_of(originals.latest(names), plan))


def _measure_extent(originals: Originals, released: Released) -> Extent:
    rows, persons = originals.count()
    return Extent(
        rows_in=rows,
        persons_in=persons,
        rows_out=released.rows,
        persons_out=released.persons,
        counted=released.counted,
    )


def attack_release(
    originals: Originals, released: Released, subject: Subject, settings: AttackSettings | None, progress: Progress
) -> AttackReport:
    """Return what the attacks achieved; a note alone when none was asked for or nothing was released."""
    if settings is None or not released.rows:
        progress.advance(count_steps(subject.plan) if settings else 0)
        return AttackReport(notes=(Message(NOTHING if settings else NOT_RUN),))
    plan = subject.plan
    process = process_again(plan, released, settings.seed)
    attacked = Attacked(originals=originals, released=released, plan=plan, process=process)
    return run_attacks(attacked, settings, progress.work, progress.advance)


def survey_release(
    originals: Originals, released: Released, subject: Subject, settings: AttackSettings | None, work: Path
) -> Utility | None:
    """Return what the release is still good for; predictions only where attacks were asked for, since they process a part again."""
    asked = {"persons": settings.persons, "seed": settings.seed} if settings else {}
    process = process_again(subject.plan, released, settings.seed) if settings else None
    return measure_utility(Surveyed(originals=originals, released=released, plan=subject.plan, process=process, **asked), work)
