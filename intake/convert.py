"""A file to the common schema: a first reading that may refuse it, a second that writes what came out, what was put aside, and the account.

Decided here: every row is either in the output or in the quarantine; outputs appear whole at the end or not at all.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from casework.i18n import find_translator
from intake.batches import Conversion, packed_schema
from intake.choice import choose_layout
from intake.defect_list import open_defect_list
from intake.layout import Layout
from intake.parquet import open_parquet
from intake.quality.account import ConversionReport
from intake.quarantine import QUARANTINE_SCHEMA
from intake.reading import Opened, open_source
from intake.survey import Survey
from intake.unpack import unpack
from schemas.errors import FileRejected
from schemas.files import readable_json, sha256_file, write_bytes
from schemas.messages import N_, Name

# the quality report is for the municipality and the office
PAGE_LANGUAGE = "ja"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Where the results of a conversion go; None is not written.

    Parameters
    ----------
    table : Path or None
        Parquet file of the rows that came out.
    quarantine : Path or None
        Parquet file of the rows that were put aside; holds personal information.
    defects : Path or None
        CSV file of the defects by row, without contents.
    report : Path or None
        JSON file of the account, without contents.
    html : Path or None
        The same as a page, small counts hidden.
    """

    table: Path | None = None
    quarantine: Path | None = None
    defects: Path | None = None
    report: Path | None = None
    html: Path | None = None

    def check(self, source: Path) -> None:
        """Raise when a path cannot be written, is the source, or is given twice.

        Raises
        ------
        FileRejected
            Before anything is read.
        """
        given = [path for path in (self.table, self.quarantine, self.defects, self.report, self.html) if path is not None]
        for path in given:
            check_output(path)
        places = [path.absolute() for path in (source, *given)]
        if len(set(places)) < len(places):
            raise FileRejected(N_("two of the files are the same"), N_("give each output a name of its own, other than the input's"))


def check_output(path: Path) -> None:
    """Raise when a file cannot be written there.

    Raises
    ------
    FileRejected
        The folder does not exist, or the path is a folder.
    """
    if not path.absolute().parent.is_dir() or path.is_dir():
        raise FileRejected(N_("{file} cannot be written there"), N_("give a file name in a folder that exists"), file=Name(path.name))


def convert_file(
    source: Path,
    *,
    table: str,
    layout: str | None = None,
    output: Path | None = None,
    report: Path | None = None,
    quarantine: Path | None = None,
    defects: Path | None = None,
    html: Path | None = None,
    as_of: date | None = None,
    password: str = "",
    advance: Callable[[int], None] | None = None,
) -> ConversionReport:
    """Convert a plain file to a table of the common schema.

    Parameters
    ----------
    source : Path
        The file as it came; one data file in a gzip or zip file is taken out.
    table : str
        Name of the table.
    layout : str or None
        Shipped name, `plain`, or path of a layout; None to find it.
    output, report, quarantine, defects, html : Path or None
        What to write (see `Outputs`); all None to check only.
    as_of : date or None
        The day the contents are of; births after it put their row aside.
    password : str
        Opens a locked workbook or zip file.
    advance : Callable or None
        Told the rows of each block.

    Returns
    -------
    ConversionReport
        rows_in = rows_out + rows_quarantined.

    Raises
    ------
    FileRejected
        The file cannot be taken in at all; nothing is written.
    """
    wanted = Outputs(table=output, quarantine=quarantine, defects=defects, report=report, html=html)
    wanted.check(source)
    with unpack(source, password=password) as plain:
        account = convert_source(plain, choose_layout(plain, table, layout).with_as_of(as_of), wanted, advance, came=source)
    if report:
        write_bytes(report, readable_json(account.to_json()))
    if html:
        from intake.quality.page import render_quality

        write_bytes(html, render_quality(account.to_json(), find_translator(PAGE_LANGUAGE)).encode())
    return account


