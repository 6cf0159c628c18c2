"""The proposal form (提案書) as it came in: read, checked whole, and bound to its bytes.

Decided here: what stops a form at the door. Everything that needs the register, the law or a person is for `proposals.screening`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from schemas.documents import load_document
from schemas.errors import FormRejected
from schemas.files import sha256_file
from schemas.findings import Finding, FindingKind, Severity
from schemas.messages import N_, Name

NO_ENTRY = FindingKind("form.no-entry", Severity.FILE, N_("names a register entry this office does not have"))
NO_OFFER = FindingKind("form.no-offer", Severity.FILE, N_("names a municipality that offers no such file"))
OTHER_REGIME = FindingKind("form.other-regime", Severity.FILE, N_("is not the regime of this case"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A proposal that meets its schema.

    Parameters
    ----------
    document : Mapping[str, Any]
        The fields; days as ISO 8601 text.
    sha256 : str
        Of the bytes as they came in.
    size_bytes : int
        Their number.
    """

    document: Mapping[str, Any]
    sha256: str
    size_bytes: int

    def with_receipt(self, received_on: date, register_ids: tuple[str, ...]) -> dict[str, Any]:
        """Return what the case store keeps: the form, and how and when it was received.

        Parameters
        ----------
        received_on : date
            Ages of papers are counted to this day.
        register_ids : tuple[str, ...]
            The register entries the form means, one by one.
        """
        receipt = {
            "sha256": self.sha256,
            "size_bytes": self.size_bytes,
            "received_on": received_on.isoformat(),
            "register_entries": list(register_ids),
        }
        return {**self.document, "receipt": receipt}


def read_form(path: Path) -> Form:
    """Return a form from a YAML or JSON file.

    Raises
    ------
    FormRejected
        It cannot be read or does not meet its schema; with all findings and their lines.
    """
    document = load_document("proposal", path)
    return Form(document=document, sha256=sha256_file(path), size_bytes=path.stat().st_size)


def find_register_ids(form: Form, known: Mapping[str, tuple[str, str | None]]) -> tuple[str, ...]:
    """Return the ids of the register entries a form means, by id or by municipality.

    Parameters
    ----------
    known : Mapping[str, tuple[str, str or None]]
        Register id → municipality code, table of the common schema.

    Raises
    ------
    FormRejected
        An entry is not known, or a municipality offers no file of the table; with all findings.
    """
    files = form.document["files"]
    named, codes = files.get("register_entries", []), files.get("municipalities", [])
    findings = [_finding(NO_ENTRY, f"files.register_entries.{index}") for index, entry in enumerate(named) if entry not in known]
    found = [entry for entry in named if entry in known]
    for index, code in enumerate(codes):
        offered = [entry for entry, (municipality, table) in known.items() if (municipality, table) == (code, files["table"])]
        found += offered
        findings += [] if offered else [_finding(NO_OFFER, f"files.municipalities.{index}")]
    if findings:
        raise FormRejected(
            N_("the form names {count} files that are not on offer"),
            N_("see what is: sakusei register list"),
            findings=tuple(findings),
            count=len(findings),
        )
    return tuple(dict.fromkeys(found))


def check_regime(form: Form, regime: str) -> None:
    """Raise when a form is made for another law than the case follows.

    Raises
    ------
    FormRejected
        The form names another regime.
    """
    if form.document.get("regime", regime) != regime:
        raise FormRejected(
            N_("the form is made for another regime than {regime}"),
            N_("leave out the field `regime`, or use the form of {regime}"),
            findings=(_finding(OTHER_REGIME, "regime"),),
            regime=Name(regime),
        )


def _finding(kind: FindingKind, path: str) -> Finding:
    return Finding(kind=kind, column=Name(path))
