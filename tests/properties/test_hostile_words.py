"""Words that break software, as names, ids and paths: refused, or nothing but text; never a line or a file of their own."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.console import run
from schemas.messages import Message, Name

# Kinds of strings that are known to hurt: ours, written by kind.
HOSTILE = (
    "", " ", "\t", "undefined", "null", "None", "NaN", "-1", "1e309", "0x0", "1/0", "True", "--help", "-", "--", "-rf",
    ";ls", "; rm -rf /", "$(touch hostile)", "`touch hostile`", "| cat", "&& true",
    "%n%s%d", "{0.__class__}", "{}", "{name}", "${HOME}", "%USERPROFILE%",
    "../../etc/passwd", "..\\..\\x", "/etc/passwd", "C:\\x", "file:///etc/passwd", "F-0001/../F-0002",
    "F-0001\nok", "F-0001\r\nok: done", "\x1b[31mred", "\x1b]0;title\x07", "\u202eabc", "\u200b", "\ufeff", "\u2028x", "\x7f",
    "' OR '1'='1", "'; DROP TABLE files; --", '"', "\\", "<script>alert(1)</script>", "=1+1", "@SUM(1)", "＝1",
    "Ω≈ç√", "社會科學院", "表ポあA鷗", "👩‍👩‍👧", "e\u0301\u0301\u0301", "ﬁ", "İ", "ß" * 300, "A" * 5000, "𠮷",
)  # fmt: skip
OWN = {"releases", "work/.gate"}  # what the office itself makes when it is first asked
COMMANDS = (
    ("case", "show"), ("file", "show"), ("risk", "review"), ("anonymize", "plan", "--table"), ("release", "trace"), ("intake", "convert"),
)  # fmt: skip


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile") / "office"
    assert run(["init", "--home", str(folder), "--as", "chief", "--synthetic", "--name", "見本作成組織"]) == 0
    return folder


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_hostile_words_as_names_and_ids_are_refused_or_nothing_but_text(office, command, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    before = set(office.parent.rglob("*"))
    for word in HOSTILE:
        code = run([*command, word, "--home", str(office), "--as", "chief", "--lang", "en"])
        told = capsys.readouterr()
        # Options are click's own business; a file that is there can be compared with the releases.
        assert code != 70, (word, told.err)
        assert code or word[:1] == "-" or (command, word) == (("release", "trace"), "/etc/passwd"), word
        assert "Traceback" not in told.err
        spoken = told.out + told.err
        assert all(unicodedata.category(sign) not in {"Cc", "Cf", "Cs"} or sign == "\n" for sign in spoken), (word, spoken)
        assert not any(line.startswith("ok") for line in spoken.splitlines())
    assert list(tmp_path.iterdir()) == []
    assert {path.relative_to(office).as_posix() for path in set(office.parent.rglob("*")) - before} <= OWN


@pytest.mark.parametrize("word", HOSTILE)
def test_a_hostile_name_is_one_line(word):
    assert len(Message("{column} is missing", {"column": Name(word)}).render().splitlines()) == 1


@given(st.text())
def test_a_name_is_one_line_of_plain_signs(text):
    name = Name(text)
    assert len(name.splitlines()) <= 1
    assert not any(unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for sign in name)
    assert Name(name) == name
