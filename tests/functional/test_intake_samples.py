"""Synthetic files with planned defects, by an encoder that shares no code with intake: each is found, in its rows, and no other."""

import json

import pyarrow.parquet as pq
import pytest

from casework.console import run
from sample_data.defects import DEFECTS, can_damage
from schemas.documents import load_document

LAYOUTS = {
    "kokuho-csv-cp932": ("kokuho_benefit", "902021"),
    "waitlist-csv-utf8": ("nursing_home_waitlist", "900001"),
    "waitlist-excel": ("nursing_home_waitlist", "900001"),
    "staff-fixed-cp932": ("care_provider_staff", "900001"),
}


def write(tmp_path, layout, defects):
    table, municipality = LAYOUTS[layout]
    folder = tmp_path / "sample"
    tmp_path.mkdir(exist_ok=True)
    named = [part for defect in defects for part in ("--defect", defect)]
    arguments = ["--output", str(folder), "--people", "200", "--municipality", municipality, "--table", table, "--layout", layout]
    assert run(["sample", "write", *arguments, "--months", "4", "--count", "3", *named]) == 0
    (source,) = (path for path in folder.iterdir() if path.suffix in {".csv", ".dat", ".xlsx"})
    (planned,) = json.loads((folder / "synthetic-defects.json").read_text(encoding="utf-8"))
    return source, table, planned["defects"]


def possible(layout, outcome):
    from intake.layout import FOLDER

    document = load_document("layout", FOLDER / f"{layout}.yaml")
    return [defect.code for defect in DEFECTS if defect.outcome == outcome and can_damage(defect, document)]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_rows_with_defects_are_put_aside_and_no_others(tmp_path, layout, capsys):
    source, table, planned = write(tmp_path, layout, [*possible(layout, "row"), *possible(layout, "note")])
    out, report, aside = (tmp_path / name for name in ("out.parquet", "report.json", "aside.parquet"))
    paths = ["--output", str(out), "--report", str(report), "--quarantine", str(aside)]
    assert run(["intake", "convert", str(source), "--table", table, *paths]) == 0
    account = json.loads(report.read_text(encoding="utf-8"))
    bad = sorted(row for defect in planned if defect["outcome"] == "row" for row in defect["rows"])
    assert len(bad) >= 20
    assert pq.read_table(aside).column("source_row").to_pylist() == bad
    assert account["layout"] == layout
    assert account["rows_in"] == account["rows_out"] + len(bad)
    assert not set(bad) & set(pq.read_table(out).column("source_row").to_pylist())
    found: dict[str, set[int]] = {}
    for finding in account["findings"]:
        found.setdefault(finding["code"], set()).update(finding["rows"])
    for defect in planned:
        assert set(defect["rows"]) <= found[defect["finding"]], defect["defect"]
    capsys.readouterr()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_defects_of_the_whole_file_refuse_it(tmp_path, layout, capsys):
    for number, defect in enumerate(possible(layout, "file")):
        source, table, _ = write(tmp_path / str(number), layout, [defect])
        capsys.readouterr()
        assert run(["intake", "check", str(source), "--table", table, "--layout", layout]) == 12, defect
        assert "hint:" in capsys.readouterr().err


def test_the_same_file_gives_the_same_bytes(tmp_path, capsys):
    source, table, _ = write(tmp_path, "kokuho-csv-cp932", [])
    for name in ("one", "two"):
        paths = ["--output", str(tmp_path / f"{name}.parquet"), "--report", str(tmp_path / f"{name}.json")]
        assert run(["intake", "convert", str(source), "--table", table, *paths]) == 0
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    capsys.readouterr()
