"""Canaries are planted in every personal field, survive the layouts, and are found in every disguise."""

import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from intake.convert import convert_file
from sample_data.canaries import PERSONAL, Canary, find_canaries, is_unique, plant_canaries, write_with_canaries
from sample_data.sheets import list_layouts, load_layout
from sample_data.write import AS_OF, SUFFIXES, Sample, iterate_tables
from schemas.tables import load_table

MARK = Canary(table="kokuho_benefit", column="name_kana", row=0, text="ヂヅヴガパエ")


def take_in(path, layout):
    """Convert a file beside it, births judged by the day of the samples."""
    outputs = {"output": path.with_name("out.parquet"), "quarantine": path.with_name("aside.parquet")}
    return convert_file(path, table=load_layout(layout)["table"], layout=layout, as_of=AS_OF.item(), **outputs)


def sample_for(layout):
    return Sample(table=load_layout(layout)["table"], municipality="902012", persons=120, months=2)


@pytest.mark.parametrize("layout", [name for name in list_layouts() if load_layout(name)["format"] != "records"])
def test_every_personal_column_gets_a_mark_that_intake_takes(tmp_path, layout):
    path = tmp_path / f"file{SUFFIXES[load_layout(layout)['format']]}"
    written, canaries = write_with_canaries(sample_for(layout), path, layout=layout)
    report = take_in(path, layout)
    assert report.rows_quarantined == 0
    assert {canary.column for canary in canaries} >= {
        column.name
        for column in load_table(written.sample.table).columns
        if column.role in PERSONAL and column.name not in {"insured_branch", "insurer_number", "care_manager_number"}
    }
    found = find_canaries(tmp_path / "out.parquet", canaries)
    assert {sighting.canary for sighting in found} == set(canaries)


def test_marks_are_found_in_the_file_as_it_was_sent(tmp_path):
    _, canaries = write_with_canaries(sample_for("kokuho-csv-cp932"), tmp_path / "file.csv", layout="kokuho-csv-cp932")
    found = find_canaries(tmp_path, canaries)
    assert {sighting.canary for sighting in found} == set(canaries)


def test_a_clean_file_has_none(tmp_path):
    _, canaries = write_with_canaries(sample_for("kokuho-csv-cp932"), tmp_path / "marked.csv", layout="kokuho-csv-cp932")
    (tmp_path / "marked.csv").unlink()
    table = next(iterate_tables(sample_for("kokuho-csv-cp932")))
    pq.write_table(table, tmp_path / "clean.parquet")
    assert find_canaries(tmp_path, canaries) == []


@pytest.mark.parametrize("encoding", ["utf-8", "cp932", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [MARK.text, "ﾁﾞﾂﾞｳﾞｶﾞﾊﾟｴ"])
def test_found_in_each_encoding_and_width(tmp_path, encoding, text):
    (tmp_path / "log.txt").write_bytes(b"before " + text.encode(encoding) + b" after")
    assert [sighting.canary for sighting in find_canaries(tmp_path, (MARK,))] == [MARK]


def test_found_in_zip_inside_zip_and_parquet_inside_it(tmp_path):
    pq.write_table(pa.table({"a": pa.array([MARK.text] * 500).dictionary_encode()}), tmp_path / "inner.parquet", compression="zstd")
    with zipfile.ZipFile(tmp_path / "inner.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "inner.parquet", "data/inner.parquet")
    with zipfile.ZipFile(tmp_path / "outer.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "inner.zip", "inner.zip")
    (tmp_path / "inner.parquet").unlink()
    (tmp_path / "inner.zip").unlink()
    places = {sighting.path for sighting in find_canaries(tmp_path, (MARK,))}
    assert "outer.zip!inner.zip!data/inner.parquet!cells" in places


def test_found_in_metadata_of_parquet_and_in_names_of_files(tmp_path):
    table = pa.table({"a": [1]}).replace_schema_metadata({"note": MARK.text})
    pq.write_table(table, tmp_path / "x.parquet")
    assert find_canaries(tmp_path / "x.parquet", (MARK,))
    (tmp_path / "x.parquet").unlink()
    (tmp_path / MARK.text).write_bytes(b"")
    assert find_canaries(tmp_path, (MARK,))


@pytest.mark.parametrize(("text", "unique"), [("123456789", False), ("1234567890", True), ("鱶鰰鱚鮟鱇", False), ("鱶鰰鱚鮟鱇鯱", True)])
def test_short_marks_are_not_looked_for(text, unique):
    assert is_unique(text) is unique


def test_rows_beyond_the_end_get_no_mark():
    table = next(iterate_tables(Sample(table="nursing_home_waitlist", municipality="902012", persons=5)))
    marked, canaries = plant_canaries(table, "nursing_home_waitlist", seed=1, rows=(2, 99))
    assert marked.num_rows == table.num_rows
    assert {canary.row for canary in canaries} == {2}
