"""One run: plan and file in, verified release and report out; nothing else is left, whatever happens.

Decided here: the order of the steps (read → classes → search → apply → verify → publish) and that nothing appears under its final name
before the verifier has read the written file. Not decided here: how any step works.
"""

import dataclasses
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from anonymize.classes import Method
from anonymize.engines.engine import Engine, EngineSettings, open_engine
from anonymize.layout import number_released
from anonymize.method_file import Earlier, Made, read_method, write_method
from anonymize.parts import hash_table
from anonymize.publish import check_fresh, check_places, publish
from anonymize.reapply import match_lines
from anonymize.report import ProcessingReport, Stopwatch, count_blank_cells, count_levels, find_levels, measure_peak_bytes
from anonymize.rows.apply import Release, apply_release, treat_early
from anonymize.rows.class_table import Classes, build_class_table
from anonymize.rows.selection import Selection, select_rows
from anonymize.rows.source import Source, open_source
from anonymize.solve import Solved, compare_losses, describe_tightening, find_linked, is_close, propose
from anonymize.tightening import release_values
from anonymize.treatments import Surroundings
from anonymize.verify.file import Verification, verify_file
from anonymize.work_folder import open_work_folder
from schemas.errors import EngineFailed, PlanError, TargetNotReached
from schemas.files import readable_json
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
    in_parts : bool
        Make a folder of part files.
    earlier : Earlier or None
        The recoding of an earlier file.
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
    in_parts: bool
    earlier: Earlier | None
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
    in_parts: bool = False,
    recoding: Path | None = None,
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
    in_parts : bool
        Make `output` a folder of part files, written where the engine has the rows (on Spark: by its executors).
    recoding : Path or None
        Method information of an earlier file, whose recoding is kept where it still holds.

    Raises
    ------
    PlanError, FileRejected, TargetNotReached, VerificationFailed, EngineUnavailable, EngineFailed, SettingsError
        Nothing was written.
    """
    from anonymize.search.rehearsal import start_rehearsal

    start_rehearsal()
    secret = str(seed).encode() if seed is not None else secrets.token_bytes(SEED_BYTES)
    check_places(source, [path for path in (output, report_output, method_output) if path], others=[recoding] if recoding else [])
    earlier = read_method(recoding, plan, method) if recoding else None
    if in_parts:
        check_fresh(output)
    job = Job(
        source=source,
        output=output,
        plan=plan,
        engine=engine,
        method=method or (earlier.method if earlier else plan.method),
        seed=secret,
        delimiter=delimiter,
        threads=threads,
        memory_limit_bytes=memory_limit_bytes,
        compare=compare,
        in_parts=in_parts,
        earlier=earlier,
        advance=advance or (lambda _steps: None),
    )
    with open_work_folder(output.resolve().parent) as work:
        report, solved = _run(job, work)
        made = [(work / "release.parquet", output)]
        if report_output:
            (work / "report.json").write_bytes(readable_json(report.to_json()))
            made.insert(0, (work / "report.json", report_output))
        if method_output:
            of_line = number_released(solved.classes.table.columns, solved.values, solved.recoding.suppressed).of_line
            made_of = Made(of_line=of_line, input_sha256=report.input_sha256, seed=secret, engine=engine, loss=report.loss)
            write_method(work / "method.parquet", plan, solved.classes, solved.recoding, made_of)
            made.insert(0, (work / "method.parquet", method_output))
        publish(made)
    return report


def _run(job: Job, work: Path) -> tuple[ProcessingReport, Solved]:
    """Do all steps up to the verified file in the work folder."""
    with job.clock.measure("read"):
        source = open_source(job.source, job.plan, work=work, delimiter=job.delimiter)
    job.advance(1)
    engine = open_engine(job.engine, EngineSettings(work=work, threads=job.threads, memory_limit_bytes=job.memory_limit_bytes))
    try:
        selection, solved, rows_out = _solve_and_write(job, engine, source, work)
    finally:
        engine.close()
    with job.clock.measure("verify"):
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
    with job.clock.measure("compare"):
        losses = compare_losses(solved.classes, job.plan, solved.loss, job.method, seek_other=job.compare)
    hashes = {"input_sha256": source.sha256, "output_sha256": output_sha256}
    rest = {**hashes, **counts, "losses": losses}
    return _make_report(job, solved, verification, rest), solved


def _count_rows(selection: Selection, classes: Classes) -> dict[str, int]:
    """Return rows and persons of the input and what took no part; the class table counted them when everything took part."""
    table = classes.table
    rows_in = table.total_rows if selection.rows_in is None else selection.rows_in
    persons_in = table.total_persons if selection.persons_in is None else selection.persons_in
    return {"rows_in": rows_in, "persons_in": persons_in, **dataclasses.asdict(selection.left_out)}


def _solve_and_write(job: Job, engine: Engine, source: Source, work: Path) -> tuple[Selection, Solved, int]:
    """Return the rows that took part, the class table with its recoding, and the rows written."""
    plan = job.plan
    around = Surroundings(engine=engine, unit=plan.unit, seed=job.seed, folder=plan.folder)
    with job.clock.measure("classes"):
        selection = select_rows(engine.open_parquet(source.path, source.schema), plan, around)
        rows = treat_early(selection.rows, plan, around)
        classes = build_class_table(engine, rows, plan)
        _check_persons(classes, plan)
    job.advance(1)
    target = work / "release.parquet"
    matched = match_lines(classes, plan, job.earlier) if job.earlier else None
    for recoding in propose(classes, plan, job.method, job.clock, matched):
        with job.clock.measure("apply"):
            solved = Solved(classes=classes, recoding=recoding, values=release_values(classes, recoding, plan))
            release = _make_release(plan, solved)
            if is_close(classes.table, release.released.of_line, plan.privacy.closeness, find_linked(classes, plan)):
                written = apply_release(rows, release, around, target, in_parts=job.in_parts)
                job.advance(2)
                return selection, solved, written
    raise TargetNotReached(
        N_("no recoding was found whose release holds the t-closeness of the plan"),
        N_("raise t, allow coarser levels, or lower suppression_limit: suppressed rows move the whole that classes are compared with"),
    )


def _make_release(plan: Plan, solved: Solved) -> Release:
    table, recoding = solved.classes.table, solved.recoding
    levels = {column: list(names) for column, names in count_levels(table, recoding).items()}
    released = number_released(table.columns, solved.values, recoding.suppressed)
    return Release(plan=plan, classes=solved.classes, released=released, levels=levels, method=recoding.method)


def _check_persons(classes: Classes, plan: Plan) -> None:
    """Refuse to drop the unit when rows could then no longer be told from persons."""
    if plan.unit is not None and plan.person_id is None and classes.table.total_persons < classes.table.total_rows:
        raise PlanError(
            N_("the unit {column} is dropped, but persons have several rows"),
            N_("give the unit the treatment fresh_id, so that persons can be counted in the release"),
            column=Name(plan.unit),
        )


def _make_report(job: Job, solved: Solved, verification: Verification, rest: dict[str, object]) -> ProcessingReport:
    table, recoding = solved.classes.table, solved.recoding
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
        seconds=job.clock.read(),
        peak_rss_bytes=measure_peak_bytes(),
        as_of=solved.classes.as_of,
        engine=job.engine,
        plan=job.plan.name,
        plan_sha256=job.plan.sha256,
        **rest,  # type: ignore[arg-type]
    )
