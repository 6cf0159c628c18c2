"""Steps 1, 5 and 6 as people run them: register, seal, receive, receipt, normalise; and bundles that were tampered with."""

import base64
import csv
import datetime
import json
import zipfile

import pyarrow.parquet as pq
import pytest
import yaml

from casework.console import Session, run
from casework.office import open_office
from casework.states import CaseState, FileState, Role
from schemas.check_digits import append
from schemas.files import canonical_json
from schemas.tables import load_table
from tests.functional.register_entry import make_entry

CODE = "902021"
ROW = {
    "person_key": "K0000001",
    "insurer_number": append("insurer", "90202"),
    "insured_number": "7",
    "name": "架空花子",
    "birth_date": "1950-01-31",
    "sex": "2",
    "municipality_code": CODE,
    "treated_month": "2024-04",
    "care_kind": "1",
    "cost_yen": "1000",
}
ENTRY = make_entry(CODE)


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def sakusei(tmp_path, capsys):
    """Run a command in a workspace; return exit code, output and errors."""
    home = tmp_path / "office"

    def call(*arguments, home=home, actor="chief"):
        code = run([*map(str, arguments), "--home", str(home), "--as", actor])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    assert call("init", "--synthetic", "--name", "見本作成組織")[0] == 0
    return call


@pytest.fixture
def home(tmp_path, sakusei):
    return tmp_path / "office"


@pytest.fixture
def entry(tmp_path):
    path = tmp_path / "entry.yaml"
    path.write_text(yaml.safe_dump(ENTRY, allow_unicode=True), encoding="utf-8")
    return path


@pytest.fixture
def requested(home, sakusei, entry):
    """A file that was asked for; returns its id."""
    assert sakusei("register", "add", entry)[0] == 0
    return ask_for_file(home)


def ask_for_file(home):
    with open_office(Session(home=home, actor="chief")) as office:
        store = office.store
        store.add_person("deputy", list(Role), actor="chief")
        case_id = store.add_case({"regime": "tokumei-2023"}, actor="chief")
        store.move_case(case_id, CaseState.UNDER_REVIEW, actor="chief")
        store.move_case(case_id, CaseState.ACCEPTED, actor="deputy")
        file_id = store.add_file(case_id, register_id="R-0001", table="kokuho_benefit", actor="chief")
        store.move_case(case_id, CaseState.REQUESTED, actor="chief")
    return file_id


def write_source(tmp_path, rows):
    path = tmp_path / "source.csv"
    with path.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


ROWS = [ROW, {**ROW, "cost_yen": "2000"}, {**ROW, "person_key": "K0000002", "sex": "7"}]


def seal(sakusei, home, source, bundle, *more, code=CODE):
    return sakusei(
        "intake", "seal", source, "--table", "kokuho_benefit", "--to", home / "office.age.pub", "--municipality", code,
        "--as-of", "2024-04-30", "--output", bundle, *more,
    )  # fmt: skip


@pytest.fixture
def bundle(tmp_path, home, sakusei):
    path = tmp_path / "march.sakusei"
    code, _, errors = seal(sakusei, home, write_source(tmp_path, ROWS), path)
    assert (code, errors) == (0, "")
    return path


def test_a_file_goes_from_the_municipality_into_the_common_schema(tmp_path, home, sakusei, requested, bundle):
    with zipfile.ZipFile(bundle) as content:
        assert content.namelist() == ["manifest.json", "payload.age"]
        manifest = json.loads(content.read("manifest.json"))
        assert (manifest["rows"], manifest["persons"], manifest["layout"], manifest["synthetic"]) == (3, 2, "plain", True)
    assert "架空花子".encode() not in bundle.read_bytes()

    receipt = tmp_path / "receipt.json"
    code, out, errors = sakusei("intake", "receive", bundle, "--receipt", receipt)
    assert (code, errors) == (0, "")
    assert requested in out
    signed = json.loads(receipt.read_text())
    assert (signed["rows"], signed["persons"], signed["file_id"], signed["office"]) == (3, 2, requested, "見本作成組織")
    assert sakusei("intake", "receipt", "verify", receipt, "--key", home / "office.pub.pem")[0] == 0
    assert sakusei("audit", "verify", "--head", signed["audit"]["head"])[0] == 0
    again = tmp_path / "again.json"
    assert sakusei("intake", "receipt", "write", requested, "--output", again)[0] == 0
    assert again.read_bytes() == receipt.read_bytes()

    code, out, errors = sakusei("intake", "normalise", requested)
    assert (code, errors) == (0, "")
    assert "2 taken over, 1 put aside" in out
    with open_office(Session(home=home, actor="chief")) as office:
        assert office.store.get_file(requested).state is FileState.NORMALISED
        quality = office.store.get_record("quality", file_id=requested)
        assert (quality["rows_in"], quality["rows_out"], quality["rows_quarantined"]) == (3, 2, 1)
        with office.vault.open(requested, "normalised") as path:
            table = pq.read_table(path)
            assert table.column("birth_date").to_pylist() == [datetime.date(1950, 1, 31)] * 2
            assert table.schema.names == [*(c.name for c in load_table("kokuho_benefit").columns), "source_row"]
        with office.vault.open(requested, "quarantine") as path:
            assert pq.read_table(path).column("source_row").to_pylist() == [4]
    assert_no_plain_values(home)


