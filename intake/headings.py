"""Which field of a file is which column: by the heading line, or by position.

Decided here: headings are compared without spaces and width; a missing key of persons, or a heading that is there twice, refuses the
file; what the layout does not know is named by its place alone, because a file without its heading line has persons in the first row.
"""

import re
import unicodedata
from collections.abc import Sequence

from intake.defects import COLUMN_ABSENT, COLUMN_IGNORED, FIELD_COUNT, HEADING_MISSING, HEADING_TWICE, REQUIRED_ABSENT
from intake.formats.workbook import to_letters
from intake.layout import Layout, LayoutColumn
from schemas.findings import Finding
from schemas.messages import Name

_PLACES_NAMED = 6


def fold_heading(text: str) -> str:
    """Return a heading in the form headings are compared in."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).lower()


def match_headings(first: list[str], layout: Layout) -> tuple[tuple[tuple[int, LayoutColumn], ...], tuple[Finding, ...]]:
    """Return which field is which column by the heading line, and what is wrong with it."""
    headings = [fold_heading(text) for text in first]
    places: list[tuple[int, LayoutColumn]] = []
    findings: list[Finding] = []
    for column in layout.columns:
        known = {fold_heading(heading) for heading in column.headings}
        found = [index for index, heading in enumerate(headings) if heading in known]
        if len(found) == 1:
            places.append((found[0], column))
        elif found:
            findings.append(Finding(kind=HEADING_TWICE, column=column.label))
        else:
            # A municipality is asked for the least; only without the key of persons nothing can be counted.
            absent = REQUIRED_ABSENT if column.use.column.required else COLUMN_ABSENT
            findings.append(Finding(kind=HEADING_MISSING if column.name == layout.table.unit else absent, column=column.label))
    taken = {place for place, _ in places}
    ignored = [index for index in range(len(first)) if index not in taken]
    if ignored and not any(finding.kind is HEADING_TWICE for finding in findings):
        findings.append(Finding(kind=COLUMN_IGNORED, column=name_places(ignored), count=len(ignored)))
    return tuple(sorted(places, key=lambda place: place[0])), tuple(findings)


def match_positions(first: list[str], layout: Layout) -> tuple[tuple[tuple[int, LayoutColumn], ...], tuple[Finding, ...]]:
    """Return which field is which column by position; the first row must have the fields of the layout."""
    places = tuple(sorted(((column.position - 1, column) for column in layout.columns), key=lambda place: place[0]))
    if len(first) == layout.fields:
        return places, ()
    return places, (Finding(kind=FIELD_COUNT, rows=(1,), params={"fields": len(first), "expected": layout.fields}),)


def name_places(indices: Sequence[int]) -> Name:
    """Return places of fields (from 0) as text, with the letters of a spreadsheet: `#15 (O), #17 (Q)`."""
    named = [f"#{index + 1} ({to_letters(index)})" for index in indices[:_PLACES_NAMED]]
    return Name(", ".join(named) + (" …" if len(indices) > _PLACES_NAMED else ""))
