"""`--partitioned`: a folder of part files, on this machine and on a cluster of executors; and what reads such a folder."""

import json
import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from anonymize.parts import find_parts, hash_table
from anonymize.risk.attacks.originals import Originals
from casework.console import run

PLAN = {
    "plan": "parts-v1",
    "privacy": {"k": 3},
    "suppression_limit": 0.1,
    "method": "global",
    "columns": {
        "age": {"role": "quasi_identifier", "hierarchy": {"intervals": [5, 10]}, "clause": 5},
        "sex": {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "clause": 5},
        "disease": {"role": "sensitive", "treatment": "keep", "clause": 5},
        "cost": {"role": "attribute", "treatment": {"round_to": 10}, "clause": 4},
    },
}
# Two workers in processes of their own; without adaptive planning, so that few rows come in several parts.
CLUSTER = " ".join(
    [
        "--master local-cluster[2,1,1024]",
        "--conf spark.driver.bindAddress=127.0.0.1 --conf spark.driver.host=127.0.0.1",
        "--conf spark.sql.adaptive.enabled=false --conf spark.sql.shuffle.partitions=3",
        "pyspark-shell",
    ]
)


@pytest.fixture
def place(tmp_path):
    rng = np.random.default_rng(5)
    columns = {
        "age": rng.integers(20, 60, 2_000),
        "sex": rng.choice(["f", "m"], 2_000),
        "disease": rng.choice(["A01", "B02", None], 2_000),
        "cost": rng.integers(0, 500, 2_000),
    }
    pq.write_table(pa.table(columns), tmp_path / "in.parquet")
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(PLAN, sort_keys=False), encoding="utf-8")
    return tmp_path


def arguments(place, output, *more, source="in.parquet"):
    named = {"input": place / source, "plan": place / "plan.yaml", "output": place / output, "report": place / f"{output}.json"}
    return ["anonymize", "run", "--seed", "1", *more, *[part for key, path in named.items() for part in (f"--{key}", str(path))]]


def verify(place, output):
    return run(["anonymize", "verify", "--input", str(place / output), "--plan", str(place / "plan.yaml")])


def refuse(capsys, code, *arguments):
    """Run a command that must fail, and return what it said."""
    assert run(list(arguments)) == code
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert "\nhint: " in said
    return said


def test_parts_on_this_machine_are_the_file(place):
    assert run(arguments(place, "one.parquet")) == 0
    assert run(arguments(place, "many", "--partitioned")) == 0
    assert [part.name for part in find_parts(place / "many")] == ["part-00000.parquet"]
    assert find_parts(place / "many")[0].read_bytes() == (place / "one.parquet").read_bytes()
    assert verify(place, "many") == 0
    report = json.loads((place / "many.json").read_text(encoding="utf-8"))
    listed = subprocess.run(["sh", "-c", "sha256sum *.parquet | sha256sum"], cwd=place / "many", capture_output=True, text=True, check=True)
    assert report["output_sha256"] == hash_table(place / "many") == listed.stdout.split()[0]
    assert oct((place / "many").stat().st_mode & 0o777) == "0o750"
    assert not list(place.glob(".sakusei-work-*"))


