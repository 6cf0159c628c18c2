"""Documents: every defect is told once, at its place, without the value; every error of Cerberus has words of its own."""

import datetime as dt

import cerberus.errors
import pytest

from schemas import documents, fields
from schemas.documents import check_document, document_kinds, load_document, load_schema
from schemas.errors import FormRejected, InternalError

SECRET = "CANARY-7f3a"  # noqa: S105 - a value that must not be told


@pytest.fixture
def form(monkeypatch):
    """Return a function that checks a document against a schema given on the spot."""

    def check(schema, document, **options):
        monkeypatch.setattr(documents, "load_schema", lambda _kind: schema)
        return [(str(f.column), f.kind.code, f.render()) for f in check_document("any", document, **options)]

    return check


@pytest.mark.parametrize("kind", document_kinds())
def test_shipped_schema_is_a_schema(kind):
    fields.DocumentValidator(load_schema(kind))


@pytest.mark.parametrize("kind", document_kinds())
def test_shipped_schema_gives_a_type_where_it_looks_inside(kind):
    # Without a type, a text in the place of a group of fields would pass unseen.
    def check(rules, path):
        types = {rules["type"]} if isinstance(rules.get("type"), str) else set(rules.get("type", ()))
        if {"schema", "valuesrules", "keysrules", "items"} & set(rules):
            assert types & {"dict", "list"}, path
        for alternative in [*rules.get("anyof", ()), *rules.get("oneof", ())]:
            check({"type": types, **alternative}, path)
        if "valuesrules" in rules:
            check(rules["valuesrules"], f"{path}.*")
        if "dict" in types:
            for field, below in rules.get("schema", {}).items():
                check(below, f"{path}.{field}")
        elif "list" in types:
            check(rules.get("schema", {}), f"{path}.0")

    for field, rules in load_schema(kind).items():
        check(rules, field)


# (rules of field `a`, document, code, words); one line per error that Cerberus or our rules can report.
CASES = [
    ({"required": True}, {}, "form.required", "is missing"),
    ({}, {"a": 1, "CANARY": SECRET}, "form.unknown", "is not a field of this form"),
    ({"dependencies": ["b"]}, {"a": 1}, "form.depends", "needs these fields as well: b"),
    ({"dependencies": {"b": ["x"]}}, {"a": 1, "b": SECRET}, "form.depends-value", "does not go with what other fields say"),
    ({"excludes": "b"}, {"a": 1, "b": SECRET}, "form.excludes", "must not be given together with b"),
    ({"empty": False}, {"a": ""}, "form.empty", "must not be empty"),
    ({"type": "string"}, {"a": None}, "form.null", "must have a value"),
    ({"type": ["string", "list"]}, {"a": 3}, "form.type", "must be of one of these types: string, list"),
    ({"type": ["list", "dict"], "schema": {"type": "string"}}, {"a": {"x": 1}}, "form.type-schema", "must be a list or a group of fields"),
    ({"type": "list", "items": [{}, {}]}, {"a": [SECRET]}, "form.items-length", "must have exactly 2 items"),
    ({"minlength": 30}, {"a": SECRET}, "form.too-short", "at least 30"),
    ({"maxlength": 3}, {"a": SECRET}, "form.too-long", "at most 3"),
    ({"regex": "[a-z]+"}, {"a": SECRET}, "form.pattern", "must have the form [a-z]+"),
    ({"min": 3}, {"a": 2}, "form.too-small", "at least 3"),
    ({"max": 3}, {"a": 4}, "form.too-large", "at most 3"),
    ({"allowed": ["x", "y"]}, {"a": SECRET}, "form.not-allowed", "must be one of: x, y"),
    ({"type": "list", "allowed": ["x"]}, {"a": [SECRET]}, "form.not-allowed-items", "may hold only: x"),
    ({"forbidden": ["x"]}, {"a": "x"}, "form.forbidden", "must not be one of: x"),
    ({"type": "list", "forbidden": ["x"]}, {"a": ["x"]}, "form.forbidden-items", "must not hold: x"),
    ({"contains": "x"}, {"a": [SECRET]}, "form.missing-items", "must hold: x"),
    ({"readonly": True}, {"a": SECRET}, "form.read-only", "is filled in by the office"),
    ({"noneof": [{"type": "string"}]}, {"a": SECRET}, "form.none-of", "not allowed here"),
    ({"oneof": [{"min": 1}, {"min": 2}]}, {"a": 3}, "form.one-of", "exactly one of the forms"),
    ({"allof": [{"min": 1}, {"max": 2}]}, {"a": 3}, "form.all-of", "does not meet all rules"),
    ({"type": "date", "not_before": "b"}, {"a": "2026-01-01", "b": "2026-01-02"}, "form.not-before", "must not be earlier than b"),
    ({"type": "list", "unique": True}, {"a": [SECRET, SECRET]}, "form.not-unique", "the same item twice"),
    ({"type": "list", "unique": "id"}, {"a": [{"id": 1}, {"id": 1}]}, "form.not-unique", "the same item twice"),
    ({"code_list": "sex"}, {"a": SECRET}, "form.not-in-code-list", "a code of the code list sex"),
    ({"check_with": "sha256"}, {"a": SECRET}, "form.type", "SHA-256"),
    *(({"type": kind}, {"a": {SECRET}}, "form.type", documents._BY_TYPE[kind].template) for kind in documents._BY_TYPE),
]


