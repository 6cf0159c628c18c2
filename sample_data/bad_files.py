"""Files that are wrong on purpose, one named defect each: what a municipality may send by mistake, or somebody by intent.

Each is made by code, whole, so that nothing in it is right but one thing wrong; the table says what intake must answer. Not decided here:
defects of some rows among sound ones (`sample_data.defects`), and how binary files are built (`sample_data.bad_parts`).
"""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sample_data import bad_parts as parts
from schemas.files import readable_json, write_bytes

BENEFIT, WAITLIST, STAFF = "kokuho_benefit", "nursing_home_waitlist", "care_provider_staff"
LIST_NAME = "bad-files.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class BadFile:
    """A file that is wrong.

    Parameters
    ----------
    name : str
        Name of the defect; the file is called so.
    suffix : str
        Of the file.
    finding : str
        Code of the finding of intake, or words of its refusal where that has none.
    column : str or None
        What the finding names, where several defects have the same code.
    table : str
        Table to check it against.
    layout : str or None
        Layout to check it with; None to find it.
    make : Callable
        Returns the bytes.
    """

    name: str
    suffix: str
    finding: str
    make: Callable[[], bytes]
    column: str | None = None
    table: str = BENEFIT
    layout: str | None = None


ROW = {
    "宛名番号": "0000000001",
    "保険者番号": "902015",
    "生年月日": "昭和25年4月1日",
    "性別": "1",
    "市区町村コード": "902012",
    "郵便番号": "0000001",
    "診療年月": "2024-04",
    "入外区分": "2",
    "主傷病コード": "I10",
    "第三者行為": "0",
    "診療実日数": "2",
    "決定点数": "300",
    "費用額": "3000",
    "備考": "",
}


def _to_csv(rows: list[list[str]], delimiter: str = ",") -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue()


def _table(changes: Mapping[str, str] | None = None, *, rows: int = 2) -> str:
    """Return a table with its heading line in which every row has the same cells but its key."""
    body = [[*{**ROW, "宛名番号": f"{number:010d}", **(changes or {})}.values()] for number in range(1, rows + 1)]
    return _to_csv([list(ROW), *body])


def _cell(name: str, column: str, text: str, finding: str) -> BadFile:
    return BadFile(name=name, suffix=".csv", finding=finding, column=column, make=lambda: _table({column: text}).encode("utf-8"))


def _text(name: str, finding: str, make: Callable[[], bytes], **rest: Any) -> BadFile:
    return BadFile(name=name, suffix=rest.pop("suffix", ".csv"), finding=finding, make=make, **rest)


def _lines(change: Callable[[str], str]) -> bytes:
    """Return a sound table with its rows, not its headings, rewritten."""
    head, *rows = _table().split("\r\n")
    return "\r\n".join([head, *(change(row) if row else row for row in rows)]).encode("utf-8")


def _headings(change: Callable[[list[str]], list[str]]) -> bytes:
    head, rest = _table().split("\r\n", 1)
    return (",".join(change(head.split(","))) + "\r\n" + rest).encode("utf-8")


def _my_numbers(column: str | None) -> bytes:
    """Return a table with individual numbers in a column of their own, or in another."""
    numbers = parts.make_individual_numbers(30)
    heads = [*ROW, *([] if column else ["個人番号"])]
    rows = []
    for place, number in enumerate(numbers, start=1):
        cells = {**ROW, "宛名番号": f"{place:010d}", **({column: number} if column else {})}
        rows.append([*cells.values(), *([] if column else [number])])
    return _to_csv([heads, *rows]).encode("utf-8")


