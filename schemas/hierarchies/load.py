"""From a specification in a plan to a hierarchy."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from schemas.hierarchies.hierarchy import Hierarchy


def load_hierarchy(spec: str | Mapping[str, Any], *, folder: Path | None = None) -> Hierarchy:
    """Return the hierarchy a plan names.

    Parameters
    ----------
    spec : str or Mapping
        A name in `schemas/hierarchies/`, the path of a CSV file in the ARX form (relative to `folder`), or an inline form.
    folder : Path or None
        Where relative paths start; the current folder without it.

    Raises
    ------
    PlanError
        The specification is not understood, or a file is missing or damaged.
    """
    raise NotImplementedError
