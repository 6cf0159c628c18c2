"""Layouts: the shipped ones are sound, and every contradiction of an own one is named at once."""

import pytest
import yaml

from intake.choice import choose_layout
from intake.layout import FOLDER, layout_names, load_layout, make_plain_layout
from schemas.errors import FileRejected, FormRejected, SettingsError
from schemas.tables import load_table, table_names


@pytest.mark.parametrize("name", layout_names())
def test_shipped_layouts_are_sound_and_cover_their_table(name):
    layout = load_layout(name)
    assert layout.name == name
    names = {column.name for column in layout.columns}
    # records of claims say less than the table holds
    assert names <= {column.name for column in layout.table.columns} if layout.records else names == {c.name for c in layout.table.columns}


def test_every_table_has_a_shipped_layout():
    assert all(layout_names(name) for name in table_names())


def own(tmp_path, change, name="waitlist-csv-utf8"):
    document = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    change(document)
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return path


def findings_of(path):
    with pytest.raises(FormRejected) as refused:
        load_layout(path)
    return {(finding.kind.code, finding.column) for finding in refused.value.findings}


def test_an_own_layout_is_taken_by_its_path(tmp_path):
    path = own(tmp_path, lambda d: d.update(layout="ours", wareki={"overflow": "convert", "open_part": "empty"}, empty_marks=["*"]))
    use = load_layout(path).columns[0].use
    assert use.dates.overflow
    assert use.dates.open_as_empty
    assert use.empty_marks == {"*"}


def change_column(index, **values):
    return lambda document: document["columns"][index].update(values)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda d: d.update(table="nothing"), ("layout-table", "table")),
        (change_column(0, column="nothing"), ("layout-column", "nothing")),
        (change_column(1, column="applicant_key"), ("layout-twice", "applicant_key")),
        (change_column(0, rule="nothing"), ("layout-rule", "applicant_key")),
        (change_column(0, rule="yen"), ("layout-rule-type", "applicant_key")),
        (change_column(16, rule="code"), ("layout-code-list", "insurer_number")),
        (change_column(18, rule="code", vendor=["nobody"]), ("layout-vendor", "care_level")),
        (lambda d: d["columns"][0].pop("heading"), ("layout-place", "applicant_key")),
        (lambda d: d["columns"].pop(0), ("layout-required", "applicant_key")),
        (lambda d: d.pop("encoding"), ("layout-setting", "encoding")),
    ],
)
def test_contradictions_are_named(tmp_path, change, finding):
    assert finding in findings_of(own(tmp_path, change))


def test_bytes_must_not_overlap_or_pass_the_end(tmp_path):
    assert ("layout-overlap", "office_number") in findings_of(own(tmp_path, change_column(1, bytes=[10, 10]), "staff-fixed-cp932"))
    assert ("layout-overlap", "note") in findings_of(own(tmp_path, lambda d: d.update(record_bytes=566), "staff-fixed-cp932"))


def test_all_contradictions_come_at_once(tmp_path):
    def change(document):
        change_column(0, rule="nothing")(document)
        change_column(5, rule="yen")(document)

    assert len(findings_of(own(tmp_path, change))) == 2


def test_a_layout_that_is_not_there():
    with pytest.raises(SettingsError):
        load_layout("nothing")
    with pytest.raises(SettingsError):
        load_layout("/nowhere/own.yaml")


def write(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "file.csv"
    path.write_bytes(text.encode(encoding))
    return path


def headings_of(layout):
    return ",".join(column.headings[0] for column in layout.columns)


def test_the_layout_is_found_by_the_first_line(tmp_path):
    layout = load_layout("waitlist-csv-utf8")
    assert choose_layout(write(tmp_path, headings_of(layout) + "\r\n", "utf-8-sig"), "nursing_home_waitlist", None).name == layout.name
    plain = make_plain_layout(layout.table, "csv")
    assert choose_layout(write(tmp_path, headings_of(plain) + "\n"), "nursing_home_waitlist", None).name == "plain"
    names = ",".join(column.name for column in load_table("nursing_home_waitlist").columns)
    assert choose_layout(write(tmp_path, names + "\n"), "nursing_home_waitlist", None).name == "plain"
    assert choose_layout(write(tmp_path, "," * 35 + "\r\n"), "kokuho_benefit", None).name == "kokuho-csv-cp932"
    assert choose_layout(write(tmp_path, " " * 567 + "\r\n"), "care_provider_staff", None).name == "staff-fixed-cp932"


def test_no_layout_fits_names_the_candidates(tmp_path):
    with pytest.raises(FileRejected, match="no layout") as refused:
        choose_layout(write(tmp_path, "a,b\n"), "nursing_home_waitlist", None)
    assert "waitlist-csv-utf8" in refused.value.hint.render()


def test_a_layout_of_another_table_is_refused(tmp_path):
    with pytest.raises(FileRejected, match="is for table"):
        choose_layout(write(tmp_path, "a,b\n"), "kokuho_benefit", "waitlist-csv-utf8")
