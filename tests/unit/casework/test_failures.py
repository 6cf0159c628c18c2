"""What is told about failures nobody expected: kind and place, never their text."""

import errno

import pytest

from casework.console import run
from casework.failures import to_known
from schemas.errors import InternalError, PlanError, SettingsError
from schemas.messages import N_


def test_our_own_errors_stay_as_they_are():
    error = PlanError(N_("no plan"), N_("write one"))
    assert to_known(error) is error


@pytest.mark.parametrize(
    ("number", "cause"), [(errno.ENOSPC, "No space left on device"), (errno.EACCES, "Permission denied"), (errno.ENOENT, "No such file")]
)
def test_a_refusal_of_the_system_names_file_and_cause(number, cause):
    known = to_known(OSError(number, "CANARY", "/somewhere/rows.parquet"))
    assert isinstance(known, SettingsError)
    assert str(known).startswith(f"the system refused the file rows.parquet: {cause}")
    assert "CANARY" not in str(known)
    assert str(to_known(OSError(number, "CANARY"))).startswith("the system refused the file ?:")


@pytest.mark.parametrize("error", [OSError("CANARY"), ValueError("CANARY"), KeyError("CANARY")])
def test_any_other_failure_is_a_defect_without_its_text(error):
    known = to_known(error)
    assert isinstance(known, InternalError)
    assert "CANARY" not in str(known)


def test_a_folder_that_is_not_there_is_no_defect(tmp_path, capsys):
    assert run(["anonymize", "plan", "--table", "kokuho_benefit", "--output", str(tmp_path / "none" / "plan.yaml")]) == 10
    err = capsys.readouterr().err
    assert "error: " in err
    assert "hint: " in err
    assert "internal" not in err
    assert list(tmp_path.iterdir()) == []
