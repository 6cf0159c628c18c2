"""Papers: letters, notices and reports as files under the workspace's `papers/`, bound to the chain by SHA-256."""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert, select

from casework.records import Paper, paper_table
from casework.states import RULES
from casework.store.overrides import Overrides
from casework.store.transactions import Witness
from schemas.errors import InternalError
from schemas.files import sha256_bytes, write_bytes
from schemas.messages import N_, Name, Param

KIND = re.compile(r"[a-z][a-z_]{0,39}")
SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")


class Papers(Overrides):
    """Papers of the store.

    Parameters
    ----------
    papers : Path
        The folder of papers.
    """

    def __init__(self, engine: Engine, *, papers: Path, now: Callable[[], datetime], witness: Witness | None = None) -> None:
        super().__init__(engine, now=now, witness=witness)
        self._papers = papers

    def add_paper(
        self, kind: str, content: bytes, suffix: str, *, actor: str, case_id: str | None = None, file_id: str | None = None
    ) -> Path:
        """Keep a letter, notice or report and return where it lies.

        Parameters
        ----------
        kind : str
            What it is, in small letters and underscores; part of the name.
        suffix : str
            `.html`, `.pdf`, `.txt` …

        Raises
        ------
        TransitionRefused
            The actor is not of the office or only audits.
        """
        if not KIND.fullmatch(kind) or not SUFFIX.fullmatch(suffix):
            raise InternalError(N_("a paper has no proper kind or suffix"), N_("report this line to the maintainers"))
        with self.transaction():
            case_id = self._case_of(file_id) if file_id else case_id
            where = {"case_id": case_id, "file_id": file_id}
            self._check_rule(RULES["paper.added"], actor, **where)
            number = self.chain_head().sequence + 1
            name = f"{number:06d}-{file_id or case_id or 'office'}-{kind}{suffix}"
            row: dict[str, Any] = {"name": name, "kind": kind, "sha256": sha256_bytes(content), "size_bytes": len(content)}
            facts: dict[str, Param] = {"size_bytes": len(content), "kind": Name(kind)}
            sequence = self._append("paper.added", actor, subject=name, content_sha256=row["sha256"], facts=facts, **where)
            self._writing().execute(insert(paper_table).values(sequence=sequence, created_at=self._clock(), **row, **where))
            write_bytes(self._papers / name, content)
        return self._papers / name

    def list_papers(self, *, case_id: str | None = None, file_id: str | None = None) -> tuple[Paper, ...]:
        """Return papers from the first to the last, of a case, a file or all."""
        query = select(paper_table).order_by(paper_table.c.sequence)
        for column, value in ((paper_table.c.case_id, case_id), (paper_table.c.file_id, file_id)):
            query = query.where(column == value) if value else query
        return tuple(Paper(**{key: row[key] for key in Paper.__dataclass_fields__}) for row in self._all(query))

    def paper_path(self, paper: Paper) -> Path:
        """Return where a paper lies."""
        return self._papers / paper.name

    def sweep_papers(self) -> int:
        """Remove papers of transactions that never committed and return how many there were."""
        if not self._strays():
            return 0
        # Under the writer's lock nobody is between writing a paper and committing it.
        with self.transaction():
            strays = self._strays()
            for stray in strays:
                stray.unlink(missing_ok=True)
        return len(strays)

    def _strays(self) -> list[Path]:
        """Return files in the folder that the store does not know."""
        found = [path for path in self._papers.iterdir() if path.is_file()] if self._papers.is_dir() else []
        if not found:
            return []
        known = {row["name"] for row in self._all(select(paper_table.c.name))}
        return [path for path in found if path.name not in known]
