"""Which release a found file comes from, after rows or columns were taken away."""

import pandas as pd
import pytest

from release.trace import trace_file
from schemas.errors import FileRejected


@pytest.fixture
def releases(package):
    return package[0].parent


def found(releases):
    return pd.read_parquet(next(releases.glob("L-*/data/*.parquet")))


def test_the_same_bytes(releases, tmp_path):
    copy = tmp_path / "copy.parquet"
    copy.write_bytes(next(releases.glob("L-*/data/*.parquet")).read_bytes())
    (match,) = trace_file(copy, releases)
    assert (match.release_id, match.evidence, match.share) == ("L-0001", "file", 1.0)


def test_ids_point_to_the_release_after_deleting_shuffling_and_dropping(releases, tmp_path):
    part = found(releases).sample(3, random_state=1)[["person_key", "sex"]]
    part.to_csv(tmp_path / "found.csv", index=False)
    (match,) = trace_file(tmp_path / "found.csv", releases)
    assert (match.evidence, match.share) == ("ids", 1.0)


def test_rows_are_compared_without_ids(releases, tmp_path):
    part = found(releases)[["birth_date", "sex", "cost_yen"]]
    part = pd.concat([part, pd.DataFrame({"birth_date": ["x"], "sex": ["y"], "cost_yen": [5]})])
    part.to_csv(tmp_path / "found.csv", index=False)
    (match,) = trace_file(tmp_path / "found.csv", releases)
    assert match.evidence == "rows"
    assert match.share == pytest.approx(5 / 6)


def test_another_file_matches_nothing(releases, tmp_path):
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    assert trace_file(tmp_path / "other.csv", releases) == ()


def test_what_is_no_table_is_refused_without_quoting_it(releases, tmp_path):
    (tmp_path / "odd.bin").write_bytes(b"PAR1 and no more")
    with pytest.raises(FileRejected) as caught:
        trace_file(tmp_path / "odd.bin", releases)
    assert caught.value.__suppress_context__