def convert_source(
    source: Path, layout: Layout, outputs: Outputs, advance: Callable[[int], None] | None = None, *, came: Path | None = None
) -> ConversionReport:
    """Convert a file by a layout; writes all but the report, which speaks of the file as it `came` where that was an archive.

    Raises
    ------
    FileRejected
        The file cannot be taken in at all; nothing is written.
    """
    began = time.monotonic()
    state = _get_state(source)
    opened = open_source(source, layout)
    conversion = Conversion(opened=opened)
    with ExitStack() as stack:
        digest = stack.enter_context(_hash_beside(came or source))
        sinks = (
            stack.enter_context(open_parquet(outputs.quarantine, QUARANTINE_SCHEMA)),
            stack.enter_context(open_defect_list(outputs.defects, layout)),
        )
        out = stack.enter_context(open_parquet(outputs.table, packed_schema(opened), conversion.book.to_metadata))
        for piece in conversion.run(advance):
            out(piece.table)
            for sink in sinks:
                sink(piece.aside)
        _check_change(source, state)
        _check_rows(conversion, checking=outputs.table is None)
    return _report(came or source, digest.result(), conversion, seconds=time.monotonic() - began, output=outputs.table)


def preview_conversion(source: Path, opened: Opened, advance: Callable[[int], None] | None = None) -> tuple[Survey, ConversionReport]:
    """Return what a file shows, and the account a conversion of it would have, even when no row comes out; nothing is written.

    Raises
    ------
    FileRejected
        The file has no rows, holds individual numbers, or changed while it was read.
    """
    began, state = time.monotonic(), _get_state(source)
    conversion = Conversion(opened=opened)
    with _hash_beside(source) as digest:
        for _ in conversion.run(advance):
            pass
    _check_change(source, state)
    return conversion.found, _report(source, digest.result(), conversion, seconds=time.monotonic() - began, output=None)


@contextmanager
def _hash_beside(path: Path) -> Iterator[Future[str]]:
    """Yield the hash of a file to come, made by a thread of its own."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        yield thread.submit(sha256_file, path)


def _get_state(source: Path) -> tuple[int, int, int]:
    """Return what changes when a file is written to."""
    state = source.stat()
    return state.st_ino, state.st_size, state.st_mtime_ns


def _check_change(source: Path, state: tuple[int, int, int]) -> None:
    """Raise when a file is not as it was."""
    if _get_state(source) != state:
        raise FileRejected(N_("the file changed while it was read"), N_("give a file that nobody is writing to"))


def _check_rows(conversion: Conversion, *, checking: bool) -> None:
    """Raise when no row came out; who checks a file has not sent it yet."""
    if conversion.rows_out == 0:
        raise FileRejected(
            N_("none of the {count} rows can be taken over; if the file is sent as it is, {count} rows will be put aside")
            if checking
            else N_("none of the {count} rows can be taken over"),
            N_("mend the causes named above; when they are in nearly every column, table or layout is not that of the file"),
            findings=conversion.tally.to_findings(),
            count=conversion.found.rows,
        )


def _report(  # one record of many facts
    source: Path, digest: str, conversion: Conversion, *, seconds: float, output: Path | None
) -> ConversionReport:
    """Return the account of a conversion."""
    opened, first, tally = conversion.opened, conversion.found, conversion.tally
    layout = opened.layout
    return ConversionReport(
        table=layout.table.name,
        layout=layout.name,
        encoding=opened.encoding,
        source_sha256=digest,
        output_sha256=sha256_file(output) if output else "",
        source_bytes=source.stat().st_size,
        rows_in=first.rows,
        rows_out=conversion.rows_out,
        rows_quarantined=conversion.rows_aside,
        persons_in=first.persons,
        persons_out=conversion.persons.count() if layout.table.unit else conversion.rows_out,
        quarantined_rows=tuple(tally.aside),
        findings=(*opened.findings, *first.findings, *tally.to_findings(), *conversion.book.to_findings()),
        repairs=tally.repairs,
        filled=tally.filled,
        rules={column.name: column.use.rule for column in layout.columns},
        seconds=round(seconds, 3),
        quality=conversion.book.to_json(tally, conversion.rows_out),
    )
