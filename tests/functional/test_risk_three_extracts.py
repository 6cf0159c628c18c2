"""Releases that are safe in pairs and not all together; secrets that a second plan calls by another role; promises that stay."""

import itertools
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from casework.console import run

CELLS = list(itertools.product("pqrst", "uvwxy", "12345")) * 6


def release(folder, name, *, keep, k=10, memo="same", called="role: sensitive, treatment: keep"):
    """Release 750 persons with one of three columns as it is, the others suppressed; `memo` is dropped and makes another extract."""
    secrets = [(i * 7 + (memo != "same" and i == 0)) % 90 for i in range(len(CELLS))]
    columns = {column: [cell[j] for cell in CELLS] for j, column in enumerate("abc")}
    pq.write_table(pa.table({**columns, "memo": [memo] * len(CELLS), "s": secrets}), folder / f"{name}.in.parquet")
    limits = {column: "max_level: 0" if column == keep else "min_level: 1" for column in "abc"}
    lines = [f"  {c}: {{role: quasi_identifier, hierarchy: {{levels: 1}}, {limit}, clause: 5}}" for c, limit in limits.items()]
    lines += ["  memo: {role: free_text, treatment: drop, clause: 1}", f"  s: {{{called}, type: integer, clause: 4}}"]
    (folder / f"{name}.yaml").write_text("\n".join([f"plan: {name}", f"privacy: {{k: {k}}}", "method: global", "columns:", *lines]))
    words = {"input": "in.parquet", "plan": "yaml", "output": "parquet", "report": "json", "method-info": "m.parquet"}
    assert run(["anonymize", "run", *[w for key, end in words.items() for w in (f"--{key}", str(folder / f"{name}.{end}"))]]) == 0


def assess(folder, name, *others):
    """Return exit code and codes of reasons."""
    words = {
        "original": "in.parquet",
        "released": "parquet",
        "plan": "yaml",
        "report": "r.json",
        "html": "r.html",
        "method-info": "m.parquet",
    }
    told = [w for key, end in words.items() for w in (f"--{key}", str(folder / f"{name}.{end}"))]
    for other in others:
        told += ["--other-method", str(folder / f"{other}.m.parquet"), "--other-released", str(folder / f"{other}.parquet")]
    code = run(["risk", "assess", *told, "--no-attacks", "--gate"])
    return code, {reason["code"] for reason in json.loads((folder / f"{name}.r.json").read_text())["verdict"]["reasons"]}


@pytest.mark.parametrize("memos", [("1", "2", "3"), ("same", "same", "same"), ("1", "1", "2")])
def test_three_releases_are_held_together_whatever_extract_they_are_from(tmp_path, memos):
    # Joint classes of two releases hold 30 persons, those of three 6: fewer than ten.
    for name, keep, memo in zip("xyz", "abc", memos, strict=True):
        release(tmp_path, name, keep=keep, memo=memo)
    assert assess(tmp_path, "y", "x")[1] <= {"difference-values"}
    code, reasons = assess(tmp_path, "z", "x", "y")
    assert code == 15
    assert "joint-below-k" in reasons


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        ("role: sensitive, treatment: keep", "difference-values"),
        ("role: attribute, treatment: keep", "difference-values"),
        ("role: sensitive, treatment: {round_to: 10}", "other-not-comparable"),
        ("role: attribute, treatment: drop", None),
    ],
)
def test_a_secret_is_compared_whatever_the_second_plan_calls_it(tmp_path, secret, reason):
    release(tmp_path, "x", keep="a")
    release(tmp_path, "y", keep="a", memo="later", called=secret)
    found = assess(tmp_path, "y", "x")[1]
    assert {reason} <= found if reason else not found & {"difference-values", "other-not-comparable"}


def test_the_k_of_an_earlier_release_is_not_taken_back(tmp_path):
    release(tmp_path, "x", keep="a", k=40)
    release(tmp_path, "y", keep="b")
    assert "joint-below-k" in assess(tmp_path, "y", "x")[1]
    assert assess(tmp_path, "y")[0] == 0
