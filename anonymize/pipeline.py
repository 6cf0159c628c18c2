"""One run: plan and file in, verified release and report out; nothing else is left, whatever happens.

Decided here: the order of the steps (read → classes → search → apply → verify → publish) and that nothing appears under its final name
before the verifier has read the written file. Not decided here: how any step works.
"""

import dataclasses
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from anonymize.classes import Method
from anonymize.engines.engine import Engine, EngineSettings, open_engine
from anonymize.layout import number_released
from anonymize.loss import compute_loss
from anonymize.publish import check_places, publish
from anonymize.recoding import Recoding
from anonymize.report import ProcessingReport, Stopwatch, count_levels, find_levels, loss_per_column, measure_peak_bytes
from anonymize.rows.apply import Release, apply_release, treat_early
from anonymize.rows.class_table import Classes, build_class_table
from anonymize.rows.persons import LINE
from anonymize.rows.selection import Selection, select_rows
from anonymize.rows.source import Source, open_source
from anonymize.solve import compare_losses, propose
from anonymize.treatments import Surroundings
from anonymize.verify.file import Verification, is_close, verify_file
from anonymize.work_folder import open_work_folder
from schemas.errors import EngineFailed, PlanError, TargetNotReached
from schemas.files import readable_json, sha256_file
from schemas.messages import N_, Name
from schemas.plan import Plan