def assert_no_plain_values(home):
    for path in home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert "架空花子".encode() not in content, path
            assert b"K0000001" not in content, path
    assert not [entry for entry in (home / "work").iterdir() if entry.is_dir()]


def test_a_corrected_file_may_follow(tmp_path, home, sakusei, requested, bundle):
    assert sakusei("intake", "receive", bundle)[0] == 0
    assert sakusei("intake", "normalise", requested)[0] == 0
    better = tmp_path / "better.sakusei"
    assert seal(sakusei, home, write_source(tmp_path, [ROW, {**ROW, "cost_yen": "3000"}]), better)[0] == 0
    # a corrected file is meant only where it is named
    assert sakusei("intake", "receive", better)[0] == 12
    assert sakusei("intake", "receive", better, "--file", requested)[0] == 0
    assert sakusei("intake", "normalise", requested)[0] == 0


def assert_not_received(home, file_id):
    with open_office(Session(home=home, actor="chief")) as office:
        assert office.store.get_file(file_id).state is FileState.REQUESTED
        assert office.vault.list(file_id) == ()
    assert_no_plain_values(home)


def test_individual_numbers_are_refused_at_both_ends(tmp_path, home, sakusei, requested, monkeypatch):
    numbers = [append("my_number", f"{98320567321 + step * 7919:011d}") for step in range(20)]
    source = write_source(tmp_path, [{**ROW, "note": number} for number in numbers])
    bundle = tmp_path / "bad.sakusei"
    code, _, errors = seal(sakusei, home, source, bundle)
    assert (code, bundle.exists()) == (12, False)
    assert "備考" in errors
    assert "hint:" in errors
    # a municipality whose software looked away
    with monkeypatch.context() as blind:
        blind.setattr("intake.survey._check_numbers", lambda counts, opened: None)
        assert seal(sakusei, home, source, bundle)[0] == 0
    code, _, errors = sakusei("intake", "receive", bundle)
    assert code == 12
    assert not any(number in errors for number in numbers)
    assert_not_received(home, requested)


def rewrite(bundle, *, manifest=None, payload=None, members=None, compression=zipfile.ZIP_STORED):
    """Write a bundle again with other parts."""
    with zipfile.ZipFile(bundle) as content:
        parts = {name: content.read(name) for name in content.namelist()}
    said = json.loads(parts["manifest.json"])
    parts["manifest.json"] = canonical_json({**said, **(manifest(said) if manifest else {})})
    parts["payload.age"] = payload(parts["payload.age"]) if payload else parts["payload.age"]
    with zipfile.ZipFile(bundle, "w", compression) as target:
        for name, content in members(parts) if members else list(parts.items()):
            target.writestr(name, content)
    return bundle


def flip(content, place=-20):
    changed = bytearray(content)
    changed[place] ^= 1
    return bytes(changed)


TAMPERED = {
    "payload-byte-flipped": {"payload": flip},
    "payload-cut-short": {"payload": lambda content: content[:-1]},
    "payload-of-another-hash": {"manifest": lambda said: {"payload": {**said["payload"], "sha256": "0" * 64}}},
    "source-of-another-hash": {"manifest": lambda said: {"source": {**said["source"], "sha256": "0" * 64}}},
    "source-of-another-size": {"manifest": lambda said: {"source": {**said["source"], "size_bytes": 5}}},
    "more-rows": {"manifest": lambda said: {"rows": said["rows"] + 1}},
    "fewer-persons": {"manifest": lambda said: {"persons": said["persons"] - 1}},
    "another-table": {"manifest": lambda _: {"table": "care_provider_staff"}},
    "another-layout": {"manifest": lambda _: {"layout": "kokuho-csv-cp932"}},
    "another-municipality": {"manifest": lambda _: {"municipality_code": "902039"}},
    "real-municipality": {"manifest": lambda _: {"municipality_code": "131041"}},
    "said-to-be-real": {"manifest": lambda _: {"synthetic": False}},
    "another-office": {"manifest": lambda said: {"recipient": "age1" + "q" * 58}},
    "field-too-many": {"manifest": lambda _: {"extra": 1}},
    "suffix-with-path": {"manifest": lambda said: {"source": {**said["source"], "suffix": "/../x"}}},
    "compressed": {"compression": zipfile.ZIP_DEFLATED},
    "member-too-many": {"members": lambda parts: [*parts.items(), ("../evil", b"x")]},
    "member-missing": {"members": lambda parts: [("manifest.json", parts["manifest.json"])]},
    "other-order": {"members": lambda parts: list(reversed(parts.items()))},
    "manifest-no-json": {"members": lambda parts: [("manifest.json", b"{"), ("payload.age", parts["payload.age"])]},
    "manifest-a-list": {"members": lambda parts: [("manifest.json", b"[]"), ("payload.age", parts["payload.age"])]},
}