@pytest.mark.parametrize(("rules", "document", "code", "words"), CASES, ids=[f"{n}-{case[2]}" for n, case in enumerate(CASES)])
def test_each_error_has_its_words_and_no_value(form, rules, document, code, words):
    found = form({"a": rules, "b": {}}, document)
    assert len(found) == 1
    assert found[0][1] == code
    assert words in found[0][2]
    assert SECRET not in found[0][2]


def test_every_error_of_cerberus_has_words():
    groups = {"ERROR_GROUP", "LOGICAL", "NORMALIZATION", "MAPPING_SCHEMA", "SEQUENCE_SCHEMA", "KEYSRULES", "VALUESRULES", "BAD_ITEMS"}
    aliases = {"KEYSCHEMA", "VALUESCHEMA"}
    named = {
        name: definition.code
        for name, definition in vars(cerberus.errors).items()
        if isinstance(definition, cerberus.errors.ErrorDefinition) and name not in groups | aliases
    }
    assert {name for name, code in named.items() if code not in documents._BY_ERROR} == set()


def test_own_error_codes_are_plain_ones():
    # Bits 0x80 and 0x10 of a code make Cerberus look for errors below.
    for definition in (fields.NOT_BEFORE, fields.NOT_UNIQUE, fields.NOT_IN_CODE_LIST, *fields.CHECKS.values()):
        assert definition.code & 0x90 == 0
        assert definition.code > 0xFF


def test_nested_fields_have_dotted_paths_and_all_are_told(form):
    schema = {
        "list": {"type": "list", "schema": {"type": "dict", "schema": {"x": {"type": "integer", "required": True}}}},
        "map": {"type": "dict", "valuesrules": {"type": "integer"}, "keysrules": {"regex": "[a-z]+"}},
    }
    found = form(schema, {"list": [{"x": 1}, {}, {"x": "1"}], "map": {"a": "b", "B": 1}})
    assert [(column, code) for column, code, _ in found] == [
        ("list.1.x", "form.required"),
        ("list.2.x", "form.type"),
        ("map.B", "form.pattern"),
        ("map.a", "form.type"),
    ]


def test_nearest_of_several_forms_is_told(form):
    schema = {"a": {"anyof": [{"type": "string"}, {"type": "dict", "schema": {"x": {"type": "integer"}, "y": {"type": "integer"}}}]}}
    found = form(schema, {"a": {"x": 1, "y": SECRET}})
    assert [code for _, code, _ in found] == ["form.any-of", "form.type"]


