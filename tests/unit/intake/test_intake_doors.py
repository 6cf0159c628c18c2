"""Doors: which layout, which way a child process died, what a register entry lacks under each law."""

from pathlib import Path

import pytest
import yaml

from intake import layout as layouts
from intake.bundles import read_recipient
from intake.choice import choose_layout
from intake.formats.sandbox import check_end, find_kind
from intake.formats.workbook import NO_COLUMNS, NO_SHEET, OTHER_SHEETS, to_text
from intake.register import find_gaps
from schemas.errors import FileRejected, SettingsError
from schemas.findings import Severity
from schemas.regimes import load_regime


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (NO_SHEET, "the sheet"),
        (NO_COLUMNS, "nested"),
        (OTHER_SHEETS, "other sheets"),
        (-6, "more memory"),
        (-9, "more memory"),
        (-24, "more memory"),
        (1, "cannot be read"),
    ],
)
def test_every_way_a_child_ends_has_its_words(status, text):
    with pytest.raises(FileRejected, match=text) as refused:
        check_end(status, Path("book.xlsx"))
    assert refused.value.hint.render()


def test_a_child_that_ended_well_raises_nothing():
    check_end(0, Path("book.xlsx"))


@pytest.mark.parametrize(
    ("head", "kind"), [(b"PK\x03\x04", "excel"), (b"\xd0\xcf\x11\xe0", "excel"), (b"PAR1", "parquet"), (b"a,b\n", "text"), (b"", "text")]
)
def test_kinds_of_files_by_their_first_bytes(tmp_path, head, kind):
    (tmp_path / "file").write_bytes(head)
    assert find_kind(tmp_path / "file") == kind


@pytest.mark.parametrize(
    ("cell", "text"),
    [(None, ""), (True, "TRUE"), (5.0, "5"), (0.25, "0.25"), (1e20, "1e+20"), ("x", "x"), (123456789012.0, "123456789012")],
)
def test_texts_of_cells(cell, text):
    assert to_text(cell) == text


def test_two_layouts_that_fit_are_named(tmp_path, monkeypatch):
    shipped = layouts.FOLDER
    for name in ("waitlist-csv-utf8", "waitlist-copy"):
        document = yaml.safe_load((shipped / "waitlist-csv-utf8.yaml").read_text(encoding="utf-8"))
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump({**document, "layout": name}, allow_unicode=True), encoding="utf-8")
    monkeypatch.setattr(layouts, "FOLDER", tmp_path)
    source = tmp_path / "file.csv"
    source.write_text(",".join(column["heading"] for column in document["columns"]) + "\n", encoding="utf-8")
    with pytest.raises(FileRejected, match="2 layouts fit") as refused:
        choose_layout(source, "nursing_home_waitlist", None)
    assert "waitlist-copy, waitlist-csv-utf8" in refused.value.hint.render()


@pytest.mark.parametrize("content", ["", "age1short", "AGE-SECRET-KEY-1" + "Q" * 58, "age1" + "q" * 58])
def test_what_is_no_key_of_an_office(tmp_path, content):
    path = tmp_path / "office.age.pub"
    path.write_text(content)
    with pytest.raises(SettingsError):
        read_recipient(path)
    with pytest.raises(SettingsError):
        read_recipient(tmp_path / "missing")


ENTRY = {
    "name": "x",
    "organisation": {},
    "purpose": "x",
    "items_and_scope": {},
    "collection": "x",
    "sensitive": {"included": False},
    "requests_office": {},
    "file_kind": "manual",
    "open_to_proposals": False,
    "persons": 5000,
}


def gaps(regime="tokumei-2023", **change):
    return {(finding.kind.code, str(finding.column)) for finding in find_gaps({**ENTRY, **change}, load_regime(regime))}


def test_an_entry_that_has_everything():
    assert gaps() == set()
    assert gaps("hishikibetsu-2017") == set()


def test_what_is_due_depends_on_what_else_is_said():
    assert gaps(open_to_proposals=True) == {("register-item", "proposals_office")}
    assert gaps(file_kind="electronic") == {("register-item", "manual_companion")}
    assert gaps(product_office={"name": "x"}) == {("register-item", "product_outline"), ("register-item", "product_period")}
    assert gaps(file_kind="electronic", manual_companion=False) == set()


def test_the_old_law_asks_for_opinions():
    given = {"open_to_proposals": True, "proposals_office": {}}
    assert gaps(**given) == set()
    assert gaps("hishikibetsu-2017", **given) == {("register-item", "opinions")}
    assert gaps("hishikibetsu-2017", **given, opinions=True) == set()


@pytest.mark.parametrize(("persons", "expected"), [(999, {("register-persons", "persons")}), (1000, set()), (1001, set())])
def test_a_thousand_persons_is_the_limit_of_the_register(persons, expected):
    assert gaps(persons=persons) == expected
    assert all(finding.kind.severity is Severity.NOTE for finding in find_gaps({**ENTRY, "persons": persons}, load_regime("tokumei-2023")))


def test_few_persons_and_open_to_proposals_is_told():
    assert gaps(persons=999, open_to_proposals=True, proposals_office={}) == {("register-few-open", "persons")}


def test_columns_must_be_those_of_the_table():
    assert gaps(table="kokuho_benefit", columns=["name", "nothing"]) == {("register-column", "columns.1")}
