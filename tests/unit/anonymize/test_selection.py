"""Who takes part: opt-out, sample and rows per person, counted by hand to the row."""

from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymize.engines.engine import EngineSettings, open_engine
from anonymize.pipeline import Job, process
from anonymize.rows.selection import draw_sample, limit_rows, remove_persons, select_rows
from anonymize.treatments import Surroundings
from anonymize.verify.file import verify_file
from schemas.errors import FileRejected, VerificationFailed
from schemas.plan import parse_plan

ROWS = {"p": ["a", "a", "a", "b", "b", "c", "d", "e"], "v": [1, 2, 3, 4, 5, 6, 7, 8]}
COLUMNS = {
    "p": {"role": "linking_code", "treatment": "fresh_id", "clause": 3},
    "v": {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "clause": 5},
}


def make_plan(folder=None, **steps):
    document = {"plan": "s", "unit": "p", "privacy": {"k": 2}, "suppression_limit": 1.0, "method": "global", "columns": COLUMNS}
    return parse_plan(document | steps, folder=folder)


@pytest.fixture
def around(tmp_path):
    engine = open_engine("duckdb", EngineSettings(work=tmp_path))
    yield Surroundings(engine=engine, unit="p", seed=b"s", folder=tmp_path)
    engine.close()


def fetch(around, rows):
    return around.engine.fetch(rows.order_by("v")).to_pylist()


def test_listed_persons_leave_with_all_their_rows(around):
    rows = around.engine.load(pa.table(ROWS))
    assert [row["v"] for row in fetch(around, remove_persons(rows, ("a", "d", "nobody"), "p", around))] == [4, 5, 6, 8]
    numbers = around.engine.load(pa.table({"p": [1, 2], "v": [1, 2]}))
    assert [row["v"] for row in fetch(around, remove_persons(numbers, ("1", "02"), "p", around))] == [2]


@pytest.mark.parametrize(("share", "persons"), [(0.2, 1), (0.5, 2), (0.7, 4), (1.0, 5), (0.000001, 1)])
def test_a_sample_takes_whole_persons(around, share, persons):
    # Five persons; a half is two of them, since Python rounds 2.5 to the even number.
    found = fetch(around, draw_sample(around.engine.load(pa.table(ROWS)), share, around))
    drawn = {row["p"] for row in found}
    assert len(drawn) == persons
    assert [row["v"] for row in found] == [v for p, v in zip(ROWS["p"], ROWS["v"], strict=True) if p in drawn]


def test_another_seed_draws_others(around):
    rows = around.engine.load(pa.table({"p": list("abcdefghijkl"), "v": list(range(12))}))
    drawn = set()
    for seed in (b"1", b"2", b"3"):
        here = Surroundings(engine=around.engine, unit="p", seed=seed, folder=None)
        drawn.add("".join(row["p"] for row in fetch(here, draw_sample(rows, 0.5, here))))
    assert len(drawn) == 3  # of 924 samples of six


def test_without_a_unit_rows_are_drawn(around):
    alone = Surroundings(engine=around.engine, unit=None, seed=b"s", folder=None)
    assert len(fetch(alone, draw_sample(around.engine.load(pa.table({"v": [1, 1, 2, 3]})), 0.5, alone))) == 2


@pytest.mark.parametrize(("limit", "left"), [(1, 5), (2, 7), (3, 8), (4, 8)])
def test_persons_give_at_most_so_many_rows(around, limit, left):
    found = fetch(around, limit_rows(around.engine.load(pa.table(ROWS)), limit, "p", around))
    assert len(found) == left
    assert max(Counter(row["p"] for row in found).values()) == min(limit, 3)
    assert {row["p"] for row in found} == set(ROWS["p"])
    assert len({row["v"] for row in found}) == left


