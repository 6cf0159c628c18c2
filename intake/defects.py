"""Every kind of finding of intake: its stable code, its weight and its text.

Defects of rows have small numbers so that arrays can hold them; 0 is a sound row. Not decided here: who looks for a defect.
"""

from schemas.findings import FindingKind, Severity
from schemas.messages import N_

SOUND = 0


def _row(code: str, template: str) -> FindingKind:
    return FindingKind(code, Severity.ROW, template)


def _note(code: str, template: str) -> FindingKind:
    return FindingKind(code, Severity.NOTE, template)


def _file(code: str, template: str) -> FindingKind:
    return FindingKind(code, Severity.FILE, template)


ROW_KINDS: tuple[FindingKind, ...] = (
    _row("sound", N_("the row is sound")),
    _row("ragged-row", N_("the row has more or fewer fields than the others")),
    _row("nul-byte", N_("the row holds a NUL byte")),
    _row("broken-quotes", N_("text follows the closing quote of a field")),
    _row("record-length", N_("the record does not have the length of the layout")),
    _row("cut-character", N_("a field begins or ends in the middle of a character")),
    _row("required-empty", N_("required, but empty")),
    _row("not-a-date", N_("not a date in a spelling of this rule")),
    _row("no-such-day", N_("the day does not exist in the calendar")),
    _row("outside-era", N_("the day lies outside its era")),
    _row("unknown-date-part", N_("the year, the month or the day is left open")),
    _row("before-gregorian", N_("before 1873 the lunar calendar was in force; the day cannot be taken over as it stands")),
    _row("not-a-number", N_("not a number in a spelling of this rule")),
    _row("out-of-range", N_("the number lies outside the range of the column")),
    _row("unknown-code", N_("not in the code list of the column")),
    _row("wrong-check-digit", N_("the check digit does not fit")),
    _row("wrong-pattern", N_("the text does not have the form of the column")),
    _row("control-character", N_("holds a control character")),
    _row("not-yes-or-no", N_("neither yes nor no")),
    _row("cell-too-long", N_("longer than a cell may be")),
    _row("in-the-future", N_("a birth after the day the contents are of")),
    _row("unknown-record", N_("a record of a kind that the layout does not have")),
    _row("record-order", N_("the record stands behind one that must come after it")),
    _row("record-alone", N_("the record it belongs to is missing")),
    _row("record-missing", N_("a record that must stand under this one is missing")),
    _row("record-twice", N_("more records of this kind than may stand under one")),
    _row("error-cell", N_("the cell is in error (such as #N/A)")),
    _row("after-contents", N_("a day after the day the contents are of, or further ahead than the column allows")),
    _row("day-number", N_("the number of a day as spreadsheets count (such as 45383), not a date")),
    _row("exponent", N_("digits were lost to the exponent form of a spreadsheet (such as 1.23E+11)")),
)
(
    RAGGED,
    NUL_BYTE,
    BROKEN_QUOTES,
    RECORD_LENGTH,
    CUT_CHARACTER,
    REQUIRED_EMPTY,
    NOT_A_DATE,
    NO_SUCH_DAY,
    OUTSIDE_ERA,
    UNKNOWN_PART,
    BEFORE_GREGORIAN,
    NOT_A_NUMBER,
    OUT_OF_RANGE,
    UNKNOWN_CODE,
    WRONG_CHECK_DIGIT,
    WRONG_PATTERN,
    CONTROL_CHARACTER,
    NOT_YES_OR_NO,
    CELL_TOO_LONG,
    IN_THE_FUTURE,
    UNKNOWN_RECORD,
    RECORD_ORDER,
    RECORD_ALONE,
    RECORD_MISSING,
    RECORD_TWICE,
    ERROR_CELL,
    AFTER_CONTENTS,
    DAY_NUMBER,
    EXPONENT,
) = range(1, len(ROW_KINDS))

FORMULA_LIKE = _note("formula-like", N_("text that a spreadsheet would run as a formula; kept as text"))
GAIJI = _note("gaiji", N_("characters outside the character set (gaiji, 〓 or U+FFFD); kept as they came"))
INNER_BOM = _note("inner-byte-order-mark", N_("byte order mark inside a cell; removed"))
DATE_LEFT_EMPTY = _note("date-left-empty", N_("a date with an open part; left empty as the layout says"))
DUPLICATE_ROWS = _note("duplicate-rows", N_("rows that repeat an earlier row in every field; kept"))
OTHER_SUFFIX = _note("other-suffix", N_("the name ends in {suffix}, but the file is {kind}; it was read as what it is"))
SUMMARY_LINES = _note("summary-lines", N_("lines of totals or at the end, as the layout declares them; not rows of the table"))
LONGER_ROWS = _note("empty-fields-at-end", N_("rows with empty fields behind the last column; read without them"))
BLANK_LINES = _note("blank-lines", N_("blank lines; not counted as rows"))
COLUMN_IGNORED = _note("column-ignored", N_("columns that the layout does not name; not taken over"))
COLUMN_ABSENT = _note("column-absent", N_("the file has no such column; left empty"))
REQUIRED_ABSENT = _note("required-column-absent", N_("the file does not have this required column; left empty in every row"))
MY_NUMBER_NAME = _note("my-number-heading", N_("a column with the name of the individual number (個人番号), all empty; remove it"))
UNDECLARED_CODE = _note(
    "undeclared-identification-code",
    N_("cells that look like an identification code ({kind}) in a column that is not one; check the column"),
)
CHARACTER_LOST = _note("character-lost", N_("a rule changed or lost an ideograph or a gaiji on the way"))
PERSONS_MENTIONED = _note(
    "persons-mentioned", N_("cells that mention persons (names, telephone numbers, addresses, e-mail, codes); the column must be dropped")
)
PERSONS_OTHER = _note("persons-other", N_("the file has {found} persons, the register entry says {stated}; check which file it is"))
KEY_REPEATED = _note("key-repeated", N_("rows that repeat the key of an earlier row ({key}); kept"))
CROSS_CHECK = _note("cross-check", N_("conspicuous: {check}"))
FORMER_DIVIDED = _note("former-municipality-divided", N_("codes of a former municipality that was divided; kept as they came"))
UNKNOWN_MUNICIPALITY = _note("unknown-municipality", N_("municipality codes that are in no list, old or new; kept as they came"))
NOTE_KINDS: tuple[FindingKind, ...] = (
    FORMULA_LIKE, GAIJI, INNER_BOM, DATE_LEFT_EMPTY, CHARACTER_LOST, FORMER_DIVIDED, UNKNOWN_MUNICIPALITY
)  # fmt: skip

