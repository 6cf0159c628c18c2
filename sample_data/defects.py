"""Named defects of files: what is wrong, what intake should find, and how it is put into a file; which rows were damaged is told.

Three kinds: of cells (before rows become bytes), of lines (after), of the whole file. Not decided here: how intake finds them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sample_data import damage
from sample_data.sheets import Sheet
from schemas.errors import SettingsError
from schemas.messages import N_, Name

ALL_FORMATS = ("csv", "fixed", "excel")
TEXT_FORMATS = ("csv", "fixed")
Lines = Callable[[list[bytes], NDArray[np.int64], Mapping[str, Any]], list[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One kind of defect.

    Parameters
    ----------
    code : str
        Name, as given to `--defect`.
    description : str
        English template; translated when shown.
    finding : str
        Code of the finding intake gives (`intake.defects`).
    outcome : str
        `row` put aside, `file` refused, `note` only.
    columns : tuple[str, ...]
        Columns of tables it damages, the first that the layout has; empty when it damages lines.
    formats : tuple[str, ...]
        Formats of file that can have it.
    on_cells : Callable or None
        Damages cells of rows.
    on_lines : Lines or None
        Damages lines.
    whole : bool
        Damages every row.
    once : bool
        Damages one row, whatever the count.
    """

    code: str
    description: str
    finding: str
    outcome: str
    columns: tuple[str, ...] = ()
    formats: tuple[str, ...] = ALL_FORMATS
    on_cells: Callable[..., Sheet] | None = None
    on_lines: Lines | None = None
    whole: bool = False
    once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """What a defect did to a file.

    Parameters
    ----------
    defect : Defect
        Which defect.
    rows : tuple[int, ...]
        Numbers of the damaged rows in the file, 1-based, a heading line counted; ascending. For a file-wide defect, all rows.
    column : str or None
        Column of the table that was damaged.
    """

    defect: Defect
    rows: tuple[int, ...]
    column: str | None


def _cells(code: str, finding: str, description: str, columns: tuple[str, ...], write: Callable[..., Any], **rest: Any) -> Defect:
    return Defect(
        code=code, finding=finding, description=description, columns=columns, on_cells=write, outcome=rest.pop("outcome", "row"), **rest
    )


def _lines(code: str, finding: str, description: str, write: Lines, **rest: Any) -> Defect:
    return Defect(code=code, finding=finding, description=description, on_lines=write, outcome=rest.pop("outcome", "row"), **rest)


_BIRTH = ("birth_date",)
_NAME = ("name",)
_NOTE = ("note",)
_CHECKED = ("facility_number", "office_number", "insurer_number")
_CODED = ("income_class", "dementia_level", "employment")
_COUNTED = ("days", "score", "experience_years")
_KEYS = ("person_key", "applicant_key", "staff_key")

