"""Register entries (個人情報ファイル簿): what the law asks of an entry under the regime of the office, and adding one.

Decided here: which items an entry needs beyond its form (by the regime's list of items and when each is due), and that its columns are
those of its table. Not decided here: whether to publish (a person of the office does).
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from casework.office import Office
from schemas.documents import load_document
from schemas.errors import FormRejected
from schemas.findings import Finding, FindingKind, Severity
from schemas.messages import N_, Name
from schemas.municipalities import check_same_world
from schemas.regimes import Regime, load_regime
from schemas.tables import load_table

ITEM_MISSING = FindingKind("register-item", Severity.FILE, N_("item {number} is needed here ({article})"))
NO_COLUMN = FindingKind("register-column", Severity.FILE, N_("table {table} has no such column"))
TOO_FEW = FindingKind("register-persons", Severity.NOTE, N_("fewer than {minimum} persons: the file need not be on the register"))
CLOSED = FindingKind(
    "register-few-open", Severity.NOTE, N_("open to proposals, but no proposal can pass: the file has fewer than {minimum} persons")
)


def add_entry(office: Office, path: Path) -> tuple[str, tuple[Finding, ...]]:
    """Publish a register entry from its document and return its id, and notes.

    Raises
    ------
    FormRejected
        The document does not meet its form, or lacks an item the regime asks for; with all findings.
    FileRejected
        The municipality is not of the world (real, synthetic) of the workspace.
    """
    document, notes = load_entry(path, load_regime(office.settings.regime))
    check_same_world([document["municipality_code"]], synthetic=office.settings.synthetic)
    return office.store.add_register_entry(document, actor=office.actor), notes


def revise_entry(office: Office, entry_id: str, path: Path) -> tuple[int, tuple[Finding, ...]]:
    """Replace a register entry by a corrected document and return its revision, and notes.

    Raises
    ------
    FormRejected, FileRejected
        As `add_entry`.
    TransitionRefused
        There is no such entry, or it is struck out.
    """
    document, notes = load_entry(path, load_regime(office.settings.regime))
    check_same_world([document["municipality_code"]], synthetic=office.settings.synthetic)
    return office.store.revise_register_entry(entry_id, document, actor=office.actor), notes


def load_entry(path: Path, regime: Regime) -> tuple[dict[str, Any], tuple[Finding, ...]]:
    """Return a register entry from its document, and notes.

    Raises
    ------
    FormRejected
        It does not meet its form, or lacks an item the regime asks for.
    """
    document = load_document("register_entry", path)
    findings = tuple(find_gaps(document, regime))
    refusing = tuple(finding for finding in findings if finding.kind.severity is Severity.FILE)
    if refusing:
        raise FormRejected(
            N_("the register entry lacks items the law asks for"),
            N_("add the items named above; schemas/documents/register_entry.yaml lists them all"),
            findings=refusing,
        )
    return document, findings


def find_gaps(document: Mapping[str, Any], regime: Regime) -> Iterator[Finding]:
    """Yield what an entry lacks under a regime, and notes."""
    for item in regime.register_items:
        if _is_due(item.when, document) and not _is_given(document.get(item.key)):
            yield Finding(kind=ITEM_MISSING, column=Name(item.key), params={"number": item.number, "article": Name(item.citation)})
    table = document.get("table")
    if table and document.get("columns"):
        known = {column.name for column in load_table(table).columns}
        yield from (
            Finding(kind=NO_COLUMN, column=Name(f"columns.{index}"), params={"table": Name(table)})
            for index, name in enumerate(document["columns"])
            if name not in known
        )
    if document["persons"] < regime.minimum_persons:
        kind = CLOSED if document["open_to_proposals"] else TOO_FEW
        yield Finding(kind=kind, column=Name("persons"), params={"minimum": regime.minimum_persons})


def _is_due(when: str, document: Mapping[str, Any]) -> bool:
    """Return whether an item must be given: always, or by what else the entry says."""
    conditions = {
        "always": True,
        "if_electronic": document["file_kind"] == "electronic",
        "if_open": document["open_to_proposals"],
        "after_creation": any(document.get(key) for key in ("product_outline", "product_office", "product_period")),
    }
    return bool(conditions.get(when, False))


def _is_given(value: object) -> bool:
    return value is not None and value != []
