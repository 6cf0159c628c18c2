"""Whatever a sender writes: every row is in the output or in the quarantine, and values come back. The encoder here is the test's own."""

import csv
import datetime
import io

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intake.convert import Outputs, convert_source
from intake.layout import load_layout, make_plain_layout
from schemas.errors import FileRejected
from schemas.tables import load_table

TABLE = load_table("kokuho_benefit")
ERAS = (
    ("令和", "R", 5, datetime.date(2019, 5, 1), 2018),
    ("平成", "H", 4, datetime.date(1989, 1, 8), 1988),
    ("昭和", "S", 3, datetime.date(1926, 12, 25), 1925),
    ("大正", "T", 2, datetime.date(1912, 7, 30), 1911),
    ("明治", "M", 1, datetime.date(1873, 1, 1), 1867),
)
QUICK = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])

# Characters that CP932 writes and reads back as they were, without those a spreadsheet would take for a formula at the start.
NAMES = st.text(alphabet=st.sampled_from("山田佐藤髙﨑①㈱ー・ヴabc 　-'\"，,"), min_size=1, max_size=12).map(lambda t: f"名{t}姓")
DAYS = st.dates(datetime.date(1873, 1, 1), datetime.date(2050, 12, 31))
ROWS = st.fixed_dictionaries(
    {
        "person_key": st.from_regex(r"[0-9A-Z]{8,15}", fullmatch=True),
        "name": NAMES,
        "birth_date": DAYS,
        "sex": st.sampled_from(["1", "2", "9"]),
        "cost_yen": st.integers(0, 10**9),
        "points": st.none() | st.integers(0, 10**6),
        "third_party_act": st.none() | st.booleans(),
        "treated_month": DAYS.map(lambda day: day.replace(day=1)),
    }
)
FIXED = {"insurer_number": "138016", "insured_number": "7", "municipality_code": "131041", "care_kind": "1"}


def era_of(day):
    return next(era for era in ERAS if day >= era[3])


def packed(day, *, month=False):
    _, _, number, _, before = era_of(day)
    return f"{number}{day.year - before:02}{day.month:02}" + ("" if month else f"{day.day:02}")


def packable(row):
    """A packed date has two digits for the year of its era."""
    return all(row[key].year - era_of(row[key])[4] <= 99 for key in ("birth_date", "treated_month"))


def write_cp932(path, rows, *, line_end="\r\n"):
    order = [column.name for column in load_layout("kokuho-csv-cp932").columns]
    flags = {None: "", True: "1", False: "0"}
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator=line_end)
    for row in rows:
        cells = {
            **FIXED,
            **row,
            "birth_date": packed(row["birth_date"]),
            "treated_month": packed(row["treated_month"], month=True),
            "third_party_act": flags[row["third_party_act"]],
        }
        writer.writerow(["" if cells.get(name) is None else cells[name] for name in order])
    path.write_bytes(buffer.getvalue().encode("cp932"))


def expected(row):
    return {**FIXED, **row, "name": row["name"].strip()}


def convert(path, tmp_path, layout):
    out, aside = tmp_path / "out.parquet", tmp_path / "aside.parquet"
    report = convert_source(path, layout, Outputs(table=out, quarantine=aside))
    return report, pq.read_table(out).to_pylist(), pq.read_table(aside).to_pylist()


@QUICK
@given(rows=st.lists(ROWS.filter(packable), min_size=1, max_size=12), line_end=st.sampled_from(["\r\n", "\n"]))
def test_values_of_a_mainframe_file_come_back(tmp_path, rows, line_end):
    path = tmp_path / "file.csv"
    write_cp932(path, rows, line_end=line_end)
    report, out, aside = convert(path, tmp_path, load_layout("kokuho-csv-cp932"))
    assert (report.rows_in, report.rows_out, aside) == (len(rows), len(rows), [])
    assert [row.pop("source_row") for row in out] == list(range(1, len(rows) + 1))
    assert [{key: value for key, value in row.items() if value is not None} for row in out] == [
        {key: value for key, value in expected(row).items() if value is not None} for row in rows
    ]
    assert report.persons_in == report.persons_out == len({row["person_key"] for row in rows})


