"""Dummy files of every shipped table and layout: nothing is put aside, nothing in them is real, and the same seed gives the same file."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casework.console import run
from intake.convert import convert_file
from intake.dummy import make_rows, write_dummy
from intake.layout import layout_names, load_layout, make_plain_layout
from schemas.municipalities import is_synthetic_code
from schemas.tables import load_table, table_names

TODAY = date(2025, 4, 1)
SHIPPED = [(load_layout(name).table.name, name) for name in layout_names()]
TEXT = [pair for pair in SHIPPED if load_layout(pair[1]).format != "excel"] + [(table, "plain") for table in table_names()]


def check(path, table, layout, rows):
    account = convert_file(path, table=table, layout=layout, as_of=TODAY)
    assert (account.rows_in, account.rows_out, account.rows_quarantined) == (rows, rows, 0)
    assert {finding.kind.code for finding in account.findings} <= {"duplicate-rows", "cross-check"}
    return account


@pytest.mark.parametrize(("table", "layout"), TEXT)
def test_no_row_of_a_text_file_is_put_aside_whatever_the_seed(tmp_path_factory, table, layout):
    path = tmp_path_factory.mktemp("dummy") / "dummy.csv"

    @settings(max_examples=3, deadline=None)
    @given(rows=st.integers(1, 200), seed=st.integers(0, 2**32))
    def check_one(rows, seed):
        write_dummy(path, table=table, layout=layout, rows=rows, seed=seed)
        account = check(path, table, layout, rows)
        assert account.persons_out == rows

    check_one()


@pytest.mark.parametrize(("table", "layout"), [("nursing_home_waitlist", "waitlist-excel"), ("kokuho_benefit", "plain")])
def test_no_row_of_a_workbook_is_put_aside(tmp_path, table, layout):
    write_dummy(tmp_path / "dummy.xlsx", table=table, layout=layout, rows=60)
    check(tmp_path / "dummy.xlsx", table, layout, 60)


@pytest.mark.parametrize("table", table_names())
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_municipalities_insurers_and_persons_are_fictional(table, seed):
    layout = make_plain_layout(load_table(table), "csv")
    for row in make_rows(layout, 20, seed):
        cells = dict(zip((column.name for column in layout.columns), row, strict=True))
        assert is_synthetic_code(cells["municipality_code"])
        assert all(is_synthetic_code(cells[name]) for name in ("insurer_number", "office_number", "facility_number") if cells.get(name))
        assert not cells["name"] or "架空" in cells["name"]
        assert not cells["postal_code"] or cells["postal_code"].startswith("00000")
        assert not cells["phone"] or cells["phone"].startswith("000-0000-")


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path):
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        write_dummy(tmp_path / name, table="kokuho_benefit", layout="kokuho-csv-cp932", rows=20, seed=seed)
    one, again, other = ((tmp_path / name).read_bytes() for name in ("one", "again", "other"))
    assert one == again != other


def test_an_own_layout_with_spellings_of_a_system_and_fields_it_does_not_name(tmp_path):
    columns = [(1, "applicant_key", "digits_half"), (2, "name", "text"), (4, "birth_date", "date_ymd"), (5, "sex", "sex_12")]
    columns += [(7, "municipality_code", "municipality_code"), (8, "care_level", "care_level_code")]
    known = {column.name for column in load_table("nursing_home_waitlist").columns if column.required}
    columns += [(10 + i, name, rule) for i, (name, rule) in enumerate(sorted(_rest(known - {name for _, name, _ in columns}).items()))]
    lines = [f"  - {{position: {place}, column: {name}, rule: {rule}}}" for place, name, rule in columns]
    text = ["layout: own", "title_ja: 自前", "table: nursing_home_waitlist", "format: csv", "encoding: euc_jp", "header: false"]
    lines[5] = lines[5].replace("}", ", vendor: [single_digit]}")
    (tmp_path / "own.yaml").write_text("\n".join([*text, "delimiter: '|'", "fields: 30", "columns:", *lines]), encoding="utf-8")
    write_dummy(tmp_path / "own.txt", table="nursing_home_waitlist", layout=str(tmp_path / "own.yaml"), rows=50)
    assert (tmp_path / "own.txt").read_bytes().splitlines()[0].count(b"|") == 29
    check(tmp_path / "own.txt", "nursing_home_waitlist", str(tmp_path / "own.yaml"), 50)


def _rest(names):
    layout = make_plain_layout(load_table("nursing_home_waitlist"), "csv")
    return {column.name: column.use.rule for column in layout.columns if column.name in names}


def test_the_command_writes_a_file_that_the_check_command_passes(tmp_path, capsys):
    path = tmp_path / "dummy.dat"
    options = ["--table", "care_provider_staff", "--layout", "staff-fixed-cp932"]
    assert run(["intake", "dummy", *options, "--output", str(path), "--rows", "7"]) == 0
    assert run(["intake", "check", str(path), *options]) == 0
    assert "7" in capsys.readouterr().out
    assert len(path.read_bytes().splitlines()) == 7


@pytest.mark.parametrize("options", [["--table", "kokuho_benefit", "--layout", "waitlist-excel"], ["--table", "nothing"]])
def test_a_wrong_table_or_layout_leaves_no_file(tmp_path, options, capsys):
    assert run(["intake", "dummy", *options, "--output", str(tmp_path / "dummy.csv")]) in {10, 12}
    errors = capsys.readouterr().err
    assert "error:" in errors
    assert "hint:" in errors
    assert list(tmp_path.iterdir()) == []
