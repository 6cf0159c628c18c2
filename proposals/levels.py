"""Titles of levels in Japanese, for letters and pages. Data: `proposals/levels.yaml`."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

_NUMBERED = re.compile(r"([a-z]+)_([0-9][0-9.]*)")


def level_title(level: str) -> str:
    """Return the Japanese title of a level: `age_5` → 5歳階級; a level without one stands by its own name."""
    data = _read()
    if level in data["names"]:
        return str(data["names"][level])
    if (found := _NUMBERED.fullmatch(level)) and found[1] in data["patterns"]:
        return str(data["patterns"][found[1]]).format(number=found[2])
    return level


@cache
def _read() -> Mapping[str, Any]:
    document: dict[str, Any] = yaml.safe_load((files("proposals") / "levels.yaml").read_text(encoding="utf-8"))
    return document
