"""The quality of a file that the office keeps, and what changed between two plain files. Decided here: where both are found."""

from pathlib import Path
from typing import Any

from casework.i18n import find_translator
from casework.store import Store
from intake.choice import choose_layout
from intake.convert import PAGE_LANGUAGE, check_output
from intake.quality.compare import Changes, Reading, compare_files
from intake.quality.page import render_quality
from intake.unpack import unpack
from schemas.errors import TransitionRefused
from schemas.files import write_bytes
from schemas.messages import N_, Name


def get_quality(store: Store, file_id: str) -> dict[str, Any]:
    """Return the latest record of the quality of a file.

    Raises
    ------
    TransitionRefused
        The file is not known, or was not put into the common schema yet.
    """
    store.get_file(file_id)
    record = store.get_record("quality", file_id=file_id)
    if record is None or "quality" not in record:
        raise TransitionRefused(N_("{file} has no quality report yet"), N_("run: sakusei intake normalise {file}"), file=Name(file_id))
    return record


def write_page(record: dict[str, Any], path: Path, file_id: str) -> None:
    """Write the quality of a file as a page.

    Raises
    ------
    FileRejected
        Nothing can be written there.
    """
    check_output(path)
    write_bytes(path, render_quality(record, find_translator(PAGE_LANGUAGE), language=PAGE_LANGUAGE, file_id=file_id).encode())


def compare_plain(old: Path, new: Path, *, table: str, layout: str | None = None, old_layout: str | None = None) -> Changes:
    """Return what changed from one plain file to another.

    Parameters
    ----------
    old, new : Path
        Files as they came; one data file in a gzip or zip file is taken out.
    table : str
        Table of both.
    layout, old_layout : str or None
        How they are written; the old one as the new one when nothing is said.

    Raises
    ------
    FileRejected
        One of the files cannot be read by its layout.
    """
    with unpack(old) as before, unpack(new) as after:
        return compare_files(
            Reading(source=before, layout=choose_layout(before, table, old_layout or layout)),
            Reading(source=after, layout=choose_layout(after, table, layout)),
        )
