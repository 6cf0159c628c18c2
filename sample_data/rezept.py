"""Claims as files of several kinds of record (レセプト電算): the reverse of the layout `kokuho-rezept`, written from the record sheets.

One IR … GO group per facility. Written without the reader of intake, so that each can test the other. Decided here: what stands in
records that no column is taken from (treatments, medicines, comments), because real files have far more of it than of the rest.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

LINE_END = b"\r\n"
ENCODING = "cp932"
RE_FIELDS, HO_FIELDS, KO_FIELDS, SN_FIELDS, SY_FIELDS = 38, 15, 12, 9, 8
# 入外区分 → 点数表, and the last digit of レセプト種別 for persons with 7割給付
_FEE_TABLE = {"1": "1", "2": "1", "3": "3", "4": "4", "6": "6"}
_LAST_DIGIT = {"1": "1", "2": "2", "3": "2", "4": "2", "6": "2"}
_UNCODED = "0000999"
_FIRST_VISIT, _OTHER_CARE, _MEDICINE = "111000110", "160000410", "610406079"
_FIRST_POINTS = 40
Claim = Mapping[str, Any]


def write_claims(path: Path, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Write claims to a file, and yield each table once it is written; groups do not reach over tables."""
    number = 0
    with path.open("wb") as target:
        for table in tables:
            lines: list[str] = []
            for group in _group_by_facility(table.to_pylist()):
                lines += _write_group(group, number)
                number += len(group)
            target.write(b"".join(line.encode(ENCODING) + LINE_END for line in lines))
            yield table


def _group_by_facility(claims: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return the claims of each facility, facilities in order of their code."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for claim in claims:
        groups.setdefault((claim["facility_code"] or "", claim["facility_name"] or ""), []).append(claim)
    return [groups[key] for key in sorted(groups)]


def _write_group(claims: list[dict[str, Any]], before: int) -> Iterator[str]:
    """Yield the records of one facility."""
    code = claims[0]["facility_code"] or ""
    last = max(claim["treated_month"] for claim in claims)
    yield _join("IR", ["2", code[:2], code[2:3], code[3:], "", claims[0]["facility_name"], f"{last:%Y%m}", "00", ""])
    for number, claim in enumerate(claims, start=before + 1):
        yield from _write_claim(claim, number)
    yield _join("GO", [str(len(claims)), str(sum(claim["points"] for claim in claims)), "99"])


def _write_claim(claim: Claim, number: int) -> Iterator[str]:
    """Yield the records of one claim."""
    yield _write_common(claim, number)
    yield _fill("HO", HO_FIELDS, _describe_insurance(claim))
    if claim["public_payer"]:
        yield _fill("KO", KO_FIELDS, {2: f"{claim['public_payer']}900001", 3: "0000001", 5: claim["days"], 6: claim["points"]})
    insured = {4: claim["insurer_number"].rjust(8), 5: claim["insured_symbol"], 6: claim["insured_number"], 7: claim["insured_branch"]}
    yield _fill("SN", SN_FIELDS, {2: "1", 3: "01", **insured})
    yield from _write_diseases(claim)
    yield from _write_care(claim, number)
    if claim["note"]:
        yield _join("CO", ["99", "1", "810000001", claim["note"]])


def _write_common(claim: Claim, number: int) -> str:
    kind = f"{_FEE_TABLE[claim['care_kind']]}11{_LAST_DIGIT[claim['care_kind']]}"
    cells = {
        2: number,
        3: kind,
        4: f"{claim['treated_month']:%Y%m}",
        5: claim["name"],
        6: claim["sex"],
        7: f"{claim['birth_date']:%Y%m%d}",
        8: "070",
        14: claim["person_key"],
        19: f"{number:020d}",
        22: claim["department"],
        37: claim["name_kana"],
    }
    return _fill("RE", RE_FIELDS, cells)


def _describe_insurance(claim: Claim) -> dict[int, Any]:
    return {
        2: claim["insurer_number"].rjust(8),
        3: claim["insured_symbol"],
        4: claim["insured_number"],
        5: claim["days"],
        6: claim["points"],
        9: claim["meal_yen"],
        12: claim["copayment_yen"],
    }


def _write_diseases(claim: Claim) -> Iterator[str]:
    """Yield another disease and the main one behind it, so that the first is not always the main one."""
    begun = {3: f"{claim['treated_month']:%Y%m%d}", 4: claim["outcome"]}
    if claim["days"] and claim["days"] > 1:
        yield _fill("SY", SY_FIELDS, {2: _UNCODED, 3: begun[3], 4: "1", 6: "その他の傷病"})
    yield _fill("SY", SY_FIELDS, {2: _UNCODED, **begun, 6: claim["disease_name"], 7: "01"})


def _write_care(claim: Claim, number: int) -> Iterator[str]:
    """Yield treatments that come to the points of the claim, and a medicine now and then."""
    first = min(_FIRST_POINTS, claim["points"])
    yield _join("SI", ["12", "1", _FIRST_VISIT, "", str(first), "1"])
    if claim["points"] > first:
        yield _join("SI", ["60", "1", _OTHER_CARE, "", str(claim["points"] - first), "1"])
    if number % 3 == 0:
        yield _join("IY", ["21", "1", _MEDICINE, "3", "", "7"])


def _fill(kind: str, fields: int, cells: Mapping[int, Any]) -> str:
    """Return a record of so many fields, some of them filled; fields count from 1, the identifier."""
    return _join(kind, [cells.get(place) for place in range(2, fields + 1)])


def _join(kind: str, cells: Iterable[Any]) -> str:
    """Return a record as a line; commas have no place in the text of these records, which know no quotes."""
    return ",".join([kind, *("" if cell is None else _to_text(cell) for cell in cells)])


def _to_text(cell: Any) -> str:
    text = f"{cell:%Y%m%d}" if isinstance(cell, date) else str(cell)
    return text.replace(",", "，").replace("\r", "").replace("\n", " ")