SEED_BYTES = 32
Advance = Callable[[int], None]
PHASES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a run was asked to do.

    Parameters
    ----------
    source, output : Path
        Input, and the Parquet file to make.
    plan : Plan
        What to do.
    engine : str
        "duckdb" or "spark".
    method : {"global", "local"}
        How levels are chosen.
    seed : bytes
        Secret of the release.
    delimiter : str
        Between CSV cells.
    threads, memory_limit_bytes : int or None
        What the engine may use.
    compare : bool
        Also look for the loss of the other method.
    advance : callable
        Told after each of the five steps.
    clock : Stopwatch
        Seconds of the steps.
    """

    source: Path
    output: Path
    plan: Plan
    engine: str
    method: Method
    seed: bytes
    delimiter: str
    threads: int | None
    memory_limit_bytes: int | None
    compare: bool
    advance: Advance
    clock: Stopwatch = field(default_factory=Stopwatch)

    def __repr__(self) -> str:
        """Show nothing of the seed."""
        return f"Job({self.output.name})"


def process(
    *,
    source: Path,
    plan: Plan,
    output: Path,
    engine: str = "duckdb",
    method: Method | None = None,
    seed: int | None = None,
    delimiter: str = ",",
    advance: Advance | None = None,
    report_output: Path | None = None,
    method_output: Path | None = None,
    threads: int | None = None,
    memory_limit_bytes: int | None = None,
    compare: bool = True,
) -> ProcessingReport:
    """Process one file and return the report of a release that was verified as written.

    Parameters
    ----------
    source : Path
        CSV (UTF-8 with heading) or Parquet.
    plan : Plan
        Roles, treatments, models and thresholds.
    output : Path
        Parquet file to make; its folder must exist.
    engine : str
        "duckdb" or "spark"; the bytes are the same.
    method : {"global", "local"} or None
        Overrules the plan.
    seed : int or None
        Makes fresh ids repeatable; None: a secret is drawn.
    delimiter : str
        One character between CSV cells.
    advance : callable or None
        Called with 1 after each of `PHASES` steps.
    report_output, method_output : Path or None
        Where the report (JSON), and the method information (加工方法等情報: recoding and seed; keep it sealed), go as well.
    threads, memory_limit_bytes : int or None
        What the engine may use; None: its default.
    compare : bool
        Also report the loss of the other method.

    Raises
    ------
    PlanError, FileRejected, TargetNotReached, VerificationFailed, EngineUnavailable, EngineFailed, SettingsError
        Nothing was written.
    """
    secret = str(seed).encode() if seed is not None else secrets.token_bytes(SEED_BYTES)
    check_places(source, [path for path in (output, report_output, method_output) if path])
    job = Job(
        source=source,
        output=output,
        plan=plan,
        engine=engine,
        method=method or plan.method,
        seed=secret,
        delimiter=delimiter,
        threads=threads,
        memory_limit_bytes=memory_limit_bytes,
        compare=compare,
        advance=advance or (lambda _steps: None),
    )
    with open_work_folder(output.resolve().parent) as work:
        report, classes, recoding = _run(job, work)
        made = [(work / "release.parquet", output)]
        if report_output:
            (work / "report.json").write_bytes(readable_json(report.to_json()))
            made.insert(0, (work / "report.json", report_output))
        if method_output:
            _write_method(work / "method.parquet", job, classes, recoding)
            made.insert(0, (work / "method.parquet", method_output))
        publish(made)
    return report


def _run(job: Job, work: Path) -> tuple[ProcessingReport, Classes, Recoding]:
    """Do all steps up to the verified file in the work folder."""
    with job.clock.measure("read"):
        source = open_source(job.source, job.plan, work=work, delimiter=job.delimiter)
    job.advance(1)
    engine = open_engine(job.engine, EngineSettings(work=work, threads=job.threads, memory_limit_bytes=job.memory_limit_bytes))
    try:
        selection, classes, recoding, rows_out = _solve_and_write(job, engine, source, work)
    finally:
        engine.close()
    with job.clock.measure("verify"):
        verification = verify_file(work / "release.parquet", job.plan, work=work)
        suppressed = int(classes.table.rows[recoding.suppressed].sum())
        counts = _count_rows(selection, classes)
        if not rows_out == verification.rows == counts["rows_in"] - selection.left_out.rows - suppressed:
            raise EngineFailed(
                N_("rows were lost: {rows_in} came in, {suppressed} were suppressed, {rows_out} were written"),
                N_("nothing was released; report this to the maintainers"),
                rows_in=counts["rows_in"] - selection.left_out.rows,
                suppressed=suppressed,
                rows_out=verification.rows,
            )
    job.advance(1)
    output_sha256 = sha256_file(work / "release.parquet")
    with job.clock.measure("compare"):
        losses = compare_losses(classes, job.plan, recoding, seek_other=job.compare)
    hashes = {"input_sha256": source.sha256, "output_sha256": output_sha256}
    rest = {**hashes, **counts, "losses": losses}
    return _make_report(job, classes, recoding, verification, rest), classes, recoding


def _count_rows(selection: Selection, classes: Classes) -> dict[str, int]:
    """Return rows and persons of the input and what took no part; the class table counted them when everything took part."""
    table = classes.table
    rows_in = table.total_rows if selection.rows_in is None else selection.rows_in
    persons_in = table.total_persons if selection.persons_in is None else selection.persons_in
    return {"rows_in": rows_in, "persons_in": persons_in, **dataclasses.asdict(selection.left_out)}


def _solve_and_write(job: Job, engine: Engine, source: Source, work: Path) -> tuple[Selection, Classes, Recoding, int]:
    """Return the rows that took part, the class table, the recoding, and the rows written."""
    plan = job.plan
    around = Surroundings(engine=engine, unit=plan.unit, seed=job.seed, folder=plan.folder)
    with job.clock.measure("classes"):
        selection = select_rows(engine.open_parquet(source.path, source.schema), plan, around)
        rows = treat_early(selection.rows, plan, around)
        classes = build_class_table(engine, rows, plan)
        _check_persons(classes, plan)
    job.advance(1)
    target = work / "release.parquet"
    for recoding in propose(classes, plan, job.method, job.clock):
        with job.clock.measure("apply"):
            written = apply_release(rows, _make_release(plan, classes, recoding), around, target)
        if not plan.privacy.closeness or is_close(target, plan, work=work):
            job.advance(2)
            return selection, classes, recoding, written
    raise TargetNotReached(
        N_("no recoding was found whose release holds the t-closeness of the plan"),
        N_("raise t, allow coarser levels, or lower suppression_limit: suppressed rows move the whole that classes are compared with"),
    )


def _make_release(plan: Plan, classes: Classes, recoding: Recoding) -> Release:
    levels = {column: list(names) for column, names in count_levels(classes.table, recoding).items()}
    released = number_released(classes.table, recoding)
    return Release(plan=plan, classes=classes, released=released, levels=levels, method=recoding.method)


def _check_persons(classes: Classes, plan: Plan) -> None:
    """Refuse to drop the unit when rows could then no longer be told from persons."""
    if plan.unit is not None and plan.person_id is None and classes.table.total_persons < classes.table.total_rows:
        raise PlanError(
            N_("the unit {column} is dropped, but persons have several rows"),
            N_("give the unit the treatment fresh_id, so that persons can be counted in the release"),
            column=Name(plan.unit),
        )


def _make_report(job: Job, classes: Classes, recoding: Recoding, verification: Verification, rest: dict[str, object]) -> ProcessingReport:
    table, search = classes.table, recoding.search
    return ProcessingReport(
        rows_out=verification.rows,
        persons_out=verification.persons,
        suppressed_rows=int(table.rows[recoding.suppressed].sum()),
        k=job.plan.privacy.k,
        classes=verification.classes,
        smallest_class=verification.smallest_class,
        loss=compute_loss(table, recoding, np.ones(len(job.plan.recoded))),
        loss_per_column=loss_per_column(table, recoding),
        method=recoding.method,
        levels=find_levels(table, recoding),
        released_levels=count_levels(table, recoding),
        search={
            "lattice": search.lattice,
            "evaluated": search.evaluated,
            "optimal": search.optimal,
            "lower_bound": search.lower_bound,
        },
        verified=verification.to_json(),
        seconds=job.clock.read(),
        peak_rss_bytes=measure_peak_bytes(),
        as_of=classes.as_of,
        engine=job.engine,
        plan=job.plan.name,
        plan_sha256=job.plan.sha256,
        **rest,  # type: ignore[arg-type]
    )


def _write_method(path: Path, job: Job, classes: Classes, recoding: Recoding) -> None:
    """Write the method information: which values were released at which levels, and the seed."""
    table = classes.keys.drop_columns([LINE])
    for j, name in enumerate(classes.table.columns):
        table = table.append_column(f"__level_{name}", pa.array(recoding.levels[:, j]))
    table = table.append_column("__suppressed", pa.array(recoding.suppressed))
    facts = {"plan_sha256": job.plan.sha256, "seed": job.seed.hex(), "engine": job.engine, "method": recoding.method}
    pq.write_table(table.replace_schema_metadata({"sakusei-method": json.dumps(facts, sort_keys=True)}), path, compression="zstd")
