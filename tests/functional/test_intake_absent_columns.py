"""A file without a required column: taken over, because a municipality may leave out what it was not asked for, but not called complete."""

import csv

from casework.console import run


def write(path, dropped):
    header = ["person_key", "sex"]
    kept = [name for name in header if name not in dropped]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([kept, *([{"person_key": f"0000000{n}", "sex": "1"}[name] for name in kept] for n in range(5))])
    return path


def test_a_required_column_that_is_absent_is_named_and_the_verdict_is_qualified(tmp_path, capsys):
    path = write(tmp_path / "f.csv", {"sex"})
    assert run(["intake", "check", str(path), "--table", "kokuho_benefit", "--layout", "plain", "--lang", "en"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "the file does not have this required column" in told
    assert "send it only if the office agreed" in told
    assert "can be sent as it is" not in told
    assert "add the column, unless the office agreed" in told
