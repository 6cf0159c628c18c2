"""Step ⑧ in the office: from assessed files of a case to a package that is out.

Order: finish what was interrupted → gate → one transaction (release, ledger, states) around making the package under a hidden name →
show it → verify it as its user will. A kill at any moment leaves either no release or a whole one, which the next command shows.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from casework.clock import day_of
from casework.i18n import find_translator
from casework.ledger import list_live_files
from casework.office import Office
from casework.plan_files import open_plan_files
from casework.records import FileRecord
from casework.states import CaseState, FileState
from release.archive import pack
from release.gate import Candidate, reasons_assessed_before, reasons_not_to_release
from release.ledger import PART, finish_interrupted, list_releases, releases_folder
from release.override import describe_override
from release.package import PackageSpec, PackageTable, assemble
from release.promise import compare, find_hierarchy
from release.released import ReleasedFile, count_persons, open_released
from release.terms import make_licence
from release.verify import VerifiedPackage, verify_package
from schemas.errors import ReleaseRefused, TransitionRefused
from schemas.files import sha256_file, sync
from schemas.findings import Reason
from schemas.hierarchies import Hierarchy, load_hierarchy
from schemas.manifest import MANIFEST_NAME
from schemas.messages import N_, Name
from schemas.municipalities import get_municipality
from schemas.plan import ANY_DAY
from schemas.regimes import Regime, load_regime
from schemas.tables import load_table


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltRelease:
    """A release that is out: its package as folder and zip, verified."""

    release_id: str
    folder: Path
    archive: Path
    verified: VerifiedPackage


def build_release(office: Office, case_id: str) -> BuiltRelease:
    """Make and show the package of a case's assessed files.

    Raises
    ------
    ReleaseRefused
        The gate found reasons; all of them are named.
    TransitionRefused
        State, role or two-person rule forbid it.
    """
    finish_interrupted(office)
    case = office.store.get_case(case_id)
    regime = load_regime(case.regime)
    files = [file for file in office.store.list_files(case_id) if file.state is FileState.ASSESSED]
    if not files:
        _refuse_repeated(office, case_id)
    if case.state is not CaseState.CONTRACTED or not files:
        raise ReleaseRefused(
            N_("{case} has no assessed file under contract"), N_("see what is missing: sakusei status"), case=Name(case_id)
        )
    with ExitStack() as stack:
        candidates = tuple(stack.enter_context(_open_candidate(office, file, regime)) for file in files)
        _refuse(case_id, reasons_not_to_release(candidates, regime))
        release_id = _write(office, case.document, candidates, case_id=case_id, regime=regime)
    finish_interrupted(office)
    folder = releases_folder(office) / release_id
    archive = folder.with_suffix(".zip")
    verified = verify_package(archive, office.keys.public_key_pem().encode())
    return BuiltRelease(release_id=release_id, folder=folder, archive=archive, verified=verified)


def _refuse_repeated(office: Office, case_id: str) -> None:
    """Say that a release is out already where a stopped command may have made it, and nothing is left to release.

    Raises
    ------
    TransitionRefused
        It is.
    """
    out = [entry.release_id for entry in list_releases(office) if entry.case_id == case_id and not entry.recalled_on]
    if out:
        raise TransitionRefused(
            N_("{release} is out already: {case} has no other assessed file"),
            N_("verify it: sakusei release verify {path}"),
            release=Name(out[-1]),
            case=Name(case_id),
            path=Name(f"releases/{out[-1]}.zip"),
        )


def _refuse(case_id: str, reasons: Sequence[Reason]) -> None:
    """Raise when there are reasons not to release."""
    if reasons:
        hint = N_("process the file by another plan, have it assessed again, or recall the other release")
        raise ReleaseRefused(N_("{case} cannot be released"), hint, reasons=tuple(reasons), case=Name(case_id))


@contextmanager
def _open_candidate(office: Office, file: FileRecord, regime: Regime) -> Iterator[Candidate]:
    """Yield a file as a candidate while its written table is open."""
    plan = _find_plan(office, file.id)
    processing = office.store.get_record("processing", file_id=file.id)
    gate = office.store.get_record("gate", file_id=file.id)
    override = describe_override(gate, regime, find_translator("ja"))
    with office.vault.open(file.id, "processed") as path, open_plan_files(office, file.id) as folder:
        hierarchies = _load_hierarchies(plan, folder)
        released = open_released(path)
        yield Candidate(
            table=replace(_describe(office, file, released, (plan, hierarchies), processing or {}), override=override),
            processing=processing,
            gate=gate,
            levels=_name_levels(hierarchies),
            live=list_live_files(office.store, file.register_id),
            register_id=file.register_id,
        )


def _find_plan(office: Office, file_id: str) -> dict[str, Any]:
    """Return the plan a file was processed by, its columns in their own order; empty when there is none."""
    record = office.store.get_record("plan", file_id=file_id)
    if record is None:
        return {"columns": {}, "privacy": {"k": 0}}
    plan: dict[str, Any] = record["document"]
    return {**plan, "columns": {name: plan["columns"][name] for name in record["columns"]}}


def _describe(
    office: Office,
    file: FileRecord,
    released: ReleasedFile,
    planned: tuple[Mapping[str, Any], Mapping[str, Hierarchy]],
    processing: Mapping[str, Any],
) -> PackageTable:
    plan, hierarchies = planned
    case = office.store.get_case(file.case_id)
    decision = office.store.get_record("decision", case_id=file.case_id) or {}
    asked = {entry["column"]: entry["granularity"] for entry in case.document["columns"]}
    approved = {entry["column"]: entry["granularity"] for entry in decision.get("columns", case.document["columns"])}
    entry = office.store.get_register_entry(file.register_id)
    pages = [paper for paper in office.store.list_papers(file_id=file.id) if paper.kind == "risk_report"]
    return PackageTable(
        file_id=file.id,
        municipality_ja=get_municipality(entry.document["municipality_code"]).name,
        schema=load_table(file.table),
        released=released,
        k=int(plan["privacy"]["k"]),
        persons=count_persons(released),
        promises=compare(plan, asked, approved, released, _name_levels(hierarchies)),
        level_titles={name: dict(zip(found.level_names, found.level_titles, strict=True)) for name, found in hierarchies.items()},
        hashes={key: processing[key] for key in ("plan_sha256", "input_sha256", "output_sha256") if key in processing},
        risk=office.store.get_record("risk", file_id=file.id) or {},
        risk_page=office.store.paper_path(pages[-1]).read_bytes() if pages else b"",
    )


def _load_hierarchies(plan: Mapping[str, Any], folder: Path | None) -> dict[str, Hierarchy]:
    """Return every hierarchy a plan uses by its column; names and titles of levels are the same on any day ages are counted on."""
    specs = {name: spec for name, column in plan["columns"].items() if (spec := find_hierarchy(column))}
    return {name: load_hierarchy(spec, folder=folder, as_of=ANY_DAY) for name, spec in specs.items()}


def _name_levels(hierarchies: Mapping[str, Hierarchy]) -> dict[str, tuple[str, ...]]:
    """Return the level names of every hierarchy, finest first."""
    return {name: found.level_names for name, found in hierarchies.items()}


def _write(office: Office, proposal: Mapping[str, Any], candidates: tuple[Candidate, ...], *, case_id: str, regime: Regime) -> str:
    """Write records, states and the hidden package in one transaction, and return the id of the release."""
    made_at = office.now().isoformat(timespec="seconds")
    tables = tuple(candidate.table for candidate in candidates)
    folder = releases_folder(office)
    with office.store.transaction():
        # Asked again where nobody else can write: another release may have gone out since the candidates were opened.
        for candidate in candidates:
            live = list_live_files(office.store, candidate.register_id)
            _refuse(case_id, reasons_assessed_before(candidate.table.file_id, candidate.gate, live))
        content = {"case": case_id, "files": [table.file_id for table in tables], "made_at": made_at}
        release_id = office.store.add_record("release", content, actor=office.actor, case_id=case_id)
        names = tuple(f"{table.schema.title_ja}（{table.municipality_ja}）" for table in tables)
        licence = make_licence(
            release_id=release_id, case_id=case_id, office=office.settings.office_name, regime=regime, proposal=proposal, tables=names
        )
        spec = PackageSpec(
            release_id=release_id,
            case_id=case_id,
            office=office.settings.office_name,
            made_at=made_at,
            audit_head=office.store.head(),
            synthetic=office.settings.synthetic,
            regime=regime,
            licence=licence,
            tables=tables,
            software=f"sakusei {version('sakusei')}",
        )
        hashes = _make(office, spec, folder)
        _note(office, spec, hashes)
    return release_id


def _make(office: Office, spec: PackageSpec, folder: Path) -> dict[str, str]:
    """Make folder and zip under hidden names, and return their hashes."""
    part, archive = folder / f".{spec.release_id}{PART}", folder / f".{spec.release_id}.zip{PART}"
    inner = folder / f".{spec.release_id}.making" / spec.release_id
    shutil.rmtree(inner.parent, ignore_errors=True)
    inner.mkdir(parents=True)
    try:
        assemble(spec, inner, office.keys.sign, office.keys.public_key_pem())
        pack(inner, archive)
        shutil.rmtree(part, ignore_errors=True)
        inner.rename(part)
    finally:
        shutil.rmtree(inner.parent, ignore_errors=True)
    sync(folder)
    return {"manifest_sha256": sha256_file(part / MANIFEST_NAME), "archive_sha256": sha256_file(archive)}


def _note(office: Office, spec: PackageSpec, hashes: Mapping[str, str]) -> None:
    """Write the ledger and take every file to released."""
    files = {table.file_id: office.store.get_file(table.file_id) for table in spec.tables}
    tables = {
        table.path: {"file": table.file_id, "register": files[table.file_id].register_id, "k": table.k, "rows": table.released.rows}
        for table in spec.tables
    }
    ledger = {"release": spec.release_id, "case": spec.case_id, "made_at": spec.made_at, "tables": tables, **hashes}
    office.store.add_record("ledger", ledger, actor=office.actor, case_id=spec.case_id)
    for file_id in files:
        office.store.move_file(file_id, FileState.RELEASED, actor=office.actor, facts={"release": Name(spec.release_id)})
    remaining = office.store.list_files(spec.case_id)
    if all(file.state in {FileState.RELEASED, FileState.DECLINED, FileState.ERASED} for file in remaining):
        office.store.move_case(spec.case_id, CaseState.CLOSED, actor=office.actor)


def today(office: Office) -> date:
    """Return the day it is in Japan."""
    return day_of(office.now())
