"""Municipalities: the real ones (package japan-address) and the fictional ones of samples and rehearsals.

Decided here: which codes exist, their prefecture and region (地方), and that real and fictional codes never meet in one workspace.
Not decided here: how codes changed over time (mergers); a code that is in neither list is unknown.
"""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from schemas.check_digits import append
from schemas.errors import FileRejected, SettingsError
from schemas.messages import N_

SYNTHETIC_PREFECTURES = ("90", "91", "92", "93")
_FILE = Path(__file__).parent / "municipalities.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Municipality:
    """A municipality, a ward of a designated city, or a prefecture as a body.

    Parameters
    ----------
    code : str
        全国地方公共団体コード, 6 digits with check digit.
    prefecture, name, region : str
        In Japanese; `name` of a ward starts with its city.
    county : str
        郡 of a town or village; empty for others.
    population : int or None
        Persons; known for the fictional ones only.
    """

    code: str
    prefecture: str
    name: str
    region: str
    county: str = ""
    population: int | None = None

    @property
    def is_synthetic(self) -> bool:
        """Whether the municipality is fictional."""
        return is_synthetic_code(self.code)

    @property
    def is_prefecture(self) -> bool:
        """Whether this is the prefecture itself as a body."""
        return self.code[2:5] == "000"


def is_synthetic_code(code: str) -> bool:
    """Return whether a municipality code (6 digits, or its first 5) lies in the fictional range."""
    return code[:2] in SYNTHETIC_PREFECTURES


def get_municipality(code: str) -> Municipality:
    """Return a municipality by its 6-digit code.

    Raises
    ------
    SettingsError
        The code is in no list.
    """
    found = find_municipality(code)
    if found is None:
        raise SettingsError(
            N_("a municipality code is in no list"),
            N_("give the 6 digits of 全国地方公共団体コード with its check digit; codes from before a merger are not known"),
        )
    return found


def find_municipality(code: str) -> Municipality | None:
    """Return a municipality by its 6-digit code; None when it is in no list."""
    return _municipalities().get(code)


def list_municipalities(*, synthetic: bool) -> tuple[Municipality, ...]:
    """Return all real or all fictional municipalities, in the order of codes."""
    return tuple(entry for _, entry in sorted(_municipalities().items()) if entry.is_synthetic == synthetic)


def check_same_world(codes: Iterable[str], *, synthetic: bool) -> None:
    """Raise when codes do not belong to the world of the workspace: all fictional, or all real.

    Parameters
    ----------
    codes : Iterable[str]
        Municipality codes; 6 digits or more (an insurer's number of 国保 or 介護 starts with its prefecture as well).
    synthetic : bool
        Whether the workspace is for fictional municipalities.

    Raises
    ------
    FileRejected
        A code belongs to the other world.
    """
    strangers = sum(is_synthetic_code(code) != synthetic for code in codes)
    if strangers and synthetic:
        raise FileRejected(
            N_("{count} municipality codes are real, but this workspace is for synthetic files"),
            N_("use an office workspace (sakusei init) for real files"),
            count=strangers,
        )
    if strangers:
        raise FileRejected(
            N_("{count} municipality codes are fictional, but this workspace is for real files"),
            N_("use a workspace for synthetic files (sakusei init --synthetic) for samples and rehearsals"),
            count=strangers,
        )


@cache
def _municipalities() -> Mapping[str, Municipality]:
    document: dict[str, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    regions = {prefecture: region for region, names in document["regions"].items() for prefecture in names}
    entries = [*_read_real(), *document["additions"], *document["synthetic"]]
    for entry in entries:
        if entry["code"] in document["former"]:
            entry["name"] = f"{entry['name']}（{document['former'][entry['code']]}）"
    return {entry["code"]: Municipality(region=regions[entry["prefecture"]], **entry) for entry in entries}


def _read_real() -> list[dict[str, str]]:
    """Return what japan-address ships, and the prefectures as bodies.

    Its file is read directly: its class opens the file in the encoding of the locale and copies it into a database.
    """
    source = resources.files("japan_address").joinpath("data/local_government.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(source.splitlines()))
    entries = [{"code": row["コード"], "prefecture": row["都道府県"], "name": row["市区町村"], "county": row["郡"]} for row in rows]
    prefectures = {row["コード"][:2]: row["都道府県"] for row in rows}
    return entries + [
        {"code": append("municipality", f"{number}000"), "prefecture": name, "name": name} for number, name in prefectures.items()
    ]
