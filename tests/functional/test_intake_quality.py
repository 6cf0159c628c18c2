"""The quality of a file as people meet it: check, defect list, page, forced roles, a second file, receipt and certificate of erasure."""

import csv
import json
import re

import openpyxl
import pytest
import yaml

from casework.console import Session, run
from casework.office import open_office
from casework.states import CaseState, Role
from intake.advice import ADVICE
from intake.defects import ROW_KINDS
from schemas.check_digits import append
from tests.functional.register_entry import make_entry

CODE = "902021"
ROW = {
    "person_key": "K0000001",
    "household_key": "S0000001",
    "insurer_number": append("insurer", "90202"),
    "name": "架空花子",
    "birth_date": "1950-01-31",
    "sex": "2",
    "municipality_code": CODE,
    "treated_month": "2024-04",
    "care_kind": "1",
    "cost_yen": "1000",
    "note": "特記なし",
}
CANARIES = ("架空花子", "K0000001", "03-1234-5678", "カナリア")


def write(path, rows):
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def people(count, **changes):
    return [{**ROW, "person_key": f"K{number:07d}", **changes} for number in range(count)]


@pytest.fixture
def call(capsys, monkeypatch):
    """Run a command; return exit code, output and errors."""
    monkeypatch.setenv("COLUMNS", "200")

    def call_(*arguments):
        code = run([*map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call_


CHECK = ("--table", "kokuho_benefit", "--as-of", "2024-06-01")


def test_a_check_groups_causes_with_counts_rows_and_advice(tmp_path, call, monkeypatch):
    monkeypatch.setenv("SAKUSEI_LANG", "ja")
    rows = [
        *people(20),
        *people(3, sex="x"),
        *people(2, birth_date="2024-02-30"),
        *people(12, lost_on="2019-03-31", qualified_on="2020-04-01"),
    ]
    rows = [{"lost_on": "", "qualified_on": "", **row} for row in rows]
    code, out, errors = call("intake", "check", write(tmp_path / "a.csv", rows), *CHECK)
    assert (code, errors) == (0, "")
    assert "この項目のコード表にない値です: 3件" in out
    assert "[性別] 3件 (行 22–24)" in out
    assert "→ コード表のコードに訂正するか" in out
    assert "このまま送付すると、5行は受け入れられず、隔離されます" in out
    assert "項目間の不整合: 資格喪失年月日が資格取得年月日より前です" in out
    assert out.index("コード表にない") < out.index("参考:") < out.index("項目間の不整合")
    assert not any(canary in out for canary in CANARIES)
    code, out, _ = call("intake", "check", write(tmp_path / "b.csv", people(3)), *CHECK)
    assert (code, "全ての行を受け入れられます。このまま送付できます" in out) == (0, True)


def test_every_defect_of_a_row_comes_with_advice():
    assert {kind.code for kind in ROW_KINDS[1:]} <= set(ADVICE)


def test_the_defect_list_is_a_workbook_of_causes_and_rows_without_contents(tmp_path, call):
    defects = tmp_path / "d.xlsx"
    rows = [*people(3), *people(2, sex="カナリア"), *people(1, birth_date="カナリア")]
    assert call("intake", "check", write(tmp_path / "a.csv", rows), *CHECK, "--defects", defects)[0] == 0
    book = openpyxl.load_workbook(defects)
    causes, listed = ([[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book.worksheets)
    assert causes[0] == ["what is wrong", "column", "cases", "first rows", "what to do"]
    assert [(line[1], line[2], line[3]) for line in causes[1:]] == [("性別", 2, "5, 6"), ("生年月日", 1, "7")]
    assert all(line[4] for line in causes[1:])
    assert [(line[0], line[1], line[3]) for line in listed[1:]] == [
        (5, "性別", "unknown-code"), (6, "性別", "unknown-code"), (7, "生年月日", "not-a-date"),
    ]  # fmt: skip
    assert not any("カナリア" in str(value) for line in (*causes, *listed) for value in line)


@pytest.mark.parametrize("heading", ["=cmd|' /C calc'!A0", "＝1+1", "@SUM(1)", "-1+1", "%0A=1"])
@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_heading_that_a_spreadsheet_would_run_stays_text(tmp_path, call, heading, suffix):
    columns = [{"heading": heading if name == "sex" else name, "column": name, "rule": rule} for name, rule in (
        ("person_key", "digits_half"), ("sex", "sex_12"), ("cost_yen", "yen"),
    )]  # fmt: skip
    document = {"layout": "own", "title_ja": "x", "table": "kokuho_benefit", "format": "csv", "encoding": "utf-8", "header": True}
    layout, source, defects = tmp_path / "own.yaml", tmp_path / "a.csv", tmp_path / f"d{suffix}"
    layout.write_text(yaml.safe_dump({**document, "columns": columns}, allow_unicode=True), encoding="utf-8")
    write(source, [{"person_key": f"K{n:07d}", heading: sex, "cost_yen": "1"} for n, sex in enumerate("12x")])
    assert call("intake", "check", source, *CHECK, "--layout", layout, "--defects", defects)[0] == 0
    if suffix == ".csv":
        cells = [cell for line in csv.reader(defects.read_text(encoding="utf-8-sig").splitlines()) for cell in line]
    else:
        found = [cell for sheet in openpyxl.load_workbook(defects).worksheets for row in sheet.iter_rows() for cell in row]
        assert all(cell.data_type != "f" for cell in found)
        cells = [str(cell.value) for cell in found if cell.value is not None]
    assert f"'{heading}" in cells
    assert not any(re.match(r"[=＝@+\-]|%0[aA]", cell) for cell in cells)


def test_the_page_holds_no_script_no_contents_and_no_small_count(tmp_path, call):
    page = tmp_path / "q.html"
    rows = [*people(40, note="架空様 03-1234-5678"), *people(3, sex="カナリア"), *people(5, copayment_yen="9999")]
    rows = [{"copayment_yen": "", **row} for row in rows]
    assert call("intake", "check", write(tmp_path / "a.csv", rows), *CHECK, "--html", page)[0] == 0
    text = page.read_text(encoding="utf-8")
    assert "Content-Security-Policy" in text
    assert not re.search(r"<script|https?://|javascript:", text)
    assert not any(canary in text for canary in CANARIES)
    assert "受領ファイルの品質報告書" in text
    # 3 rows put aside and 5 contradictions: neither the counts nor their rows, nor what they follow from
    assert "10件未満" in text
    assert ">48<" not in text
    assert "40〜49" in text
    assert ">45<" not in text
    # Alone of small numbers stands how many listed codes occur (one sex, one kind of care): the second figure of a column with a code list.
    lines = [line for line in re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL).split("<tr>") if re.search(r">\s*[1-9]\s*<", line)]
    assert {re.match(r"<th>([^<]*)", line)[1] for line in lines} == {"性別", "入外区分"}
    assert all(re.findall(r">\s*([1-9])\s*<", line) == ["1"] for line in lines)
    assert "一部負担金が費用額を超えています" in text
    assert "氏名、電話番号" in text


def test_outputs_of_a_check_that_fails_are_not_there(tmp_path, call):
    source = write(tmp_path / "a.csv", people(2, sex="x"))
    code, _, errors = call("intake", "check", source, *CHECK, "--html", tmp_path / "q.html", "--defects", tmp_path / "d.xlsx")
    assert code == 12
    assert "error:" in errors
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv"]
    assert call("intake", "check", source, *CHECK, "--html", source)[0] == 12


def test_a_code_in_a_column_of_another_role_forces_its_role_on_every_plan(tmp_path, call):
    codes = [append("resident_code", f"{7919 * number + 10**9:010d}") for number in range(30)]
    rows = [{**row, "household_key": code} for row, code in zip(people(30), codes, strict=True)]
    output, report, plan = tmp_path / "n.parquet", tmp_path / "r.json", tmp_path / "plan.yaml"
    source = write(tmp_path / "a.csv", rows)
    code, out, _ = call("intake", "convert", source, *CHECK, "--output", output, "--report", report)
    assert (code, "住民票コード" in out) == (0, True)
    assert json.loads(report.read_text())["quality"]["forced_roles"] == [
        {"column": "household_key", "role": "identification_code", "reason": "住民票コード"}
    ]
    assert call("anonymize", "plan", "--table", "kokuho_benefit", "--output", plan, "--k", 2)[0] == 0
    document = yaml.safe_load(plan.read_text(encoding="utf-8"))
    released = tmp_path / "released.parquet"
    arguments = ("anonymize", "run", "--input", output, "--plan", plan, "--output", released, "--report", tmp_path / "a.json")
    code, _, errors = call(*arguments)
    assert (code, released.exists()) == (13, False)
    assert "household_key" in errors
    assert "hint:" in errors
    assert not any(text in errors for text in codes)
    document["privacy"] = {"k": 2}
    document["columns"]["household_key"] = {"role": "identification_code", "treatment": "drop", "clause": 2}
    plan.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    code, _, errors = call(*arguments)
    assert (code, errors) == (0, "")
    assert released.exists()


def test_individual_numbers_beside_their_name_refuse_the_file_among_many_others(tmp_path, call):
    notes = [f"受付番号 {10**11 + 7919 * number:012d}" for number in range(55)]
    assert call("intake", "check", write(tmp_path / "a.csv", [{**ROW, "note": note} for note in notes]), *CHECK)[0] == 0
    rows = [{**ROW, "note": note} for note in [*notes, "マイナンバー：983205673214"]]
    code, _, errors = call("intake", "check", write(tmp_path / "b.csv", rows), *CHECK)
    assert code == 12
    assert "備考" in errors
    assert "983205673214" not in errors


def test_two_plain_files_are_compared(tmp_path, call):
    old, new = (
        write(tmp_path / "old.csv", people(5)),
        write(tmp_path / "new.csv", [*people(4), *people(1, cost_yen="2", person_key="K0000004")]),
    )
    code, out, errors = call("intake", "compare", old, new, "--table", "kokuho_benefit")
    assert (code, errors) == (0, "")
    assert "5 rows before, 5 now: 4 as before, 1 changed, 0 added, 0 gone" in out
    code, out, _ = call("intake", "compare", old, new, "--table", "kokuho_benefit", "--json")
    assert json.loads(out)["columns_changed"] == {"cost_yen": 1}
    assert call("intake", "compare", old, tmp_path / "none.csv", "--table", "kokuho_benefit")[0] == 12


ENTRY = make_entry(CODE, persons=1000, columns=[name for name in ROW if name != "note"] + ["points"])


class Desk:
    """An office that waits for a file, and the municipality that sends it."""

    def __init__(self, folder, call):
        self.folder, self.call_, self.home = folder, call, folder / "office"
        assert self("init", "--synthetic")[0] == 0
        entry = folder / "entry.yaml"
        entry.write_text(yaml.safe_dump(ENTRY, allow_unicode=True), encoding="utf-8")
        assert self("register", "add", entry)[0] == 0
        with open_office(Session(home=self.home, actor="chief")) as office:
            store = office.store
            store.add_person("deputy", list(Role), actor="chief")
            case_id = store.add_case({"regime": "tokumei-2023"}, actor="chief")
            store.move_case(case_id, CaseState.UNDER_REVIEW, actor="chief")
            store.move_case(case_id, CaseState.ACCEPTED, actor="deputy")
            self.file_id = store.add_file(case_id, register_id="R-0001", table="kokuho_benefit", actor="chief")
            store.move_case(case_id, CaseState.REQUESTED, actor="chief")

    def __call__(self, *arguments, actor="chief"):
        return self.call_(*arguments, "--home", self.home, "--as", actor)

    def send(self, rows, name):
        """Seal a file, receive it and return its receipt."""
        bundle, receipt = self.folder / f"{name}.sakusei", self.folder / f"{name}.json"
        sealed = self.call_(
            "intake", "seal", write(self.folder / f"{name}.csv", rows), "--table", "kokuho_benefit", "--to", self.home / "office.age.pub",
            "--municipality", CODE, "--as-of", "2024-04-30", "--output", bundle,
        )  # fmt: skip
        assert sealed[0] == 0
        code, _, errors = self("intake", "receive", bundle, "--file", self.file_id, "--receipt", receipt)
        assert (code, errors) == (0, "")
        return receipt


@pytest.fixture
def desk(tmp_path, call):
    return Desk(tmp_path, call)


def test_a_second_file_tells_what_changed_in_receipt_record_and_page(desk):
    first = json.loads(desk.send(people(20), "first").read_text())
    assert "changes" not in first
    assert desk("intake", "normalise", desk.file_id)[0] == 0
    second = json.loads(desk.send([*people(18), *people(25)[20:], *people(19, cost_yen="9")[18:]], "second").read_text())
    changes = second["changes"]
    assert (changes["unchanged"], changes["changed"], changes["added"], changes["gone"]) == (18, 1, 5, 1)
    assert changes["source_sha256"] == first["source_sha256"]
    assert changes["columns_changed"] == {"cost_yen": 1}
    assert desk("intake", "normalise", desk.file_id)[0] == 0
    page = desk.folder / "q.html"
    code, out, _ = desk("intake", "quality", desk.file_id, "--html", page, "--json")
    record = json.loads(out)
    assert (code, record["changes"]) == (0, changes)
    assert "前回受領ファイルとの差" in page.read_text(encoding="utf-8")
    # the register speaks of 1,000 persons, and of a column the file has not
    assert (record["persons"]["stated"], record["persons"]["found"], record["persons"]["within"]) == (1000, 24, False)
    assert (record["persons"]["columns_missing"], record["persons"]["columns_beyond"]) == (["points"], ["note"])
    assert "persons-other" in {finding["code"] for finding in record["findings"]}
    with open_office(Session(home=desk.home, actor="chief")) as office:
        papers = [paper for paper in office.store.list_papers(file_id=desk.file_id) if paper.kind == "quality"]
        assert len(papers) == 2
        assert all(canary not in office.store.paper_path(papers[-1]).read_text(encoding="utf-8") for canary in CANARIES)
    assert desk("audit", "verify", "--head", first["audit"]["head"], "--head", second["audit"]["head"])[0] == 0


def test_the_quality_of_a_file_that_has_none_is_told(desk):
    code, _, errors = desk("intake", "quality", desk.file_id)
    assert code == 17
    assert "normalise" in errors


def test_a_certificate_of_erasure_refers_to_the_receipts_and_the_chain(desk):
    receipts = [desk.send(people(20), "first"), desk.send(people(19), "second")]
    certificate, key = desk.folder / "certificate.json", desk.home / "office.pub.pem"
    assert desk("vault", "certificate", desk.file_id, "--output", certificate)[0] == 17
    assert not certificate.exists()
    assert desk("vault", "erase", desk.file_id, "--order")[0] == 0
    assert desk("vault", "erase", desk.file_id, actor="deputy")[0] == 0
    assert desk("vault", "certificate", desk.file_id, "--output", certificate)[0] == 0
    said = json.loads(certificate.read_text())
    assert [entry["audit"]["head"] for entry in said["receipts"]] == [json.loads(path.read_text())["audit"]["head"] for path in receipts]
    # what the municipality can do without a workspace: receipt and certificate against the public key, and each against the other
    for receipt in receipts:
        assert desk.call_("intake", "receipt", "verify", receipt, "--key", key)[0] == 0
        code, out, _ = desk.call_("vault", "verify", certificate, "--key", key, "--receipt", receipt)
        assert (code, receipt.name in out, said["head"] in out) == (0, True, True)
    assert desk("audit", "verify", "--head", said["head"], "--head", said["receipts"][0]["audit"]["head"])[0] == 0


def test_a_certificate_that_was_changed_or_is_of_another_file_is_refused(desk):
    receipt, key = desk.send(people(20), "first"), desk.home / "office.pub.pem"
    certificate = desk.folder / "certificate.json"
    assert desk("vault", "erase", desk.file_id, "--order")[0] == 0
    assert desk("vault", "erase", desk.file_id, actor="deputy")[0] == 0
    assert desk("vault", "certificate", desk.file_id, "--output", certificate)[0] == 0
    said, received = json.loads(certificate.read_text()), json.loads(receipt.read_text())
    bad = desk.folder / "bad.json"
    for document in ({**said, "items": []}, {**said, "sha256": "0" * 64}, {**said, "signature": "zz"}, {"a": 1}, []):
        bad.write_text(json.dumps(document))
        code, out, errors = desk.call_("vault", "verify", bad, "--key", key)
        assert (code, out) == (16, "")
        assert "hint:" in errors
    bad.write_text("{")
    assert desk.call_("vault", "verify", bad, "--key", key)[0] == 16
    for document in ({**received, "rows": 21}, [1]):
        bad.write_text(json.dumps(document))
        assert desk.call_("vault", "verify", certificate, "--key", key, "--receipt", bad)[0] == 16