def test_which_rows_stay_is_drawn_from_the_seed(around):
    rows = around.engine.load(pa.table({"p": ["a"] * 4, "v": [1, 2, 3, 4]}))
    kept = Counter()
    for seed in range(60):
        here = Surroundings(engine=around.engine, unit="p", seed=str(seed).encode(), folder=None)
        kept.update(row["v"] for row in fetch(here, limit_rows(rows, 2, "p", here)))
    # Each of four rows stays in half of 60 draws: 30 expected, five standard deviations are 19.
    assert all(abs(kept[value] - 30) < 20 for value in (1, 2, 3, 4))


def test_every_row_left_out_has_one_heading(around, tmp_path):
    (tmp_path / "out.txt").write_text("\ufeffa\n\n nobody \na\n", encoding="utf-8")
    plan = make_plan(tmp_path, remove={"persons": "out.txt"}, sample={"share": 0.75}, rows_per_person=1)
    found = select_rows(around.engine.load(pa.table(ROWS)), plan, around)
    left_out = found.left_out
    assert (found.rows_in, found.persons_in) == (8, 5)
    assert (left_out.listed_persons, left_out.found_persons, left_out.removed_rows) == (2, 1, 3)
    # b, c, d, e stay; three of them are drawn. With b among them, one row is surplus.
    rows = fetch(around, found.rows)
    assert len(rows) == 3 == 8 - left_out.rows
    drawn = {row["p"] for row in rows}
    assert (left_out.sampled_out_rows, left_out.surplus_rows) == ((1, 1) if "b" in drawn else (2, 0))


def test_a_plan_that_selects_nothing_does_not_touch_the_rows(around):
    rows = around.engine.load(pa.table(ROWS))
    found = select_rows(rows, make_plan(), around)
    assert found.rows is rows
    assert (found.rows_in, found.left_out.rows) == (None, 0)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_list_that_cannot_be_read_stops_the_run(around, tmp_path, content):
    if content:
        (tmp_path / "out.txt").write_bytes(content)
    with pytest.raises(FileRejected) as caught:
        select_rows(around.engine.load(pa.table(ROWS)), make_plan(tmp_path, remove={"persons": "out.txt"}), around)
    assert str(tmp_path) not in str(caught.value)


def test_rows_without_a_person_key_are_told_before_they_could_vanish(around):
    rows = around.engine.load(pa.table({"p": ["a", None], "v": [1, 2]}))
    with pytest.raises(FileRejected):
        select_rows(rows, make_plan(sample={"share": 0.5}), around)


def test_the_report_reconciles_and_the_file_is_measured(tmp_path):
    (tmp_path / "out.txt").write_text("e\n", encoding="utf-8")
    pq.write_table(pa.table({"p": ROWS["p"], "v": [1, 1, 1, 1, 1, 1, 9, 1]}), tmp_path / "in.parquet")
    plan = make_plan(tmp_path, remove={"persons": "out.txt"}, rows_per_person=2)
    report = process(Job(source=tmp_path / "in.parquet", plan=plan, output=tmp_path / "out.parquet", seed=1, compare=False))
    # e is removed, a gives two of three rows; of six rows the lone 9 is generalised or suppressed.
    assert (report.rows_in, report.removed_rows, report.surplus_rows, report.sampled_out_rows) == (8, 1, 1, 0)
    assert (report.persons_in, report.listed_persons, report.found_persons) == (5, 1, 1)
    assert report.rows_out + report.suppressed_rows == 6
    table = pq.read_table(tmp_path / "out.parquet")
    ids = table["p"].to_pylist()
    assert max(Counter(ids).values()) == 2
    index = table.schema.get_field_index("p")
    for changed, good in (([1, 1, 2, 2, 3, 4][: len(ids)], True), ([1, 1, 1, 2, 3, 4][: len(ids)], False)):
        pq.write_table(table.set_column(index, table.schema.field("p"), pa.array(changed)), tmp_path / "x.parquet", write_statistics=False)
        try:
            verify_file(tmp_path / "x.parquet", plan)
            codes = set()
        except VerificationFailed as error:
            codes = {reason.code for reason in error.reasons}
        assert ("verify-rows-per-person" not in codes) is good
