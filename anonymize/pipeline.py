"""One run: plan and file in, verified release and report out; nothing else is left, whatever happens.

Decided here: the order of the steps (read → classes → search → apply → verify → publish) and that nothing appears under its final name
before the verifier has read the written file. Not decided here: how any step works.
"""

import dataclasses
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import ibis

from anonymize.classes import Method
from anonymize.engines.engine import Engine, EngineSettings, open_engine
from anonymize.method_file import Earlier, Made, read_method, write_method
from anonymize.parts import hash_table
from anonymize.publish import check_fresh, check_places, publish
from anonymize.reapply import match_lines
from anonymize.report import ProcessingReport, Stopwatch, count_blank_cells, count_levels, find_levels, measure_peak_bytes
from anonymize.rows.apply import Release, apply_release, treat_early
from anonymize.rows.class_table import Classes, build_class_table
from anonymize.rows.limits import check_computed, check_values
from anonymize.rows.secrets import count_secrets
from anonymize.rows.selection import Selection, select_rows
from anonymize.rows.source import Source, open_source
from anonymize.solve import Solved, compare_losses, describe_tightening, find_solution
from anonymize.treatments import Surroundings
from anonymize.verify.file import Verification, verify_file
from anonymize.work_folder import open_work_folder
from schemas.errors import EngineFailed, PlanError
from schemas.files import readable_json
from schemas.messages import N_, Name
from schemas.plan import Plan

