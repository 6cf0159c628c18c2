"""`sakusei anonymize` as a person runs it: files, texts, exit codes; after a failure no output."""

import json
import os
import signal
import subprocess
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from casework.console import run

PLAN = {
    "plan": "small-v1",
    "privacy": {"k": 2},
    "suppression_limit": 0.5,
    "method": "global",
    "columns": {
        "age": {"role": "quasi_identifier", "hierarchy": {"intervals": [5, 10]}, "clause": 5, "type": "integer"},
        "sex": {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "clause": 5},
        "name": {"role": "direct_identifier", "treatment": "drop", "clause": 1},
    },
}
ROWS = "age,sex,name\n31,m,CANARY-one\n33,m,CANARY-two\n72,f,CANARY-three\n74,f,CANARY-four\n"


@pytest.fixture
def place(tmp_path):
    (tmp_path / "in.csv").write_text(ROWS, encoding="utf-8")
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(PLAN, sort_keys=False), encoding="utf-8")
    return tmp_path


def arguments(place, **more):
    named = {"input": "in.csv", "plan": "plan.yaml", "output": "out.parquet", "report": "report.json"} | more
    return ["anonymize", "run", *[part for key, name in named.items() for part in (f"--{key}", str(place / name))]]


def refuse(place, capsys, code, *extra, **more):
    """Run and expect a refusal: exit code, error and hint, no output, no cell in any text."""
    assert run([*arguments(place, **more), *extra]) == code
    said = capsys.readouterr()
    assert "error:" in said.err
    assert "hint:" in said.err
    assert "CANARY" not in said.err + said.out
    assert not (place / "out.parquet").exists()
    assert not (place / "report.json").exists()
    assert not list(place.glob(".sakusei*"))
    return said.err


def test_a_file_is_processed_and_verified(place, capsys):
    assert run([*arguments(place), "--seed", "1"]) == 0
    report = json.loads((place / "report.json").read_text(encoding="utf-8"))
    wanted = {"rows_in", "rows_out", "persons_in", "persons_out", "suppressed_rows", "k", "classes", "smallest_class", "loss", "levels"}
    wanted |= {"search", "seconds", "peak_rss_bytes", "engine", "plan_sha256", "input_sha256", "output_sha256"}
    assert wanted <= set(report)
    assert {"read", "classes", "search", "apply", "verify", "total"} <= set(report["seconds"])
    assert {"lattice", "evaluated", "optimal"} <= set(report["search"])
    assert report["rows_in"] == report["rows_out"] + report["suppressed_rows"] == 4
    assert report["losses"]["local"] is not None
    table = pq.read_table(place / "out.parquet")
    assert table.column_names == ["age", "age_from", "age_to", "sex"]
    assert b"CANARY" not in (place / "out.parquet").read_bytes() + (place / "report.json").read_bytes()
    assert "CANARY" not in capsys.readouterr().out
    assert run(["anonymize", "verify", "--input", str(place / "out.parquet"), "--plan", str(place / "plan.yaml")]) == 0


@pytest.mark.parametrize(
    "more",
    [
        {"report": "plan.yaml"},
        {"output": "plan.yaml"},
        {"method-info": "plan.yaml"},
        {"report": "in.csv"},
        {"report": "out.parquet"},
        {"method-info": "out.parquet"},
        {"method-info": "report.json"},
        {"report": "symbolic"},
        {"report": "hard"},
        {"report": "inner/../plan.yaml"},
        {"plan": "in.csv"},
    ],
)
def test_files_of_one_command_are_different_files(place, capsys, more):
    (place / "inner").mkdir()
    (place / "symbolic").symlink_to(place / "plan.yaml")
    os.link(place / "in.csv", place / "hard")
    before = {name: (place / name).read_bytes() for name in ("in.csv", "plan.yaml")}
    refuse(place, capsys, 10, **more)
    assert {name: (place / name).read_bytes() for name in before} == before


