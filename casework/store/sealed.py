"""What the store knows of the vault: sealed files by SHA-256, and erasures begun and finished."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select, update

from casework.records import FileRecord, VaultItem, file_table, vault_table
from casework.states import RULES, FileState
from casework.store.cases import get_step
from casework.store.files import Files
from casework.store.transactions import by_id
from schemas.errors import TransitionRefused
from schemas.messages import N_, Name, Param


class Sealed(Files):
    """Vault items of the store. Called by `casework.vault` alone."""

    def note_sealed(self, item: VaultItem, *, actor: str, envelope_sha256: str = "") -> VaultItem | None:
        """Write that a file was sealed; return the item it replaces, if any.

        Parameters
        ----------
        item : VaultItem
            SHA-256 and size of the plain bytes.
        envelope_sha256 : str
            SHA-256 of the envelope, which the event keeps for the audit.

        Raises
        ------
        TransitionRefused
            The actor may not, or the file is erased or being erased.
        """
        with self.transaction():
            case_id = self.check_not_erased(item.file_id).case_id
            where = {"case_id": case_id, "file_id": item.file_id}
            self._check_rule(RULES["vault.sealed"], actor, **where)
            old = self.find_sealed(item.file_id, item.kind)
            facts: dict[str, Param] = {"size_bytes": item.size_bytes, "envelope": Name(item.envelope)}
            facts |= {"envelope_sha256": Name(envelope_sha256)} if envelope_sha256 else {}
            sequence = self._append("vault.sealed", actor, subject=item.kind, content_sha256=item.sha256, facts=facts, **where)
            self._writing().execute(delete(vault_table).where(vault_table.c.file_id == item.file_id, vault_table.c.kind == item.kind))
            row = {key: getattr(item, key) for key in ("file_id", "kind", "envelope", "sha256", "size_bytes")}
            self._writing().execute(insert(vault_table).values(sequence=sequence, sealed_at=self._clock(), **row))
        return old

    def note_opened(self, file_id: str, kind: str, *, actor: str) -> None:
        """Write that someone looked into a sealed file."""
        with self.transaction():
            case_id = self.check_not_erased(file_id).case_id
            self._check_rule(RULES["vault.opened"], actor, case_id=case_id, file_id=file_id)
            self._append("vault.opened", actor, subject=kind, case_id=case_id, file_id=file_id)

    def find_sealed(self, file_id: str, kind: str) -> VaultItem | None:
        """Return what is sealed under a file and kind, or None."""
        row = self._first(select(vault_table).where(vault_table.c.file_id == file_id, vault_table.c.kind == kind))
        return _to_item(row) if row else None

    def list_sealed(self, file_id: str | None = None) -> tuple[VaultItem, ...]:
        """Return everything sealed, of one file or all."""
        query = select(vault_table).order_by(*by_id(vault_table.c.file_id), vault_table.c.kind)
        return tuple(_to_item(row) for row in self._all(query.where(vault_table.c.file_id == file_id) if file_id else query))

    def order_erasure(self, file_id: str, *, actor: str) -> str:
        """Order that a file be erased, for another person to carry out; return the id of the order.

        Raises
        ------
        TransitionRefused
            The actor may not, or the file is erased.
        """
        with self.transaction():
            file = self.check_not_erased(file_id)
            return self.add_record("erasure_order", {"file_id": file_id, "state": file.state}, actor=actor, file_id=file_id)

    def begin_erasure(self, file_id: str, *, actor: str) -> None:
        """Write that the erasure begins: from here on it can only be finished.

        Raises
        ------
        TransitionRefused
            No order by another person, a missing role, or a file that is erased already.
        """
        with self.transaction():
            self._check_step(file_id, FileState.ERASED, actor)
            self._set_file(file_id, erasing_by=actor)
            self._append("vault.erasing", actor, case_id=self._case_of(file_id), file_id=file_id)

    def list_erasing(self) -> tuple[str, ...]:
        """Return files whose erasure has begun and is not finished."""
        query = select(file_table.c.id).where(file_table.c.erasing_by.is_not(None), file_table.c.state != FileState.ERASED.value)
        return tuple(row["id"] for row in self._all(query.order_by(*by_id(file_table.c.id))))

    def finish_erasure(self, file_id: str, certificate: Mapping[str, Any]) -> None:
        """Write that everything is erased, with the certificate, in one step."""
        with self.transaction():
            file = self.get_file(file_id)
            if file.state is FileState.ERASED:
                return
            actor = file.erasing_by or ""
            step = get_step(file_id, file.state, FileState.ERASED)
            self._set_file(file_id, state=FileState.ERASED.value)
            self._writing().execute(update(vault_table).where(vault_table.c.file_id == file_id).values(erased_at=self._clock()))
            self._append(step.event, actor, state=FileState.ERASED.value, case_id=file.case_id, file_id=file_id)
            record_id = self._next_id("D")
            self._write_document(
                "certificate",
                certificate,
                "record.certificate",
                actor,
                record_id=record_id,
                subject=record_id,
                case_id=file.case_id,
                file_id=file_id,
            )

    def check_not_erased(self, file_id: str) -> FileRecord:
        """Return the file unless it is erased or being erased.

        Raises
        ------
        TransitionRefused
            It is.
        """
        file = self.get_file(file_id)
        if file.state is FileState.ERASED or file.erasing_by:
            raise TransitionRefused(N_("{file} is erased"), N_("ask the municipality for it again"), file=Name(file_id))
        return file


def _to_item(row: RowMapping) -> VaultItem:
    return VaultItem(**{key: row[key] for key in ("file_id", "kind", "envelope", "sha256", "size_bytes", "sealed_at", "erased_at")})
