"""Special and population uniques as figures, membership: by hand on small files, before and after processing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymize.risk.attacks.originals import Originals
from anonymize.risk.combinations import read_original, read_released
from anonymize.risk.figures import Figure
from anonymize.risk.models import measure_membership
from anonymize.risk.released import open_released
from anonymize.risk.uniques import measure_uniques
from schemas.plan import parse_plan

AOGASHIMA = 169  # people of the smallest village of Japan in its census of 2020


def make_plan(*names: str, unit: str | None = None) -> Any:
    columns: dict[str, Any] = {name: {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "clause": 5} for name in names}
    if unit:
        columns[unit] = {"role": "linking_code", "treatment": "fresh_id", "clause": 3}
    return parse_plan({"plan": "u", "privacy": {"k": 2}, "unit": unit, "columns": columns})


def open_original(folder: Path, columns: dict[str, list[Any]], unit: str | None = None) -> Originals:
    table = pa.table(columns)
    pq.write_table(table, folder / "original.parquet")
    return Originals(path=folder / "original.parquet", schema=table.schema, unit=unit)


def measure(original: Originals, released: Path, plan: Any, population: int | None = None) -> dict[tuple[str, str | None], Figure]:
    with open_released(released, plan.unit) as opened:
        found = measure_uniques(original, opened, plan, population, np.random.default_rng(1))
    return {(figure.code, figure.column): figure for figure in found}


# Row 1 is alone by a; row 2 by b, and by c; row 3 only by a with b, or a with c. Scores 2, 4, 2: a is part of 2 + 2 of 8, b and c of 2 + 1.
SMALL = {"a": ["2", "1", "1"], "b": ["0", "3", "0"], "c": ["0", "6", "0"]}


def test_special_uniques_before_and_after(write_release: Callable[..., Path], tmp_path: Path) -> None:
    released = write_release({name: ["すべて"] * 3 for name in SMALL})
    found = measure(open_original(tmp_path, SMALL), released, make_plan(*SMALL))
    shares = {code: figure.value for (code, column), figure in found.items() if column is None}
    assert shares == {
        "special_uniques_1": 0,
        "special_uniques_2": 0,
        "special_uniques_3": 0,
        "original_special_uniques_1": pytest.approx(2 / 3),
        "original_special_uniques_2": 1,
        "original_special_uniques_3": 1,
    }
    parts = {column: figure.value for (code, column), figure in found.items() if code == "original_special_contribution"}
    assert parts == {"a": 0.5, "b": 0.375, "c": 0.375}
    assert ("special_contribution", "a") not in found
    assert found["original_special_uniques_1", None].persons == 2


def test_an_unprotected_release_has_the_special_uniques_of_the_original(write_release: Callable[..., Path], tmp_path: Path) -> None:
    found = measure(open_original(tmp_path, SMALL), write_release(SMALL), make_plan(*SMALL))
    for (code, column), figure in list(found.items()):
        if not code.startswith("original_"):
            assert figure.value == found[f"original_{code}", column].value


def test_persons_are_counted_once_and_are_nobody_elses_neighbour(write_release: Callable[..., Path], tmp_path: Path) -> None:
    # Person p has rows (1, x) and (1, y): nobody else has q = 1, so that one column tells p apart, whatever the rows of p are.
    # Persons r and s share (2, x). One of three persons.
    rows = {"q": ["1", "1", "2", "2"], "z": ["x", "y", "x", "x"], "who": ["p", "p", "r", "s"]}
    released = write_release({"q": ["1", "1", "2", "2"], "z": ["すべて"] * 4}, ids=["p", "p", "r", "s"])
    with open_released(released, "person") as opened:
        lines = read_released(opened)
    assert (lines.total, sorted(lines.persons.tolist())) == (3, [1, 2])
    original = open_original(tmp_path, rows, unit="who")
    assert not read_original(original, ["q", "z"], 3).is_partition
    plan = make_plan("q", "z", unit="who")
    with open_released(released, "person") as opened:
        found = {f.code: f for f in measure_uniques(original, opened, plan, 30, np.random.default_rng(1)) if f.column is None}
    assert found["special_uniques_1"].value == found["original_special_uniques_1"].value == pytest.approx(1 / 3)
    assert found["original_population_uniques"].value is None
    assert "several classes" in found["original_population_uniques"].attacker.render()
    assert found["population_uniques"].value is not None


def test_population_uniques_are_told_with_model_interval_and_fraction(write_release: Callable[..., Path], tmp_path: Path) -> None:
    # Sizes 1 and 2 of 3 persons, population 4: by hand 0.8 of 4 (see test_zayatz_by_hand), and SNB has no second equation short of it.
    original = open_original(tmp_path, {"q": ["a", "b", "b"]})
    found = measure(original, write_release({"q": ["b", "b"]}), make_plan("q"), population=4)
    before, after = found["original_population_uniques", None], found["population_uniques", None]
    assert before.details["zayatz"] == pytest.approx(0.8 / 4)
    assert before.details["sampling_fraction"] == 0.75
    assert before.interval is not None and before.interval[0] <= before.value <= before.interval[1]  # type: ignore[operator]
    assert "4 people" in before.population.render()
    assert (after.value, after.interval) == (0.0, (0.0, 0.0))


def test_highest_disclosure_score(write_release: Callable[..., Path], tmp_path: Path) -> None:
    # One column, a alone, b twice: one unique, a pair of two persons, π = 3/4: with one score S the factor S^Q·A is 1,
    # so that 1/(1 + 2·(1/4)/(3/4)) = 0.6 = U·π/(U·π + P·(1 − π)).
    found = measure(open_original(tmp_path, {"q": ["a", "b", "b"]}), write_release({"q": ["b", "b"]}), make_plan("q"), population=4)
    assert found["original_special_disclosure", None].value == pytest.approx(0.6)
    assert found["special_disclosure", None].value == 0


def test_without_a_population_nothing_is_estimated(write_release: Callable[..., Path], tmp_path: Path) -> None:
    found = measure(open_original(tmp_path, SMALL), write_release(SMALL), make_plan(*SMALL))
    assert not {code for code, _ in found} & {"population_uniques", "original_population_uniques", "special_disclosure"}


def test_no_figure_without_quasi_identifiers_or_rows(write_release: Callable[..., Path], tmp_path: Path) -> None:
    original = open_original(tmp_path, SMALL)
    empty = write_release({name: [] for name in SMALL})
    assert measure(original, empty, make_plan(*SMALL), 100) == {}
    free = parse_plan({"plan": "u", "privacy": {"k": 2}, "columns": {"a": {"role": "attribute", "treatment": "keep", "clause": 5}}})
    assert measure(original, write_release({"a": ["1"]}), free, 100) == {}


def test_missing_values_are_values(write_release: Callable[..., Path], tmp_path: Path) -> None:
    found = measure(open_original(tmp_path, {"q": ["a", None, "a"]}), write_release({"q": ["a", None, "a"]}), make_plan("q"))
    assert found["special_uniques_1", None].value == found["original_special_uniques_1", None].value == pytest.approx(1 / 3)


def member(path: Path, people: int | None, persons_in: int, unit: str | None = None) -> Figure:
    with open_released(path, unit) as opened:
        (figure,) = measure_membership(opened, people, persons_in)
    return figure


def test_a_village_of_169_people_released_as_a_whole(write_release: Callable[..., Path]) -> None:
    everybody = write_release({"q": ["すべて"] * AOGASHIMA}, {"cost": list(range(AOGASHIMA))})
    assert member(everybody, AOGASHIMA, AOGASHIMA).value == 1
    assert member(everybody, None, AOGASHIMA).value == 1
    # The same rows as a sample of a town of 1,690: a tenth of the people can be proved to be in the file.
    assert member(everybody, 10 * AOGASHIMA, AOGASHIMA).value == pytest.approx(0.1)
    alike = write_release({"q": ["すべて"] * AOGASHIMA}, {"cost": [i // 13 for i in range(AOGASHIMA)]})
    assert member(alike, AOGASHIMA, AOGASHIMA).value == 0


def test_membership_counts_persons(write_release: Callable[..., Path]) -> None:
    # Person p has two rows that nobody else has, r and s share theirs: 1 of 3 persons in the file, 1 of 5 before processing.
    path = write_release({"q": ["1", "2", "3", "3"]}, ids=["p", "p", "r", "s"])
    found = member(path, None, 5, unit="person")
    assert (found.value, found.persons) == (pytest.approx(1 / 5), 1)
    assert found.details == {"sampling_fraction": pytest.approx(3 / 5), "unique_share": pytest.approx(1 / 3)}