def test_threads_beyond_the_cores_are_cores_and_too_little_memory_is_refused(place, capsys):
    refuse(place, capsys, 10, "--memory-limit", "63")
    assert run([*arguments(place), "--threads", "99999", "--memory-limit", "64"]) == 0


def test_json_answer_is_the_report(place, capsys):
    assert run([*arguments(place), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((place / "report.json").read_text(encoding="utf-8"))


def change_plan(place, change):
    document = json.loads(json.dumps(PLAN))
    change(document)
    (place / "plan.yaml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


def test_input_column_without_a_plan(place, capsys):
    change_plan(place, lambda plan: plan["columns"].pop("name"))
    assert "name" in refuse(place, capsys, 13)


def test_planned_column_missing_in_the_input(place, capsys):
    change_plan(place, lambda plan: plan["columns"].update(phone={"role": "direct_identifier", "treatment": "drop", "clause": 1}))
    assert "phone" in refuse(place, capsys, 13)


def test_identifier_that_is_not_dropped(place, capsys):
    change_plan(place, lambda plan: plan["columns"]["name"].update(treatment="keep"))
    assert "[name]" in refuse(place, capsys, 13)


def test_value_the_hierarchy_does_not_know(place, capsys):
    (place / "sex.csv").write_text("m;*\n", encoding="utf-8")
    change_plan(place, lambda plan: plan["columns"]["sex"].update(hierarchy="sex.csv"))
    assert "sex" in refuse(place, capsys, 13)


def test_target_out_of_reach(place, capsys):
    change_plan(place, lambda plan: plan["privacy"].update(k=5))
    refuse(place, capsys, 14)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"age,sex,name\n31,m\n", "row 2"),
        (b"age,sex,name\n31,m,CANARY,5\n", "row 2"),
        (b"age,sex,name\n31,m,\"CANARY\n32,m,x\n", "quote"),
        (b"age,sex,name\nCANARY,m,x\n", "row 2"),
        ("age,sex,name\n31,m,ＣＡＮＡＲＹ名\n".encode("cp932"), "UTF-8"),
        (b"age,sex,age\n31,m,x\n", "heading"),
        (b"", "no columns"),
        (b"PAR1 CANARY no parquet", "table"),
    ],
)  # fmt: skip
def test_damaged_input(place, capsys, content, words):
    (place / "in.csv").write_bytes(content)
    assert words in refuse(place, capsys, 12)


def test_wrong_delimiter_and_missing_files(place, capsys):
    refuse(place, capsys, 10, "--delimiter", "ab")
    refuse(place, capsys, 13, "--delimiter", ";")
    refuse(place, capsys, 12, input="absent.csv")
    refuse(place, capsys, 13, plan="absent.yaml")
    refuse(place, capsys, 10, report="no/folder/report.json")
    refuse(place, capsys, 10, output="in.csv")
    assert (place / "in.csv").read_text(encoding="utf-8") == ROWS


def test_a_tabulator_has_a_name(place):
    (place / "in.csv").write_text(ROWS.replace(",", "\t"), encoding="utf-8")
    assert run([*arguments(place), "--delimiter", "tab"]) == 0


def test_what_is_suppressed_is_nowhere_in_the_release(place):
    (place / "in.csv").write_text(ROWS + "98,SECRETSEX,x\n", encoding="utf-8")
    change_plan(place, lambda plan: plan["columns"]["sex"].update(max_level=0))
    assert run(arguments(place)) == 0
    report = json.loads((place / "report.json").read_text(encoding="utf-8"))
    assert report["suppressed_rows"] == 1
    table = pq.read_table(place / "out.parquet")
    assert "SECRETSEX" not in json.dumps([chunk.dictionary.to_pylist() for name in ("age", "sex") for chunk in table[name].chunks])
    assert b"SECRETSEX" not in (place / "out.parquet").read_bytes() + (place / "report.json").read_bytes()


