"""Municipality → (city) → prefecture → region. Leaves are the distinct observed codes: a file of one prefecture is its own world."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from schemas.hierarchies.assemble import assemble, present_only
from schemas.hierarchies.hierarchy import Hierarchy, refuse_unknown
from schemas.hierarchies.level_table import LevelTable
from schemas.hierarchies.prefixes import step_of_keys
from schemas.municipalities import Municipality, find_municipality

ALL_PLACES_LABEL = "全国"


def label_place(place: Municipality) -> str:
    """Return prefecture and name: two municipalities of one name stay apart; a prefecture as a body is told from the level."""
    return f"{place.name}（都道府県）" if place.is_prefecture else f"{place.prefecture}{place.county}{place.name}"


def _city_of(place: Municipality) -> str:
    """Return the designated city of a ward, else the municipality itself."""
    city, mark, ward = place.name.partition("（")[0].partition("市")
    return f"{place.prefecture}{city}{mark}" if ward.endswith("区") else label_place(place)


STEPS: Mapping[str, Callable[[Municipality], str]] = {
    "city": _city_of,
    "prefecture": lambda place: place.prefecture,
    "region": lambda place: place.region,
}


TITLES: Mapping[str, str] = {"city": "市区町村（行政区を統合）", "prefecture": "都道府県", "region": "地方"}


class PlaceHierarchy(Hierarchy):
    """Municipality codes: `{municipality: [prefecture, region]}`, or with `city` first where files tell the wards of designated cities.

    Parameters
    ----------
    steps : Sequence[str]
        Keys of `STEPS`, from fine to coarse.
    """

    def __init__(self, name: str, steps: Sequence[str]) -> None:
        super().__init__(name, {step: TITLES[step] for step in steps})
        self._steps = [STEPS[step] for step in steps]

    def resolve(self, values: pa.Array, *, column: str | None = None) -> LevelTable:
        """Return the groups of distinct 6-digit codes at every level."""
        codes = present_only(values).cast(pa.string()).to_pylist()
        found = [find_municipality(code) for code in codes]
        places = [place for place in found if place is not None]
        refuse_unknown(len(found) - len(places), hierarchy=self.name, column=column)
        return assemble(
            self,
            values,
            [step_of_keys(np.asarray([step(place) for place in places], dtype=np.str_)) for step in self._steps],
            value_labels=[label_place(place) for place in places],
            leaves=len(places),
            all_label=ALL_PLACES_LABEL,
        )
