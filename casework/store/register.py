"""Register entries (個人情報ファイル簿): added, revised, struck; every revision stays."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, select, update

from casework.records import RegisterEntry, register_table
from casework.states import RULES
from casework.store.documents import Documents, unknown
from casework.store.transactions import by_id
from schemas.errors import TransitionRefused
from schemas.messages import N_, Name


class Register(Documents):
    """Register entries of the store."""

    def add_register_entry(self, document: Mapping[str, Any], *, actor: str) -> str:
        """Publish a register entry and return its id (`R-0001`).

        Raises
        ------
        TransitionRefused
            The register holds an entry of the same municipality, table and name that is not struck out, or the actor may not.
        """
        with self.transaction():
            self._check_rule(RULES["register.added"], actor)
            self._check_new(document)
            entry_id = self._next_id("R")
            self._writing().execute(insert(register_table).values(id=entry_id, revision=1, struck=False, created_at=self._clock()))
            self._write_document("register_entry", document, "register.added", actor, subject=entry_id)
        return entry_id

    def _check_new(self, document: Mapping[str, Any]) -> None:
        """Raise when an entry says what another says already; a later version of it is a revision."""
        names = _names_of(document)
        same = next((entry for entry in self.list_register() if names and _names_of(entry.document) == names), None)
        if same is not None:
            raise TransitionRefused(
                N_("the register holds this municipality, table and name already: {entry}"),
                N_("correct that entry: sakusei register revise {entry} FILE; or strike it first: sakusei register strike {entry}"),
                entry=Name(same.id),
            )

    def revise_register_entry(self, entry_id: str, document: Mapping[str, Any], *, actor: str) -> int:
        """Replace the entry by a corrected one and return the number of its revision.

        Raises
        ------
        TransitionRefused
            The entry is struck, or the actor may not.
        """
        with self.transaction():
            self._check_rule(RULES["register.revised"], actor)
            entry = self._open_entry(entry_id)
            self._writing().execute(update(register_table).where(register_table.c.id == entry_id).values(revision=entry.revision + 1))
            facts = {"revision": entry.revision + 1}
            self._write_document("register_entry", document, "register.revised", actor, subject=entry_id, facts=facts)
        return entry.revision + 1

    def strike_register_entry(self, entry_id: str, *, actor: str) -> None:
        """Strike an entry out: the file is no longer held, or has fewer than 1,000 persons (施行令20条).

        Raises
        ------
        TransitionRefused
            The entry is struck already, or the actor may not.
        """
        with self.transaction():
            self._check_rule(RULES["register.struck"], actor)
            self._open_entry(entry_id)
            self._writing().execute(update(register_table).where(register_table.c.id == entry_id).values(struck=True))
            self._append("register.struck", actor, subject=entry_id)

    def _open_entry(self, entry_id: str) -> RegisterEntry:
        entry = self.get_register_entry(entry_id)
        if entry.struck:
            raise TransitionRefused(
                N_("the register entry {entry} is struck"), N_("add a new entry: sakusei register add"), entry=Name(entry_id)
            )
        return entry

    def get_register_entry(self, entry_id: str) -> RegisterEntry:
        """Return an entry in its latest revision.

        Raises
        ------
        TransitionRefused
            There is no such entry.
        """
        row = self._first(select(register_table).where(register_table.c.id == entry_id))
        if row is None:
            raise unknown(entry_id)
        return RegisterEntry(document=self._latest("register_entry", entry_id), **row)

    def list_register(self, *, struck: bool = False) -> tuple[RegisterEntry, ...]:
        """Return the entries by id; with `struck` also those struck out."""
        rows = self._all(select(register_table).order_by(*by_id(register_table.c.id)))
        documents = self._latest_of_all("register_entry")
        return tuple(RegisterEntry(document=documents[row["id"]], **row) for row in rows if struck or not row["struck"])


def _names_of(document: Mapping[str, Any]) -> tuple[str, str | None, str] | None:
    """Return what tells entries apart: municipality, table (None for files without one) and name; None when it is not said."""
    if not document.get("municipality_code") or not document.get("name"):
        return None
    return document["municipality_code"], document.get("table"), document["name"]
