"""The stage of the demonstration: what it shows, and that an unexpected answer ends it."""

import pytest
import yaml

from sample_data.plans import edit_plan, get_plan_table
from sample_data.stage import COLUMNS_SHOWN, Stage, cut_line, run_quietly
from schemas.errors import InternalError
from schemas.plan import load_plan


@pytest.fixture
def stage(tmp_path):
    return Stage(folder=tmp_path, language="en")


def test_shows_the_command_as_a_person_types_it_and_its_answer(stage, capsys):
    stage.run("sample", "municipalities")
    out = capsys.readouterr().out
    assert "  $ sakusei sample municipalities\n" in out
    assert "more lines)" in out
    assert stage.commands == 1


def test_an_unexpected_exit_code_ends_it(stage, capsys):
    with pytest.raises(InternalError, match="expected exit code 0 of `status`, and 10 came"):
        stage.run("status")
    assert "error:" in capsys.readouterr().out


def test_a_refusal_on_purpose_is_said_to_be_one(stage, capsys):
    stage.run("status", expect=10)
    assert "refused on purpose (exit code 10)" in capsys.readouterr().out
    assert stage.refusals == ["status"]


def test_a_refusal_that_does_not_come_ends_it(stage):
    with pytest.raises(InternalError):
        stage.run("sample", "municipalities", expect=10)


def test_quiet_prints_nothing(tmp_path, capsys):
    Stage(folder=tmp_path, language="en", quiet=True).run("sample", "municipalities")
    assert capsys.readouterr().out == ""


def test_ids_are_read_off_answers(stage):
    assert stage.find_id("C-0012, revision 1: F-0003", "F") == "F-0003"
    with pytest.raises(InternalError):
        stage.find_id("nothing", "C")


@pytest.mark.parametrize(("line", "kept"), [("a" * 118, "a" * 118), ("a" * 119, "a" * 118 + "…"), ("見" * 60, "見" * 59 + "…")])
def test_lines_are_cut_at_the_width_shown(line, kept):
    assert COLUMNS_SHOWN == 118
    assert cut_line(line) == kept


def test_commands_run_in_the_folder_and_come_back(tmp_path, monkeypatch):
    from pathlib import Path

    here = Path.cwd()
    code, _ = run_quietly(["sample", "write", "--output", "out", "--people", "5", "--months", "1"], tmp_path)
    assert code == 0
    assert (tmp_path / "out" / "README-synthetic.md").exists()
    assert Path.cwd() == here


@pytest.mark.parametrize("name", ["staff", "waitlist_first", "waitlist_second", "kokuho"])
def test_plans_of_the_demonstration_are_complete(tmp_path, name):
    draft = tmp_path / "draft.yaml"
    assert run_quietly(["anonymize", "plan", "--table", get_plan_table(name), "--output", str(draft)], tmp_path)[0] == 0
    edit_plan(draft, name, tmp_path / "plan.yaml")
    assert load_plan(tmp_path / "plan.yaml").table == get_plan_table(name)


def test_the_incomplete_plan_lacks_columns(tmp_path):
    draft = tmp_path / "draft.yaml"
    run_quietly(["anonymize", "plan", "--table", "nursing_home_waitlist", "--output", str(draft)], tmp_path)
    edit_plan(draft, "waitlist_incomplete", tmp_path / "plan.yaml")
    before, after = (yaml.safe_load(path.read_text(encoding="utf-8"))["columns"] for path in (draft, tmp_path / "plan.yaml"))
    assert set(before) - set(after) == {"score", "note"}
