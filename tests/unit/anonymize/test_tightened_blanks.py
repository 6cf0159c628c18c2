"""Blank cells that are narrowed may be wider than the coarsest level of the plan; values that were never blank may not."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymize.pipeline import Job, process
from anonymize.verify.file import verify_file
from schemas.errors import VerificationFailed
from schemas.plan import parse_plan


def make_plan(method, hierarchy, tighten):
    column = {"role": "quasi_identifier", "hierarchy": hierarchy, "max_level": 1, "clause": 5}
    plan = {"plan": "p", "privacy": {"k": 2}, "suppression_limit": 0.0, "method": method, "tighten": tighten, "columns": {"value": column}}
    return parse_plan(plan)


TREE = {"tree": {"east": {"x": ["a", "b"], "z": ["e", "f"]}, "west": {"y": ["c", "d"]}}}


@pytest.mark.parametrize(
    ("hierarchy", "tighten", "cells", "beyond"),
    [({"intervals": [10]}, True, [1, 2, 11, 12, 25, 31], (25, 31)), (TREE, {"nominal": True}, ["a", "a", "e", "c"], ("c", "e"))],
    ids=["range", "set"],
)
def test_a_narrowed_blank_passes_and_the_same_value_without_blanks_does_not(tmp_path, hierarchy, tighten, cells, beyond):
    """Two values alone in groups of their own: each is blank, and both are narrowed to what the two hold."""
    pq.write_table(pa.table({"value": cells}), tmp_path / "in.parquet")
    plan = make_plan("cells", hierarchy, tighten)
    report = process(Job(source=tmp_path / "in.parquet", plan=plan, output=tmp_path / "out.parquet", seed=1, compare=False))
    assert (report.rows_out, report.method) == (len(cells), "cells")
    released = pq.read_table(tmp_path / "out.parquet").to_pylist()
    told = {(row.get("value_from"), row.get("value_to")) if "value_from" in row else tuple(row["value_values"]) for row in released}
    assert any(set(beyond) <= set(one) for one in told)
    table = pq.read_table(tmp_path / "out.parquet")
    said = table.schema.metadata[b"sakusei"].replace(b'"method":"cells"', b'"method":"local"')
    pq.write_table(table.replace_schema_metadata({b"sakusei": said}), tmp_path / "lying.parquet", write_statistics=False)
    with pytest.raises(VerificationFailed):
        verify_file(tmp_path / "lying.parquet", plan)
