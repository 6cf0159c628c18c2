"""The quality report in a real browser: it shows, it prints, and it is not wider than its window."""

import csv
import json
import re

import pytest

from casework.console import run
from schemas.check_digits import append

pytestmark = pytest.mark.browser
ROW = {
    "person_key": "K0000001",
    "insurer_number": append("insurer", "90202"),
    "birth_date": "1950-01-31",
    "sex": "2",
    "municipality_code": "902021",
    "treated_month": "2024-04",
    "care_kind": "1",
    "cost_yen": "1000",
    "copayment_yen": "300",
    "disease_code": "I10",
    "note": "",
}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The report of a file with findings of every kind."""
    folder = tmp_path_factory.mktemp("quality")
    rows = [{**ROW, "person_key": f"K{number:07d}"} for number in range(200)]
    rows += [{**row, "sex": "x"} for row in rows[:12]] + [{**row, "disease_code": "C61"} for row in rows[:15]]
    rows += [{**row, "note": "架空様 \ue000"} for row in rows[:30]]
    with (folder / "a.csv").open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, list(ROW))
        writer.writeheader()
        writer.writerows(rows)
    words = [str(folder / "a.csv"), "--table", "kokuho_benefit", "--as-of", "2024-06-01", "--html", str(folder / "quality.html")]
    assert run(["intake", "check", *words]) == 0
    return folder / "quality.html"


def test_the_page_shows_and_prints(page, look):
    text, picture_bytes, printed_pages = look(page)
    assert "受領ファイルの品質報告書" in text
    assert "男性に固有の傷病ですが、性別が女です" in text
    assert picture_bytes > 20_000
    assert 1 <= printed_pages <= 4


@pytest.mark.parametrize("width", [600, 1400])
def test_the_page_is_not_wider_than_its_window(page, chromium, tmp_path, width):
    # the page allows no script; a copy without its policy measures itself
    measure = "<script>document.title = JSON.stringify([document.documentElement.scrollWidth, window.innerWidth])</script></body>"
    copy = tmp_path / "measured.html"
    copy.write_text(re.sub("<meta http-equiv[^>]*>", "", page.read_text(encoding="utf-8")).replace("</body>", measure), encoding="utf-8")
    shown = chromium(copy, f"--window-size={width},900", "--dump-dom").stdout
    needed, there = json.loads(re.search(r"<title>(\[.*?\])</title>", shown)[1])
    assert needed <= there
