"""The gate on numbers of linked rows: each limit from below, on it and above; told where the policy names none."""

import dataclasses

import pytest

from anonymize.risk.assessment import Assessment, Subject, assess
from anonymize.risk.gate import reasons_not_to_release
from anonymize.risk.thresholds import find_thresholds
from schemas.plan import load_plan
from schemas.regimes import load_regime


@pytest.fixture(scope="module")
def counted(made_local, tmp_path_factory) -> Assessment:
    """An assessment of a release in which everybody has two rows."""
    plan = load_plan(made_local.plan_path)
    subject = Subject(original=made_local.original, released=made_local.released, plan=plan)
    made = assess(subject, find_thresholds("tokumei-2023", "contract", plan), settings=None, work=tmp_path_factory.mktemp("work"))
    return dataclasses.replace(made, extent=dataclasses.replace(made.extent, rows_out=2 * made.extent.rows_out))


def refuse(assessment: Assessment, shared: int, limit: int) -> list[str]:
    figure = dataclasses.replace(assessment.figures[0], code="linked_rows_smallest", value=shared)
    thresholds = dataclasses.replace(assessment.thresholds, counted=limit)
    return [reason.code for reason in reasons_not_to_release(dataclasses.replace(assessment, figures=(figure,)), thresholds)]


@pytest.mark.parametrize(("shared", "limit", "refused"), [(10, 11, True), (11, 11, False), (12, 11, False), (1, 0, False)])
def test_numbers_of_rows(counted, shared, limit, refused):
    assert ("linked-counts" in refuse(counted, shared, limit)) is refused


def test_where_everybody_has_one_row_nothing_is_counted(counted):
    single = dataclasses.replace(counted, extent=dataclasses.replace(counted.extent, rows_out=counted.extent.persons_out))
    assert "linked-counts" not in refuse(single, 1, 11)


def test_no_two_persons_may_override_it():
    assert load_regime("tokumei-2023").override.find_standing(["linked-counts"]) == ("linked-counts",)
