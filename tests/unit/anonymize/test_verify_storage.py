"""What a written file tells beside its cells is refused by the verifier, whatever its rows say."""

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymize.pipeline import Job, process
from anonymize.verify.file import verify_file
from anonymize.verify.storage import find_traces
from schemas.errors import FileRejected, VerificationFailed
from schemas.plan import parse_plan

COLUMNS = {
    "person": {"role": "linking_code", "treatment": "fresh_id", "clause": 3},
    "area": {"role": "quasi_identifier", "hierarchy": {"prefix": [1]}, "clause": 5},
    "note": {"role": "attribute", "treatment": "keep", "clause": 4},
}
QUIET = {"write_statistics": False}


@pytest.fixture
def plan():
    return parse_plan(
        {"plan": "s", "unit": "person", "privacy": {"k": 2}, "method": "global", "suppression_limit": 0.3, "columns": COLUMNS}
    )


@pytest.fixture
def written(tmp_path, plan):
    table = pa.table({"person": range(7), "area": ["aa", "aa", "ab", "ab", "ac", "ac", "zz"], "note": ["p", "q", "p", "q", "p", "q", "r"]})
    pq.write_table(table, tmp_path / "in.parquet")
    process(Job(source=tmp_path / "in.parquet", plan=plan, output=tmp_path / "out.parquet", seed=1, compare=False))
    return tmp_path / "out.parquet"


def refusals(path, plan):
    with pytest.raises(VerificationFailed) as caught:
        verify_file(path, plan)
    return {reason.code for reason in caught.value.reasons}


def test_a_release_with_a_suppressed_row_shows_nothing_of_it(written, plan):
    assert (verify_file(written, plan).rows, find_traces(written)) == (6, set())
    assert b"zz" not in written.read_bytes()


def test_a_label_of_a_suppressed_row_in_a_dictionary_is_found(written, plan):
    table = pq.read_table(written)
    chunk = table["area"].combine_chunks()
    chunk = chunk.chunk(0) if isinstance(chunk, pa.ChunkedArray) else chunk
    more = pa.DictionaryArray.from_arrays(chunk.indices, pa.concat_arrays([chunk.dictionary, pa.array(["zz"])]))
    pq.write_table(table.set_column(1, table.schema.field("area"), more), written, **QUIET)
    assert pq.read_table(written)["area"].to_pylist() == table["area"].to_pylist()
    assert refusals(written, plan) == {"verify-dictionaries"}


def test_a_text_left_over_in_the_dictionary_of_a_plain_column_is_found(written):
    """A writer that was given a dictionary column stores its whole dictionary, also where readers see plain text."""
    coded = pa.DictionaryArray.from_arrays(pa.array([0, 0]), pa.array(["kept", "left over"]))
    pq.write_table(pa.table({"note": coded}), written, store_schema=False, **QUIET)
    assert pq.read_schema(written).field("note").type == pa.string()
    assert find_traces(written) == {"dictionaries"}


def test_many_row_groups_share_words(written):
    coded = pa.array(["a", "b", "c", "a"]).dictionary_encode()
    pq.write_table(pa.table({"x": coded, "y": ["p", "q", "r", "s"]}), written, row_group_size=1, **QUIET)
    assert find_traces(written) == set()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"write_statistics": True}, "verify-statistics"),
        ({"write_statistics": ["note"]}, "verify-statistics"),
        ({"write_statistics": True, "write_page_index": True}, "verify-statistics"),
        ({"sorting_columns": [pq.SortingColumn(1)]}, "verify-order"),
    ],
)
def test_what_a_writer_may_add_is_found(written, plan, options, code):
    pq.write_table(pq.read_table(written), written, **(QUIET | options))
    assert code in refusals(written, plan)


@pytest.mark.parametrize("change", ["file", "field"])
def test_words_of_other_software_are_found(written, plan, change):
    table = pq.read_table(written)
    if change == "file":
        table = table.replace_schema_metadata({**table.schema.metadata, b"pandas": b'{"index_columns": []}'})
    else:
        field = table.schema.field("note")
        table = table.set_column(2, field.with_metadata({**field.metadata, b"source": b"x"}), table["note"])
    pq.write_table(table, written, **QUIET)
    assert refusals(written, plan) >= {"verify-foreign-metadata", "verify-metadata"}


def test_words_in_the_footer_alone_are_found(written, plan):
    table = pq.read_table(written)
    with pq.ParquetWriter(written, table.schema, **QUIET) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({"note": "made from the file of 2024"})
    assert "verify-metadata" in refusals(written, plan)


def test_bytes_that_belong_to_no_column_are_found(written, plan):
    """The footer is moved back by a few bytes that nobody reads."""
    content = written.read_bytes()
    length = int.from_bytes(content[-8:-4], "little")
    written.write_bytes(content[: -8 - length] + b"hidden" + content[-8 - length :])
    assert pq.read_table(written).num_rows == 6
    assert refusals(written, plan) == {"verify-gaps"}


def test_a_file_of_other_software_is_found(written):
    with duckdb.connect() as connection:
        connection.read_parquet(str(written)).write_parquet(str(written.with_name("other.parquet")))
    assert {"software", "statistics"} <= find_traces(written.with_name("other.parquet"))


def test_a_file_cut_short_is_refused_with_words(written, plan):
    content = written.read_bytes()
    written.write_bytes(content[:20] + bytes(40) + content[60:])
    with pytest.raises(FileRejected):
        verify_file(written, plan)


def test_a_part_with_a_leftover_is_found(tmp_path, written):
    folder = tmp_path / "parts"
    folder.mkdir()
    written.rename(folder / "part-00000.parquet")
    assert find_traces(folder) == set()
    pq.write_table(pa.table({"x": [1]}), folder / "part-00001.parquet")
    assert "statistics" in find_traces(folder)
