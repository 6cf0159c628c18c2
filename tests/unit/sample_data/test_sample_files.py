"""Files of samples: intake reads back what was meant; every defect is found in the rows that were damaged, and nowhere else."""

import hashlib

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from intake.convert import convert_file
from sample_data.defects import DEFECTS, can_damage, get_defect, plan_damage
from sample_data.pools import open_stream
from sample_data.sheets import list_layouts, load_layout, make_sheet
from sample_data.write import AS_OF, SUFFIXES, Sample, iterate_tables, write_file
from schemas.errors import FileRejected, SakuseiError, SettingsError

CITY = "902012"
PERSONS = 300
MONTHS = 2
ROWS_SHOWN = 20
# files of several kinds of record hold less than the table; their round trip is a test of its own
TABULAR = [name for name in list_layouts() if load_layout(name)["format"] != "records"]


def take_in(path, layout):
    """Convert a file beside it, births judged by the day of the samples."""
    outputs = {"output": path.with_name("out.parquet"), "quarantine": path.with_name("aside.parquet")}
    return convert_file(path, table=load_layout(layout)["table"], layout=layout, as_of=AS_OF.item(), **outputs)


def sample_for(layout, persons=PERSONS):
    return Sample(table=load_layout(layout)["table"], municipality=CITY, persons=persons, months=MONTHS)


def path_for(folder, layout, name="file"):
    return folder / f"{name}{SUFFIXES[load_layout(layout)['format']]}"


def pairs():
    for layout in TABULAR:
        for defect in DEFECTS:
            if can_damage(defect, load_layout(layout)):
                yield pytest.param(layout, defect, id=f"{layout}-{defect.code}")


@pytest.mark.parametrize("layout", TABULAR)
def test_intake_reads_back_what_was_meant(tmp_path, layout):
    path = path_for(tmp_path, layout)
    written = write_file(sample_for(layout), path, layout=layout)
    report = take_in(path, layout)
    meant = pa.concat_tables(list(iterate_tables(sample_for(layout))))
    read = pq.read_table(tmp_path / "out.parquet").drop_columns(["source_row"])
    assert read.equals(meant)
    assert (report.rows_in, report.rows_quarantined) == (written.rows, 0)
    assert {finding.kind.code for finding in report.findings} <= {"persons-mentioned", "cross-check"}
    assert report.persons_in == written.persons


@pytest.mark.parametrize("layout", list_layouts())
def test_same_seed_same_bytes(tmp_path, layout):
    digests = set()
    for name in ("first", "second"):
        path = path_for(tmp_path, layout, name)
        write_file(sample_for(layout), path, layout=layout)
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(digests) == 1


@pytest.mark.parametrize(("layout", "defect"), list(pairs()))
def test_a_defect_is_found_in_the_rows_that_were_damaged(tmp_path, layout, defect):
    path = path_for(tmp_path, layout)
    written = write_file(sample_for(layout), path, layout=layout, defects=(defect,), count=4)
    damage = written.damages[0]
    try:
        report = take_in(path, layout)
    except FileRejected as refused:
        assert defect.outcome == "file"
        assert defect.finding in {finding.kind.code for finding in refused.findings}
        assert not (tmp_path / "out.parquet").exists()
        return
    assert defect.outcome != "file"
    finding = next(finding for finding in report.findings if finding.kind.code == defect.finding)
    assert finding.rows == damage.rows[:ROWS_SHOWN]
    assert finding.count == len(damage.rows)
    assert report.rows_quarantined == (len(damage.rows) if defect.outcome == "row" else 0)
    assert report.rows_in == written.rows


@pytest.mark.parametrize("layout", TABULAR)
def test_all_row_defects_at_once_reconcile_to_the_row(tmp_path, layout):
    path = path_for(tmp_path, layout)
    defects = tuple(entry for entry in DEFECTS if entry.outcome == "row" and can_damage(entry, load_layout(layout)))
    written = write_file(sample_for(layout), path, layout=layout, defects=defects, count=3)
    report = take_in(path, layout)
    damaged = sorted(row for damage in written.damages for row in damage.rows)
    aside = pq.read_table(tmp_path / "aside.parquet")
    assert aside["source_row"].to_pylist() == damaged
    assert report.rows_in == report.rows_out + len(damaged) == written.rows


