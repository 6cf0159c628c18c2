"""The report: whole, closed to the outside, without values and without small counts."""

import dataclasses
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from anonymize.risk.assessment import Assessment, Extent, Subject, assess
from anonymize.risk.attacks.suite import AttackSettings
from anonymize.risk.gate import reasons_not_to_release
from anonymize.risk.report import render_report
from anonymize.risk.report.numbers import writer_for
from anonymize.risk.report.texts import NAMES, TEXTS
from anonymize.risk.samples import measure_samples
from anonymize.risk.thresholds import find_thresholds
from casework.i18n import find_translator
from schemas.plan import load_plan

VOID = {"meta", "br", "link", "img", "hr", "input", "col"}


class Balance(HTMLParser):
    """Every element is closed, in order; collects text, attributes and elements."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.columns: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.columns += [(name, value) for name, value in attrs if tag == "meta"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.words.append(data)


def parse(page: str) -> Balance:
    parser = Balance()
    parser.feed(page)
    assert parser.open == []
    return parser


@pytest.fixture(scope="module")
def assessed(made_local: Any, tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    plan = load_plan(made_local.plan_path)
    thresholds = find_thresholds("tokumei-2023", "contract", plan)
    settings = AttackSettings(limits=thresholds.limit_attacks(), trials=60, persons=800, seed=3)
    subject = Subject(original=made_local.original, released=made_local.released, plan=plan)
    return assess(subject, thresholds, settings=settings, work=tmp_path_factory.mktemp("work"))


def render(assessment: Assessment, language: str = "ja") -> str:
    reasons = reasons_not_to_release(assessment, assessment.thresholds)
    return render_report(assessment, reasons, find_translator(language), language=language)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_page_is_well_formed_and_closed_to_the_outside(assessed: Assessment, language: str) -> None:
    page = render(assessed, language)
    seen = parse(page)
    assert "http://" not in page
    assert "https://" not in page
    assert "url(" not in page
    assert not seen.elements & {"script", "link", "img", "iframe", "form", "object", "base"}
    assert not seen.attributes & {"src", "href", "xlink:href", "onload", "onclick", "action"}
    policy = next(value for name, value in seen.columns if name == "content" and value and "default-src" in value)
    assert "default-src 'none'" in policy
    assert len(page.encode()) < 200_000


@pytest.mark.parametrize("language", ["ja", "en"])
def test_no_value_of_the_file_reaches_page_or_json(assessed: Assessment, made_local: Any, language: str) -> None:
    told = render(assessed, language) + json.dumps(assessed.to_json(), ensure_ascii=False)
    assert "CANARY" not in told
    assert str(made_local.original.parent) not in told


def test_report_opens_with_the_verdict_and_three_figures(assessed: Assessment) -> None:
    page = render(assessed)
    order = [page.index(mark) for mark in ('class="verdict', 'class="keys"', 'class="story"', 'class="lines"', 'class="methods"')]
    assert order == sorted(order)
    assert page.count('<p class="number">') == 3


def test_every_chart_has_its_table(assessed: Assessment) -> None:
    page = render(assessed)
    assert page.count("<svg ") == 4
    assert page.count("<caption>") == page.count("<svg ")
    assert page.count('aria-hidden="true" focusable="false"') == 4


def test_same_assessment_same_bytes(assessed: Assessment) -> None:
    assert render(assessed) == render(assessed)


def test_refusal_names_every_reason(assessed: Assessment) -> None:
    sizes = {3: 1, 200: 5}
    broken = dataclasses.replace(assessed, class_sizes=sizes, figures=measure_samples(sizes, 0.1))
    reasons = reasons_not_to_release(broken, broken.thresholds)
    page = render(broken)
    assert 'class="verdict stop"' in page
    translate = find_translator("ja")
    assert reasons
    assert all(reason.message.render(translate) in page for reason in reasons)


@pytest.mark.parametrize("size", range(1, 10))
def test_small_class_cannot_be_read_off(assessed: Assessment, size: int) -> None:
    # k = 10 is promised; a class of `size` breaks it. Neither the size nor 1/size may stand anywhere.
    sizes = {size: 1, 400: 10}
    broken = dataclasses.replace(
        assessed,
        class_sizes=sizes,
        figures=measure_samples(sizes, 0.1),
        attacks=(),
        columns=(),
        riskiest=dataclasses.replace(assessed.riskiest, size=size, classes=1),
    )
    writer = writer_for(broken, find_translator("ja"))
    shown = {figure.code: writer.figure(figure) for figure in broken.figures}
    assert shown["smallest_class"] == "10未満"
    assert shown["prosecutor_highest"] == "10.0% 超"
    assert shown["prosecutor_share_above"] == "10未満"
    assert shown["sample_uniques"] == ("10未満" if size == 1 else "0.0%")
    text = " ".join(parse(render(broken)).words)
    assert f"{100 / size:.1f}%" not in text.replace("10.0%", "")


@pytest.mark.parametrize(("suppressed", "hidden"), [(0, False), (1, True), (9, True), (10, False)])
def test_small_difference_hides_the_original_count(assessed: Assessment, suppressed: int, hidden: bool) -> None:
    extent = Extent(rows_in=4321 + suppressed, persons_in=4321 + suppressed, rows_out=4321, persons_out=4321, counted="persons")
    text = " ".join(parse(render(dataclasses.replace(assessed, extent=extent, attacks=()))).words)
    assert (f"{4321 + suppressed:,}" in text.replace("4,321", "" if suppressed else "4,321")) is not hidden


def test_small_bins_are_rounded_away(assessed: Assessment) -> None:
    # 12 of 10,012 persons (0.1 %) stand in one class: shown as below 1 %, as is everything that small.
    sizes = {12: 1, 500: 20}
    page = render(dataclasses.replace(assessed, class_sizes=sizes, figures=measure_samples(sizes, 0.1), attacks=()))
    assert "1% 未満" in page


def test_shares_of_few_rows_are_withheld(assessed: Assessment) -> None:
    writer = writer_for(assessed, find_translator("ja"))
    assert writer.share_of_rows(5 / 1000, 1000) == "1.0% 未満"
    assert writer.share_of_rows(10 / 1000, 1000) == "1.0%"


def test_every_text_is_translated() -> None:
    translate = find_translator("ja")
    missing = [text for text in (*TEXTS.values(), *NAMES.values()) if translate(text) == text and re.search("[a-z]{3}", text)]
    assert missing == []


def test_style_prints_on_a4(assessed: Assessment) -> None:
    page = render(assessed)
    assert "@page { size: A4" in page
    assert "break-inside: avoid" in page


def test_paths_and_plan_names_are_escaped(assessed: Assessment, tmp_path: Path) -> None:
    plan = dataclasses.replace(assessed.plan, name="<script>alert(1)</script>")
    page = render(dataclasses.replace(assessed, plan=plan))
    assert "<script" not in page
