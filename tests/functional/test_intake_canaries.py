"""No value of a file in anything intake prints or writes, save the table and the quarantine; and nothing half-written after a kill."""

import csv
import signal
import subprocess
import sys
import time

import pytest

from casework.console import run
from schemas.tables import load_table, table_names

SOUND = {
    "kokuho_benefit": {
        "person_key": "CANARYKEY1",
        "insurer_number": "138016",
        "insured_number": "CANARY-N",
        "name": "CANARY-NAME",
        "birth_date": "1950-01-31",
        "sex": "1",
        "municipality_code": "131041",
        "treated_month": "2024-04",
        "care_kind": "1",
        "cost_yen": "1000",
        "note": "CANARY-NOTE",
    },
}


def write(path, table, *, encoding="utf-8", headings=True):
    """A file whose every cell is a canary of its own, and one sound row where there is one."""
    names = [column.name for column in load_table(table).columns]
    rows = [[f"CANARY{row}x{place}" for place in range(len(names) + 2)] for row in range(5)]
    rows += [[SOUND[table].get(name, "") for name in names] + ["CANARY-A", "=CANARY-B"]] if table in SOUND else []
    rows += [["CANARY-RAGGED"], ["CANARY\x00NUL", *([""] * (len(names) + 1))]]
    with path.open("w", encoding=encoding, newline="") as target:
        writer = csv.writer(target)
        writer.writerow([*names, "CANARY-HEADING", "CANARY-SECOND"] if headings else rows[0])
        writer.writerows(rows)
    return path


def assert_silent(tmp_path, capsys, source, allowed=()):
    printed = capsys.readouterr()
    assert "CANARY" not in printed.out
    assert "CANARY" not in printed.err
    for path in tmp_path.iterdir():
        if path != source and path.name not in allowed:
            assert b"CANARY" not in path.read_bytes(), path.name


@pytest.mark.parametrize("headings", [True, False])
@pytest.mark.parametrize("table", table_names())
@pytest.mark.parametrize("answer", [[], ["--json"], ["--lang", "ja"]])
def test_canaries_are_heard_nowhere(tmp_path, capsys, table, headings, answer):
    source = write(tmp_path / "file.csv", table, headings=headings)
    paths = [part for name in ("output", "report", "quarantine") for part in (f"--{name}", str(tmp_path / name))]
    run(["intake", "convert", str(source), "--table", table, "--layout", "plain", *paths, *answer])
    run(["intake", "check", str(source), "--table", table, "--layout", "plain", "--defects", str(tmp_path / "defects.csv"), *answer])
    run(["intake", "check", str(source), "--table", table, *answer])
    assert_silent(tmp_path, capsys, source, allowed=("output", "quarantine"))


@pytest.mark.parametrize("encoding", ["utf-16", "cp932"])
@pytest.mark.parametrize("layout", ["kokuho-csv-cp932", "waitlist-csv-utf8", "staff-fixed-cp932"])
def test_canaries_are_heard_nowhere_when_the_layout_is_wrong(tmp_path, capsys, layout, encoding):
    from intake.layout import load_layout

    table = load_layout(layout).table.name
    source = write(tmp_path / "file.csv", table, encoding=encoding)
    assert run(["intake", "check", str(source), "--table", table, "--layout", layout]) == 12
    assert_silent(tmp_path, capsys, source)


def test_a_kill_in_the_middle_leaves_no_output_under_its_name(tmp_path):
    names = [column.name for column in load_table("kokuho_benefit").columns]
    row = ",".join(SOUND["kokuho_benefit"].get(name, "") for name in names)
    source, output = tmp_path / "file.csv", tmp_path / "out.parquet"
    source.write_text(",".join(names) + "\n" + (row + "\n") * 30_000, encoding="utf-8")
    code = "from casework.console import main; main()"
    arguments = [
        "intake",
        "convert",
        str(source),
        "--table",
        "kokuho_benefit",
        "--output",
        str(output),
        "--report",
        str(tmp_path / "r.json"),
    ]
    child = subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # wait until it writes, then end it without warning
    for _ in range(600):
        if any(entry.suffix == ".part" for entry in tmp_path.iterdir()) or child.poll() is not None:
            break
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert not output.exists()
    assert not (tmp_path / "r.json").exists()
    assert run(arguments) == 0
    assert output.exists()