MY_NUMBER = _file("my-number", N_("{count} cells hold individual numbers (個人番号)"))
MY_NUMBER_HEADING = _file("my-number-as-heading", N_("an individual number (個人番号) in the heading line"))
UNDECODABLE = _file("undecodable", N_("the bytes are no text in {encoding}"))
MIXED_ENCODINGS = _file("mixed-encodings", N_("these rows are text in {encoding}, other rows in {declared}: the file mixes encodings"))
MARK_BEFORE_OTHER = _file("mark-before-other-encoding", N_("the file begins with the mark of UTF-8, but the text behind it is {found}"))
MERGED_CELLS = _file(
    "merged-cells", N_("cells among the rows are merged; all but the first of them would be empty: undo the merging and fill in every cell")
)
OTHER_ENCODING = _file("other-encoding", N_("declared as {encoding}, but the bytes are {found}"))
NO_ENCODING = _file("no-encoding", N_("the bytes are text in none of: {encodings}"))
OPEN_QUOTE = _file("open-quote", N_("a quote opens in this row and does not close"))
LINE_TOO_LONG = _file("line-too-long", N_("a line is longer than {limit} bytes"))
CARRIAGE_RETURNS = _file("carriage-returns", N_("lines end in CR alone; save the file with CRLF or LF"))
HEADING_MISSING = _file("heading-missing", N_("the heading line does not have this column of the layout"))
WRONG_DELIMITER = _file("wrong-delimiter", N_("the fields are separated by {found}, the layout has {expected}"))
TITLES_ABOVE = _file("titles-above", N_("the headings stand in line {line}, below other lines; the layout has them in line {expected}"))
FEW_KNOWN = _file("few-headings-known", N_("the layout knows {known} of {count} headings; it does not know these"))
NO_HEADINGS = _file("no-headings", N_("none of the first lines holds headings of this layout"))
OTHER_OPENING = _file("other-opening", N_("the file does not begin with a record {record}"))
OTHER_LENGTH = _file("other-length", N_("the first line has {bytes} bytes, a record of the layout {expected}"))
OTHER_KIND = _file("other-kind", N_("the layout is for files of kind {wanted}, this one is of kind {kind}"))
NO_CONTENT = _file("no-content", N_("the file holds no text but blanks, separators or marks of order"))
HEADING_ALONE = _file("heading-alone", N_("the heading line stands alone; no row follows it"))
HEADING_TWICE = _file("heading-twice", N_("the heading line has this column more than once"))
FIELD_COUNT = _file("field-count", N_("the rows have {fields} fields, the layout has {expected}"))
NO_ROWS = _file("no-rows", N_("the file has no rows"))
WRONG_TOTAL = _file("wrong-total", N_("the closing record states another {what} than that of the records before it"))
CLOSING_MISSING = _file("closing-missing", N_("the closing record of a group is missing; the file may have been cut"))
MACROS = _file("macros", N_("the workbook holds programs (macros)"))
FORMULA_CELLS = _file("formula-cells", N_("cells are computed by a formula; only values can be taken over"))
ERROR_CELLS = _file("error-cells", N_("cells are in error (such as #N/A)"))
UNCLEAR_ZEROS = _file("unclear-zeros", N_("the number format of this column of the sheet shows zeros that cannot be rebuilt from it"))
HIDDEN_ROWS = _note("hidden-rows", N_("hidden rows; read like the others"))
HIDDEN_COLUMNS = _note("hidden-columns", N_("hidden columns; read like the others"))
HIDDEN_SHEETS = _note("hidden-sheets", N_("hidden sheets without contents"))
ENTITIES = _file("entities", N_("a part of the workbook declares entities, as no spreadsheet program does; check where the file came from"))
COMMENTS = _file("comments", N_("cells have comments or notes; nobody looks through them, and they would be handed over with the file"))
EMBEDDED = _file("embedded-parts", N_("pictures, charts, text boxes, embedded objects or copies of other tables"))
MY_NUMBER_BESIDE = _file(
    "my-number-beside-cells",
    N_("{count} individual numbers (個人番号) beside the cells: header, footer, name, list of choices or properties"),
)
TOO_LARGE = _file("too-large", N_("a part of the workbook is larger unpacked than any table needs; check where the file came from"))