VALUES = (
    _cell("day-not-in-calendar", "生年月日", "昭和60年2月30日", "no-such-day"),
    _cell("unknown-era", "生年月日", "光文10年1月1日", "not-a-date"),
    _cell("year-beyond-its-era", "生年月日", "昭和70年4月1日", "outside-era"),
    _cell("day-left-open", "生年月日", "昭和20年0月0日", "unknown-date-part"),
    _cell("lunar-calendar", "生年月日", "明治4年10月1日", "before-gregorian"),
    _cell("birth-in-the-future", "生年月日", "2099-04-01", "in-the-future"),
    _cell("birth-missing", "生年月日", "", "required-empty"),
    _cell("month-thirteen", "診療年月", "令和6年13月", "no-such-day"),
    _cell("month-as-word", "診療年月", "先月", "not-a-date"),
    _cell("key-missing", "宛名番号", "", "required-empty"),
    _cell("key-too-short", "宛名番号", "12", "wrong-pattern"),
    _cell("municipality-check-digit", "市区町村コード", "902013", "wrong-check-digit"),
    _cell("municipality-of-three-digits", "市区町村コード", "902", "wrong-pattern"),
    _cell("insurer-check-digit", "保険者番号", "902016", "wrong-check-digit"),
    _cell("insurer-with-letters", "保険者番号", "90201X", "wrong-pattern"),
    _cell("unknown-sex", "性別", "7", "unknown-code"),
    _cell("unknown-care-kind", "入外区分", "往診", "unknown-code"),
    _cell("disease-not-icd10", "主傷病コード", "高血圧", "wrong-pattern"),
    _cell("postal-code-with-letters", "郵便番号", "〒ABC", "wrong-pattern"),
    _cell("amount-in-words", "費用額", "三千円くらい", "not-a-number"),
    _cell("amount-below-zero", "費用額", "△500", "out-of-range"),
    _cell("amount-missing", "費用額", "", "required-empty"),
    _cell("amount-in-error", "費用額", "#VALUE!", "error-cell"),
    _cell("days-beyond-a-month", "診療実日数", "32", "out-of-range"),
    _cell("points-with-unit", "決定点数", "300点", "not-a-number"),
    _cell("neither-yes-nor-no", "第三者行為", "多分", "not-yes-or-no"),
    _cell("bell-in-text", "備考", "確認\x07済み", "control-character"),
    _cell("endless-cell", "備考", "あ" * 40_000, "cell-too-long"),
)
TEXTS = (
    _text("empty-file", "is empty", lambda: b""),
    _text("heading-alone", "heading-alone", lambda: _table(rows=0).encode("utf-8"), layout="plain"),
    _text("key-column-missing", "heading-missing", lambda: _headings(lambda names: ["番号", *names[1:]]), layout="plain"),
    _text("heading-twice", "heading-twice", lambda: _headings(lambda names: [*names[:-1], names[0]]), layout="plain"),
    _text("wrong-delimiter", "wrong-delimiter", lambda: _table().replace(",", ";").encode("utf-8")),
    _text("titles-above-headings", "titles-above", lambda: ("国保給付一覧,,\r\n令和6年度,,\r\n" + _table()).encode("utf-8")),
    _text("unknown-headings", "few-headings-known", lambda: _headings(lambda names: [*names[:3], *(f"項目{i}" for i in names[3:])])),
    _text("blanks-alone", "no-content", lambda: b"\xef\xbb\xbf,,,\r\n \r\n\x1a"),
    _text("claim-begins-elsewhere", "other-opening", lambda: parts.make_claims(lambda lines: lines[1:]), suffix=".uke"),
    _text("too-many-fields", "ragged-row", lambda: _lines(lambda row: row + ",1")),
    _text("text-behind-quote", "broken-quotes", lambda: _lines(lambda row: '"00000001"X' + row[10:])),
    _text("quote-never-closed", "open-quote", lambda: _table().replace(",昭和", ',"昭和', 1).encode("utf-8")),
    _text("nul-bytes", "nul-byte", lambda: _lines(lambda row: row + "\0")),
    _text("carriage-returns-alone", "carriage-returns", lambda: _table().replace("\r\n", "\r").encode("utf-8")),
    _text("endless-line", "line-too-long", lambda: _table().encode("utf-8") + b"1" * (5 << 20)),
    _text("two-encodings", "mixed-encodings", parts.make_mixed_encodings, layout="kokuho-csv-cp932"),
    _text("utf8-said-to-be-cp932", "other-encoding", parts.make_other_encoding, layout="kokuho-csv-cp932"),
    _text("half-a-character", "undecodable", parts.make_half_character, layout="kokuho-csv-cp932"),
    _text("no-text-at-all", "no-encoding", lambda: bytes(range(128, 256)) * 40, layout="plain"),
    _text("short-records", "record-length", parts.make_short_records, suffix=".dat", table=STAFF, layout="staff-fixed-cp932"),
    _text("cut-characters", "cut-character", parts.make_cut_characters, suffix=".dat", table=STAFF, layout="staff-fixed-cp932"),
    _text("no-records", "is a file of kind", lambda: parts.make_workbook([["a"]]), suffix=".xlsx", table=STAFF, layout="staff-fixed-cp932"),
    _text("individual-numbers", "my-number", lambda: _my_numbers(None), column="個人番号 #15"),
    _text("individual-numbers-in-remarks", "my-number", lambda: _my_numbers("備考"), column="備考"),
)
ARCHIVES = (
    _text("name-leads-out", "a name that leads out", lambda: parts.make_zip({"../table.csv": b"a,b"}), suffix=".zip"),
    _text("link-in-archive", "a link or a device", parts.make_link, suffix=".zip"),
    _text("two-files", "files, not one", lambda: parts.make_zip({"a.csv": b"a", "b.csv": b"b"}), suffix=".zip"),
    _text("names-differ-by-case", "two names that are the same", lambda: parts.make_zip({"a.csv": b"a", "A.CSV": b"b"}), suffix=".zip"),
    _text("archive-in-archive", "holds another archive", lambda: parts.make_zip({"a.zip": parts.make_zip({"a.csv": b"a"})}), suffix=".zip"),
    _text("bomb", "bytes come out of", lambda: parts.make_zip({"a.csv": bytes(64 << 20)}), suffix=".zip"),
    _text("locked-archive", "is locked with a password", parts.make_locked_zip, suffix=".zip"),
    _text("odd-compression", "packed in a way", lambda: parts.make_zip({"a.csv": b"a,b" * 99}, method=12), suffix=".zip"),
    _text("cut-archive", "is a damaged archive", lambda: parts.make_zip({"a.csv": b"a,b" * 999})[:-40], suffix=".zip"),
    _text("nothing-in-archive", "the file in", lambda: parts.make_zip({"a.csv": b""}), suffix=".zip"),
)
WORKBOOKS = tuple(
    BadFile(name=name, suffix=suffix, finding=finding, column=column, make=make, table=WAITLIST)
    for name, suffix, finding, column, make in (
        ("formulas", ".xlsx", "formula-cells", None, lambda: parts.make_waitlist(name="=1+1")),
        ("macros", ".xlsx", "macros", None, lambda: parts.make_waitlist(member=("xl/vbaProject.bin", b"x"))),
        ("entities", ".xlsx", "entities", None, parts.make_entities),
        ("huge-shared-text", ".xlsx", "too-large", None, parts.make_huge_text),
        ("far-cells", ".xlsx", "more memory or time", None, parts.make_far_cells),
        ("locked-workbook", ".xlsx", "is locked with a password", "workbook", parts.make_locked_workbook),
        ("second-sheet", ".xlsx", "other sheets with contents", None, lambda: parts.make_waitlist(second="隠し")),
        ("zeros-in-odd-format", ".xlsx", "unclear-zeros", None, lambda: parts.make_waitlist(number_format='"K"00000000')),
        ("cells-in-error", ".xlsx", "error-cell", "氏名", lambda: parts.make_waitlist(name="#N/A", in_error=True)),
        ("no-workbook", ".xls", "cannot be read as a workbook", None, lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000)),
        ("locked-opendocument", ".ods", "locked in a way", None, parts.make_locked_ods),
        ("cut-parquet", ".parquet", "cannot be read as a workbook", "parquet", lambda: b"PAR1" + bytes(200)),
        ("nested-parquet", ".parquet", "nested columns", None, parts.make_nested_parquet),
    )
)