def test_small_numbers_are_treated_as_large_ones(place):
    plan = json.loads(json.dumps(PLAN))
    plan["columns"] |= {"n": {"role": "attribute", "treatment": {"top_code": {"persons": 2}, "round_to": 100}, "clause": 4}}
    change_plan(place, lambda document: document.update(plan))
    rows = {"age": pa.array([31, 33, 72, 74], pa.int8()), "sex": ["m", "m", "f", "f"], "name": ["CANARY"] * 4}
    pq.write_table(pa.table(rows | {"n": pa.array([20, 100, 120, 127], pa.int8())}), place / "in.parquet")
    assert run(arguments(place, input="in.parquet")) == 0
    assert sorted(pq.read_table(place / "out.parquet")["n"].to_pylist()) == [0, 100, 100, 100]


def test_a_changed_file_does_not_verify(place, capsys):
    assert run(arguments(place)) == 0
    table = pq.read_table(place / "out.parquet")
    pq.write_table(table.slice(1), place / "out.parquet", write_statistics=False)
    assert run(["anonymize", "verify", "--input", str(place / "out.parquet"), "--plan", str(place / "plan.yaml")]) == 16
    said = capsys.readouterr().err
    assert "error:" in said
    assert "hint:" in said


def test_another_plan_does_not_verify(place, capsys):
    assert run(arguments(place)) == 0
    change_plan(place, lambda plan: plan["privacy"].update(k=3))
    assert run(["anonymize", "verify", "--input", str(place / "out.parquet"), "--plan", str(place / "plan.yaml")]) == 16


def test_method_information_is_written_only_on_request(place):
    assert run([*arguments(place), "--method-info", str(place / "method.parquet"), "--seed", "5"]) == 0
    method = pq.read_table(place / "method.parquet")
    assert {"age", "sex", "__level_age", "__suppressed"} <= set(method.column_names)
    assert json.loads(method.schema.metadata[b"sakusei-method"])["seed"] == b"5".hex()


@pytest.mark.parametrize("table", ["kokuho_benefit", "nursing_home_waitlist", "care_provider_staff"])
def test_shipped_plans_are_complete(tmp_path, table):
    from schemas.plan import load_plan
    from schemas.tables import load_table

    assert run(["anonymize", "plan", "--table", table, "--output", str(tmp_path / "p.yaml")]) == 0
    plan = load_plan(tmp_path / "p.yaml")
    plan.check_input([column.name for column in load_table(table).columns] + ["source_row"])
    assert plan.privacy.k == 12


def test_plan_command_wants_one_place_and_known_tables(tmp_path, capsys):
    assert run(["anonymize", "plan", "--output", str(tmp_path / "p.yaml")]) == 10
    assert run(["anonymize", "plan", "--table", "nothing", "--output", str(tmp_path / "p.yaml")]) == 13
    assert run(["anonymize", "plan", "--from-hierarchies", str(tmp_path), "--output", str(tmp_path / "p.yaml")]) == 13
    assert capsys.readouterr().err.count("hint:") == 3
    assert not (tmp_path / "p.yaml").exists()


