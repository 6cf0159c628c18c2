"""Messages, findings and errors cannot carry a value."""

import pytest

from schemas.errors import FileRejected, SakuseiError
from schemas.findings import ROWS_SHOWN, Finding, FindingKind, Reason, Severity
from schemas.messages import NAME_LIMIT_CHARACTERS, Message, Name, Term

KIND = FindingKind("test-kind", Severity.ROW, "bad date in {count} rows")


def all_errors():
    found, waiting = [], [SakuseiError]
    while waiting:
        error = waiting.pop()
        found.append(error)
        waiting += error.__subclasses__()
    return found


@pytest.mark.parametrize("text", ["a\nb", "a\x1b[31mb", "a\u202eb", "a\u200bb", "a\u2028b", "a\x00b"])
def test_name_drops_what_forges_a_line(text):
    assert Name(text) == ("a[31mb" if "[31m" in text else "ab")


@pytest.mark.parametrize("length", [NAME_LIMIT_CHARACTERS - 1, NAME_LIMIT_CHARACTERS, NAME_LIMIT_CHARACTERS + 1])
def test_name_is_cut_at_its_limit(length):
    assert len(Name("名" * length)) == min(length, NAME_LIMIT_CHARACTERS)


@pytest.mark.parametrize("value", ["text of a cell", b"bytes", None, ["list"], object()])
def test_message_refuses_what_could_be_a_value(value):
    with pytest.raises(TypeError, match="must be a number or a Name"):
        Message("a {x}", {"x": value})


def test_message_renders_in_the_language_of_its_reader():
    message = Message("{count} rows in {file}", {"count": 3, "file": Name("a.csv")})
    assert message.render() == "3 rows in a.csv"
    assert message.render({"{count} rows in {file}": "{file} の {count} 行"}.__getitem__) == "a.csv の 3 行"


def test_error_refuses_a_value_too():
    with pytest.raises(TypeError):
        FileRejected("a {x}", "b", x="text of a cell")


@pytest.mark.parametrize("field", [{"file": "plain text"}, {"column": "plain text"}, {"params": {"x": "plain text"}}, {"rows": ("1",)}])
def test_finding_refuses_plain_text(field):
    with pytest.raises(TypeError):
        Finding(kind=KIND, **field)


@pytest.mark.parametrize("rows", [ROWS_SHOWN - 1, ROWS_SHOWN, ROWS_SHOWN + 1])
def test_finding_shows_the_first_rows_and_says_when_there_are_more(rows):
    finding = Finding(kind=KIND, count=rows, rows=tuple(range(1, rows + 1)), column=Name("生年月日"))
    assert len(finding.rows) == min(rows, ROWS_SHOWN)
    assert ("…" in finding.render()) == (rows > ROWS_SHOWN)
    assert finding.render().startswith("[生年月日] bad date in")
    assert finding.to_json()["count"] == rows


def test_reason_names_its_article():
    reason = Reason(code="k-too-small", message=Message("k is {k}", {"k": 3}), article=Name("第1条"))
    assert reason.render() == "k is 3 (第1条)"
    assert reason.to_json()["params"] == {"k": 3}


def test_every_error_has_its_own_code_and_exit_code():
    errors = all_errors()[1:]
    assert len({error.code for error in errors}) == len(errors)
    assert len({error.exit_code for error in errors}) == len(errors)
    assert {error.exit_code for error in errors} == {10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 70}


def test_error_lists_findings_and_reasons():
    error = FileRejected("no", "do", findings=(Finding(kind=KIND),), reasons=(Reason(code="x", message=Message("why")),))
    assert error.lines() == ["bad date in 1 rows", "why"]


def test_a_term_is_spoken_in_the_readers_language_and_a_name_is_not():
    words = {"{who} is {state}": "{who}: {state}", "open": "開", "closed": "閉", "desk": "机"}
    message = Message("{who} is {state}", {"who": Name("desk"), "state": Term("open/closed")})
    assert message.render(lambda text: words.get(text, text)) == "desk: 開/閉"
    assert message.render() == "desk is open/closed"
