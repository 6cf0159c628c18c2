"""Which values a hierarchy knows by itself, so that the labels of its levels are known without a file.

Not decided here: what groups they form (`Hierarchy.resolve`).
"""

import datetime
import string
from functools import singledispatch

import pyarrow as pa

from schemas.hierarchies.ages import AgeHierarchy
from schemas.hierarchies.diseases import DiseaseHierarchy, load_sections
from schemas.hierarchies.hierarchy import Hierarchy
from schemas.hierarchies.places import PlaceHierarchy
from schemas.hierarchies.trees import ListedHierarchy
from schemas.municipalities import list_municipalities

OLDEST_YEARS = 150


@singledispatch
def list_domain(hierarchy: Hierarchy) -> pa.Array | None:
    """Return values that lie in every group above the values; None where nothing bounds them (numbers, dates, prefixes).

    Parameters
    ----------
    hierarchy : Hierarchy
        Listed ones give all their leaves, municipalities all codes, ICD-10 all categories of its blocks, ages a birthday of every age.
    """
    return None


@list_domain.register
def _(hierarchy: ListedHierarchy) -> pa.Array:
    return hierarchy.leaves


@list_domain.register
def _(hierarchy: AgeHierarchy) -> pa.Array:
    return born_at(hierarchy, range(OLDEST_YEARS))


@list_domain.register
def _(hierarchy: PlaceHierarchy) -> pa.Array:
    return pa.array([place.code for synthetic in (False, True) for place in list_municipalities(synthetic=synthetic)], pa.string())


@list_domain.register
def _(hierarchy: DiseaseHierarchy) -> pa.Array:
    codes = [f"{letter}{number:02d}" for letter in string.ascii_uppercase for number in range(100)]
    blocks = load_sections()["blocks"]
    return pa.array([code for code in codes if any(block.first <= code <= block.last for block in blocks)], pa.string())


def born_at(hierarchy: AgeHierarchy, ages: "range | list[int]") -> pa.Array:
    """Return for each age in years a birth date of somebody who is that old; the first of January is never a later birthday."""
    return pa.array([datetime.date(hierarchy.as_of.year - age, 1, 1) for age in ages], pa.date32())
