"""Sealing at the municipality: a file is looked through, counted, and put into an envelope for the office. No workspace is needed.

Decided here: a file with 個人番号 is not sealed, and neither is one whose municipality codes are of the other world (real, synthetic) than
the municipality that sends it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from intake.bundles import PAYLOAD, read_recipient, seal_payload, write_bundle
from intake.choice import choose_layout
from intake.convert import check_output
from intake.layout import PLAIN, layout_names
from intake.reading import open_source
from intake.survey import survey
from intake.unpack import unpack
from schemas.documents import load_document
from schemas.errors import FileRejected
from schemas.files import sha256_file
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
    """

    table: str
    layout: str | None
    municipality_code: str
    as_of: date
    recipient: Path


def seal_file(source: Path, sending: Sending, output: Path, advance: Callable[[int], None] | None = None) -> dict[str, Any]:
    """Write a bundle and return its manifest.

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
        The file does not fit the layout, holds individual numbers, or mixes real and synthetic municipalities.
    SettingsError
        The municipality or the key of the office is not known.
    """
    check_output(output)
    recipient = read_recipient(sending.recipient)
    municipality = get_municipality(sending.municipality_code)
    with unpack(source) as plain:
        return _seal_plain(plain, sending, output, recipient=recipient, municipality=municipality, advance=advance)


def _seal_plain(  # what is sent, where to, and who looks on
    plain: Path, sending: Sending, output: Path, *, recipient: str, municipality: Municipality, advance: Callable[[int], None] | None
) -> dict[str, Any]:
    """Look through a file, write its bundle and return the manifest."""
    layout = choose_layout(plain, sending.table, sending.layout)
    before = sha256_file(plain)
    found = survey(open_source(plain, layout), advance)
    check_same_world(found.municipalities, synthetic=municipality.is_synthetic)
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
    return manifest


def _describe_layout(spec: str | None, name: str) -> dict[str, Any]:
    """Return the layout itself when the office cannot know it."""
    if spec is None or name == PLAIN or spec in layout_names():
        return {}
    return {"layout_document": load_document("layout", Path(spec))}
