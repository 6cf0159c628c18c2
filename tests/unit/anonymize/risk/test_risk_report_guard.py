"""No count of few persons can be read off the report, nor subtracted out of what it tells."""

import dataclasses
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymize.risk.assessment import Assessment, Extent, Subject, assess
from anonymize.risk.attacks.result import AttackResult, Score
from anonymize.risk.attacks.suite import HALVES, AttackSettings
from anonymize.risk.gate import reasons_not_to_release
from anonymize.risk.report import render_report
from anonymize.risk.report.numbers import find_step, round_to_step, writer_for
from anonymize.risk.report.usefulness import describe_utility
from anonymize.risk.samples import measure_samples
from anonymize.risk.thresholds import find_thresholds
from casework.i18n import find_translator
from schemas.messages import Message
from schemas.plan import load_plan

SMALL = 10
RELEASED = st.integers(100_000, 900_000)  # far from years and other numbers that stand in the text


@pytest.fixture(scope="module")
def assessed(made_local: Any, tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    plan = load_plan(made_local.plan_path)
    thresholds = find_thresholds("tokumei-2023", "contract", plan)
    subject = Subject(original=made_local.original, released=made_local.released, plan=plan)
    return assess(subject, thresholds, settings=None, work=tmp_path_factory.mktemp("work"))


def render(assessment: Assessment, language: str) -> str:
    reasons = reasons_not_to_release(assessment, assessment.thresholds)
    page = render_report(assessment, reasons, find_translator(language), language=language)
    return re.sub(r"<style.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL)


def find_counts(text: str) -> set[int]:
    """Return the exact counts of a text: not those that are said to be rounded."""
    text = re.sub(r"(?:約|about )[\d,]+", "", text)
    return {int(number.replace(",", "")) for number in re.findall(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d.])|(?<![\d.,])\d+(?![\d.,])", text)}


@settings(max_examples=12, deadline=None)
@given(RELEASED, st.integers(0, 25), st.sampled_from([(12, 400), (3, 400), (1, 50), (10, 11)]), st.sampled_from(["ja", "en"]))
def test_no_small_count_by_subtraction(assessed: Assessment, released: int, missing: int, sizes: tuple[int, int], language: str) -> None:
    many = (released - sizes[0]) // sizes[1]
    histogram = {sizes[0]: 1, sizes[1]: many}
    persons = sizes[0] + sizes[1] * many
    extent = Extent(rows_in=persons + missing, persons_in=persons + missing, rows_out=persons, persons_out=persons, counted="persons")
    assert assessed.utility is not None
    utility = dataclasses.replace(assessed.utility, original_rows=persons + missing, released_rows=persons)
    broken = dataclasses.replace(
        assessed,
        extent=extent,
        class_sizes=histogram,
        figures=measure_samples(histogram, 0.1),
        utility=utility,
        riskiest=dataclasses.replace(assessed.riskiest, size=sizes[0], classes=1),
    )
    counts = find_counts(render(broken, language))
    assert persons in counts
    near = {count for count in counts if 0 < abs(count - persons) < SMALL}
    assert near == set()
    assert (persons + missing in counts) == (missing == 0 or missing >= SMALL)


@pytest.mark.parametrize(("rows", "distance", "told"), [
    (1000, 0.0, "0%"), (1000, 0.004, "1.0% 未満"), (1000, 0.02, "2%"), (200, 0.02, "5.0% 未満"), (200, 0.05, "5%"), (0, 0.5, "100.0% 未満"),
])  # fmt: skip
def test_distances_that_few_rows_could_make_are_withheld(assessed: Assessment, rows: int, distance: float, told: str) -> None:
    assert assessed.utility is not None
    column = dataclasses.replace(assessed.utility.columns[0], variation=distance)
    utility = dataclasses.replace(assessed.utility, columns=(column,), original_rows=rows, released_rows=rows)
    found = describe_utility(utility, writer_for(assessed, find_translator("ja")))
    assert found is not None
    assert found["columns"][0]["variation"] == told


def test_without_a_release_nothing_is_said_of_its_use(assessed: Assessment) -> None:
    assert describe_utility(None, writer_for(assessed, find_translator("ja"))) is None
    assert "加工後のデータの有用性" not in render(dataclasses.replace(assessed, utility=None), "ja")


@pytest.mark.parametrize(("total", "step"), [
    (99, 0.2), (100, 0.1), (101, 0.1), (199, 0.1), (200, 0.05), (1000, 0.01), (1999, 0.01),
    (19, 1.0), (20, 0.5), (0, 1.0), (2000, 0.005), (10_000, 0.001), (100_000, 0.0001),
])  # fmt: skip
def test_shares_are_written_in_steps_of_ten_persons(total: int, step: float) -> None:
    assert find_step(total) == step


@settings(max_examples=200, deadline=None)
@given(st.integers(20, 20_000), st.data())
def test_two_shares_of_the_same_persons_tell_no_small_count_apart(assessed: Assessment, total: int, data: st.DataObject) -> None:
    writer = writer_for(assessed, find_translator("en"))
    some = data.draw(st.integers(SMALL, total))
    more = min(total, some + data.draw(st.integers(1, SMALL - 1)))
    # Either the same words, or neighbours on a grid whose steps are ten persons or more: nobody can tell 1 … 9 from 10 and more.
    told = {writer.part(some, total), writer.part(more, total)}
    shares = sorted({round_to_step(persons / total, find_step(total)) for persons in (some, more)})
    assert len(told) <= 2
    assert len(shares) == 1 or (shares[1] - shares[0]) * total >= SMALL - 0.01 * SMALL
    assert writer.part(total, total) == "100 %" or total >= 1000
    assert writer.part(total - 1, total) != writer.part(total, total)
    assert writer.part(1, total) != writer.part(0, total)


def test_attacks_on_everybody_do_not_tell_how_many_the_original_has(assessed: Assessment) -> None:
    # 301 persons before processing, 298 after: 150 members in each half are fewer than the 500 trials that were asked for.
    score = Score(members=40 / 150, strangers=39 / 150, baseline=0.1, excess=1 / 111, interval=(0.0, 0.123))
    attack = AttackResult(
        code="linkability", title="linkability", attacker=Message("x"), population=Message(HALVES, {"persons": 20_000}), source="x",
        released=score, unprotected=score, limit=0.09, trials=150, persons=150,
    )  # fmt: skip
    extent = Extent(rows_in=301, persons_in=301, rows_out=298, persons_out=298, counted="persons")
    shown = dataclasses.replace(assessed, extent=extent, attacks=(attack,), settings=AttackSettings(limits={}, trials=500))
    text = render(shown, "en")
    assert "500 trials at most" in text
    assert "at most 20,000" in text
    assert not find_counts(text) & {149, 150, 151, 299, 300, 301, 302}
    assert "26.7" not in text
    assert "27 %" in text
