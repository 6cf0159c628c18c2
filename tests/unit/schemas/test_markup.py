"""Reading YAML and JSON from outside: what is plain stays plain, what is dangerous or doubtful is refused with its line."""

import pytest

from schemas.errors import FormRejected
from schemas.markup import SIZE_LIMIT_BYTES, read_marked


def read(folder, text, name="d.yaml"):
    (folder / name).write_text(text, encoding="utf-8")
    return read_marked(folder / name)


def test_only_json_types_are_more_than_text(tmp_path):
    text = "code: 012025\nday: 2026-04-01\nno: no\nhalf: 1.5\nten: 10\nminus: -3\nyes: true\nnone: ~\nempty:\n"
    text += "time: 1:30\nexp: 1e5\nhex: 0x10\n"
    assert read(tmp_path, text).values == {
        "code": "012025",
        "day": "2026-04-01",
        "no": "no",
        "half": 1.5,
        "ten": 10,
        "minus": -3,
        "yes": True,
        "none": None,
        "empty": None,
        "time": "1:30",
        "exp": "1e5",
        "hex": "0x10",
    }


def test_lines_of_fields(tmp_path):
    lines = read(tmp_path, "# heading\na: 1\nb:\n  - x\n  - c: 2\n    d: 3\n").lines
    assert (lines[("a",)], lines[("b",)], lines[("b", 0)], lines[("b", 1, "d")]) == (2, 3, 4, 6)


def test_json_and_byte_order_mark(tmp_path):
    assert read(tmp_path, '{"a": [1, "2026-04-01", null]}', "d.json").values == {"a": [1, "2026-04-01", None]}
    assert read(tmp_path, "\ufeffa: 1\n").values == {"a": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x [1]\nb: *x\n", r"anchor, or is nested too deeply \(line 1\)"),
        ("a: 1\nb: [" + "[" * 100_000, r"nested too deeply \(line 2\)"),
        ("{" * 5_000, "nested too deeply"),
        ("a: 1\na: 2\n", r"a field twice, or a field without a plain name \(line 2\)"),
        ("? [a, b]\n: 1\n", "a field without a plain name"),
        ("a: !!python/object/apply:os.system ['true']\n", r"YAML tag \(line 1\)"),
        ("a: !!set {b: 1}\n", "YAML tag"),
        ("a: !custom x\n", "YAML tag"),
        ("a: !!binary aGk=\n", "YAML tag"),
        ("a: 'x\n", r"not well-formed \(line 2\)"),
        ("a: b: c\n", "not well-formed"),
        ("a: 1\n---\nb: 2\n", "not well-formed"),
        ("\x00", "not well-formed"),
        ("- 1\n", "does not hold a document of named fields"),
        ("", "does not hold a document of named fields"),
    ],
)
def test_yaml_that_is_refused(tmp_path, text, message):
    with pytest.raises(FormRejected, match=message) as caught:
        read(tmp_path, text)
    # What the parser says quotes the text.
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "text", ['{"a": 1,}', '{"a": NaN}', '{"a": 1, "a": 2}', "[" * 100_000, "", "{" + '"a":{' * 50_000, '{"a":' + "[" * 70 + "]" * 70 + "}"]
)
def test_json_that_is_refused(tmp_path, text):
    with pytest.raises(FormRejected, match="not well-formed"):
        read(tmp_path, text, "d.json")


def test_files_that_are_refused(tmp_path):
    with pytest.raises(FormRejected, match="cannot be read"):
        read_marked(tmp_path / "nothing.yaml")
    with pytest.raises(FormRejected, match="cannot be read"):
        read_marked(tmp_path)
    (tmp_path / "sjis.yaml").write_bytes("name: 見本市\n".encode("cp932"))
    with pytest.raises(FormRejected, match=r"sjis\.yaml is not UTF-8 text \(byte 7\)"):
        read_marked(tmp_path / "sjis.yaml")
    (tmp_path / "large.yaml").write_bytes(b"#" * (SIZE_LIMIT_BYTES + 1))
    with pytest.raises(FormRejected, match="larger than a document may be"):
        read_marked(tmp_path / "large.yaml")
