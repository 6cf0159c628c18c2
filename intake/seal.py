"""Sealing at the municipality: a file is looked through, counted, and put into an envelope for the office. No workspace is needed.

Decided here: a file with 個人番号 is not sealed, and neither is one whose municipality codes are of the other world (real, synthetic) than
the municipality that sends it, nor, unless it is wanted, one of which the office would put aside more than half of the rows.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from intake.bundles import PAYLOAD, read_recipient, seal_payload, write_bundle
from intake.choice import choose_layout
from intake.convert import check_output, preview_conversion
from intake.layout import PLAIN, layout_names
from intake.quality.account import ConversionReport
from intake.reading import open_source
from intake.unpack import unpack
from schemas.documents import load_document
from schemas.errors import FileRejected
from schemas.files import sha256_file
from schemas.findings import Severity
from schemas.messages import N_
from schemas.municipalities import Municipality, check_same_world, get_municipality


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What a municipality says about the file it sends.

    Parameters
    ----------
    table : str
        Table the rows become.
    layout : str or None
        Layout by name or path; None to find it.
    municipality_code : str
        Who sends: six digits.
    as_of : date
        The day the contents are of.
    recipient : Path
        `office.age.pub` of the office.
    anyway : bool
        Seal it even when the office would put aside more than half of its rows.
    password : str
        Opens a locked workbook or zip file; what is sealed has no lock of its own.
    """

    table: str
    layout: str | None
    municipality_code: str
    as_of: date
    recipient: Path
    anyway: bool = False
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What was sealed.

    Parameters
    ----------
    manifest : dict[str, Any]
        Manifest of the bundle.
    preview : ConversionReport
        What the office will make of the rows.
    """

    manifest: dict[str, Any]
    preview: ConversionReport


def seal_file(source: Path, sending: Sending, output: Path, advance: Callable[[int], None] | None = None) -> Sealed:
    """Write a bundle and return its manifest, and what the office will make of the rows.

    Parameters
    ----------
    source : Path
        The file as the municipality holds it; of an archive only the data file in it is sealed.
    sending : Sending
        What it is and for whom.
    output : Path
        The bundle, `X.sakusei`.
    advance : Callable or None
        Told the rows of each block.

    Raises
    ------
    FileRejected
        The file does not fit the layout, holds individual numbers, mixes real and synthetic municipalities, or more than half of its
        rows would be put aside.
    SettingsError
        The municipality or the key of the office is not known.
    """
    check_output(output)
    recipient = read_recipient(sending.recipient)
    municipality = get_municipality(sending.municipality_code)
    with unpack(source, password=sending.password) as plain:
        return _seal_plain(plain, sending, output, recipient=recipient, municipality=municipality, advance=advance)


def _seal_plain(  # what is sent, where to, and who looks on
    plain: Path, sending: Sending, output: Path, *, recipient: str, municipality: Municipality, advance: Callable[[int], None] | None
) -> Sealed:
    """Look through a file, write its bundle and return what was sealed."""
    layout = choose_layout(plain, sending.table, sending.layout).with_as_of(sending.as_of)
    before = sha256_file(plain)
    opened = open_source(plain, layout)
    found, preview = preview_conversion(plain, opened, advance)
    check_same_world(found.municipalities, synthetic=municipality.is_synthetic)
    if not sending.anyway:
        check_rows(preview)
    with seal_payload(plain, recipient, output.absolute().parent) as envelope:
        if sha256_file(plain) != before:
            raise FileRejected(N_("the file changed while it was sealed"), N_("give a file that nobody is writing to"))
        manifest = {
            "transfer": 1,
            "municipality_code": municipality.code,
            "table": layout.table.name,
            "layout": layout.name,
            **_describe_layout(sending.layout, layout.name),
            "as_of": sending.as_of.isoformat(),
            "rows": found.rows,
            "persons": found.persons,
            "synthetic": municipality.is_synthetic,
            "payload": {"name": PAYLOAD, "sha256": sha256_file(envelope), "size_bytes": envelope.stat().st_size},
            "source": {"suffix": plain.suffix, "sha256": before, "size_bytes": plain.stat().st_size},
            "recipient": recipient,
        }
        write_bundle(output, manifest, envelope)
    return Sealed(manifest=manifest, preview=preview)


def check_rows(preview: ConversionReport) -> None:
    """Raise when more than half of the rows would be put aside.

    Raises
    ------
    FileRejected
        With the causes.
    """
    if 2 * preview.rows_quarantined > preview.rows_in:
        raise FileRejected(
            N_("the office would put aside {aside} of the {count} rows; nothing was sealed"),
            N_("correct the rows named above, or check table and layout; with --anyway the file is sealed as it is"),
            findings=tuple(finding for finding in preview.findings if finding.kind.severity is Severity.ROW),
            aside=preview.rows_quarantined,
            count=preview.rows_in,
        )


def _describe_layout(spec: str | None, name: str) -> dict[str, Any]:
    """Return the layout itself when the office cannot know it."""
    if spec is None or name == PLAIN or spec in layout_names():
        return {}
    return {"layout_document": load_document("layout", Path(spec))}
