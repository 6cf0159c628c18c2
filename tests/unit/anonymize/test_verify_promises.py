"""What a release says of its plan must be what the plan says: k and unit, each by itself, under the right plan's checksum."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymize.pipeline import Job, process
from anonymize.verify.file import verify_file
from schemas.errors import VerificationFailed
from schemas.plan import parse_plan

COLUMNS = {
    "person": {"role": "linking_code", "treatment": "fresh_id", "clause": 3},
    "area": {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "clause": 5},
}


@pytest.fixture
def plan():
    return parse_plan({"plan": "p", "unit": "person", "privacy": {"k": 2}, "method": "global", "columns": COLUMNS})


@pytest.fixture
def written(tmp_path, plan):
    pq.write_table(pa.table({"person": range(4), "area": ["a", "a", "b", "b"]}), tmp_path / "in.parquet")
    process(Job(source=tmp_path / "in.parquet", plan=plan, output=tmp_path / "out.parquet", seed=1, compare=False))
    return tmp_path / "out.parquet"


def say(path, **more):
    """Write the release again, saying something else of itself."""
    table = pq.read_table(path)
    said = json.loads(table.schema.metadata[b"sakusei"]) | more
    pq.write_table(table.replace_schema_metadata({b"sakusei": json.dumps(said).encode()}), path, write_statistics=False)
    return path


def test_a_release_that_says_what_its_plan_says_passes(written, plan):
    assert verify_file(say(written, k=2, unit="person"), plan).smallest_class == 2


@pytest.mark.parametrize("said", [{"k": 1}, {"k": 3}, {"k": None}, {"unit": "area"}, {"unit": None}])
def test_another_k_or_unit_is_refused(written, plan, said):
    with pytest.raises(VerificationFailed) as caught:
        verify_file(say(written, **said), plan)
    assert [reason.code for reason in caught.value.reasons] == ["verify-promise"]
