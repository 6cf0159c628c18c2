"""Step 6 in the office: a received file becomes the common schema, from vault to vault; rows with a defect are sealed apart.

Decided here: what is sealed and recorded. Not decided here: whether the quality is good enough to go on; people read the record.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from casework.i18n import find_translator
from casework.office import Office
from casework.states import FileState
from intake.convert import PAGE_LANGUAGE, Outputs, convert_source
from intake.defects import PERSONS_OTHER
from intake.quality.account import ConversionReport
from intake.quality.checks import describe_persons
from intake.quality.page import render_quality
from intake.receive import load_sent_layout
from schemas.errors import TransitionRefused
from schemas.findings import Finding
from schemas.messages import N_, Name


def normalise_file(office: Office, file_id: str, advance: Callable[[int], None] | None = None) -> ConversionReport:
    """Convert a received file and return the account.

    Parameters
    ----------
    office : Office
        Who converts.
    file_id : str
        The file.
    advance : Callable or None
        Told the rows of each block.

    Raises
    ------
    TransitionRefused
        State, role or two-person rule forbid it.
    FileRejected
        The file cannot be converted; nothing changes.
    """
    office.store.check_file_step(file_id, FileState.NORMALISED, actor=office.actor)
    manifest = _get_transfer(office, file_id)
    with office.vault.open(file_id, "received") as plain, office.vault.work_folder() as folder:
        layout = load_sent_layout(plain, manifest, folder).with_as_of(date.fromisoformat(manifest["as_of"]))
        output, aside = folder / "normalised.parquet", folder / "quarantine.parquet"
        report = convert_source(plain, layout, Outputs(table=output, quarantine=aside), advance)
        office.vault.seal(file_id, "normalised", output)
        # sealed even when it is empty, so that none of an earlier conversion stays
        office.vault.seal(file_id, "quarantine", aside)
    report = _complete(office, file_id, report, manifest)
    page = render_quality(report.to_json(), find_translator(PAGE_LANGUAGE), language=PAGE_LANGUAGE, file_id=file_id)
    with office.store.transaction():
        office.store.add_record("quality", report.to_json(), actor=office.actor, file_id=file_id)
        office.store.add_paper("quality", page.encode(), ".html", actor=office.actor, file_id=file_id)
        facts = {"rows_in": report.rows_in, "rows_out": report.rows_out, "rows_quarantined": report.rows_quarantined}
        office.store.move_file(file_id, FileState.NORMALISED, actor=office.actor, facts=facts)
    return report


def _complete(office: Office, file_id: str, report: ConversionReport, manifest: Mapping[str, Any]) -> ConversionReport:
    """Return the account with what the office alone knows: the register entry (本人の数, columns), and the file received before."""
    entry = office.store.get_register_entry(office.store.get_file(file_id).register_id).document
    persons = {**describe_persons(report.table, entry["persons"], report.persons_in), **_compare_columns(entry, report)}
    numbers = {"found": report.persons_in, "stated": entry["persons"]}
    other = () if persons["within"] else (Finding(kind=PERSONS_OTHER, params=numbers),)
    changes = _get_changes(office, file_id, manifest)
    return replace(report, persons=persons, changes=changes, findings=(*report.findings, *other))


def _compare_columns(entry: Mapping[str, Any], report: ConversionReport) -> dict[str, list[str]]:
    """Return which columns (記録項目) the register entry has and the file has not, and the reverse; nothing when it names none."""
    there = list(report.filled)
    stated = entry.get("columns") or there
    return {
        "columns_missing": [name for name in stated if name not in there],
        "columns_beyond": [name for name in there if name not in stated],
    }


def _get_changes(office: Office, file_id: str, manifest: Mapping[str, Any]) -> Mapping[str, object] | None:
    """Return what the receipt of this very file says has changed since the one before."""
    receipt = office.store.get_record("receipt", file_id=file_id) or {}
    found: Mapping[str, object] | None = receipt.get("changes") if receipt.get("source_sha256") == manifest["source"]["sha256"] else None
    return found


def _get_transfer(office: Office, file_id: str) -> dict[str, Any]:
    manifest = office.store.get_record("transfer", file_id=file_id)
    if manifest is None:
        raise TransitionRefused(
            N_("{file} was not received through a bundle"), N_("run: sakusei intake receive BUNDLE"), file=Name(file_id)
        )
    return manifest