def test_a_killed_run_leaves_no_output_and_the_next_one_tidies_up(place):
    rows = ROWS.splitlines()
    (place / "in.csv").write_text("\n".join([rows[0], *(rows[1:] * 100_000)]) + "\n", encoding="utf-8")
    code = "from casework.console import main; main()"
    child = subprocess.Popen([sys.executable, "-c", code, *arguments(place)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while not list(place.glob(".sakusei-work-*/input.parquet")) and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert not (place / "out.parquet").exists()
    assert list(place.glob(".sakusei-work-*"))
    assert run(arguments(place)) == 0
    assert not list(place.glob(".sakusei-work-*"))


@pytest.mark.shared_data
class TestAdult:
    @pytest.fixture
    def adult(self, shared_data):
        return shared_data / "adult"

    def make_plan(self, adult, tmp_path, k, limit, method):
        command = ["anonymize", "plan", "--from-hierarchies", str(adult), "--k", str(k), "--suppression-limit", str(limit)]
        command += ["--method", method, "--input", str(adult / "adult.csv"), "--delimiter", ";", "--output", str(tmp_path / "plan.yaml")]
        assert run(command) == 0

    def process(self, adult, tmp_path, *more):
        out = [str(tmp_path / name) for name in ("plan.yaml", "out.parquet", "report.json")]
        command = ["anonymize", "run", "--input", str(adult / "adult.csv"), "--delimiter", ";", "--plan", out[0], "--output", out[1]]
        assert run([*command, "--report", out[2], "--no-compare", *more]) == 0
        assert run(["anonymize", "verify", "--input", out[1], "--plan", out[0]]) == 0
        return json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))

    @pytest.mark.parametrize("line", range(12))
    def test_every_reference_optimum(self, adult, tmp_path, line):
        wanted = json.loads((adult / "reference.json").read_text(encoding="utf-8"))["optima"][line]
        self.make_plan(adult, tmp_path, wanted["k"], wanted["suppression_limit"], "local")
        report = self.process(adult, tmp_path, "--method", "global")
        assert report["loss"] == pytest.approx(wanted["loss"], abs=1e-6)
        assert {key: report[key] for key in ("suppressed_rows", "classes", "smallest_class", "levels")} == {
            key: wanted[key] for key in ("suppressed_rows", "classes", "smallest_class", "levels")
        }
        assert report["search"]["optimal"]

    def test_local_recoding_without_suppression(self, adult, tmp_path):
        self.make_plan(adult, tmp_path, 5, 0, "local")
        report = self.process(adult, tmp_path)
        assert report["loss"] <= 0.059
        assert (report["suppressed_rows"], report["rows_out"]) == (0, 30162)

    def test_rows_in_another_order_give_the_same_bytes(self, adult, tmp_path):
        self.make_plan(adult, tmp_path, 5, 0.05, "local")
        first = self.process(adult, tmp_path)["output_sha256"]
        lines = (adult / "adult.csv").read_text(encoding="utf-8").splitlines()
        table = pa.table({name: [line.split(";")[i] for line in reversed(lines[1:])] for i, name in enumerate(lines[0].split(";"))})
        pq.write_table(table, tmp_path / "turned.parquet")
        out = [str(tmp_path / name) for name in ("turned.parquet", "plan.yaml", "again.parquet", "again.json")]
        assert run(["anonymize", "run", "--input", out[0], "--plan", out[1], "--output", out[2], "--report", out[3], "--threads", "1"]) == 0
        assert json.loads((tmp_path / "again.json").read_text(encoding="utf-8"))["output_sha256"] == first


@pytest.mark.spark
@pytest.mark.xdist_group("spark")
def test_spark_writes_the_same_bytes(place):
    assert run([*arguments(place), "--seed", "1"]) == 0
    assert run([*arguments(place, output="spark.parquet"), "--engine", "spark", "--seed", "1", "--threads", "1"]) == 0
    assert (place / "spark.parquet").read_bytes() == (place / "out.parquet").read_bytes()


def test_spark_without_java_says_what_to_install(place):
    # In a process of its own: where Spark already runs, nobody asks for Java again.
    program = "import sys; from casework.console import run; sys.exit(run(sys.argv[1:]))"
    environment = {name: value for name, value in os.environ.items() if name != "JAVA_HOME"} | {"PATH": str(place)}
    words = [*arguments(place), "--engine", "spark", "--threads", "3"]
    found = subprocess.run([sys.executable, "-c", program, *words], env=environment, capture_output=True, text=True, check=False)
    assert found.returncode == 18
    assert "Java" in found.stderr
    assert not (place / "out.parquet").exists()
