"""Journalist, k-map, marketer and presence against a population table, by hand."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from anonymize.risk.population import Sizes, measure_population, read_sizes
from anonymize.risk.released import open_released
from schemas.errors import FileRejected


def figures(sizes: Sizes, threshold: float = 0.1) -> dict[str, float | None]:
    return {figure.code: figure.value for figure in measure_population(sizes, threshold)}


def sizes_of(sample: list[int], population: list[int]) -> Sizes:
    return Sizes(sample=np.array(sample), population=np.array(population), short=0, columns=("q",), people=sum(population))


def test_formulas_by_hand() -> None:
    # f = 1, 2, 3 of F = 10, 4, 6: highest 1/4; Σ(f/F)/n = (0.1 + 0.5 + 0.5)/6 = 0.18333; J/ΣF = 3/20 = 0.15; the larger is the average.
    # Above 0.2: only F = 4 (1/4), two of six persons. Presence: max f/F = 0.5.
    found = figures(sizes_of([1, 2, 3], [10, 4, 6]), threshold=0.2)
    assert found["k_map"] == 4
    assert found["journalist_highest"] == pytest.approx(0.25)
    assert found["journalist_average"] == pytest.approx(1.1 / 6)
    assert found["marketer_population"] == pytest.approx(1.1 / 6)
    assert found["journalist_share_above"] == pytest.approx(2 / 6)
    assert found["presence_highest"] == pytest.approx(0.5)


def test_average_takes_the_larger_of_both_terms() -> None:
    # f = 1, 1 of F = 2, 20: Σ(f/F)/n = (0.5 + 0.05)/2 = 0.275 > J/ΣF = 2/22 = 0.0909.
    # f = 9, 1 of F = 90, 1: (0.1·9 … ) Σ(f/F)/n = (9/90 + 1/1)/10 = 0.11 > 2/91 = 0.022. f = 1, 9 of F = 1, 9: 0.2 = J/ΣF = 2/10.
    assert figures(sizes_of([1, 1], [2, 20]))["journalist_average"] == pytest.approx(0.275)
    assert figures(sizes_of([1, 9], [1, 9]))["journalist_average"] == pytest.approx(0.2)


def test_whole_population_in_the_file_is_the_prosecutor_case() -> None:
    # F = f: journalist equals prosecutor, as El Emam et al. (2011) note; everybody is present.
    found = figures(sizes_of([10, 20], [10, 20]))
    assert found["journalist_highest"] == pytest.approx(0.1)
    assert found["marketer_population"] == pytest.approx(2 / 30)
    assert found["presence_highest"] == 1.0


def read(release: Path, people: Path, levels: Mapping[str, Mapping[str, tuple[str, ...]]] | None = None) -> Sizes:
    with open_released(release) as released:
        return read_sizes(released, people, levels)


def test_table_of_labels(write_release: Callable[..., Path], tmp_path: Path) -> None:
    release = write_release({"sex": ["男", "男", "女"], "age": ["30代", "30代", "40代"]})
    people = tmp_path / "people.csv"
    people.write_text("sex,age,persons\n男,30代,7\n男,30代,3\n女,40代,5\n女,50代,99\n", encoding="utf-8")
    found = read(release, people)
    assert sorted(zip(found.sample.tolist(), found.population.tolist(), strict=True)) == [(1, 5), (2, 10)]
    assert (found.people, found.short) == (114, 0)


def test_attacker_knows_the_columns_of_the_table_only(write_release: Callable[..., Path], tmp_path: Path) -> None:
    # The table has sex alone: both released classes of men count as one.
    release = write_release({"sex": ["男", "男", "女"], "age": ["30代", "40代", "40代"]})
    people = tmp_path / "people.csv"
    people.write_text("sex,persons\n男,20\n女,30\n", encoding="utf-8")
    found = read(release, people)
    assert found.columns == ("sex",)
    assert sorted(zip(found.sample.tolist(), found.population.tolist(), strict=True)) == [(1, 30), (2, 20)]


def test_values_are_counted_under_every_label_that_contains_them(write_release: Callable[..., Path], tmp_path: Path) -> None:
    # Local recoding: 30–34 and 30–39 are both released; a person of 31 belongs to both, one of 37 to the wider alone.
    release = write_release({"age": ["30–34", "30–39", "30–39"]})
    people = tmp_path / "people.csv"
    people.write_text("age,persons\n31,4\n37,6\n", encoding="utf-8")
    found = read(release, people, {"age": {"31": ("30–34", "30–39"), "37": ("30–39",)}})
    assert sorted(zip(found.sample.tolist(), found.population.tolist(), strict=True)) == [(1, 4), (2, 10)]


def test_table_smaller_than_the_file_is_said(write_release: Callable[..., Path], tmp_path: Path) -> None:
    release = write_release({"q": ["a", "a", "b"]})
    people = tmp_path / "people.csv"
    people.write_text("q,persons\na,1\nb,3\n", encoding="utf-8")
    found = read(release, people)
    assert found.short == 1
    assert sorted(found.population.tolist()) == [2, 3]


@pytest.mark.parametrize("text", ["other,persons\na,1\n", "q,persons\na,many\n", ""], ids=["no-column", "no-number", "empty"])
def test_unusable_table_is_refused(write_release: Callable[..., Path], tmp_path: Path, text: str) -> None:
    release = write_release({"q": ["a"]})
    people = tmp_path / "people.csv"
    people.write_text(text, encoding="utf-8")
    with pytest.raises(FileRejected) as refused:
        read(release, people)
    assert "many" not in str(refused.value)
