"""What speaks against a workbook beside its values, and what of it is told: asked before its rows are read.

Decided here: formulas, macros, and zeros that cannot be rebuilt refuse the file; hidden rows and columns are read like the others, and
told. What is no cell is handed over with the file but looked through by nobody: comments, pictures and embedded parts refuse the file,
and so does an individual number in any other text. Cells in error put their row aside where single cells can be read (.xlsx), and refuse
the file elsewhere.
"""

from pathlib import Path
from typing import Any

from intake.defects import (
    COMMENTS,
    EMBEDDED,
    ENTITIES,
    ERROR_CELLS,
    FORMULA_CELLS,
    HIDDEN_COLUMNS,
    HIDDEN_ROWS,
    HIDDEN_SHEETS,
    MACROS,
    MERGED_CELLS,
    MY_NUMBER_BESIDE,
    TOO_LARGE,
    UNCLEAR_ZEROS,
)
from intake.formats.sandbox import find_facts
from intake.identifiers import count_my_numbers
from schemas.errors import FileRejected
from schemas.findings import Finding, FindingKind
from schemas.messages import N_, Name

_REASONS = {"macros": MACROS, "entities": ENTITIES, "too_large": TOO_LARGE}
_BESIDE = {"comments": COMMENTS, "embedded": EMBEDDED}
_NOTES = {"hidden_rows": HIDDEN_ROWS, "hidden_columns": HIDDEN_COLUMNS, "hidden_sheets": HIDDEN_SHEETS}


def check_workbook(path: Path, sheet: str, *, above: int | None = None) -> tuple[Finding, ...]:
    """Return what of a workbook is worth telling.

    Parameters
    ----------
    path : Path
        The workbook.
    sheet : str
        Number or name of the sheet.
    above : int or None
        Lines of titles and headings, among which cells may be merged; None while nobody knows.

    Raises
    ------
    FileRejected
        It cannot be read, is locked, holds programs, formulas or cells in error, or numbers whose leading zeros are lost, or what is no
        cell: comments, pictures, embedded parts, or an individual number in another text.
    """
    facts = find_facts(path, sheet)
    name = Name(path.name)
    if facts["locked"]:
        raise FileRejected(
            N_("{file} is locked in a way that is not opened here"), N_("save it without a password, or as .xlsx with one"), file=name
        )
    reasons = [Finding(kind=kind) for key, kind in _REASONS.items() if facts[key]]
    reasons += _tell_cells(facts, "formula", FORMULA_CELLS)
    if not facts["exact"]:
        reasons += _tell_cells(facts, "error", ERROR_CELLS)
    reasons += [Finding(kind=UNCLEAR_ZEROS, column=Name(letters)) for letters in facts["unclear"]]
    reasons += _tell_merged(facts, above)
    _check_beside(facts, name)
    if reasons:
        raise FileRejected(
            N_("{file} holds more than values, or not as a spreadsheet program writes them"),
            N_("copy the table, paste it into a new workbook as values, set columns of codes to text, and save it as .xlsx"),
            findings=tuple(reasons),
            file=name,
        )
    return tuple(Finding(kind=kind, count=facts[key]) for key, kind in _NOTES.items() if facts[key])


def _tell_merged(facts: dict[str, Any], above: int | None) -> list[Finding]:
    """Return merged cells among the rows: their text stands in the first of them alone."""
    rows = [] if above is None else [row for row in facts["merged"] if row > above]
    unplaced = facts["merged_unplaced"] and above == 1
    return [Finding(kind=MERGED_CELLS, rows=tuple(rows), count=max(1, len(rows)))] if rows or unplaced else []


def _check_beside(facts: dict[str, Any], name: Name) -> None:
    """Refuse a workbook for what is no cell of it."""
    found = [Finding(kind=kind, count=facts[key]) for key, kind in _BESIDE.items() if facts[key]]
    if numbers := count_my_numbers(facts["beside"]):
        found.append(Finding(kind=MY_NUMBER_BESIDE, count=numbers))
    if found:
        raise FileRejected(
            N_("{file} holds more than the cells of its table; nothing else may be handed over"),
            N_("Excel: File > Info > Inspect Document removes comments, properties, headers and footers; or copy the table as values"),
            findings=tuple(found),
            file=name,
        )


def _tell_cells(facts: dict[str, Any], what: str, kind: FindingKind) -> list[Finding]:
    count = facts[f"{what}s"]
    return [Finding(kind=kind, count=count, rows=tuple(facts[f"{what}_rows"]))] if count else []
