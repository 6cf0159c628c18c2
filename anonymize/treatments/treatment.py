"""What every treatment answers, and what it may use."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import ibis

from anonymize.engines.engine import Engine, match


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a treatment may use besides the rows.

    Parameters
    ----------
    engine : Engine
        Where the rows are.
    unit : str or None
        Column that tells persons apart; None: one row is one person.
    seed : bytes
        Secret of this release, from which fresh ids come.
    folder : Path or None
        Where relative paths of a plan start.
    """

    engine: Engine
    unit: str | None
    seed: bytes
    folder: Path | None

    def __repr__(self) -> str:
        """Show nothing of the seed."""
        return f"Surroundings({self.engine.name})"


class Treatment(ABC):
    """One operation on one column.

    Attributes
    ----------
    name : str
        The word for it in a plan.
    clauses : tuple[int, ...]
        Items 1–5 of the processing standard (規則62条) it can serve.
    """

    name: ClassVar[str]
    clauses: ClassVar[tuple[int, ...]]

    @abstractmethod
    def apply(self, rows: ibis.Table, column: str, around: Surroundings) -> ibis.Table:
        """Return the rows with the column treated, columns in the same order.

        Parameters
        ----------
        rows : ibis.Table
            The rows; what the treatment learns (thresholds, rare codes), it learns from these.
        column : str
            The column to treat.
        around : Surroundings
            Engine, unit and seed.

        Raises
        ------
        PlanError
            The treatment does not fit the type of the column.
        """


def replace_column(rows: ibis.Table, column: str, value: ibis.Value) -> ibis.Table:
    """Return the rows with one column replaced, in its place."""
    return rows.select(*[value.name(name) if name == column else rows[name] for name in rows.columns])


def look_up(rows: ibis.Table, column: str, answers: ibis.Table, answer: str) -> ibis.Table:
    """Return the rows with a column replaced by the answer to its value; a value without an answer becomes missing."""
    joined = rows.left_join(answers, rows[column] == answers[column])
    return joined.select(*[answers[answer].name(name) if name == column else rows[name] for name in rows.columns])


def attach(rows: ibis.Table, answers: ibis.Table, keys: list[str], answer: str) -> ibis.Table:
    """Return the rows with one more column: the answer to their keys, missing where there is none."""
    joined = rows.left_join(answers, match(rows, answers, keys))
    return joined.select(*[rows[name] for name in rows.columns], answers[answer])
