"""How bad files are built that are more than a wrong text: archives, workbooks, encodings, records; all of them small."""

import io
import stat
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sample_data import encode, numbering
from sample_data.sheets import load_layout, make_sheet
from sample_data.write import Sample, iterate_tables

STAMP = (2025, 4, 1, 0, 0, 0)
CITY = "902012"
HUGE_BYTES = 400 << 20
_SHARED = "xl/sharedStrings.xml"
_NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def make_individual_numbers(count: int) -> list[str]:
    """Return numbers with valid check digits that are nobody's on purpose, the same each time."""
    numbers: list[str] = numbering.make_personal_numbers(count, np.random.default_rng(7)).to_pylist()
    return numbers


def make_zip(members: Mapping[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, STAMP), content, method)
    return buffer.getvalue()


def make_link() -> bytes:
    """Return a zip file with a symbolic link to a file of the system."""
    buffer = io.BytesIO()
    info = zipfile.ZipInfo("table.csv", STAMP)
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    return buffer.getvalue()


def make_locked_zip() -> bytes:
    """Return a zip file that says it is locked."""
    content = bytearray(make_zip({"a.csv": b"a,b\r\n1,2\r\n"}, method=zipfile.ZIP_STORED))
    content[6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def _make_lines(table: str, layout: str) -> list[bytes]:
    """Return a few rows of a synthetic file as lines."""
    sample = Sample(table=table, municipality=CITY, persons=3, months=1)
    document = load_layout(layout)
    rows = next(iterate_tables(sample)).slice(0, 3)
    return encode.write_lines(make_sheet(rows, document, np.random.default_rng(1)))


def _join(lines: list[bytes]) -> bytes:
    return b"".join(line + encode.LINE_END for line in lines)


def make_mixed_encodings() -> bytes:
    """Return CP932 rows with one in UTF-8."""
    first, *rest = _make_lines("kokuho_benefit", "kokuho-csv-cp932")
    return _join([first, *(line.decode("cp932").encode("utf-8") for line in rest[:1]), *rest[1:]])


def make_other_encoding() -> bytes:
    """Return rows in UTF-8 for a layout that says CP932."""
    return _join([line.decode("cp932").encode("utf-8") for line in _make_lines("kokuho_benefit", "kokuho-csv-cp932")])


def make_half_character() -> bytes:
    """Return CP932 rows of which the last ends inside a character."""
    return _join(_make_lines("kokuho_benefit", "kokuho-csv-cp932")) + b"1,\x8c"


def make_short_records() -> bytes:
    """Return records that all are a byte too short."""
    return _join([line[:-1] for line in _make_lines("care_provider_staff", "staff-fixed-cp932")])


def make_cut_characters() -> bytes:
    """Return records whose names end inside a character."""
    entry = next(one for one in load_layout("staff-fixed-cp932")["columns"] if one["column"] == "name")
    first, length = entry["bytes"]
    cut = b" " * (length - 1) + b"\x8c"
    return _join([line[: first - 1] + cut + line[first - 1 + length :] for line in _make_lines("care_provider_staff", "staff-fixed-cp932")])


def make_workbook(rows: list[list[Any]], change: Callable[[Any], None] | None = None) -> bytes:
    """Return a workbook of one sheet."""
    from openpyxl import Workbook

    book = Workbook(write_only=False)
    page: Any = book.active
    for row in rows:
        page.append(row)
    if change:
        change(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def make_waitlist(
    *,
    name: str = "見本　花子",
    in_error: bool = False,
    second: str = "",
    number_format: str = "",
    member: tuple[str, bytes] | None = None,
) -> bytes:
    """Return a waiting list of one application, with something wrong."""
    required = {
        "申込者管理番号": "00000001",
        "氏名": name,
        "生年月日": "昭和20年4月1日",
        "性別": "1",
        "市区町村コード": CITY,
        "要介護度": "要介護3",
    }
    required |= {"申込日": "2024-04-01", "状態": "待機"}

    def change(book: Any) -> None:
        if in_error:
            book.active["B2"].data_type = "e"
        if second:
            book.create_sheet("控え").append([second])
        if number_format:
            book.active["A2"].value, book.active["A2"].number_format = 1, number_format

    content = make_workbook([list(required), list(required.values())], change)
    if member is None:
        return content
    buffer = io.BytesIO(content)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(zipfile.ZipInfo(member[0], STAMP), member[1])
    return buffer.getvalue()


def _replace_part(content: bytes, name: str, part: bytes) -> bytes:
    """Return a workbook with one part replaced."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    return make_zip({**members, name: part})


def make_entities() -> bytes:
    """Return a workbook whose sheet wants a file of the system read into a cell."""
    part = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><worksheet xmlns="{_NAMESPACE}"><sheetData>'
    part += '<row r="1"><c r="A1" t="inlineStr"><is><t>&e;</t></is></c></row></sheetData></worksheet>'
    return _replace_part(make_waitlist(), "xl/worksheets/sheet1.xml", part.encode())


def make_huge_text() -> bytes:
    """Return a workbook of some hundred kilobytes whose one shared text has 400 million letters."""
    head = f'<?xml version="1.0"?><sst xmlns="{_NAMESPACE}" count="1" uniqueCount="1"><si><t>'.encode()
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    pieces, crc, size = [], 0, 0
    for piece in (head, *[b"A" * (1 << 20)] * (HUGE_BYTES >> 20), b"</t></si></sst>"):
        pieces.append(packer.compress(piece))
        crc, size = zlib.crc32(piece, crc), size + len(piece)
    return _put_packed(_without(make_waitlist(), _SHARED), _SHARED, b"".join([*pieces, packer.flush()]), (crc, size))


def _without(content: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return make_zip({info.filename: archive.read(info) for info in archive.infolist() if info.filename != name})


def _put_packed(content: bytes, name: str, packed: bytes, told: tuple[int, int]) -> bytes:
    """Return a zip with one more member, packed already; `told` are checksum and size of its contents."""
    buffer = io.BytesIO(content)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(zipfile.ZipInfo(name, STAMP), packed)
        info = archive.infolist()[-1]
        info.compress_type, (info.CRC, info.file_size) = zipfile.ZIP_DEFLATED, told
        at = info.header_offset
    changed = bytearray(buffer.getvalue())
    changed[at + 8 : at + 10] = zipfile.ZIP_DEFLATED.to_bytes(2, "little")
    changed[at + 14 : at + 18], changed[at + 22 : at + 26] = told[0].to_bytes(4, "little"), told[1].to_bytes(4, "little")
    return bytes(changed)


def make_far_cells() -> bytes:
    """Return a workbook with two cells in opposite corners of its sheet."""
    rows = '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    part = f'<?xml version="1.0"?><worksheet xmlns="{_NAMESPACE}"><sheetData>{rows}</sheetData></worksheet>'
    return _replace_part(make_waitlist(), "xl/worksheets/sheet1.xml", part.encode())


def make_locked_workbook() -> bytes:
    """Return a workbook locked with a password."""
    from msoffcrypto.format.ooxml import OOXMLFile

    buffer = io.BytesIO()
    OOXMLFile(io.BytesIO(make_waitlist())).encrypt("見本", buffer)
    return buffer.getvalue()


def make_locked_ods() -> bytes:
    """Return an OpenDocument spreadsheet that says its parts are locked."""
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    return make_zip({"mimetype": kind, "META-INF/manifest.xml": b"<manifest:encryption-data/>", "content.xml": bytes(64)})


def make_nested_parquet() -> bytes:
    """Return a Parquet file whose cells are lists."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(pa.table({"a": [[1, 2]]}), buffer)
    return buffer.getvalue()


def make_claims(change: Callable[[list[str]], list[str]]) -> bytes:
    """Return one claim of one facility in records, with something wrong."""
    common = "RE,1,1112,202404,見本　花子,2,19500401,070" + "," * 29 + "ミホン　ハナコ,"
    insured = "  902015,見,12345678"
    lines = ["IR,2,90,1,0000001,,見本病院,202405,00,", common, f"HO,{insured},2,300,,,0,,,900,,,", f"SN,1,01,{insured},01,,"]
    lines += ["SY,0000999,20240401,1,,感冒,01,", "GO,1,300,99"]
    return "".join(f"{line}\r\n" for line in change(lines)).encode("cp932")
