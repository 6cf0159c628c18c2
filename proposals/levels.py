"""Levels of columns, and their titles in Japanese for letters and pages (data: `proposals/levels.yaml`)."""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from schemas.hierarchies import load_hierarchy
from schemas.tables import TableSchema

_NUMBERED = re.compile(r"([a-z]+)_([0-9][0-9.]*)")


def level_title(level: str) -> str:
    """Return the Japanese title of a level: `age_5` → 5歳階級; a level without one stands by its own name."""
    data = _read()
    if level in data["names"]:
        return str(data["names"][level])
    if (found := _NUMBERED.fullmatch(level)) and found[1] in data["patterns"]:
        return str(data["patterns"][found[1]]).format(number=found[2])
    return level


def column_levels(table: TableSchema, as_of: date) -> Mapping[str, tuple[str, ...]]:
    """Return the names of the levels of each column that has a hierarchy, finest first.

    Parameters
    ----------
    as_of : date
        Day for bands of age; their names do not depend on it.
    """
    return {column.name: load_hierarchy(column.hierarchy, as_of=as_of).level_names for column in table.columns if column.hierarchy}


@cache
def _read() -> Mapping[str, Any]:
    document: dict[str, Any] = yaml.safe_load((files("proposals") / "levels.yaml").read_text(encoding="utf-8"))
    return document
