"""What a municipality is told before it sends: rows the office would put aside, and files that are not there."""

import csv
import json

import pytest
from pyrage import x25519

from casework.console import run

ROW = {
    "person_key": "K0000001",
    "insurer_number": "138016",
    "name": "架空花子",
    "birth_date": "1950-01-31",
    "sex": "1",
    "municipality_code": "902012",
    "treated_month": "2024-04",
    "cost_yen": "1000",
}
BAD = {**ROW, "sex": "7"}


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "office.age.pub"
    path.write_text(str(x25519.Identity.generate().to_public()), encoding="ascii")
    return path


def write_source(tmp_path, rows):
    path = tmp_path / "source.csv"
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, list(ROW))
        writer.writeheader()
        writer.writerows(rows)
    return path


def seal(source, key, bundle, *more, lang="en"):
    return run([
        "--lang", lang, "intake", "seal", str(source), "--table", "kokuho_benefit", "--to", str(key), "--municipality", "902012",
        "--as-of", "2024-04-30", "--output", str(bundle), *more,
    ])  # fmt: skip


def test_sealing_names_the_rows_the_office_would_put_aside(tmp_path, key, capsys):
    source, bundle = write_source(tmp_path, [ROW, BAD, ROW, {**BAD, "birth_date": "2024-05-01"}]), tmp_path / "x.sakusei"
    # two of four are half, not more
    assert seal(source, key, bundle) == 0
    text = capsys.readouterr().out
    assert "put aside 2 of the 4 rows" in text
    assert "[性別]" in text
    assert "a birth after the day" in text
    assert "3, 5" in text
    assert seal(source, key, bundle, "--json") == 0
    aside = json.loads(capsys.readouterr().out)["aside"]
    assert (aside["rows"], aside["row_numbers"]) == (2, [3, 5])
    assert {(f["code"], f["column"], *f["rows"]) for f in aside["findings"]} == {
        ("unknown-code", "性別", 3, 5),
        ("in-the-future", "生年月日", 5),
    }


def test_a_sound_file_is_sealed_without_a_word_about_rows(tmp_path, key, capsys):
    bundle = tmp_path / "x.sakusei"
    assert seal(write_source(tmp_path, [ROW, ROW]), key, bundle) == 0
    assert "put aside" not in capsys.readouterr().out
    assert seal(write_source(tmp_path, [ROW, ROW]), key, bundle, "--json") == 0
    assert json.loads(capsys.readouterr().out)["aside"] == {"rows": 0, "row_numbers": [], "findings": []}


@pytest.mark.parametrize("rows", [[ROW, BAD, BAD], [BAD, BAD]])
def test_a_file_is_not_sealed_when_more_than_half_would_be_put_aside(tmp_path, key, capsys, rows):
    source, bundle = write_source(tmp_path, rows), tmp_path / "x.sakusei"
    assert seal(source, key, bundle) == 12
    errors = capsys.readouterr().err
    assert "error:" in errors
    assert "hint:" in errors
    assert "--anyway" in errors
    assert f"2 of the {len(rows)} rows" in errors
    assert "[性別]" in errors
    assert "架空花子" not in errors
    assert not bundle.exists()
    assert seal(source, key, bundle, "--anyway") == 0
    assert f"2 of the {len(rows)} rows" in capsys.readouterr().out
    assert bundle.exists()


@pytest.mark.parametrize(("rows", "code", "count"), [([ROW, BAD, ROW], 0, 1), ([BAD, BAD], 12, 2)])
def test_a_check_says_what_will_happen_to_the_file_as_it_is(tmp_path, capsys, rows, code, count):
    source = write_source(tmp_path, rows)
    assert run(["--lang", "ja", "intake", "check", str(source), "--table", "kokuho_benefit"]) == code
    printed = capsys.readouterr()
    assert f"このまま送付すると、{count}行は受け入れられず、隔離されます" in printed.out + printed.err


def test_a_key_that_is_not_there_is_said_to_be_not_there(tmp_path, capsys):
    bundle = tmp_path / "x.sakusei"
    assert seal(write_source(tmp_path, [ROW]), tmp_path / "missing.pub", bundle) == 10
    assert "there is no file missing.pub" in capsys.readouterr().err
    assert not bundle.exists()


def test_receipts_and_keys_that_are_not_there(tmp_path, key, capsys):
    assert run(["intake", "receipt", "verify", str(tmp_path / "r.json"), "--key", str(tmp_path / "missing.pem")]) == 10
    assert "there is no file missing.pem" in capsys.readouterr().err


def test_a_bundle_that_is_not_there(tmp_path, capsys):
    home = tmp_path / "home"
    assert run(["--home", str(home), "init", "--synthetic"]) == 0
    capsys.readouterr()
    assert run(["--home", str(home), "intake", "receive", str(tmp_path / "missing.sakusei")]) == 12
    assert "there is no file missing.sakusei" in capsys.readouterr().err
    pem = home / "office.pub.pem"
    assert run(["intake", "receipt", "verify", str(tmp_path / "r.json"), "--key", str(pem)]) == 12
    assert "there is no file r.json" in capsys.readouterr().err
    assert run(["--home", str(home), "register", "add", str(tmp_path / "missing.yaml")]) == 11
    assert "missing.yaml" in capsys.readouterr().err
