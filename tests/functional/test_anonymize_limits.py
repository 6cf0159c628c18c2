"""Numbers and days that cannot be computed with are refused with words and exit code, or come out exactly; never half-way."""

import datetime
import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from casework.console import run

ROWS = 12
LARGEST = 2**63 - 1
EXACT = 2**53
QUASI = {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "clause": 5}
PERSON = {"role": "linking_code", "treatment": "fresh_id", "clause": 3}


def attribute(treatment):
    return {"role": "attribute", "treatment": treatment, "clause": 4}


def process(place, capsys, cells, column, **plan):
    """Run a plan on one column beside an area; return exit code, standard error and the released column."""
    table = cells if isinstance(cells, pa.Table) else pa.table({"area": ["a", "b"] * (len(cells) // 2), "value": cells})
    pq.write_table(table, place / "in.parquet")
    columns = {"area": QUASI, **({"person": PERSON} if "person" in table.column_names else {}), "value": column}
    document = {"plan": "p", "privacy": {"k": 2}, "suppression_limit": 0.5, "columns": columns} | plan
    (place / "plan.yaml").write_text(json.dumps(document), encoding="utf-8")
    named = {"input": "in.parquet", "plan": "plan.yaml", "output": "out.parquet"}
    paths = [part for key, name in named.items() for part in (f"--{key}", str(place / name))]
    code = run(["anonymize", "run", *paths, "--seed", "1", "--lang", "en", "--no-compare"])
    said = capsys.readouterr().err
    assert (place / "out.parquet").exists() == (code == 0)
    return code, said, pq.read_table(place / "out.parquet").column("value") if code == 0 else None


def refuse(place, capsys, code, text, cells, column, **plan):
    found, said, _ = process(place, capsys, cells, column, **plan)
    assert (found, "error:" in said, "hint:" in said) == (code, True, True)
    assert text in said
    assert "922337" not in said


COMPUTED = [
    {"round_to": 1000},
    {"noise": {"kind": "laplace", "scale": 10}},
    {"noise": {"kind": "normal", "share": 0.1}},
    {"microaggregate": {"persons": 3}},
]


@pytest.mark.parametrize("treatment", COMPUTED, ids=str)
@pytest.mark.parametrize("value", [LARGEST, -LARGEST - 1, EXACT + 2])
def test_whole_numbers_too_large_to_be_computed_with(tmp_path, capsys, treatment, value):
    refuse(tmp_path, capsys, 12, "[value] 6 numbers are too large", pa.array([value, 1] * 6), attribute(treatment))


@pytest.mark.parametrize("treatment", COMPUTED, ids=str)
def test_the_largest_numbers_that_can_be_computed_with(tmp_path, capsys, treatment):
    code, said, _ = process(tmp_path, capsys, pa.array([EXACT, -EXACT] * 6), attribute(treatment))
    assert (code, said) == (0, "")


def test_rounding_is_exact_at_the_limit(tmp_path, capsys):
    _, _, rounded = process(tmp_path, capsys, pa.array([EXACT - 3, -EXACT + 3] * 6), attribute({"round_to": 4}))
    assert set(rounded.to_pylist()) == {EXACT - 4, -EXACT + 4}  # 2⁵³ is a multiple of 4


@pytest.mark.parametrize("treatment", ["keep", {"top_code": {"persons": 3}}, {"bottom_code": {"share": 0.1}}], ids=str)
def test_what_is_only_compared_stays_exact_up_to_the_end(tmp_path, capsys, treatment):
    code, _, released = process(tmp_path, capsys, pa.array([LARGEST, LARGEST - 1] * 6), attribute(treatment))
    assert (code, set(released.to_pylist())) == (0, {LARGEST, LARGEST - 1})


@pytest.mark.parametrize(("value", "code"), [(LARGEST, 12), (2**61, 12), (2**58, 0)])
def test_sums_beyond_64_bits(tmp_path, capsys, value, code):
    table = pa.table({"area": ["a"] * ROWS, "person": [i // 2 for i in range(ROWS)], "value": [value] * ROWS})
    reduction = {"by": {"person": "value"}, "columns": {"value": {"take": "sum"}, "area": {"take": "min"}}}
    found, said, released = process(tmp_path, capsys, table, attribute("keep"), unit="person", aggregate=reduction)
    assert found == code
    assert set(released.to_pylist()) == {2 * value} if code == 0 else "the sum of the column is too large" in said


def test_a_sum_that_is_computed_with_must_be_exact(tmp_path, capsys):
    table = pa.table({"area": ["a"] * ROWS, "person": [i // 2 for i in range(ROWS)], "value": [EXACT - 1] * ROWS})
    reduction = {"by": {"person": "value"}, "columns": {"value": {"take": "sum"}, "area": {"take": "min"}}}
    wanted = "[value] 6 numbers are too large"
    refuse(tmp_path, capsys, 12, wanted, table, attribute({"round_to": 10}), unit="person", aggregate=reduction)


@pytest.mark.parametrize("treatment", ["keep", {"suppress": {"persons": 3}}, {"merge_rare": {"persons": 3}}, *COMPUTED], ids=str)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_no_number_and_infinity(tmp_path, capsys, treatment, value):
    refuse(tmp_path, capsys, 12, "[value] 6 cells are infinite or no number", pa.array([value, 1.5] * 6), attribute(treatment))


@pytest.mark.parametrize("hierarchy", [{"levels": 1}, {"intervals": [10]}])
def test_no_number_in_a_quasi_identifier(tmp_path, capsys, hierarchy):
    column = QUASI | {"hierarchy": hierarchy}
    refuse(tmp_path, capsys, 12, "[value] 6 cells are infinite or no number", pa.array([float("nan"), 1.5] * 6), column)


@pytest.mark.parametrize(("value", "step", "code"), [(1e308, 1000, 12), (1e15, 0.001, 12), (1e12, 0.001, 0), (-5e15, 1000, 0)])
def test_fractions_are_rounded_or_refused(tmp_path, capsys, value, step, code):
    found, said, released = process(tmp_path, capsys, pa.array([value, 0.0] * 6), attribute({"round_to": step}))
    assert found == code
    assert set(released.to_pylist()) == {value, 0.0} if code == 0 else "too large" in said


def test_fractions_too_large_for_bands(tmp_path, capsys):
    refuse(tmp_path, capsys, 13, "too large to be put into bands", pa.array([1e300, 1.0] * 6), QUASI | {"hierarchy": {"intervals": [10]}})


@pytest.mark.parametrize("column", [attribute("keep"), attribute({"top_code": {"persons": 2}}), QUASI], ids=["keep", "top_code", "quasi"])
def test_negative_zero_is_zero_whatever_the_order_of_rows(tmp_path, capsys, column):
    bytes_of = set()
    for cells in ([0.0, -0.0, -0.0, 0.0, 1.5, 1.5] * 2, [-0.0, 0.0, 0.0, -0.0, 1.5, 1.5] * 2):
        code, said, released = process(tmp_path, capsys, pa.array(cells), column)
        assert (code, said) == (0, "")
        assert not any(isinstance(cell, float) and cell == 0 and np.signbit(cell) for cell in released.to_pylist())
        bytes_of.add((tmp_path / "out.parquet").read_bytes())
    assert len(bytes_of) == 1


@pytest.mark.parametrize("kind", [pa.int8(), pa.int16(), pa.int32(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()], ids=str)
def test_whole_numbers_of_every_width(tmp_path, capsys, kind):
    code, _, released = process(tmp_path, capsys, pa.array([14, 115] * 6, kind), attribute({"round_to": 10}))
    assert (code, released.type, set(released.to_pylist())) == (0, pa.int64(), {10, 120})


def test_unsigned_numbers_that_no_engine_holds(tmp_path, capsys):
    cells = pa.array([2**64 - 1, 3] * 6, pa.uint64())
    refuse(tmp_path, capsys, 12, "[value] 6 numbers are too large", cells, attribute("keep"))
    dropped = pa.table({"area": ["a", "b"] * 6, "code": cells, "value": [1] * ROWS})
    columns = {"area": QUASI, "code": attribute("drop"), "value": attribute("keep")}
    assert process(tmp_path, capsys, dropped, {}, columns=columns)[0] == 0


def test_noise_wider_than_numbers_are(tmp_path, capsys):
    wide = {"noise": {"kind": "laplace", "share": 10**12}}
    refuse(tmp_path, capsys, 13, "wider than numbers can be computed with", pa.array([1, 10**6] * 6), attribute(wide))
    cut = {"noise": {"kind": "laplace", "scale": 2, "minimum": 1 - 2**53, "maximum": 2**53 - 1}}
    assert process(tmp_path, capsys, pa.array([1, 2] * 6), attribute(cut))[0] == 0


@pytest.mark.parametrize("size", [2**53, 10**300, 10**400])
def test_settings_beyond_exact_numbers(tmp_path, capsys, size):
    for settings in ({"scale": size}, {"scale": 2, "minimum": -size}):
        noise = {"noise": {"kind": "laplace"} | settings}
        refuse(tmp_path, capsys, 13, "the settings of treatment noise", pa.array([1, 2] * 6), attribute(noise))


SENTINEL, FIRST = datetime.date(9999, 12, 31), datetime.date(1, 1, 1)


@pytest.mark.parametrize("day", [SENTINEL, FIRST])
def test_days_without_a_period_around_them(tmp_path, capsys, day):
    cells = pa.array([day, datetime.date(2024, 4, 1)] * 6)
    column = QUASI | {"hierarchy": {"dates": ["month", "fiscal_year"]}}
    refuse(tmp_path, capsys, 12, "[value] 6 dates lie outside the years 1000 to 9000", cells, column)
    assert process(tmp_path, capsys, cells, attribute("keep"))[0] == 0


def test_days_beyond_the_calendar(tmp_path, capsys):
    cells = pa.array([2**31 - 1, 0] * 6, pa.int32()).cast(pa.date32())
    refuse(tmp_path, capsys, 12, "[value] 6 dates lie outside the years 1 to 9999", cells, attribute("keep"))


def test_days_that_a_shift_would_carry_beyond_the_calendar(tmp_path, capsys):
    table = pa.table({"area": ["a"] * ROWS, "person": range(ROWS), "value": [SENTINEL] * ROWS})
    column = attribute({"date_shift": {"days": 30}}) | {"clause": 5}
    refuse(tmp_path, capsys, 12, "[value] 12 dates lie outside", table, column, unit="person")
    too_far = column | {"treatment": {"date_shift": {"days": 40_000}}}
    refuse(tmp_path, capsys, 13, "the settings of treatment date_shift", table, too_far, unit="person")


@pytest.mark.parametrize(
    ("column", "released"),
    [
        (attribute("keep"), None),
        (QUASI, "記録なし"),
        (QUASI | {"hierarchy": {"intervals": [5]}}, "記録なし"),
        (QUASI | {"hierarchy": {"dates": ["month"]}}, "記録なし"),
        (attribute({"merge_rare": {"persons": 2}}), None),
    ],
    ids=["keep", "levels", "intervals", "dates", "merge_rare"],
)
def test_a_column_without_any_value_is_an_empty_column_of_texts(tmp_path, capsys, column, released):
    code, said, found = process(tmp_path, capsys, pa.nulls(ROWS), column)
    assert (code, said, set(found.to_pylist())) == (0, "", {released})


def test_a_column_without_any_value_where_numbers_or_persons_are_needed(tmp_path, capsys):
    refuse(tmp_path, capsys, 13, "holds no numbers", pa.nulls(ROWS), attribute({"round_to": 5}))
    table = pa.table({"area": ["a"] * ROWS, "person": pa.nulls(ROWS), "value": ["x"] * ROWS})
    refuse(tmp_path, capsys, 12, "12 rows have no person key", table, attribute("keep"), unit="person")


KINDS = [pa.timestamp("us"), pa.timestamp("us", tz="Asia/Tokyo"), pa.time64("us"), pa.decimal128(10, 2), pa.list_(pa.int64()), pa.binary()]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_types_that_cannot_be_processed_are_named(tmp_path, capsys, kind):
    refuse(tmp_path, capsys, 12, "[value] columns of this type cannot be processed", pa.nulls(ROWS, kind), attribute("keep"))


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (pa.table({}), "the input has no columns"),
        (pa.table({"area": pa.array([], pa.string()), "value": pa.array([], pa.int64())}), "no rows"),
    ],
    ids=["no columns", "no rows"],
)
def test_nothing_in_a_file_is_told(tmp_path, capsys, table, text):
    refuse(tmp_path, capsys, 12, text, table, attribute("keep"))


@pytest.mark.parametrize(("content", "text"), [("", "no columns"), ("\n\n", "no columns"), ("area,value\n", "no rows")])
def test_nothing_in_a_csv_file_is_told(tmp_path, capsys, content, text):
    pq.write_table(pa.table({"area": ["a"], "value": [1]}), tmp_path / "in.parquet")
    process(tmp_path, capsys, pa.array([1, 2] * 6), attribute("keep"))
    (tmp_path / "in.csv").write_text(content, encoding="utf-8")
    for command in (["run", "--output", str(tmp_path / "new.parquet")], ["verify"]):
        assert (
            run(["anonymize", *command, "--input", str(tmp_path / "in.csv"), "--plan", str(tmp_path / "plan.yaml"), "--lang", "en"]) == 12
        )
        said = capsys.readouterr().err
        assert text in said or command == ["verify"]
        assert "hint:" in said


def test_a_very_long_text_passes_whole(tmp_path, capsys):
    text = "あ" * 3_000_000
    code, _, released = process(tmp_path, capsys, pa.array([text] * ROWS), attribute("keep"))
    assert (code, released[0].as_py() == text) == (0, True)


def test_no_warning_reaches_the_person(tmp_path):
    """Also when warnings of libraries are shown, a refusal is the only thing said."""
    pq.write_table(pa.table({"area": ["a", "b"] * 6, "value": [1e308, -1e308] * 6}), tmp_path / "in.parquet")
    columns = {"area": QUASI, "value": attribute({"noise": {"kind": "normal", "share": 0.1}})}
    (tmp_path / "p.yaml").write_text(json.dumps({"plan": "p", "privacy": {"k": 2}, "columns": columns}), encoding="utf-8")
    asked = ["--input", tmp_path / "in.parquet", "--plan", tmp_path / "p.yaml", "--output", tmp_path / "o.parquet"]
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from casework.console import run; sys.exit(run(sys.argv[1:]))", "anonymize", "run", *asked],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "Warning" in done.stderr) == (12, False)
