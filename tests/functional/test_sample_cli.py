"""`sakusei sample` as a person runs it: what it prints, what it leaves, and nothing after a failure."""

import json

import pytest
import yaml

from casework.console import run
from sample_data.defects import DEFECTS
from schemas.documents import load_document
from schemas.municipalities import list_municipalities
from schemas.tables import table_names


def answer(capsys, *arguments, code=0):
    assert run(list(arguments)) == code
    return capsys.readouterr()


def write(capsys, folder, *more, code=0):
    return answer(capsys, "sample", "write", "--output", str(folder), "--people", "40", "--months", "1", *more, code=code)


def test_writes_one_file_per_table_with_its_papers(tmp_path, capsys):
    out = write(capsys, tmp_path / "out").out
    assert "synthetic" in out
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert "README-synthetic.md" in names
    assert all(any(name.endswith(f"{table}.register.yaml") for name in names) for table in table_names())
    assert len([name for name in names if name.startswith("synthetic-proposal-")]) == 5


def test_every_name_says_that_it_is_synthetic(tmp_path, capsys):
    write(capsys, tmp_path / "out")
    assert all("synthetic" in path.name for path in (tmp_path / "out").iterdir())


def test_papers_meet_their_schemas_and_say_that_they_are_invented(tmp_path, capsys):
    write(capsys, tmp_path / "out")
    for path in (tmp_path / "out").glob("*.yaml"):
        kind = "proposal" if "proposal" in path.name else "register_entry"
        document = load_document(kind, path)
        assert "架空" in path.read_text(encoding="utf-8").splitlines()[0]
        assert "架空" in (document["name"] if kind == "register_entry" else document["proposers"][0]["name"])


def test_papers_have_no_anchors(tmp_path, capsys):
    write(capsys, tmp_path / "out")
    for path in (tmp_path / "out").glob("*.yaml"):
        assert not any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(path.read_text(encoding="utf-8")))


def test_the_readme_and_the_list_of_defects_name_the_damaged_rows(tmp_path, capsys):
    write(capsys, tmp_path / "out", "--table", "kokuho_benefit", "--defect", "bad_check_digit", "--count", "2")
    files = json.loads((tmp_path / "out" / "synthetic-defects.json").read_text(encoding="utf-8"))
    damage = files[0]["defects"][0]
    assert (damage["defect"], damage["finding"], damage["count"]) == ("bad_check_digit", "wrong-check-digit", 2)
    readme = (tmp_path / "out" / "README-synthetic.md").read_text(encoding="utf-8")
    assert ", ".join(map(str, damage["rows"])) in readme


def test_same_seed_and_date_same_bytes(tmp_path, capsys):
    for name in ("a", "b"):
        write(capsys, tmp_path / name, "--date", "2026-04-01", "--seed", "9")
    assert [path.name for path in sorted((tmp_path / "a").iterdir())] == [path.name for path in sorted((tmp_path / "b").iterdir())]
    assert all(path.read_bytes() == (tmp_path / "b" / path.name).read_bytes() for path in (tmp_path / "a").iterdir())


def test_another_seed_another_file(tmp_path, capsys):
    contents = set()
    for seed in ("1", "2"):
        write(capsys, tmp_path / seed, "--table", "care_provider_staff", "--seed", seed)
        contents.add((tmp_path / seed / "synthetic-910007-care_provider_staff.dat").read_bytes())
    assert len(contents) == 2


def test_a_layout_of_choice(tmp_path, capsys):
    write(capsys, tmp_path / "out", "--table", "nursing_home_waitlist", "--layout", "waitlist-excel", "--municipality", "914011")
    assert (tmp_path / "out" / "synthetic-914011-nursing_home_waitlist-waitlist-excel.xlsx").exists()


def test_machines_get_json(tmp_path, capsys):
    found = json.loads(write(capsys, tmp_path / "out", "--table", "kokuho_benefit", "--json").out)
    assert found["files"][0]["persons"] <= 40


@pytest.mark.parametrize(
    "wrong",
    [
        ("--table", "nonsense"),
        ("--defect", "nonsense"),
        ("--layout", "nonsense"),
        ("--municipality", "131041"),
        ("--municipality", "999999"),
        ("--table", "kokuho_benefit", "--layout", "waitlist-excel"),
        ("--table", "kokuho_benefit", "--defect", "cut_character"),
    ],
    ids=["table", "defect", "layout", "real municipality", "no municipality", "layout of another table", "defect of another format"],
)
def test_what_does_not_fit_is_refused_and_nothing_is_written(tmp_path, capsys, wrong):
    err = write(capsys, tmp_path / "out", *wrong, code=10).err
    assert "error:" in err
    assert "hint:" in err
    assert not (tmp_path / "out").exists()


def test_defects_are_listed_with_their_findings(capsys):
    found = json.loads(answer(capsys, "sample", "defects", "--json").out)["defects"]
    assert [entry["defect"] for entry in found] == [entry.code for entry in DEFECTS]
    assert all(entry["description"] and entry["finding"] for entry in found)


def test_defects_are_described_in_japanese(capsys):
    out = answer(capsys, "sample", "defects", "--lang", "ja", "--json").out
    assert "個人番号の列" in out


def test_fictional_municipalities_are_listed(capsys):
    found = json.loads(answer(capsys, "sample", "municipalities", "--json").out)["municipalities"]
    assert {entry["code"] for entry in found} == {body.code for body in list_municipalities(synthetic=True)}
    assert min(entry["population"] for entry in found) == 170
