"""What the report says of uniques and single columns: side by side, guarded, every figure with its assumption and source."""

import dataclasses
from typing import Any

import pytest

from anonymize.risk.assessment import Assessment, Subject, assess
from anonymize.risk.figures import Figure
from anonymize.risk.models import Universe
from anonymize.risk.report.apart import describe_apart, is_apart
from anonymize.risk.report.numbers import Writer, writer_for
from anonymize.risk.report.sections import describe_models
from anonymize.risk.thresholds import find_thresholds
from schemas.plan import load_plan


@pytest.fixture(scope="module")
def assessed(made_local: Any, tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    plan = load_plan(made_local.plan_path)
    subject = Subject(original=made_local.original, released=made_local.released, plan=plan, universe=Universe(people=40_000))
    return assess(subject, find_thresholds("tokumei-2023", "contract", plan), settings=None, work=tmp_path_factory.mktemp("work"))


def writer_of(assessment: Assessment) -> Writer:
    return writer_for(assessment, str)


def change(assessment: Assessment, code: str, **more: Any) -> Assessment:
    figures = tuple(dataclasses.replace(figure, **more) if figure.code == code else figure for figure in assessment.figures)
    return dataclasses.replace(assessment, figures=figures)


def cells(assessment: Assessment) -> dict[str, tuple[str, str]]:
    told = describe_apart(assessment, writer_of(assessment))
    assert told is not None
    return {row["title"]: (row["before"], row["after"]) for row in told["uniques"]}


def test_uniques_stand_side_by_side(assessed: Assessment) -> None:
    # 4,000 persons of 70 ages, 2 sexes, 400 areas and 12 jobs: all are alone by all columns, nobody is in the release.
    told = cells(assessed)
    assert len(told) == 5
    assert {after for _, after in told.values()} == {"0.0 %"}
    before, _ = told["estimated share of the population that is unique"]
    assert before.count("%") == 3
    assert " to " in before


def test_every_figure_is_told_once_with_assumption_and_source(assessed: Assessment) -> None:
    writer = writer_of(assessed)
    told, models = describe_apart(assessed, writer), describe_models(assessed, writer)
    assert told is not None
    apart = [figure for figure in assessed.figures if is_apart(figure)]
    assert len(models) == len(assessed.figures) - len(apart)
    assert all(row["attacker"] and row["source"] and row["population"] for row in told["meanings"])
    # Columns of the release: quasi-identifiers, the sensitive one and the amount.
    assert {row["column"] for row in told["rows"]} == {"age", "sex", "area", "job", "illness", "cost"}
    assert all(len(row["cells"]) == len(told["headings"]) for row in told["rows"])


@pytest.mark.parametrize(("persons", "shown"), [(0, True), (1, False), (9, False), (10, True)])
def test_shares_of_few_persons_are_withheld(assessed: Assessment, persons: int, shown: bool) -> None:
    share = persons / 4000
    before, _ = cells(change(assessed, "original_special_uniques_2", value=share, persons=persons))[
        "share of persons whom two columns or fewer tell apart"
    ]
    assert (before == "below 10") is not shown
    estimate, _ = cells(change(assessed, "original_population_uniques", value=share, persons=persons, interval=(0.0, 0.5)))[
        "estimated share of the population that is unique"
    ]
    assert ("%" in estimate) is shown


def test_persons_at_the_ends_are_withheld_when_few(assessed: Assessment) -> None:
    told = describe_apart(change(assessed, "extreme_persons", value=3, persons=3), writer_of(assessed))
    assert told is not None
    (row,) = (row for row in told["rows"] if row["column"] == "cost")
    assert row["cells"][told["headings"].index("persons at the ends")] == "below 10"


def test_an_estimate_that_was_not_possible_says_so(assessed: Assessment) -> None:
    before, _ = cells(change(assessed, "original_population_uniques", value=None, interval=None))[
        "estimated share of the population that is unique"
    ]
    assert before == "not measured"


def test_no_section_without_such_figures(assessed: Assessment) -> None:
    def is_other(figure: Figure) -> bool:
        return not is_apart(figure) and figure.code != "population_uniques"

    bare = dataclasses.replace(assessed, figures=tuple(figure for figure in assessed.figures if is_other(figure)))
    assert describe_apart(bare, writer_of(bare)) is None


def test_no_value_is_named(assessed: Assessment) -> None:
    text = str(describe_apart(assessed, writer_of(assessed)))
    assert "CANARY" not in text