def test_lines_order_the_findings(form):
    schema = {"a": {"type": "integer"}, "b": {"type": "integer"}, "c": {"required": True}}
    found = form(schema, {"a": "x", "b": "x"}, lines={("a",): 9, ("b",): 2, (): 1})
    assert [(column, text[-10:]) for column, _, text in found] == [("c", " (rows: 1)"), ("b", " (rows: 2)"), ("a", " (rows: 9)")]


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("date", ["2024-02-29", dt.date(2024, 2, 29)], ["2023-02-29", "2024-2-1", "20240201", "令和6年2月1日", dt.datetime(2024, 1, 1)]),  # noqa: DTZ001 - any time will do
        ("month", ["2024-02"], ["2024-13", "2024-2", "2024-02-01"]),
        ("datetime", ["2026-04-01T09:00:00+09:00"], ["2026-04-01T09:00:00", "2026-04-01", "x"]),
        ("line", ["見本市", "見本\u3000資料"], ["", " ", "a\nb", "a\x1b[31m", "a\u202eb"]),
        ("plain_text", ["一行目\n\u3000二行目\t。"], ["", "\n", "a\x00", "a\u202eb"]),
        ("identifier", ["kokuho-benefit_v1.0"], ["", "-a", "A", "a/b", "あ", "a" * 65, "a\n"]),
        ("number", [1, 1.5, -3], [True, "1", float("nan"), float("inf")]),
        ("share", [0, 1, 0.5], [-0.1, 1.1, True, "0"]),
        ("yen", [0, 21000], [-1, 1.5, True, "1"]),
        ("municipality_code", ["141003", "902012"], ["141004", 141003, "14100", "999999"]),
        ("corporate_number", ["7000012050002"], ["7000012050003", 7000012050002]),
        ("postal_code", ["100-0001", "1000001"], ["100-000", "１００-０００１"]),
        ("phone", ["03-1234-5678", "+81312345678"], ["03", "phone", "03-1234-5678x"]),
        ("email", ["a@example.jp"], ["a@b", "a b@example.jp", "<a@example.jp>"]),
        ("url", ["https://example.jp/x"], ["javascript:alert(1)", "https://", 'https://a"b']),
        ("sha256", ["0" * 64], ["0" * 63, "G" * 64, "0" * 64 + "\n"]),
        ("base64", ["", "aGk=", "aGVs"], ["aGk", "a===", "あ"]),
        ("table_name", ["kokuho_benefit"], ["nothing", 1]),
        ("code_list_name", ["sex"], ["nothing", ["sex"]]),
    ],
)
def test_named_types(form, kind, good, bad):
    for value in good:
        assert form({"a": {"type": kind}}, {"a": value}) == []
        assert form({"a": {"check_with": kind}}, {"a": value}) == []
    for value in bad:
        assert [code for _, code, _ in form({"a": {"type": kind}}, {"a": value})] == ["form.type"]
        assert [code for _, code, _ in form({"a": {"check_with": kind}}, {"a": value})] == ["form.type"]


def test_every_named_type_is_tested():
    marks = [mark for mark in test_named_types.pytestmark if mark.name == "parametrize"]
    assert {case[0] for case in marks[0].args[1]} == set(fields.FIELD_TYPES)


def test_regular_expressions_match_the_whole_text(form):
    assert form({"a": {"regex": "[0-9]{2}"}}, {"a": "12"}) == []
    assert form({"a": {"regex": "[0-9]{2}"}}, {"a": "12\n"}) != []


def test_file_that_does_not_meet_its_form(tmp_path):
    path = tmp_path / "h.yaml"
    path.write_text(f"levels: 2\nprefix:\n  - 3\n  - x\n{SECRET}: 1\n", encoding="utf-8")
    with pytest.raises(FormRejected, match=r"h\.yaml does not meet the form hierarchy in 3 places") as caught:
        load_document("hierarchy", path)
    assert [(f.column, f.rows) for f in caught.value.findings] == [("levels", (1,)), ("prefix.1", (4,)), (SECRET, (5,))]


def test_file_that_meets_its_form(tmp_path):
    path = tmp_path / "h.yaml"
    path.write_text("ages: [5, 10]\nas_of: 2026-04-01\n", encoding="utf-8")
    assert load_document("hierarchy", path) == {"ages": [5, 10], "as_of": "2026-04-01"}


@pytest.mark.parametrize("document", [None, [SECRET], SECRET])
def test_what_is_no_document(document):
    assert [finding.kind.code for finding in check_document("hierarchy", document)] == ["form.type"]


def test_unknown_kind():
    with pytest.raises(InternalError, match="there is no form nothing"):
        check_document("nothing", {})
