"""The other releases of a register entry, opened from the vault for one assessment.

Decided here: which files are taken into account: those of every release that is out, whoever has it, and those of the same case that were
assessed and would be released together. Not decided here: how they are compared.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anonymize.method_file import read_facts
from anonymize.risk.beside import Beside, Other
from casework.ledger import LiveFile, list_live_files
from casework.office import Office
from casework.states import FileState
from schemas.messages import Name

NORMALISED, PROCESSED, METHOD = "normalised", "processed", "method"


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """What a file is held against: released files, and files of the same case that wait for the same release."""

    released: tuple[LiveFile, ...]
    waiting: tuple[str, ...]

    def to_json(self) -> list[dict[str, Any]]:
        """Return what the record of the gate keeps."""
        waiting = [{"release": None, "file": file_id, "ledger_sha256": None} for file_id in self.waiting]
        return [*(file.to_json() for file in self.released), *waiting]


def find_neighbours(office: Office, file_id: str) -> Neighbours:
    """Return the files a file is to be held against."""
    file = office.store.get_file(file_id)
    waiting = tuple(
        other.id
        for other in office.store.list_files(file.case_id)
        if other.id != file_id and other.register_id == file.register_id and other.state is FileState.ASSESSED
    )
    return Neighbours(released=list_live_files(office.store, file.register_id), waiting=waiting)


@contextmanager
def open_neighbours(office: Office, file_id: str, neighbours: Neighbours, original: Path) -> Iterator[Beside | None]:
    """Yield the class tables and written files of the neighbours; None where there are none.

    Inputs are opened only where quasi-identifiers differ, so that class tables alone do not do.
    """
    files = [(file.release_id, file.file_id) for file in neighbours.released] + [(other, other) for other in neighbours.waiting]
    if not files:
        yield None
        return
    with ExitStack() as stack:
        method = stack.enter_context(office.vault.open(file_id, METHOD))
        opened = {other: _open(office, stack, other, METHOD) for _, other in files}
        wanted = _differ([method, *(path for path in opened.values() if path)])
        yield Beside(
            method=method,
            others=tuple(
                Other(
                    name=Name(name),
                    method=opened[other],
                    released=_open(office, stack, other, PROCESSED),
                    original=(_open(office, stack, other, NORMALISED) or original) if wanted else original,
                )
                for name, other in files
            ),
        )


def _open(office: Office, stack: ExitStack, file_id: str, kind: str) -> Path | None:
    """Return an opened item of the vault; None where it is no longer, or never was, there."""
    if office.store.get_file(file_id).state is FileState.ERASED or office.store.find_sealed(file_id, kind) is None:
        return None
    return stack.enter_context(office.vault.open(file_id, kind))


def _differ(methods: Sequence[Path]) -> bool:
    """Return whether releases have different quasi-identifiers."""
    return len({tuple(sorted(read_facts(path)[1].get("columns", []))) for path in methods}) > 1