def test_rows_are_damaged_by_one_defect_only():
    plan = plan_damage(100, DEFECTS, 4, open_stream(1))
    rows = [row for code, found in plan.items() if not get_defect(code).whole for row in found.tolist()]
    assert len(rows) == len(set(rows))


def test_a_short_file_has_fewer_damaged_rows():
    plan = plan_damage(5, (get_defect("gaiji"), get_defect("empty_key")), 4, open_stream(1))
    assert [len(found) for found in plan.values()] == [2, 2]


def test_unknown_defect_is_named():
    with pytest.raises(SettingsError, match="no defect nonsense"):
        get_defect("nonsense")


def test_a_defect_that_the_format_cannot_have_is_refused_and_nothing_written(tmp_path):
    path = tmp_path / "file.csv"
    with pytest.raises(SettingsError, match="cannot have"):
        write_file(sample_for("kokuho-csv-cp932"), path, layout="kokuho-csv-cp932", defects=(get_defect("cut_character"),))
    assert not list(tmp_path.iterdir())


def test_a_layout_of_another_table_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="is for table"):
        write_file(sample_for("kokuho-csv-cp932"), tmp_path / "file.csv", layout="staff-fixed-cp932")


def test_unknown_layout_is_named(tmp_path):
    with pytest.raises(SettingsError, match="no layout nonsense"):
        load_layout("nonsense")


def test_text_too_long_for_its_field_is_an_error_not_a_cut(tmp_path):
    def lengthen(table):
        place = table.column_names.index("name")
        return table.set_column(place, "name", pa.array(["見" * 16] * len(table)))

    with pytest.raises(SakuseiError, match="needs 32 bytes"):
        write_file(sample_for("staff-fixed-cp932"), tmp_path / "file.dat", layout="staff-fixed-cp932", change=lengthen)
    assert not list(tmp_path.iterdir())


def test_records_have_the_length_of_the_layout(tmp_path):
    path = tmp_path / "file.dat"
    write_file(sample_for("staff-fixed-cp932"), path, layout="staff-fixed-cp932")
    assert {len(line) for line in path.read_bytes().split(b"\r\n")[:-1]} == {load_layout("staff-fixed-cp932")["record_bytes"]}


def test_workbooks_hold_dates_as_dates_and_say_that_they_are_invented(tmp_path):
    path = tmp_path / "file.xlsx"
    write_file(sample_for("waitlist-excel", 20), path, layout="waitlist-excel")
    book = openpyxl.load_workbook(path)
    headings = [cell.value for cell in book.worksheets[0][1]]
    born = book.worksheets[0].cell(row=2, column=headings.index("生年月日") + 1)
    assert born.is_date
    assert "ge" in born.number_format
    assert "架空" in book.properties.creator


def test_cells_with_delimiters_are_quoted(tmp_path):
    def add_comma(table):
        place = table.column_names.index("note")
        return table.set_column(place, "note", pa.array(['1,"2"\r\n3'] * len(table)))

    write_file(sample_for("kokuho-csv-cp932", 5), tmp_path / "file.csv", layout="kokuho-csv-cp932", change=add_comma)
    take_in(tmp_path / "file.csv", "kokuho-csv-cp932")
    assert pq.read_table(tmp_path / "out.parquet")["note"].unique().to_pylist() == ['1,"2"\r\n3']


def test_repr_of_a_sheet_shows_counts():
    table = next(iterate_tables(sample_for("waitlist-csv-utf8", 10)))
    assert repr(make_sheet(table, load_layout("waitlist-csv-utf8"), open_stream(1))).startswith("Sheet(1")
