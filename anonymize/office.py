"""Step 7 in the office: from the sealed normalised file to a sealed processed one, with plan, report and method information kept.

Decided here: what is sealed (the release, the method information, 加工方法等情報, and the files the plan names) and what is recorded (plan
and report, no values).
Not decided here: processing itself.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from anonymize.pipeline import Job, process
from anonymize.report import ProcessingReport
from casework.office import Office
from casework.plan_files import KIND as PLAN
from casework.plan_files import pack_plan_files
from casework.states import FileState
from schemas.errors import PlanError
from schemas.files import sha256_file
from schemas.messages import N_, Name
from schemas.plan import Method, Plan

NORMALISED, PROCESSED, METHOD = "normalised", "processed", "method"
RELEASE, METHOD_FILE, PLAN_FILES = "release.parquet", "method.parquet", "plan.zip"


def process_file(
    office: Office,
    file_id: str,
    plan: Plan,
    *,
    engine: str = "duckdb",
    method: Method | None = None,
    seed: int | None = None,
    earlier_id: str | None = None,
    advance: Callable[[int], None] = lambda _steps: None,
) -> ProcessingReport:
    """Process a received file by a plan and move it to `processed`.

    Parameters
    ----------
    office : Office
        The open office; its actor must be a processor.
    file_id : str
        A file in state `normalised` or `refused`.
    plan : Plan
        The plan, made for the table of the file.
    engine, method, seed, advance
        As in `anonymize.pipeline.Job`.
    earlier_id : str or None
        An earlier file of the same table, processed with the same plan: its recoding is kept where it still holds.

    Raises
    ------
    TransitionRefused
        State or role forbids it.
    PlanError, FileRejected, TargetNotReached, VerificationFailed
        Nothing was sealed and the file stays where it was.
    """
    record = office.store.get_file(file_id)
    office.store.check_file_step(file_id, FileState.PROCESSED, actor=office.actor)
    if plan.table != record.table:
        raise PlanError(
            N_("the plan is for another table than the file {file}, which holds {table}"),
            N_("write `table: {table}` and the columns of that table; sakusei anonymize plan --table {table} gives a start"),
            file=Name(file_id),
            table=Name(record.table),
        )
    with office.vault.work_folder() as folder:
        release, method_file = folder / RELEASE, folder / METHOD_FILE
        with office.vault.open(file_id, NORMALISED) as source, _open_recoding(office, earlier_id, record.table) as recoding:
            report = process(
                Job(
                    source=source,
                    plan=plan,
                    output=release,
                    engine=engine,
                    method=method,
                    seed=seed,
                    advance=advance,
                    method_output=method_file,
                    recoding=recoding,
                )
            )
        _keep(office, file_id, plan, {**report.to_json(), "recoding_of": earlier_id}, folder)
    return report


@contextmanager
def _open_recoding(office: Office, earlier_id: str | None, table: str | None) -> Iterator[Path | None]:
    """Open the method information of an earlier file of the same table.

    Raises
    ------
    PlanError
        The earlier file holds another table.
    TransitionRefused
        It was never processed, or is erased.
    """
    if earlier_id is None:
        yield None
        return
    if office.store.get_file(earlier_id).table != table:
        raise PlanError(
            N_("the file {file} holds another table; its recoding cannot be applied here"),
            N_("name an earlier file of the same table"),
            file=Name(earlier_id),
        )
    with office.vault.open(earlier_id, METHOD) as path:
        yield path


def _keep(office: Office, file_id: str, plan: Plan, report: Mapping[str, Any], folder: Path) -> None:
    """Seal the release and the method information; then record plan and report and move the file, all or nothing.

    A step that stops in between leaves the state as it was, and is repeated: sealing again replaces what was sealed.
    """
    release, method_file = folder / RELEASE, folder / METHOD_FILE
    office.vault.seal(file_id, METHOD, method_file)
    office.vault.seal(file_id, PROCESSED, release)
    if pack_plan_files(plan, folder / PLAN_FILES) or office.store.find_sealed(file_id, PLAN):
        office.vault.seal(file_id, PLAN, folder / PLAN_FILES)
    with office.store.transaction():
        document = {"document": plan.to_document(), "plan_sha256": plan.sha256, "columns": [column.name for column in plan.columns]}
        office.store.add_record("plan", document, actor=office.actor, file_id=file_id)
        facts = {**report, "method_sha256": sha256_file(method_file)}
        office.store.add_record("processing", facts, actor=office.actor, file_id=file_id)
        office.store.move_file(file_id, FileState.PROCESSED, actor=office.actor, facts={"rows": report["rows_out"], "k": report["k"]})