DEFECTS: tuple[Defect, ...] = (
    _cells("bad_check_digit", "wrong-check-digit", N_("a number whose check digit does not fit"), _CHECKED, damage.turn_last_digit),
    _cells(
        "impossible_wareki",
        "no-such-day",
        N_("a birth date that the calendar does not have (昭和60年2月30日)"),
        _BIRTH,
        damage.put_no_such_day,
    ),
    _cells("outside_era", "outside-era", N_("a birth date outside its era (昭和70年)"), _BIRTH, damage.put_outside_era),
    _cells(
        "open_date", "unknown-date-part", N_("a birth date with month and day left open (昭和20年0月0日)"), _BIRTH, damage.put_open_date
    ),
    _cells("future_birth", "in-the-future", N_("a birth date in the future"), _BIRTH, damage.put_future),
    _cells("unknown_code", "unknown-code", N_("a code that its list does not have"), _CODED, damage.put_unknown_code),
    _cells("not_a_number", "not-a-number", N_("text where a number must stand"), _COUNTED, damage.put_word, formats=("csv", "excel")),
    _cells("out_of_range", "out-of-range", N_("a number outside the range of its column"), ("days", "score"), damage.put_too_much),
    _cells("empty_key", "required-empty", N_("a row without the key of its person"), _KEYS, damage.empty),
    _cells(
        "control_character", "control-character", N_("a control character inside text"), _NOTE, damage.put_control, formats=TEXT_FORMATS
    ),
    _cells("gaiji", "gaiji", N_("a character outside the character set (gaiji) in a name"), _NAME, damage.put_gaiji, outcome="note"),
    _cells(
        "formula_cell",
        "formula-like",
        N_("text that a spreadsheet would run as a formula"),
        _NOTE,
        damage.put_formula,
        outcome="note",
        formats=("csv",),
    ),
    _cells(
        "my_number_column",
        "my-number",
        N_("a column of individual numbers (個人番号), with valid check digits"),
        _NOTE,
        damage.add_my_numbers,
        outcome="file",
        whole=True,
    ),
    _cells("duplicate_rows", "duplicate-rows", N_("rows that are there twice"), (), damage.repeat_rows, outcome="note"),
    _lines("ragged_row", "ragged-row", N_("a row with one field too many"), damage.add_field, formats=("csv",)),
    _lines("broken_quotes", "broken-quotes", N_("text behind the closing quote of a field"), damage.break_quotes, formats=("csv",)),
    _lines("nul_byte", "nul-byte", N_("a NUL byte in a row"), damage.put_nul, formats=TEXT_FORMATS),
    _lines("wrong_length_record", "record-length", N_("a record that is one byte short"), damage.shorten, formats=("fixed",)),
    _lines(
        "cut_character", "cut-character", N_("a field that ends in the middle of a character"), damage.cut_character, formats=("fixed",)
    ),
    _lines(
        "mixed_encoding",
        "mixed-encodings",
        N_("rows in another character encoding than the rest of the file"),
        damage.encode_otherwise,
        outcome="file",
        formats=TEXT_FORMATS,
    ),
    _lines(
        "open_quote",
        "open-quote",
        N_("a quote that opens and never closes"),
        damage.open_quote,
        outcome="file",
        formats=("csv",),
        once=True,
    ),
)
_BY_CODE = {defect.code: defect for defect in DEFECTS}


def get_defect(code: str) -> Defect:
    """Return a defect by its code.

    Raises
    ------
    SettingsError
        There is no such defect.
    """
    if code not in _BY_CODE:
        raise SettingsError(N_("there is no defect {defect}"), N_("`sakusei sample defects` lists them"), defect=Name(code))
    return _BY_CODE[code]


def can_damage(defect: Defect, layout: Mapping[str, Any]) -> bool:
    """Return whether files of a layout can have the defect."""
    columns = {entry["column"] for entry in layout["columns"]}
    return layout["format"] in defect.formats and (not defect.columns or bool(columns & set(defect.columns)))


def plan_damage(rows: int, defects: tuple[Defect, ...], count: int, rng: np.random.Generator) -> dict[str, NDArray[np.int64]]:
    """Return the rows each defect damages, counted from 0, no row twice; fewer than `count` where the file is short."""
    spread = [defect for defect in defects if not defect.whole]
    each = min(count, rows // max(len(spread), 1))
    chosen = rng.permutation(rows)[: each * len(spread)].astype(np.int64)
    plan = {defect.code: np.sort(chosen[place * each : (place + 1) * each]) for place, defect in enumerate(spread)}
    return plan | {defect.code: np.arange(rows, dtype=np.int64) for defect in defects if defect.whole}


def damage_cells(sheet: Sheet, plan: Mapping[str, NDArray[np.int64]], rng: np.random.Generator) -> tuple[Sheet, tuple[Damage, ...]]:
    """Return the sheet with the planned defects of cells, and what was damaged; repeated rows come last."""
    done = []
    for defect in sorted(map(get_defect, plan), key=lambda entry: entry.on_cells is damage.repeat_rows):
        if defect.on_cells is None:
            continue
        column = next((name for name in defect.columns if sheet.find(name) is not None), None)
        before, which = len(sheet), plan[defect.code]
        sheet = defect.on_cells(sheet, which, column, rng)
        hit = np.arange(before, len(sheet)) if len(sheet) > before else which
        done.append(Damage(defect=defect, rows=tuple((hit + sheet.first_row).tolist()), column=column))
    return sheet, tuple(done)


def damage_lines(sheet: Sheet, lines: list[bytes], plan: Mapping[str, NDArray[np.int64]]) -> tuple[list[bytes], tuple[Damage, ...]]:
    """Return the lines with the planned defects of lines, and what was damaged."""
    done = []
    for defect in map(get_defect, plan):
        if defect.on_lines is not None:
            which = plan[defect.code][-1:] if defect.once else plan[defect.code]
            lines = defect.on_lines(lines, which, sheet.layout)
            done.append(Damage(defect=defect, rows=tuple((which + sheet.first_row).tolist()), column=None))
    return lines, tuple(done)
