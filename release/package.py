"""The package of a release: puts tables, description, terms, processing, risk summary together, lists them, signs them.

Pure files in, files out: everything the office knows comes in as a `PackageSpec`. Order: tables → description → terms → processing → risk
pages → manifest → attestation. The same spec gives the same bytes.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from release.describe import DescribedTable, describe_package
from release.promise import Promise
from release.released import ReleasedFile
from release.sign import RELEASE_PREDICATE, make_statement, seal_statement
from release.summary import render_guide, render_summary
from release.terms import render_odrl, render_terms
from schemas.files import canonical_json, sync_folder
from schemas.manifest import ATTESTATION_NAME, MANIFEST_NAME, describe_files, list_folder
from schemas.regimes import Regime
from schemas.tables import TableSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageTable:
    """One file of the case, ready to be released.

    Parameters
    ----------
    file_id, municipality_ja : str
        Which file, from where.
    schema : TableSchema
        Its table.
    released : ReleasedFile
        The written file, still in the office's work folder.
    k, persons : int
        The k of the plan, the persons in the file.
    promises : tuple[Promise, ...]
        From wish to delivery, per column.
    level_titles : Mapping[str, Mapping[str, str]]
        Column → level name → Japanese title.
    hashes : Mapping[str, str]
        SHA-256 of plan and of the processed input.
    risk : Mapping
        The record of the risk assessment.
    risk_page : bytes
        The report for reviewers, as HTML.
    override : Mapping or None
        What is told of an override of the assessment (`release.override`); None where there was none.
    """

    file_id: str
    municipality_ja: str
    schema: TableSchema
    released: ReleasedFile
    k: int
    persons: int
    promises: tuple[Promise, ...]
    level_titles: Mapping[str, Mapping[str, str]]
    hashes: Mapping[str, str]
    risk: Mapping[str, Any]
    risk_page: bytes
    override: Mapping[str, Any] | None = None

    @property
    def path(self) -> str:
        """Where the table stands in the package."""
        return f"data/{self.schema.name}-{self.file_id}.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSpec:
    """Everything a package is made of.

    Parameters
    ----------
    release_id, case_id, office, made_at : str
        Who, what, when (ISO 8601).
    audit_head : str
        Head of the office's chain of events when the release was made.
    synthetic : bool
        Whether the data is play.
    """

    release_id: str
    case_id: str
    office: str
    made_at: str
    audit_head: str
    synthetic: bool
    regime: Regime
    licence: Mapping[str, Any]
    tables: tuple[PackageTable, ...]
    software: str


def assemble(spec: PackageSpec, folder: Path, sign: Callable[[bytes], bytes], public_key_pem: str) -> None:
    """Write the package into an empty folder, and flush it to disk."""
    for name in ("data", "terms", "risk"):
        (folder / name).mkdir()
    for table in spec.tables:
        shutil.copyfile(table.released.path, folder / table.path)
        (folder / "risk" / f"{table.file_id}.html").write_bytes(table.risk_page)
    _write_documents(spec, folder)
    entries = describe_files(folder, list_folder(folder))
    manifest = {"manifest": 1, "release": spec.release_id, "files": [entry.to_json() for entry in entries]}
    (folder / MANIFEST_NAME).write_bytes(canonical_json(manifest))
    subjects = describe_files(folder, list_folder(folder))
    statement = make_statement(subjects, RELEASE_PREDICATE, describe_release(spec))
    (folder / ATTESTATION_NAME).write_bytes(seal_statement(statement, sign, public_key_pem))
    sync_folder(folder)


def _write_documents(spec: PackageSpec, folder: Path) -> None:
    described = tuple(
        DescribedTable(path=table.path, released=table.released, schema=table.schema, municipality_ja=table.municipality_ja)
        for table in spec.tables
    )
    title = ("【架空データ】" if spec.synthetic else "") + f"{spec.regime.term_ja} {spec.release_id}"
    descriptor = describe_package(spec.release_id.lower(), title, spec.made_at, described)
    documents = {"datapackage.json": descriptor, "processing.json": describe_processing(spec), "terms/odrl.json": render_odrl(spec.licence)}
    for name, document in documents.items():
        (folder / name).write_text(json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    pages = {
        "terms/terms.ja.html": render_terms(spec.licence, spec.regime),
        "risk-summary.html": render_summary(spec, title),
        "README.ja.html": render_guide(spec, title, descriptor),
    }
    for name, page in pages.items():
        (folder / name).write_text(page, encoding="utf-8")


def describe_processing(spec: PackageSpec) -> dict[str, Any]:
    """Return `processing.json`: per table and column the clause, the treatment, and the granularity asked, approved and delivered."""
    clauses = {str(number): {"citation": c.citation, "title": c.title_ja} for number, c in sorted(spec.regime.clauses.items())}
    tables = {
        table.path: {
            "k": table.k,
            "plan_sha256": table.hashes.get("plan_sha256"),
            "columns": [promise.to_json() for promise in table.promises],
            **_tell_override(table),
        }
        for table in spec.tables
    }
    return {"processing": 1, "release": spec.release_id, "regime": spec.regime.name, "clauses": clauses, "tables": tables}


def _tell_override(table: PackageTable) -> dict[str, Any]:
    """Return the entry of an override, where there was one."""
    return {"override": dict(table.override)} if table.override else {}


def describe_release(spec: PackageSpec) -> dict[str, Any]:
    """Return what is attested of a release; the user is named by the case alone."""
    return {
        "release": spec.release_id,
        "case": spec.case_id,
        "office": spec.office,
        "regime": spec.regime.name,
        "made_at": spec.made_at,
        "audit_head": spec.audit_head,
        "software": spec.software,
        "synthetic": spec.synthetic,
        "tables": {
            table.path: {
                "file": table.file_id,
                "table": table.schema.name,
                "k": table.k,
                "rows": table.released.rows,
                **dict(table.hashes),
                **_tell_override(table),
            }
            for table in spec.tables
        },
    }
