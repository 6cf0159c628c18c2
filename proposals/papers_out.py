"""Papers going out: rendered, kept by the store, and copied where the person wants them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casework.clock import day_of
from casework.office import Office
from casework.records import Case
from schemas.errors import SettingsError
from schemas.files import sha256_bytes, write_bytes
from schemas.messages import N_, Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A paper that went out: its kind and number, where it is kept, its SHA-256."""

    kind: str
    number: str
    path: Path
    sha256: str

    def to_json(self) -> dict[str, Any]:
        """Return the paper for machines."""
        return {"kind": self.kind, "number": self.number, "path": str(self.path), "sha256": self.sha256}


def next_number(office: Office, case_id: str) -> str:
    """Return the number of the next letter of a case: 第C-0001-3号 is its third paper."""
    return f"第{case_id}-{len(office.store.list_papers(case_id=case_id)) + 1}号"


def letter_head(office: Office, case: Case, to: list[str], *, file_id: str | None = None) -> dict[str, Any]:
    """Return what stands at the head and foot of a letter."""
    receipt = case.document["receipt"]
    return {
        "number": next_number(office, case.id),
        "date": day_of(office.now()),
        "to": to,
        "office": office.settings.office_name,
        "synthetic": office.settings.synthetic,
        "case_id": case.id,
        "file_id": file_id,
        "received_on": receipt["received_on"],
        "form_sha256": receipt["sha256"],
    }


def keep_letter(office: Office, kind: str, html: str, head: dict[str, Any]) -> Letter:
    """Keep a rendered letter as a paper of its case or file."""
    content = html.encode()
    path = office.store.add_paper(kind, content, ".html", actor=office.actor, case_id=head["case_id"], file_id=head["file_id"])
    return Letter(kind=kind, number=head["number"], path=path, sha256=sha256_bytes(content))


def copy_letter(letter: Letter, output: Path) -> Path:
    """Write a kept letter to a file of the person's choice and return it.

    Raises
    ------
    SettingsError
        The folder does not exist, or cannot be written.
    """
    try:
        write_bytes(output, letter.path.read_bytes())
    except OSError as error:
        raise SettingsError(
            N_("{file} cannot be written; the letter itself is kept"), N_("name a file in a folder that exists"), file=Name(output.name)
        ) from error
    return output