@QUICK
@given(rows=st.lists(ROWS, min_size=1, max_size=8), japanese=st.booleans(), encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_values_of_a_plain_file_come_back(tmp_path, rows, japanese, encoding):
    path = tmp_path / "file.csv"
    columns = [column for column in TABLE.columns if column.name in {*rows[0], *FIXED}]
    with path.open("w", encoding=encoding, newline="") as target:
        writer = csv.writer(target)
        writer.writerow([column.title_ja if japanese else column.name for column in columns])
        writer.writerows([["" if {**FIXED, **row}[c.name] is None else {**FIXED, **row}[c.name] for c in columns] for row in rows])
    report, out, _ = convert(path, tmp_path, make_plain_layout(TABLE, "csv"))
    assert report.rows_out == len(rows)
    for was, row in zip(rows, out, strict=True):
        assert {key: row[key] for key in was} == {key: expected(was)[key] for key in was}


DAMAGE = st.sampled_from(
    [
        ("", None),
        ("x", b"x"),
        ("ragged", b"x,,,,"),
        ("ragged-end", b"x\ry" + b"," * 40),
        ("nul", b"a\x00b" + b"," * 35),
        ("quotes", b'"a"b' + b"," * 35),
        ("empty-key", b"," * 34 + b"x"),
        ("junk", "あ".encode("cp932") * 30),
    ]
)


@settings(QUICK, max_examples=25)
@given(rows=st.lists(st.tuples(ROWS.filter(packable), DAMAGE), min_size=1, max_size=15))
def test_every_row_is_in_the_output_or_in_the_quarantine(tmp_path, rows):
    path = tmp_path / "file.csv"
    write_cp932(path, [row for row, _ in rows])
    lines = path.read_bytes().split(b"\r\n")[:-1]
    lines = [line if damage is None else damage for line, (_, (_, damage)) in zip(lines, rows, strict=True)]
    path.write_bytes(b"".join(line + b"\r\n" for line in lines))
    bad = [number for number, (_, (_, damage)) in enumerate(rows, start=1) if damage is not None]
    if len(bad) == len(rows):
        with pytest.raises(FileRejected):
            convert(path, tmp_path, load_layout("kokuho-csv-cp932"))
        return
    report, out, aside = convert(path, tmp_path, load_layout("kokuho-csv-cp932"))
    assert report.rows_in == report.rows_out + report.rows_quarantined == len(rows)
    assert [row["source_row"] for row in aside] == bad == list(report.quarantined_rows)
    assert [row["source_row"] for row in out] == [number for number in range(1, len(rows) + 1) if number not in bad]
    assert [row["raw"].decode(row["encoding"]).encode("cp932") for row in aside] == [lines[number - 1] for number in bad]
    assert all(row["findings"] for row in aside)


ANY_BYTES = st.binary(max_size=300) | st.lists(
    st.sampled_from([b",", b"\n", b"\r\n", b'"', b"\x00", b"1", "あ".encode(), "あ".encode("cp932"), b"\xff", b"\xef\xbb\xbf"]),
    max_size=120,
).map(b"".join)


@settings(QUICK, max_examples=80)
@given(content=ANY_BYTES, name=st.sampled_from(["kokuho-csv-cp932", "waitlist-csv-utf8", "staff-fixed-cp932"]))
def test_any_bytes_are_converted_or_refused_and_nothing_else(tmp_path, content, name):
    path, out = tmp_path / "any.csv", tmp_path / "any.parquet"
    path.write_bytes(content)
    out.unlink(missing_ok=True)
    try:
        convert_source(path, load_layout(name), Outputs(table=out))
    except FileRejected as refused:
        assert refused.hint.render()
        assert not out.exists()
        assert [entry.name for entry in tmp_path.iterdir() if entry.name.endswith(".part")] == []