def _claims(name: str, finding: str, change: Callable[[list[str]], list[str]]) -> BadFile:
    return _text(name, finding, lambda: parts.make_claims(change), suffix=".uke", layout="kokuho-rezept")


RECORDS = (
    _claims("unknown-record", "unknown-record", lambda lines: [*lines[:3], "ZZ,1", *lines[3:]]),
    _claims("records-out-of-order", "record-order", lambda lines: [*lines[:5], "KO,54900001,1,,2,300,0", lines[5]]),
    _claims("claim-without-facility", "record-alone", lambda lines: lines[1:-1]),
    _claims("insured-missing", "record-missing", lambda lines: [line for line in lines if not line.startswith("SN")]),
    _claims("insured-twice", "record-twice", lambda lines: [*lines[:3], lines[2].replace(",300,", ",0,"), *lines[3:]]),
    _claims("claims-lost", "wrong-total", lambda lines: [*lines[:-1], "GO,2,300,99"]),
    _claims("file-cut-short", "closing-missing", lambda lines: lines[:-1]),
)
BAD_FILES: tuple[BadFile, ...] = (*VALUES, *TEXTS, *ARCHIVES, *WORKBOOKS, *RECORDS)


def write_bad_files(folder: Path) -> tuple[Path, ...]:
    """Write all bad files and the list of them into a folder, and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for bad in BAD_FILES:
        paths.append(folder / f"{bad.name}{bad.suffix}")
        write_bytes(paths[-1], bad.make())
    told = [
        {"file": path.name, "table": bad.table, "layout": bad.layout, "finding": bad.finding, "column": bad.column}
        for path, bad in zip(paths, BAD_FILES, strict=True)
    ]
    write_bytes(folder / LIST_NAME, readable_json({"files": told}))
    return tuple(paths)
