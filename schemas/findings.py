"""Findings and reasons: what was noticed, as values that cannot carry a value of the data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from schemas.messages import N_, Message, Name, Param, check_params

ROWS_SHOWN = 20


class Severity(StrEnum):
    """How much a finding weighs: a note, a row put aside, or a file refused."""

    NOTE = "note"
    ROW = "row"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class FindingKind:
    """One kind of defect: stable code, weight, English template (the key of its translation)."""

    code: str
    severity: Severity
    template: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A defect and where it is.

    Parameters
    ----------
    kind : FindingKind
        Code, weight and text.
    file, column : Name or None
        Where; names as the sender of the file knows them.
    rows : tuple[int, ...]
        Row numbers in the sender's file, 1-based, the first 20 at most.
    count : int
        How many rows (or cells) in all.
    params : Mapping[str, Param]
        What fills the template: numbers and names only.
    """

    kind: FindingKind
    count: int = 1
    file: Name | None = None
    column: Name | None = None
    rows: tuple[int, ...] = ()
    params: Mapping[str, Param] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse anything that could carry a value, and cut the list of rows."""
        where = {"file": self.file, "column": self.column}
        check_params({**self.params, **{key: name for key, name in where.items() if name is not None}, "count": self.count})
        if not all(isinstance(row, int) for row in self.rows):
            raise TypeError("rows are row numbers")
        object.__setattr__(self, "rows", tuple(int(row) for row in self.rows[:ROWS_SHOWN]))

    def render(self, translate: Callable[[str], str] = str) -> str:
        """Return one line: text, column, rows, count."""
        text = Message(self.kind.template, {"count": self.count, **self.params}).render(translate)
        where = ", ".join(str(row) for row in self.rows)
        more = "…" if self.count > len(self.rows) else ""
        rows = translate(N_("rows"))
        parts = [f"[{self.column}]" if self.column else "", text, f"({rows}: {where}{more})" if where else ""]
        return " ".join(part for part in parts if part)

    def to_json(self) -> dict[str, object]:
        """Return the finding for machines."""
        return {
            "code": self.kind.code,
            "severity": self.kind.severity.value,
            "file": self.file,
            "column": self.column,
            "rows": list(self.rows),
            "count": self.count,
            "params": dict(self.params),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why not: an unmet criterion or a cause of refusal, with the article it rests on."""

    code: str
    message: Message
    article: Name | None = None

    def render(self, translate: Callable[[str], str] = str) -> str:
        """Return one line: text and article."""
        text = self.message.render(translate)
        return f"{text} ({self.article})" if self.article else text

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Return the reason that `to_json` wrote.

        Raises
        ------
        KeyError
            The document is no reason.
        """
        params = {key: Name(value) if isinstance(value, str) else value for key, value in document["params"].items()}
        article = document["article"]
        message = Message(document["message"], params)
        return cls(code=document["code"], message=message, article=None if article is None else Name(article))

    def to_json(self) -> dict[str, object]:
        """Return the reason for machines."""
        return {
            "code": self.code,
            "message": self.message.template,
            "params": dict(self.message.params),
            "article": self.article,
        }
