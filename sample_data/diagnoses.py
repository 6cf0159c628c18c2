"""What synthetic persons fall ill with: shares and rates by age and sex, read from `diagnoses.yaml`."""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import yaml
from numpy.typing import NDArray

DIAGNOSES = Path(__file__).parent / "diagnoses.yaml"
KINDS = ("chronic", "acute", "dental", "rare")
AGE_CELLS = 121


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Diagnoses:
    """All diagnoses, one entry each; every array has their number as its first axis.

    Parameters
    ----------
    codes, names, departments : pa.Array
        ICD-10 code, Japanese name, code of the department.
    kind : NDArray[np.int8]
        Index into `KINDS`.
    rates : NDArray[np.float64]
        Shape (diagnoses, 2 × 121): share of persons, or episodes per person and year, by sex and year of age.
    inpatient : NDArray[np.float64]
        Share of claims that are hospital stays.
    points : NDArray[np.float64]
        Median points of a claim outside hospital.
    inpatient_factor : float
        How much more a hospital stay costs.
    """

    codes: pa.Array
    names: pa.Array
    departments: pa.Array
    kind: NDArray[np.int8]
    rates: NDArray[np.float64]
    inpatient: NDArray[np.float64]
    points: NDArray[np.float64]
    inpatient_factor: float

    def of_kind(self, *kinds: str) -> NDArray[np.int64]:
        """Return the entries of some kinds."""
        return np.flatnonzero(np.isin(self.kind, [KINDS.index(kind) for kind in kinds]))

    def find(self, prefixes: tuple[str, ...]) -> NDArray[np.bool_]:
        """Return which entries have a code beginning with one of the prefixes."""
        return np.array([code.startswith(prefixes) for code in self.codes.to_pylist()])


def find_cells(sex: NDArray[np.int8], age_years: NDArray[np.int16]) -> NDArray[np.int64]:
    """Return the cell (sex, year of age) of each person, the second axis of `Diagnoses.rates`."""
    return (sex.astype(np.int64) - 1) * AGE_CELLS + age_years


@functools.cache
def load_diagnoses() -> Diagnoses:
    """Return the diagnoses of `diagnoses.yaml`."""
    document = yaml.safe_load(DIAGNOSES.read_text(encoding="utf-8"))
    entries = [(KINDS.index(kind), entry) for kind in KINDS for entry in document[kind]]
    ages = np.arange(AGE_CELLS)
    rates = [
        np.concatenate([np.interp(ages, document["ages"], entry["rates"]) * entry.get(side, 1.0) for side in ("male", "female")])
        for _, entry in entries
    ]
    return Diagnoses(
        codes=pa.array([entry["code"] for _, entry in entries], pa.string()),
        names=pa.array([entry["name"] for _, entry in entries], pa.string()),
        departments=pa.array([entry["department"] for _, entry in entries], pa.string()),
        kind=np.array([kind for kind, _ in entries], dtype=np.int8),
        rates=np.array(rates),
        inpatient=np.array([entry["inpatient"] for _, entry in entries], dtype=np.float64),
        points=np.array([entry["points"] for _, entry in entries], dtype=np.float64),
        inpatient_factor=float(document["inpatient_factor"]),
    )