@pytest.fixture(scope="module")
def waiting(tmp_path_factory):
    """An office that waits for one file, and the bundle that answers it."""
    folder = tmp_path_factory.mktemp("waiting")
    home, bundle, entry = folder / "office", folder / "march.sakusei", folder / "entry.yaml"
    entry.write_text(yaml.safe_dump(ENTRY, allow_unicode=True), encoding="utf-8")
    common = ["--home", str(home), "--as", "chief"]
    assert run(["init", "--synthetic", *common]) == 0
    assert run(["register", "add", str(entry), *common]) == 0
    file_id = ask_for_file(home)
    assert seal(lambda *parts: (run([*map(str, parts), *common]), "", ""), home, write_source(folder, ROWS), bundle)[0] == 0
    return home, file_id, bundle


@pytest.mark.parametrize("attack", TAMPERED)
def test_a_bundle_that_was_tampered_with_is_refused_and_leaves_nothing(tmp_path, waiting, attack, capsys):
    home, file_id, sound = waiting
    bundle = tmp_path / "march.sakusei"
    bundle.write_bytes(sound.read_bytes())
    rewrite(bundle, **TAMPERED[attack])
    capsys.readouterr()
    assert run(["intake", "receive", str(bundle), "--home", str(home), "--as", "chief"]) in {11, 12, 16}
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "error:" in printed.err
    assert "hint:" in printed.err
    assert_not_received(home, file_id)


def test_files_that_are_no_bundle(tmp_path, home, sakusei, requested):
    for content in (b"", b"PK\x03\x04", b"x" * 1000):
        (tmp_path / "x.sakusei").write_bytes(content)
        assert sakusei("intake", "receive", tmp_path / "x.sakusei")[0] == 12
    assert sakusei("intake", "receive", tmp_path / "missing.sakusei")[0] == 12
    assert_not_received(home, requested)


def test_one_who_may_not_receive_leaves_nothing(home, sakusei, requested, bundle):
    assert sakusei("person", "add", "clerk", "--role", "screener")[0] == 0
    assert sakusei("intake", "receive", bundle, actor="clerk")[0] == 17
    assert_not_received(home, requested)


def test_nothing_is_normalised_before_it_is_received(sakusei, requested):
    assert sakusei("intake", "normalise", requested)[0] == 17
    assert sakusei("intake", "receipt", "write", requested, "--output", "receipt.json")[0] == 17
    assert sakusei("intake", "normalise", "F-0099")[0] == 17


def test_a_file_of_another_municipality_is_not_sealed_for_it(tmp_path, home, sakusei):
    bundle = tmp_path / "x.sakusei"
    source = write_source(tmp_path, [{**ROW, "municipality_code": "131041", "insurer_number": "138016"}])
    assert seal(sakusei, home, source, bundle)[0] == 12
    assert seal(sakusei, home, write_source(tmp_path, ROWS), bundle, code="131041")[0] == 12
    assert seal(sakusei, home, write_source(tmp_path, ROWS), bundle, code="902029")[0] == 10
    assert not bundle.exists()


def test_sealing_needs_no_workspace_and_the_key_of_an_office(tmp_path, home, sakusei, capsys):
    source, bundle = write_source(tmp_path, ROWS), tmp_path / "x.sakusei"
    args = [
        "intake",
        "seal",
        str(source),
        "--table",
        "kokuho_benefit",
        "--municipality",
        CODE,
        "--as-of",
        "2024-04-30",
        "--output",
        str(bundle),
    ]
    assert run([*args, "--to", str(source)]) == 10
    assert not bundle.exists()
    assert run([*args, "--to", str(home / "office.age.pub")]) == 0
    capsys.readouterr()


