"""Roles forced by contents: carried by the Parquet file, and obeyed by plans."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from schemas.errors import PlanError
from schemas.forced_roles import METADATA_KEY, ForcedRole, check_forced_roles, read_forced_roles, to_metadata
from schemas.plan import load_plan
from schemas.tables import Role

CODE = ForcedRole(column="number", role=Role.IDENTIFICATION_CODE, reason="住民票コード")
TEXT = ForcedRole(column="remark", role=Role.FREE_TEXT, reason="name+phone")


def write(path, metadata):
    table = pa.table({"number": ["1"], "remark": ["x"], "age": [3]})
    with pq.ParquetWriter(path, table.schema) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(metadata)
    return path


def make_plan(folder, number, remark):
    treatments = {"attribute": {"treatment": "keep", "clause": 4}, "linking_code": {"treatment": "fresh_id", "clause": 3}}
    drop = {"treatment": "drop", "clause": 1}
    columns = {
        "number": {"role": number, **treatments.get(number, drop)},
        "remark": {"role": remark, **treatments.get(remark, drop)},
        "age": {"role": "quasi_identifier", "hierarchy": {"intervals": [5]}, "clause": 5},
    }
    document = {"plan": "test", "privacy": {"k": 2}, "columns": columns}
    (folder / "plan.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return load_plan(folder / "plan.yaml")


def test_a_file_carries_its_forced_roles(tmp_path):
    assert read_forced_roles(write(tmp_path / "a.parquet", to_metadata([CODE, TEXT]))) == (CODE, TEXT)
    assert read_forced_roles(write(tmp_path / "b.parquet", to_metadata([]))) == ()


@pytest.mark.parametrize("content", [b"no json", b"[{}]", b'[{"column": "a", "role": "nothing", "reason": "x"}]', b"3"])
def test_roles_that_cannot_be_read_refuse_the_file(tmp_path, content):
    with pytest.raises(PlanError, match="cannot be read"):
        read_forced_roles(write(tmp_path / "a.parquet", {METADATA_KEY: content}))


@pytest.mark.parametrize(
    ("number", "remark", "refused"),
    [
        ("identification_code", "free_text", set()),
        ("identification_code", "direct_identifier", set()),
        ("linking_code", "free_text", {"number"}),
        ("direct_identifier", "free_text", {"number"}),
        ("identification_code", "attribute", {"remark"}),
        ("attribute", "attribute", {"number", "remark"}),
    ],
)
def test_plans_obey(tmp_path, number, remark, refused):
    path, plan = write(tmp_path / "a.parquet", to_metadata([CODE, TEXT])), make_plan(tmp_path, number, remark)
    if not refused:
        return check_forced_roles(path, plan)
    with pytest.raises(PlanError) as caught:
        check_forced_roles(path, plan)
    assert {finding.column for finding in caught.value.findings} == refused
    return None
