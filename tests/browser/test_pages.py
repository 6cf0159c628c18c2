"""Reports, terms and public pages in a real browser: they show, they print, and they ask nothing of the network."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import yaml

from casework.console import run

pytestmark = pytest.mark.browser
ROWS = 4000
EMPTY_PICTURE_BYTES = 20_000


@pytest.fixture(scope="module")
def risk_report(tmp_path_factory):
    """A report on a small release, in both languages."""
    folder = tmp_path_factory.mktemp("risk")
    chance = np.random.default_rng(1)
    table = pd.DataFrame(
        {
            "age": chance.integers(20, 90, ROWS),
            "sex": chance.choice(["男", "女"], ROWS),
            "area": chance.choice(["北", "南", "東", "西"], ROWS),
            "illness": chance.choice(["A", "B", "C", "D"], ROWS),
        }
    )
    table.to_csv(folder / "original.csv", index=False)
    quasi = {"role": "quasi_identifier", "clause": 5}
    plan = {
        "plan": "browser-v1",
        "privacy": {"k": 10},
        "suppression_limit": 0.05,
        "method": "local",
        "columns": {
            "age": quasi | {"hierarchy": {"intervals": [5, 10, 20]}, "type": "integer"},
            "sex": quasi | {"hierarchy": {"levels": 1}},
            "area": quasi | {"hierarchy": {"levels": 1}},
            "illness": {"role": "sensitive", "treatment": "keep", "clause": 5},
        },
    }
    (folder / "plan.yaml").write_text(yaml.safe_dump(plan, allow_unicode=True, sort_keys=False))
    paths = {name: str(folder / name) for name in ("original.csv", "plan.yaml", "out.parquet", "run.json")}
    words = [
        "--input",
        paths["original.csv"],
        "--plan",
        paths["plan.yaml"],
        "--output",
        paths["out.parquet"],
        "--report",
        paths["run.json"],
    ]
    assert run(["anonymize", "run", *words]) == 0
    for language in ("ja", "en"):
        words = ["--original", paths["original.csv"], "--released", paths["out.parquet"], "--plan", paths["plan.yaml"], "--no-attacks"]
        words += ["--report", str(folder / f"{language}.json"), "--html", str(folder / f"{language}.html"), "--html-lang", language]
        assert run(["risk", "assess", *words]) == 0
    return folder


@pytest.mark.parametrize(
    ("language", "words"),
    [("ja", ("再識別", "準識別子", "有用性", "架空")), ("en", ("re-identification", "riskiest class", "still good for"))],
)
def test_risk_report_shows_and_prints(risk_report, look, language, words):
    text, picture_bytes, pages = look(risk_report / f"{language}.html")
    assert all(word in text for word in words)
    assert f'lang="{language}"' in text
    assert "<svg" in text
    assert picture_bytes > EMPTY_PICTURE_BYTES
    assert 1 <= pages <= 12
    assert not re.search(r'(?:src|href)="https?:', text)


@pytest.mark.parametrize(("language", "width"), [("ja", 480), ("ja", 1100), ("en", 480), ("en", 1100)])
def test_risk_report_is_not_wider_than_its_window(risk_report, chromium, tmp_path, language, width):
    # the page allows no script; a copy without its policy measures itself
    measure = "<script>document.title = JSON.stringify([document.documentElement.scrollWidth, window.innerWidth])</script></body>"
    page = (risk_report / f"{language}.html").read_text(encoding="utf-8")
    copy = tmp_path / "measured.html"
    copy.write_text(re.sub("<meta http-equiv[^>]*>", "", page).replace("</body>", measure), encoding="utf-8")
    shown = chromium(copy, f"--window-size={width},900", "--dump-dom").stdout
    needed, there = json.loads(re.search(r"<title>(\[.*?\])</title>", shown)[1])
    assert needed <= there


def test_the_three_figures_stand_side_by_side_on_paper(risk_report):
    """A4 is narrower than the windows for which they are stacked."""
    page = (risk_report / "ja.html").read_text(encoding="utf-8")
    assert re.findall(r"@media [^{]*max-width", page) == ["@media screen and (max-width"]


@pytest.mark.parametrize(("language", "word"), [("ja", "残る情報"), ("en", "information kept")])
def test_frontier_shows_and_prints(risk_report, look, language, word):
    words = [
        "--original",
        str(risk_report / "original.csv"),
        "--plan",
        str(risk_report / "plan.yaml"),
        "--k",
        "5,20",
        "--html-lang",
        language,
    ]
    page = risk_report / f"frontier-{language}.html"
    assert run(["risk", "frontier", *words, "--report", str(risk_report / "f.json"), "--html", str(page)]) == 0
    text, picture_bytes, pages = look(page)
    assert word in text
    assert picture_bytes > EMPTY_PICTURE_BYTES
    assert 1 <= pages <= 3


def test_japanese_report_is_japanese(risk_report):
    """Few English words may remain in the Japanese page: names of columns and levels, titles of sources."""
    text = (risk_report / "ja.html").read_text(encoding="utf-8")
    body = re.sub(r"<style.*?</style>|<svg.*?</svg>|<[^>]+>|doi:\S+", " ", text, flags=re.DOTALL)
    japanese = len(re.findall(r"[ぁ-んァ-ヶ一-龠]", body))
    english = len(re.findall(r"[A-Za-z]", body))
    assert japanese > english


def test_public_pages_show(look, tmp_path):
    assert run(["init", "--home", str(tmp_path / "home"), "--synthetic"]) == 0
    assert run(["portal", "build", "--home", str(tmp_path / "home"), "--output", str(tmp_path / "portal")]) == 0
    text, picture_bytes, pages = look(tmp_path / "portal" / "index.html")
    assert 'lang="ja"' in text
    assert picture_bytes > EMPTY_PICTURE_BYTES
    assert pages >= 1
