"""The blank form: what is left to fill in is all that is wrong with it, and filled in it is a proposal."""

import re

import pytest
import yaml

from proposals.blank import render_blank, write_blank
from proposals.form import read_form
from schemas.documents import check_document
from schemas.errors import FormRejected, SettingsError
from schemas.regimes import load_regime, regime_names
from schemas.tables import load_table, table_names

TO_FILL_IN = {
    "submitted_on", "proposers.0.name", "proposers.0.address", "proposers.0.representative.title", "proposers.0.representative.name",
    "proposers.0.contact.department", "proposers.0.contact.name", "proposers.0.contact.phone", "proposers.0.contact.email",
    "proposers.0.identity_paper.issued_on", "proposers.0.oath.signed_on", "persons", "purpose", "manner", "business", "aim",
    "contribution.description", "period.from", "period.to",
}  # fmt: skip


@pytest.mark.parametrize("table", table_names())
@pytest.mark.parametrize("regime", regime_names())
def test_only_what_is_to_be_filled_in_is_wrong(tmp_path, table, regime):
    path = write_blank(table, tmp_path / "yoshiki.yaml", regime=regime)
    with pytest.raises(FormRejected) as caught:
        read_form(path)
    grounds = {f"proposers.0.declarations.{ground.code}" for ground in load_regime(regime).disqualifications}
    assert {str(finding.column) for finding in caught.value.findings} == TO_FILL_IN | grounds
    assert not re.search(r"&(amp|lt|gt|#\d+);", path.read_text(encoding="utf-8"))


def test_filled_in_it_is_a_proposal(form):
    blank = yaml.safe_load(render_blank(load_table("kokuho_benefit"), load_regime("tokumei-2023"), register_id="R-0007"))
    assert blank["files"] == {"table": "kokuho_benefit", "register_entries": ["R-0007"]}
    assert {entry["column"] for entry in blank["columns"]} == {column.name for column in load_table("kokuho_benefit").columns}
    filled = {
        **blank,
        **{
            key: form[key]
            for key in ("submitted_on", "proposers", "persons", "purpose", "manner", "business", "aim", "contribution", "period")
        },
    }
    assert check_document("proposal", filled) == ()


def test_an_unknown_table_or_folder_leaves_nothing(tmp_path):
    with pytest.raises(SettingsError):
        write_blank("no_such_table", tmp_path / "a.yaml")
    with pytest.raises(SettingsError):
        write_blank("kokuho_benefit", tmp_path / "no" / "a.yaml")
    assert list(tmp_path.iterdir()) == []
