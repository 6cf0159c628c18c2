"""The benchmark of intake: the ways it compares write the same values, so that it compares the same work."""

import importlib
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def load(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    return importlib.import_module


def agree_on_what_was_found(report, account):
    assert (account["rows_in"], account["rows_out"], account["persons"]) == (300, report["rows_out"], report["persons_out"])
    assert account["keys_repeated"] == report["quality"]["repeats"]["count"]
    assert account["repairs"] == {
        "name_kana": report["repairs"]["kana_full"]["name_kana"],
        "address": report["repairs"]["width_fold"]["address"],
    }
    ours = {column["column"]: column for column in report["quality"]["columns"]}
    assert account["filled"] == {name: ours[name]["filled"] for name in account["filled"]}
    assert account["distinct"] == {name: ours[name]["distinct"] for name in account["distinct"]}
    assert account["sha256"][0] == report["source_sha256"]


def test_each_way_writes_the_same_rows_and_the_converted_values_agree(tmp_path, load):
    bench = load("bench.intake")
    used = bench.measure_all(tmp_path, 300, runs=1)
    columns = list(bench.COLUMNS)
    ways = ("sakusei", "pandas", "checks", "arrow")
    ours, pandas, checks, arrow = (pq.read_table(tmp_path / f"{name}.parquet", columns=columns) for name in ways)
    assert ours.num_rows == pandas.num_rows == arrow.num_rows == 300
    for name in columns:
        assert ours[name].to_pylist() == pandas[name].to_pylist() == checks[name].to_pylist(), name
    # the copy alone keeps every text: 1 to 5 and six digits, half-width kana
    assert all(len(text) == 7 for text in arrow["birth_date"].to_pylist())
    assert arrow["name_kana"].to_pylist() != ours["name_kana"].to_pylist()
    report, account = (json.loads((tmp_path / name).read_text(encoding="utf-8")) for name in ("report.json", "checks.parquet.json"))
    assert report["rows_quarantined"] == 0
    agree_on_what_was_found(report, account)
    assert all(use.wall_seconds > 0 and use.cpu_seconds > 0 and use.peak_bytes > 20 << 20 for use in used.values())
    first, *lines = bench.describe(300, 3 << 20, used)
    assert first == "300 rows, 20 columns, 3 MiB of CP932"
    assert [line.split()[0] for line in lines] == list(ways)
    assert "(1.00 x)" in lines[0]


def test_checking_and_sealing_are_measured_on_the_same_file(tmp_path, load):
    used = load("bench.intake").measure_officer(tmp_path, 300)
    assert list(used) == ["check", "seal"]
    assert (tmp_path / "rows.sakusei").stat().st_size > 10_000
    assert all(use.cpu_seconds > 0 for use in used.values())


def test_the_plain_script_judges_as_it_says(load):
    rivals = load("bench.intake_rivals")
    assert rivals.read_era("3200401").isoformat() == "1945-04-01"
    assert rivals.read_era("50504").isoformat() == "2023-04-01"
    # 昭和64年1月8日 was 平成元年; 13月 is none; zeros are none
    assert [rivals.read_era(text) for text in ("3640108", "5021301", "0000000", "")] == [None] * 4
    assert rivals.is_municipality("902012")
    assert not rivals.is_municipality("902013")
    # the worked number of tests/unit/schemas/test_check_digits.py
    assert rivals.is_individual("983205673214")
    assert not rivals.is_individual("983205673215")
    # weights 2, 1, 2, 1, 2 on 90001: 1+8, 0, 0, 0, 2 → 11 → 9
    assert rivals.is_insurer("900019")
    assert not rivals.is_insurer("900018")
