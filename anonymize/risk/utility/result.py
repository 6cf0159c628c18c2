"""What is said of utility, in one record.

Decided here: what stands beside each number. Nothing in it is a value of the data, or a count of few persons.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from schemas.messages import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnUtility:
    """One released column.

    Parameters
    ----------
    column : str
        Its name.
    kept : float or None
        Share (0–1) of its information that is kept; None where the treatment draws at random.
    variation, hellinger : float
        Distance (0–1) of the distribution an analyst gets from the release to the original's.
    """

    column: str
    kept: float | None
    variation: float
    hellinger: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PairUtility:
    """Two released columns together.

    Parameters
    ----------
    columns : tuple[str, str]
        Their names.
    variation, hellinger : float
        Distance (0–1) of the joint distributions.
    information : float
        How much one tells of the other in the original, in bits.
    kept : float or None
        Share (0–1) of that in the release; None where the original's is not more than chance.
    """

    columns: tuple[str, str]
    variation: float
    hellinger: float
    information: float
    kept: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisUtility:
    """One analysis, done on the original and on the release.

    Parameters
    ----------
    kind : {"mean", "share", "count"}
        What is computed of each group.
    column : str or None
        Of which column; None for a count.
    by : tuple[str, ...]
        What makes the groups.
    error : float or None
        Mean error (see `analyses`); None where nothing could be computed.
    baseline : float or None
        The error of one who knows the whole file's mean or shares alone (for counts: each column alone).
    groups : int
        Groups that were compared.
    planned : bool
        Whether the plan names it; else it was chosen by default.
    """

    kind: Literal["mean", "share", "count"]
    column: str | None
    by: tuple[str, ...]
    error: float | None
    baseline: float | None
    groups: int
    planned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionUtility:
    """A classifier that learns one sensitive column, from the original and from the release, tried on persons it has not seen.

    Parameters
    ----------
    column : str
        What it foretells.
    original, released, guessing : float
        Share (0–1) it gets right: trained on originals, trained on the release, and by always naming the most frequent value.
    tried : int
        Persons it was tried on.
    """

    column: str
    original: float
    released: float
    guessing: float
    tried: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Utility:
    """All that was measured.

    Parameters
    ----------
    loss : float
        Normalised certainty penalty of all rows, 0–1; a row that is not released counts 1.
    original_rows, released_rows : int
        Rows that were read of each file.
    """

    loss: float
    columns: tuple[ColumnUtility, ...]
    pairs: tuple[PairUtility, ...]
    analyses: tuple[AnalysisUtility, ...]
    predictions: tuple[PredictionUtility, ...]
    notes: tuple[Message, ...]
    original_rows: int
    released_rows: int
    settings: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """Return the record for machines; texts in English."""
        parts = {
            name: [dataclasses.asdict(part) for part in getattr(self, name)] for name in ("columns", "pairs", "analyses", "predictions")
        }
        read = {"original": self.original_rows, "released": self.released_rows}
        return {"loss": self.loss, "rows_read": read, "settings": dict(self.settings), **parts, "notes": [n.render() for n in self.notes]}