def test_an_own_layout_travels_with_the_bundle(tmp_path, home, sakusei, requested):
    from intake.layout import FOLDER

    document = yaml.safe_load((FOLDER / "kokuho-csv-cp932.yaml").read_text(encoding="utf-8"))
    document.update(layout="hinagata-2024", encoding="utf-8", delimiter=";", wareki={"overflow": "convert"})
    layout = tmp_path / "own.yaml"
    layout.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    cells = {**ROW, "birth_date": "3250131", "treated_month": "43604"}
    source = tmp_path / "source.txt"
    source.write_text(";".join(cells.get(column["column"], "") for column in document["columns"]) + "\n", encoding="utf-8")
    bundle = tmp_path / "own.sakusei"
    assert seal(sakusei, home, source, bundle, "--layout", layout)[0] == 0
    assert sakusei("intake", "receive", bundle)[0] == 0
    code, out, errors = sakusei("intake", "normalise", requested, "--json")
    assert (code, errors) == (0, "")
    account = json.loads(out)
    assert (account["layout"], account["rows_out"], account["repairs"]) == ("hinagata-2024", 1, {"era_overflow": {"treated_month": 1}})


def test_a_receipt_that_was_changed_does_not_verify(tmp_path, home, sakusei, requested, bundle):
    receipt = tmp_path / "receipt.json"
    assert sakusei("intake", "receive", bundle, "--receipt", receipt)[0] == 0
    signed = json.loads(receipt.read_text())
    broken = base64.b64encode(flip(base64.b64decode(signed["signature"]))).decode()
    changes = {key: value + 1 if isinstance(value, int) else f"{value}0" for key, value in signed.items() if key != "audit"}
    for field, value in {**changes, "signature": broken, "audit": {**signed["audit"], "head": "0" * 64}}.items():
        receipt.write_text(json.dumps({**signed, field: value}))
        code, _, errors = sakusei("intake", "receipt", "verify", receipt, "--key", home / "office.pub.pem")
        assert code == 16, field
        assert "hint:" in errors


def test_what_is_no_receipt_and_what_is_no_key(tmp_path, home, sakusei):
    for content in ("", "[]", "{}", '{"type": "sakusei-receipt-v1", "signature": 5}', "[" * 100_000):
        (tmp_path / "r.json").write_text(content)
        assert sakusei("intake", "receipt", "verify", tmp_path / "r.json", "--key", home / "office.pub.pem")[0] == 16
    assert sakusei("intake", "receipt", "verify", tmp_path / "r.json", "--key", tmp_path / "r.json")[0] == 10


def change_entry(path, **change):
    path.write_text(yaml.safe_dump({**ENTRY, **change}, allow_unicode=True), encoding="utf-8")
    return path


def test_the_register(home, sakusei, entry):
    assert sakusei("register", "list")[0] == 0
    assert sakusei("register", "add", entry)[0] == 0
    code, out, _ = sakusei("register", "list")
    assert code == 0
    assert "雛形市" in out
    assert json.loads(sakusei("register", "show", "R-0001", "--json")[1])["document"]["persons"] == 12000
    assert "給付の記録" in sakusei("register", "show", "R-0001")[1]
    assert sakusei("register", "revise", "R-0001", change_entry(entry, persons=900))[0] == 0
    assert json.loads(sakusei("register", "show", "R-0001", "--json")[1])["revision"] == 2
    assert sakusei("register", "strike", "R-0001")[0] == 0
    assert json.loads(sakusei("register", "list", "--json")[1])["entries"] == []
    assert sakusei("register", "strike", "R-0001")[0] == 17


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"proposals_office": None}, "proposals_office"),
        ({"manual_companion": None}, "manual_companion"),
        ({"columns": ["name", "nothing"]}, "columns.1"),
        ({"municipality_code": "902029"}, "municipality_code"),
        ({"as_of": "2024-02-30"}, "as_of"),
        ({"persons": -1}, "persons"),
        ({"product_period": {"first": "2025-01-01", "last": "2026-01-01"}}, "product_outline"),
    ],
)
def test_an_entry_that_lacks_what_the_law_asks_for(sakusei, entry, change, field):
    document = {key: value for key, value in {**ENTRY, **change}.items() if value is not None}
    entry.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    code, _, errors = sakusei("register", "add", entry)
    assert code == 11
    assert f"[{field}]" in errors
    assert "hint:" in errors
    assert json.loads(sakusei("register", "list", "--json")[1])["entries"] == []


def test_a_real_municipality_does_not_enter_a_synthetic_office(sakusei, entry):
    assert sakusei("register", "add", change_entry(entry, municipality_code="131041"))[0] == 12


def test_fewer_than_a_thousand_persons_is_a_note(sakusei, entry):
    code, out, _ = sakusei("register", "add", change_entry(entry, persons=999))
    assert code == 0
    assert "1000" in out
    assert "1000" not in sakusei("register", "add", change_entry(entry, persons=1000))[1]