def split(place, name="many", groups=3):
    """Cut a release into parts and return their folder."""
    assert run(arguments(place, "one.parquet")) == 0
    table = pq.read_table(place / "one.parquet")
    (place / name).mkdir()
    step = -(-table.num_rows // groups)
    for number in range(groups):
        pq.write_table(table.slice(number * step, step), place / name / f"part-{number:05d}.parquet", write_statistics=False)
    return place / name


def test_parts_are_verified_as_one_table(place, capsys):
    folder = split(place)
    (folder / "_SUCCESS").touch()
    assert verify(place, "many") == 0
    first, _, third = find_parts(folder)
    first.rename(folder / "x.parquet")
    assert "canonical order" in refuse(capsys, 16, "anonymize", "verify", "--input", str(folder), "--plan", str(place / "plan.yaml"))
    (folder / "x.parquet").rename(first)
    pq.write_table(pq.read_table(third), third, write_statistics=True)
    assert "statistics" in refuse(capsys, 16, "anonymize", "verify", "--input", str(folder), "--plan", str(place / "plan.yaml"))


def test_a_folder_with_other_things_is_refused(place, capsys):
    folder = split(place)
    check = ["anonymize", "verify", "--input", str(folder), "--plan", str(place / "plan.yaml")]
    (folder / "note.txt").write_text("x", encoding="utf-8")
    refuse(capsys, 12, *check)
    (folder / "note.txt").unlink()
    pq.write_table(pa.table({"other": [1]}), folder / "part-00009.parquet")
    assert "same columns" in refuse(capsys, 12, *check)
    for part in find_parts(folder):
        part.unlink()
    refuse(capsys, 12, *check)


def test_parts_go_in_and_are_assessed(place):
    folder = split(place)
    table = pq.read_table(place / "in.parquet")
    (place / "source").mkdir()
    for number, start in enumerate((0, 700, 1_400)):
        pq.write_table(table.slice(start, 700), place / "source" / f"{number}.parquet")
    assert run(arguments(place, "again.parquet", source="source")) == 0
    assert (place / "again.parquet").read_bytes() == (place / "one.parquet").read_bytes()
    reports = {}
    for name, original, released in (("a", "in.parquet", "one.parquet"), ("b", "source", folder.name)):
        ask = ["--original", str(place / original), "--released", str(place / released), "--plan", str(place / "plan.yaml")]
        told = ["--report", str(place / f"{name}.json"), "--html", str(place / f"{name}.html")]
        assert run(["risk", "assess", *ask, *told, "--no-attacks"]) == 0
        found = json.loads((place / f"{name}.json").read_text(encoding="utf-8"))
        reports[name] = {key: found[key] for key in ("extent", "figures", "columns")}
    assert reports["a"] == reports["b"]
    whole, parts = (Originals(path=place / name, schema=table.schema, unit=None, work=place) for name in ("in.parquet", "source"))
    chosen = parts.choose(np.random.default_rng(1), 50)
    assert chosen.tolist() == whole.choose(np.random.default_rng(1), 50).tolist()
    assert parts.read(chosen).equals(table.take(pa.array(chosen)))
    assert whole.read(chosen).equals(table.take(pa.array(chosen)))


@pytest.mark.parametrize("there", ["file", "folder"])
def test_parts_never_join_what_is_there(place, capsys, there):
    target = place / "many"
    target.mkdir() if there == "folder" else target.write_text("kept", encoding="utf-8")
    refuse(capsys, 10, *arguments(place, "many", "--partitioned"))
    assert target.is_dir() or target.read_text(encoding="utf-8") == "kept"
    assert not (place / "many.json").exists()


def test_file_uris_are_paths_and_other_uris_are_refused(place, capsys):
    uris = [part if "/" not in part else f"file://{part}" for part in arguments(place, "a b.parquet")]
    assert run([part.replace(" ", "%20") for part in uris]) == 0
    assert (place / "a b.parquet").is_file()
    asked = arguments(place, "out.parquet")
    for store in ("s3a://bucket/in.parquet", "hdfs://host/in.parquet", "file://host/in.parquet"):
        said = refuse(capsys, 10, *[store if part == str(place / "in.parquet") else part for part in asked])
        assert "docs/cluster.md" in said
    assert not (place / "out.parquet").exists()


@pytest.mark.spark
@pytest.mark.xdist_group("spark-cluster")
def test_executors_of_a_cluster_write_the_parts(place):
    assert run(arguments(place, "one.parquet")) == 0
    environment = {**os.environ, "PYSPARK_SUBMIT_ARGS": CLUSTER, "PYSPARK_PYTHON": sys.executable}
    command = [
        sys.executable,
        "-c",
        "from casework.console import main; main()",
        *arguments(place, "many", "--engine", "spark", "--partitioned"),
    ]
    done = subprocess.run(command, env=environment, cwd=place, capture_output=True, text=True, timeout=240, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    parts = find_parts(place / "many")
    assert len(parts) > 1
    assert [pq.read_schema(part) for part in parts] == [pq.read_schema(place / "one.parquet")] * len(parts)
    assert all(not pq.read_metadata(part).row_group(0).column(0).is_stats_set for part in parts)
    assert pa.concat_tables([pq.read_table(part) for part in parts]).equals(pq.read_table(place / "one.parquet"))
    assert verify(place, "many") == 0
    assert not list(place.glob(".sakusei-work-*"))
