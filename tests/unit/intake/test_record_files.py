"""Files of several kinds of record: rows out of records, and every fault of their order under the line it stands in."""

import pytest
import yaml

from casework.console import run
from intake.convert import Outputs, convert_source
from intake.layout import FOLDER, load_layout
from schemas.errors import FileRejected, FormRejected

IR = "IR,2,13,1,1234567,,見本病院,202404,00,"
GO = "GO,1,300,99"


def re_(number=1, kind="1112", name="見本　花子", sex="2", birth="19500401", month="202403"):
    return f"RE,{number},{kind},{month},{name},{sex},{birth},070" + "," * 14 + "01" + "," * 15 + "ミホン　ハナコ,"


HO = "HO,  138016,千,12345678,2,300,,,0,,,900,,,"
SN = "SN,1,01,  138016,千,12345678,01,,"
SY = "SY,0000999,20240301,1,,感冒,01,"
CLAIM = [re_(), HO, SN, SY]


def take(tmp_path, lines, layout="kokuho-rezept"):
    path = tmp_path / "claims.uke"
    path.write_bytes("".join(f"{line}\r\n" for line in lines).encode("cp932"))
    out, aside = tmp_path / "out.parquet", tmp_path / "aside.parquet"
    import pyarrow.parquet as pq

    report = convert_source(path, load_layout(layout), Outputs(table=out, quarantine=aside))
    return report, pq.read_table(out).to_pylist(), pq.read_table(aside).to_pylist()


def codes(findings):
    return {(finding.kind.code, finding.rows) for finding in findings}


def test_a_claim_becomes_a_row_from_the_fields_of_its_records(tmp_path):
    report, (row,), aside = take(tmp_path, [IR, *CLAIM, GO])
    assert aside == []
    told = {
        "person_key": "0000000001",
        "insurer_number": "138016",
        "insured_symbol": "千",
        "insured_branch": "01",
        "name": "見本　花子",
        "name_kana": "ミホン　ハナコ",
        "sex": "2",
        "care_kind": "2",
        "department": "01",
        "facility_code": "1311234567",
        "facility_name": "見本病院",
        "disease_name": "感冒",
        "outcome": "1",
        "days": 2,
        "points": 300,
        # 300 points at 10 yen
        "cost_yen": 3000,
        "copayment_yen": 900,
        "source_row": 2,
    }
    assert {key: row[key] for key in told} == told
    assert (str(row["birth_date"]), str(row["treated_month"])) == ("1950-04-01", "2024-03-01")
    assert report.repairs["points_to_yen"] == {"cost_yen": 1}


@pytest.mark.parametrize(("kind", "care"), [("1111", "1"), ("1112", "2"), ("1110", "2"), ("1119", "1"), ("1114", "2")])
def test_the_last_digit_of_the_kind_of_claim_tells_hospital_from_outside(tmp_path, kind, care):
    _, (row,), _ = take(tmp_path, [IR, re_(kind=kind), HO, SN, SY, GO])
    assert row["care_kind"] == care


def test_the_main_disease_is_taken_wherever_it_stands_else_the_first(tmp_path):
    other = "SY,0000999,20240301,2,,骨折,,"
    _, (row,), _ = take(tmp_path, [IR, re_(), HO, SN, other, SY, GO])
    assert (row["disease_name"], row["outcome"]) == ("感冒", "1")
    _, (row,), _ = take(tmp_path, [IR, re_(), HO, SN, other, SY.replace(",01,", ",,"), GO])
    assert (row["disease_name"], row["outcome"]) == ("骨折", "2")


def test_persons_are_told_by_symbol_number_and_branch(tmp_path):
    def claim(number, branch, symbol="千"):
        return [re_(number), HO.replace("千", symbol), SN.replace(",01,,", f",{branch},,").replace("千", symbol), SY]

    lines = [IR, *claim(1, "01"), *claim(2, "02"), *claim(3, "01"), *claim(4, "01", ""), "GO,4,1200,99"]
    report, rows, _ = take(tmp_path, lines)
    assert [row["person_key"] for row in rows] == ["0000000001", "0000000002", "0000000001", "0000000003"]
    assert report.persons_out == 3


def test_a_branch_that_is_empty_puts_the_row_aside_because_persons_cannot_be_told(tmp_path):
    lines = [IR, *CLAIM, re_(2), HO, SN.replace(",01,,", ",,,"), SY, "GO,2,600,99"]
    report, rows, aside = take(tmp_path, lines)
    assert ("required-empty", (6,)) in codes(report.findings)
    assert (len(rows), [row["source_row"] for row in aside]) == (1, [6])


def test_several_facilities_stand_one_behind_another_and_totals_are_theirs(tmp_path):
    second = IR.replace("1234567", "7654321")
    _, rows, _ = take(tmp_path, [IR, *CLAIM, GO, second, *CLAIM, GO])
    assert [row["facility_code"] for row in rows] == ["1311234567", "1317654321"]


FAULTS = [
    ("unknown-record", [re_(), HO, SN, "ZZ,1", SY], 9),
    ("record-order", [re_(), HO, SN, SY, "KO,54900001,1,,2,300,0"], 10),
    ("record-missing", [re_(), HO, SY], 6),
    ("record-twice", [re_(), HO, "HO,  138016,千,12345678,2,0,,,0,,,900,,,", SN, SY], 8),
    ("ragged-row", [re_(), HO + ",,,,,,", SN, SY], 7),
    ("nul-byte", [re_(), HO, SN, SY.replace("感冒", "感\0冒")], 9),
]


