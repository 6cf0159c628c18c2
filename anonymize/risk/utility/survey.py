"""The survey of utility: which columns, pairs, analyses and predictions are measured, on how many rows.

Decided here: that time is bounded (rows drawn at random, at most so many pairs and analyses, all of it stated), and what is analysed where
the plan names nothing. Not decided here: formulas (`measures`), errors of analyses (`analyses`).
"""

from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from anonymize.risk.attacks.halves import Process, release_members, split_halves
from anonymize.risk.attacks.originals import Originals
from anonymize.risk.attacks.staging import stage_release, stage_unprotected, treat_cells
from anonymize.risk.released import Released
from anonymize.risk.utility.analyses import compare_counts, compare_means, compare_shares, count_groups
from anonymize.risk.utility.grids import Grid, Sample, read_sample
from anonymize.risk.utility.measures import chance_information, hellinger, mutual_information, total_variation
from anonymize.risk.utility.prediction import compare_predictions
from anonymize.risk.utility.result import AnalysisUtility, ColumnUtility, PairUtility, PredictionUtility, Utility
from schemas.counts import MINIMUM
from schemas.errors import TargetNotReached
from schemas.messages import N_, Message, Name
from schemas.plan import Plan
from schemas.plan_analyses import Analysis

MOST_ROWS, MOST_PAIRS, MOST_ANALYSES = 100_000, 66, 40
FEWEST_PERSONS = 200
ABOVE_CHANCE = 3.0
FEW = N_("prediction was not tried: fewer than {least} persons to divide")
NOT_REACHED = N_("prediction was not tried: half of the sampled persons cannot meet the plan")
NO_SECRET = N_("prediction was not tried: nothing sensitive is released")
NOT_ASKED = N_("prediction was not tried: attacks were not asked for")
CUT_PAIRS = N_("of {all} pairs of columns the first {told} were compared")
CUT_ANALYSES = N_("of {all} usual analyses the first {told} were done; name those that matter in the plan (`analyses`)")
NOT_A_NUMBER = N_("the mean of {column} cannot be compared: it is not a number in both files")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surveyed:
    """What is surveyed, and the software that processes by the plan (None: no prediction)."""

    originals: Originals
    released: Released
    plan: Plan
    process: Process | None
    persons: int = 10_000
    seed: int = 0


def measure_utility(surveyed: Surveyed, work: Path) -> Utility | None:
    """Return what the release is still good for; None when nothing is released.

    Parameters
    ----------
    surveyed : Surveyed
        Original, release, plan.
    work : Path
        Private folder.
    """
    if not surveyed.released.rows:
        return None
    plan = surveyed.plan
    sample = read_sample(surveyed.originals, surveyed.released, plan, most=MOST_ROWS, seed=surveyed.seed)
    pairs = list(combinations(sample.grids.values(), 2))
    analyses = list_analyses(plan, sample)
    predictions, why = _predict(surveyed, work)
    notes = [] if why is None else [why]
    if len(pairs) > MOST_PAIRS:
        notes.append(Message(CUT_PAIRS, {"all": len(pairs), "told": MOST_PAIRS}))
    if len(analyses) > MOST_ANALYSES and not plan.analyses:
        notes.append(Message(CUT_ANALYSES, {"all": len(analyses), "told": MOST_ANALYSES}))
        analyses = analyses[:MOST_ANALYSES]
    done = tuple(_analyse(analysis, sample, planned=bool(plan.analyses)) for analysis in analyses)
    notes += [
        Message(NOT_A_NUMBER, {"column": Name(found.column or "?")}) for found in done if found.kind == "mean" and found.error is None
    ]
    rows, _ = surveyed.originals.count()
    share = min(1.0, surveyed.released.rows / rows) if rows else 1.0
    return Utility(
        loss=sample.loss * share + (1 - share),
        columns=tuple(_compare_column(grid) for grid in sample.grids.values()),
        pairs=tuple(_compare_pair(pair, sample.original_rows) for pair in pairs[:MOST_PAIRS]),
        analyses=done,
        predictions=predictions,
        notes=tuple(notes),
        original_rows=sample.original_rows,
        released_rows=sample.released_rows,
        settings={"most_rows": MOST_ROWS, "smallest_group": MINIMUM, "seed": surveyed.seed},
    )


def list_analyses(plan: Plan, sample: Sample) -> list[Analysis]:
    """Return the analyses of the plan; without any, means of amounts and shares of sensitive values by pairs of quasi-identifiers."""
    if plan.analyses:
        return list(plan.analyses)
    known = [grid.name for grid in sample.grids.values() if grid.recoded]
    pairs: list[tuple[str, ...]] = [*combinations(known, 2)] or [(name,) for name in known]
    others = [grid for grid in sample.grids.values() if not grid.recoded]
    means = [Analysis(kind="mean", column=grid.name, by=pair) for grid in others if grid.numbers for pair in pairs]
    shares = [Analysis(kind="share", column=grid.name, by=pair) for grid in others if grid.sensitive and not grid.numbers for pair in pairs]
    return means + shares


def _analyse(analysis: Analysis, sample: Sample, *, planned: bool) -> AnalysisUtility:
    by = [sample.grids[name] for name in analysis.by]
    if analysis.column is None:
        return compare_counts(by, planned=planned)
    compare = compare_means if analysis.kind == "mean" else compare_shares
    return compare(sample.grids[analysis.column], by, MINIMUM, planned=planned)


def _compare_column(grid: Grid) -> ColumnUtility:
    before, after = count_groups([grid])
    return ColumnUtility(column=grid.name, kept=grid.kept, variation=total_variation(before, after), hellinger=hellinger(before, after))


def _compare_pair(pair: tuple[Grid, Grid], rows: int) -> PairUtility:
    before, after = count_groups(pair)
    information = mutual_information(before)
    told = information > ABOVE_CHANCE * chance_information(before, rows)
    return PairUtility(
        columns=(pair[0].name, pair[1].name),
        variation=total_variation(before, after),
        hellinger=hellinger(before, after),
        information=information,
        kept=min(1.0, mutual_information(after) / information) if told else None,
    )


def _predict(surveyed: Surveyed, work: Path) -> tuple[tuple[PredictionUtility, ...], Message | None]:
    """Return what a classifier still learns, or why it was not tried."""
    if surveyed.process is None:
        return (), Message(NOT_ASKED)
    plan, seed = surveyed.plan, surveyed.seed
    halves = split_halves(surveyed.originals, np.random.default_rng([seed, 13]), surveyed.persons)
    if halves.members.num_rows < FEWEST_PERSONS // 2:
        return (), Message(FEW, {"least": FEWEST_PERSONS})
    try:
        release = release_members(halves, plan, surveyed.process, work)
    except TargetNotReached:
        return (), Message(NOT_REACHED)
    if not pq.read_metadata(release).num_rows:
        return (), Message(NOT_REACHED)
    halves = treat_cells(halves, plan, work)  # both learn the same classes: as they are released
    scene = stage_release(halves, release, plan, seed=seed)
    if not scene.secrets:
        return (), Message(NO_SECRET)
    return tuple(compare_predictions(scene, stage_unprotected(halves, plan), seed=seed)), None
