"""ICD-10: code → three characters → block → chapter. Leaves are the distinct observed codes.

References
----------
WHO, ICD-10 (2013 edition); 疾病、傷害及び死因の統計分類 (平成27年総務省告示第35号), 基本分類表.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml
from numpy.typing import NDArray

from schemas.hierarchies.assemble import Step, assemble, present_only
from schemas.hierarchies.hierarchy import Hierarchy, refuse_unknown
from schemas.hierarchies.level_table import LevelTable
from schemas.hierarchies.prefixes import step_of_keys

FILE = Path(__file__).parent.parent / "icd10.yaml"
TITLES: Mapping[str, str] = {"category": "3桁分類", "block": "中間分類", "chapter": "章"}
CODE = re.compile(r"^[A-Z][0-9]{2}(\.?[0-9X][0-9]?)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A chapter or a block: first and last three-character code, title in Japanese."""

    first: str
    last: str
    title_ja: str

    @property
    def label(self) -> str:
        """The title with the range of codes."""
        codes = self.first if self.first == self.last else f"{self.first}〜{self.last}"
        return f"{self.title_ja}（{codes}）"


@cache
def load_sections() -> Mapping[str, tuple[Section, ...]]:
    """Return chapters and blocks of ICD-10, in the order of codes."""
    document = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {
        kind: tuple(
            Section(first=codes.split("-")[0], last=codes.split("-")[-1], title_ja=title) for codes, title in document[kind].items()
        )
        for kind in ("chapters", "blocks")
    }


class DiseaseHierarchy(Hierarchy):
    """ICD-10 codes with or without a dot: `{icd10: [category, block, chapter]}`.

    Parameters
    ----------
    steps : Sequence[str]
        Some of category (three characters), block, chapter, from fine to coarse.
    """

    def __init__(self, name: str, steps: Sequence[str]) -> None:
        super().__init__(name, {step: TITLES[step] for step in steps})
        self._steps = tuple(steps)

    def resolve(self, values: pa.Array, *, column: str | None = None) -> LevelTable:
        """Return the groups of distinct codes at every level; a code outside all blocks is not known."""
        present = present_only(values).cast(pa.string())
        well_formed = pc.match_substring_regex(present, CODE.pattern).to_numpy(zero_copy_only=False)
        codes = np.char.replace(np.asarray(present.to_pylist(), dtype=np.str_), ".", "")
        categories = codes.astype("U3")
        known = well_formed & (_find_sections("blocks", categories) >= 0)
        refuse_unknown(int((~known).sum()), hierarchy=self.name, column=column)
        return assemble(
            self,
            values,
            [_to_step(step, categories) for step in self._steps],
            value_labels=present.to_pylist(),
            leaves=len(present),
        )


def _find_sections(kind: str, categories: NDArray[np.str_]) -> NDArray[np.int64]:
    """Return the number of the section each three-character code lies in; -1 outside all."""
    sections = load_sections()[kind]
    firsts, lasts = (np.asarray([getattr(section, end) for section in sections]) for end in ("first", "last"))
    index = np.searchsorted(firsts, categories, side="right") - 1
    return np.asarray(np.where((index >= 0) & (categories <= lasts[np.maximum(index, 0)]), index, -1), dtype=np.int64)


def _to_step(step: str, categories: NDArray[np.str_]) -> Step:
    if step == "category":
        return step_of_keys(categories, "{}.-")
    kind = f"{step}s"
    distinct, positions = np.unique(_find_sections(kind, categories), return_inverse=True)
    return Step(
        groups=positions.astype(np.int64),
        labels=[load_sections()[kind][number].label for number in distinct.tolist()],
        leaves=np.bincount(positions, minlength=len(distinct)).astype(np.int64),
    )