SEED_BYTES = 32
Advance = Callable[[int], None]
PHASES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a run is asked to do.

    Parameters
    ----------
    source : Path
        CSV (UTF-8 with heading) or Parquet file, or a folder of Parquet parts.
    plan : Plan
        Roles, treatments, models and thresholds.
    output : Path
        Parquet file to make; its folder must exist.
    engine : str
        "duckdb" or "spark"; the bytes are the same.
    method : {"global", "local", "cells"} or None
        Overrules the plan.
    seed : int or None
        Makes fresh ids repeatable; None: a secret is drawn.
    delimiter : str
        One character between CSV cells.
    advance : callable
        Called with 1 after each of `PHASES` steps.
    report_output, method_output : Path or None
        Where the report (JSON), and the method information (加工方法等情報: recoding and seed; keep it sealed), go as well.
    threads, memory_limit_bytes : int or None
        What the engine may use; None: its default.
    compare : bool
        Also report the loss of the other method.
    in_parts : bool
        Make `output` a folder of part files, written where the engine has the rows (on Spark: by its executors).
    recoding : Path or None
        Method information of an earlier file, whose recoding is kept where it still holds.
    """

    source: Path
    plan: Plan
    output: Path
    engine: str = "duckdb"
    method: Method | None = None
    seed: int | None = None
    delimiter: str = ","
    advance: Advance = lambda _steps: None
    report_output: Path | None = None
    method_output: Path | None = None
    threads: int | None = None
    memory_limit_bytes: int | None = None
    compare: bool = True
    in_parts: bool = False
    recoding: Path | None = None

    def __repr__(self) -> str:
        """Show nothing of the seed."""
        return f"Job({self.output.name})"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """A job under way: the secret of its release, the method that is used, an earlier recoding, and the seconds of the steps."""

    job: Job
    secret: bytes
    method: Method
    earlier: Earlier | None
    clock: Stopwatch = field(default_factory=Stopwatch)

    def __repr__(self) -> str:
        """Show nothing of the secret."""
        return f"_Run({self.job!r})"


def process(job: Job) -> ProcessingReport:
    """Process one file and return the report of a release that was verified as written.

    Parameters
    ----------
    job : Job
        What is asked.

    Raises
    ------
    PlanError, FileRejected, TargetNotReached, VerificationFailed, EngineUnavailable, EngineFailed, SettingsError
        Nothing was written.
    """
    from anonymize.search.rehearsal import start_rehearsal

    start_rehearsal()
    secret = str(job.seed).encode() if job.seed is not None else secrets.token_bytes(SEED_BYTES)
    outputs = [path for path in (job.output, job.report_output, job.method_output) if path]
    check_places(job.source, outputs, others=[job.recoding] if job.recoding else [])
    earlier = read_method(job.recoding, job.plan, job.method) if job.recoding else None
    if job.in_parts:
        check_fresh(job.output)
    method = job.method or (earlier.method if earlier else job.plan.method)
    run = _Run(job=job, secret=secret, method=method, earlier=earlier)
    with open_work_folder(job.output.resolve().parent) as work:
        report, solved = _run(run, work)
        publish(_list_products(run, report, solved, work))
    return report


def _list_products(run: _Run, report: ProcessingReport, solved: Solved, work: Path) -> list[tuple[Path, Path]]:
    """Write what is asked for besides the release, and return where everything lies and goes, the release last."""
    job, made = run.job, [(work / "release.parquet", run.job.output)]
    if job.report_output:
        (work / "report.json").write_bytes(readable_json(report.to_json()))
        made.insert(0, (work / "report.json", job.report_output))
    if job.method_output:
        made_of = Made(
            of_line=solved.released.of_line,
            input_sha256=report.input_sha256,
            seed=run.secret,
            engine=job.engine,
            loss=report.loss,
            secrets=solved.classes.secrets,
        )
        write_method(work / "method.parquet", job.plan, solved.classes, solved.recoding, made_of)
        made.insert(0, (work / "method.parquet", job.method_output))
    return made


def _run(run: _Run, work: Path) -> tuple[ProcessingReport, Solved]:
    """Do all steps up to the verified file in the work folder."""
    job = run.job
    with run.clock.measure("read"):
        source = open_source(job.source, job.plan, work=work, delimiter=job.delimiter)
    job.advance(1)
    engine = open_engine(job.engine, EngineSettings(work=work, threads=job.threads, memory_limit_bytes=job.memory_limit_bytes))
    try:
        selection, solved, rows_out = _solve_and_write(run, engine, source, work)
    finally:
        engine.close()
    with run.clock.measure("verify"):
        verification = verify_file(work / "release.parquet", job.plan, work=work)
        suppressed = solved.suppressed_rows
        counts = _count_rows(selection, solved.classes)
        if not rows_out == verification.rows == counts["rows_in"] - selection.left_out.rows - suppressed:
            raise EngineFailed(
                N_("rows were lost: {rows_in} came in, {suppressed} were suppressed, {rows_out} were written"),
                N_("nothing was released; report this to the maintainers"),
                rows_in=counts["rows_in"] - selection.left_out.rows,
                suppressed=suppressed,
                rows_out=verification.rows,
            )
    job.advance(1)
    output_sha256 = hash_table(work / "release.parquet")
    with run.clock.measure("compare"):
        losses = compare_losses(solved.classes, job.plan, solved.loss, run.method, seek_other=job.compare)
    hashes = {"input_sha256": source.sha256, "output_sha256": output_sha256}
    rest = {**hashes, **counts, "losses": losses}
    return _make_report(run, solved, verification, rest), solved


def _count_rows(selection: Selection, classes: Classes) -> dict[str, int]:
    """Return rows and persons of the input and what took no part; the class table counted them when everything took part."""
    table = classes.table
    rows_in = table.total_rows if selection.rows_in is None else selection.rows_in
    persons_in = table.total_persons if selection.persons_in is None else selection.persons_in
    return {"rows_in": rows_in, "persons_in": persons_in, **dataclasses.asdict(selection.left_out)}


def _solve_and_write(run: _Run, engine: Engine, source: Source, work: Path) -> tuple[Selection, Solved, int]:
    """Return the rows that took part, the class table with its recoding, and the rows written."""
    job, plan = run.job, run.job.plan
    around = Surroundings(engine=engine, unit=plan.unit, seed=run.secret, folder=plan.folder)
    with run.clock.measure("classes"):
        selection, rows, classes = read_classes(source, plan, around)
        _check_persons(classes, plan)
    job.advance(1)
    matched = match_lines(classes, plan, run.earlier) if run.earlier else None
    solved = find_solution(classes, plan, run.method, run.clock, matched)
    with run.clock.measure("apply"):
        levels = {column: list(names) for column, names in count_levels(classes.table, solved.recoding).items()}
        release = Release(plan=plan, classes=classes, released=solved.released, levels=levels, method=solved.recoding.method)
        written = apply_release(rows, release, around, work / "release.parquet", in_parts=job.in_parts)
        if job.method_output:
            solved = dataclasses.replace(solved, classes=dataclasses.replace(classes, secrets=count_secrets(rows, release, around)))
    job.advance(2)
    return selection, solved, written


def read_classes(source: Source, plan: Plan, around: Surroundings) -> tuple[Selection, ibis.Table, Classes]:
    """Return which rows of a file take part, these rows with the treatments that privacy models must see, and their class table."""
    opened = around.engine.open_parquet(source.path, source.schema)
    check_values(around.engine, opened, plan)
    selection = select_rows(opened, plan, around)
    check_computed(around.engine, selection.rows, plan)
    rows = treat_early(selection.rows, plan, around)
    with around.engine.passing():
        return selection, rows, build_class_table(around.engine, rows, plan)


def _check_persons(classes: Classes, plan: Plan) -> None:
    """Refuse to drop the unit when rows could then no longer be told from persons."""
    if plan.unit is not None and plan.person_id is None and classes.table.total_persons < classes.table.total_rows:
        raise PlanError(
            N_("the unit {column} is dropped, but persons have several rows"),
            N_("give the unit the treatment fresh_id, so that persons can be counted in the release"),
            column=Name(plan.unit),
        )


def _make_report(run: _Run, solved: Solved, verification: Verification, rest: dict[str, object]) -> ProcessingReport:
    job, table, recoding = run.job, solved.classes.table, solved.recoding
    return ProcessingReport(
        rows_out=verification.rows,
        persons_out=verification.persons,
        suppressed_rows=solved.suppressed_rows,
        k=job.plan.privacy.k,
        classes=verification.classes,
        smallest_class=verification.smallest_class,
        loss=solved.loss,
        loss_per_column=dict(zip(table.columns, solved.losses.tolist(), strict=True)),
        method=recoding.method,
        levels=find_levels(table, recoding),
        blank_cells=count_blank_cells(table, recoding),
        tightened=describe_tightening(job.plan, solved),
        varies=solved.classes.varies,
        released_levels=count_levels(table, recoding),
        reapplied=dict(recoding.search.reapplied or {}),
        search=recoding.search.to_json(),
        verified=verification.to_json(),
        seconds=run.clock.read(),
        peak_rss_bytes=measure_peak_bytes(),
        as_of=solved.classes.as_of,
        engine=job.engine,
        plan=job.plan.name,
        plan_sha256=job.plan.sha256,
        **rest,  # type: ignore[arg-type]
    )