@pytest.mark.parametrize(("code", "claim", "line"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_a_fault_in_the_records_puts_its_row_aside_under_its_line(tmp_path, code, claim, line):
    report, rows, aside = take(tmp_path, [IR, *CLAIM, *claim, "GO,2,600,99"])
    assert codes(report.findings) == {(code, (line,))}
    assert (report.rows_in, len(rows)) == (2, 1)
    assert [row["source_row"] for row in aside] == [line]
    # the records of the row are kept as they came
    assert bytes(aside[0]["raw"]).decode("utf-8").split("\n") == claim


def test_records_without_the_one_they_belong_to_are_put_aside_alone(tmp_path):
    report, rows, aside = take(tmp_path, [SY, IR, HO, *CLAIM, GO, "GO,0,0,99"])
    assert codes(report.findings) == {("record-alone", (1, 3, 9))}
    assert (len(rows), len(aside), report.rows_in) == (1, 3, 4)


def test_a_claim_before_any_facility_is_put_aside(tmp_path):
    report, rows, aside = take(tmp_path, [*CLAIM, IR, *CLAIM, GO])
    assert codes(report.findings) == {("record-alone", (1,))}
    assert (len(rows), len(aside)) == (1, 1)


@pytest.mark.parametrize(
    ("code", "lines", "row"),
    [
        ("wrong-total", [IR, *CLAIM, "GO,2,300,99"], 6),
        ("wrong-total", [IR, *CLAIM, "GO,1,301,99"], 6),
        ("wrong-total", [IR, *CLAIM, "GO,,,99"], 6),
        ("closing-missing", [IR, *CLAIM], 5),
        ("closing-missing", [IR, *CLAIM, IR, *CLAIM, GO], 6),
    ],
)
def test_totals_that_do_not_fit_refuse_the_file(tmp_path, code, lines, row):
    with pytest.raises(FileRejected) as refused:
        take(tmp_path, lines)
    assert codes(refused.value.findings) == {(code, (row,))}
    assert not (tmp_path / "out.parquet").exists()
    assert not (tmp_path / "aside.parquet").exists()


def test_what_no_column_takes_is_searched_for_individual_numbers(tmp_path, capsys):
    path = tmp_path / "claims.uke"
    # the example of the ministry's formula; two other numbers with their check digits
    comments = [f"CO,99,1,810000001,番号 {number}" for number in ("983205673214", "123456789018", "112233445564")]
    lines = [IR]
    for number in range(1, 4):
        lines += [re_(number), HO, SN, SY, comments[number - 1]]
    path.write_bytes("\r\n".join([*lines, "GO,3,900,99", ""]).encode("cp932"))
    assert run(["intake", "check", str(path), "--table", "kokuho_benefit"]) == 12
    errors = capsys.readouterr().err
    assert "[CO]" in errors
    assert "individual numbers" in errors


def own(tmp_path, change):
    document = yaml.safe_load((FOLDER / "kokuho-rezept.yaml").read_text(encoding="utf-8"))
    change(document)
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return str(path)


def test_a_table_of_codes_of_an_own_layout_gives_the_disease(tmp_path):
    def change(document):
        document["lookups"]["disease"] = {"4019014": "I10"}
        document["columns"].append({"from": [{"record": "SY", "field": 2}], "lookup": "disease", "column": "disease_code", "rule": "icd10"})

    layout = own(tmp_path, change)
    known, unknown = SY.replace("0000999", "4019014"), SY
    report, (row,), _ = take(tmp_path, [IR, re_(1), HO, SN, known, re_(2), HO, SN, unknown, "GO,2,600,99"], layout)
    assert row["disease_code"] == "I10"
    assert codes(report.findings) == {("wrong-pattern", (6,))}


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda d: d["columns"][1]["from"][0].update(record="XX"), ("layout-record", "insurer_number")),
        (lambda d: d["columns"][10].update(lookup="nothing"), ("layout-lookup", "care_kind")),
        (lambda d: d["columns"][1].pop("from"), ("layout-place", "insurer_number")),
        (lambda d: d["records"]["under_row"].append({"record": "HO"}), ("layout-record-twice", "HO")),
        (lambda d: d.pop("records"), ("layout-setting", "records")),
        (lambda d: d.update(title_rows=2), ("layout-not-here", "title_rows")),
        (lambda d: d["records"]["close"]["sum"]["of"].update(record="XX"), ("layout-record", "sum")),
    ],
)
def test_contradictions_of_a_layout_are_named(tmp_path, change, finding):
    with pytest.raises(FormRejected) as refused:
        load_layout(own(tmp_path, change))
    assert finding in {(found.kind.code, found.column) for found in refused.value.findings}


def test_an_endless_line_is_named(tmp_path):
    path = tmp_path / "claims.uke"
    path.write_bytes(f"{IR}\r\n".encode("cp932") + b"RE," + b"1" * (5 << 20))
    with pytest.raises(FileRejected) as refused:
        convert_source(path, load_layout("kokuho-rezept"), Outputs())
    assert codes(refused.value.findings) == {("line-too-long", (2,))}
