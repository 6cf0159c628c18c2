"""Where a block ends, and how far a thread has read, changes nothing: against a slow reader of characters, cell by cell, written here."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from intake.columns import convert_texts
from intake.convert import Outputs, convert_source
from intake.decode import LADDER, find_encoding, read_bytes
from intake.layout import load_layout
from schemas.errors import FileRejected

COLUMNS = [
    ("person_key", "digits_half"),
    ("name", "text"),
    ("name_kana", "kana_full"),
    ("birth_date", "wareki_gyymmdd"),
    ("sex", "sex_12"),
    ("cost_yen", "yen"),
]
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
EOF_MARK = "\x1a"

# few of each, so that texts repeat; the second bytes of ソ, 表 and 欺 are \\ and |, 0x5c and 0x7c
SOUND = (
    ["A1B2C3D4", "００００１２３４", "A1B2C3D4 ", "9" * 15],
    ["山田 表", "ソ欺十", "一\r\n二", 'か"き', "x,y", "b|c", "能" * 9, "=1+1", '"'],
    ["ﾔﾏﾀﾞ ﾀﾛｳ", "ヤマダ", "ﾊﾟ", ""],
    ["3200401", "5010501", "４２００１０１"],
    ["1", "2", "男"],
    ["100", "1,000", "△5", "", "￥3"],
)
ODD = ("", "x\x07", "昭和", "3990101", "0000000", "7", "円", "\t", " ")
ROWS = st.tuples(st.tuples(*map(st.sampled_from, SOUND)), st.none() | st.none() | st.tuples(st.integers(0, 5), st.sampled_from(ODD))).map(
    lambda drawn: tuple(drawn[1][1] if drawn[1] and place == drawn[1][0] else cell for place, cell in enumerate(drawn[0]))
)
MESS = st.sampled_from(["", "x", "a,b,c", "a|b|c", '"a"b,c,d,e,f,g', "n\x00,,,,,", '""', '"a\nb"', ",,,,,", ",,,,,,", EOF_MARK])
TAIL = st.sampled_from([[], [], [], ['"'], [EOF_MARK]])


@pytest.fixture(scope="module")
def layouts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("layouts")

    def get(encoding, delimiter):
        path = folder / f"{encoding}-{ord(delimiter)}.yaml"
        if not path.exists():
            columns = [f"  - {{position: {place}, column: {name}, rule: {rule}}}" for place, (name, rule) in enumerate(COLUMNS, start=1)]
            head = ["layout: own", "title_ja: 自前", "table: kokuho_benefit", "format: csv", f"encoding: {encoding}", "header: false"]
            path.write_text("\n".join([*head, f"delimiter: '{delimiter}'", "columns:", *columns]), encoding="utf-8")
        return load_layout(str(path))

    return get


def write(rows, delimiter, quoted):
    """Write each cell in quotes where it must be, or wherever `quoted` says so."""
    lines = []
    for row in rows:
        if isinstance(row, str):
            lines.append(row)
            continue
        must = [any(mark in cell for mark in (delimiter, '"', "\n", "\r")) for cell in row]
        cells = ['"' + cell.replace('"', '""') + '"' if quoted or needs else cell for cell, needs in zip(row, must, strict=True)]
        lines.append(delimiter.join(cells))
    return lines


def read_slowly(text, delimiter):
    """Yield the fields of each record, None for a bad one, as the rules of `intake.formats.scan` say; or nothing for one without end."""
    source = io.StringIO(text, newline="")
    here = source.read(1)
    while here:
        fields, quotes, sound = [], [], True
        while True:
            cell, quoted = "", here == '"'
            if quoted:
                here = source.read(1)
                while here:
                    if here == '"':
                        here = source.read(1)
                        if here != '"':
                            break
                    cell += here
                    here = source.read(1)
                else:
                    raise EOFError
                if here == "\r":
                    place = source.tell()
                    after = source.read(1)
                    if after == "\n":
                        here = after
                    else:
                        source.seek(place)
            plain = ""
            while here and here not in (delimiter, "\n"):
                plain += here
                here = source.read(1)
            sound &= not (quoted and plain) and "\0" not in cell + plain
            if not quoted:
                cell = plain.removesuffix("\r") if here in ("", "\n") else plain
            fields.append(cell)
            quotes.append(quoted)
            if here in ("", "\n"):
                break
            here = source.read(1)
        is_end = here == ""
        here = source.read(1)
        most = len(COLUMNS)
        is_blank = len(fields) == 1 and (fields[0] == "" or (is_end and fields[0] == EOF_MARK))
        # the rules of `intake.formats.edges`
        is_blank |= len(fields) == 1 and not quotes[0] and not fields[0].strip("\0\x1a")
        if sound and len(fields) > most and not any(fields[most:]) and not any(quotes[most:]):
            del fields[most:]
        elif is_end and len(fields) == most and not quotes[-1]:
            fields[-1] = fields[-1].removesuffix(EOF_MARK)
        is_blank |= sound and not any(fields) and (len(fields) == most or not any(quotes))
        yield "blank" if is_blank else (fields if sound and len(fields) == len(COLUMNS) else None)


def convert_slowly(text, layout):
    """Return the rows that come out, and the numbers of those that do not."""
    out, aside = [], []
    for number, fields in enumerate(read_slowly(text, layout.delimiter), start=1):
        if fields == "blank":
            continue
        row, sound = {"source_row": number}, fields is not None
        for column, cell in zip(layout.columns, fields or (), strict=False):
            converted = convert_texts(pa.array([cell], pa.string()), column)
            sound &= not converted.defects[0]
            row[column.name] = converted.values[0].as_py()
        if sound:
            out.append(row)
        else:
            aside.append(number)
    return out, aside


def convert_quickly(path, folder, layout):
    out, aside = folder / "out.parquet", folder / "aside.parquet"
    report = convert_source(path, layout, Outputs(table=out, quarantine=aside))
    rows = pq.read_table(out, columns=[name for name, _ in COLUMNS] + ["source_row"]).to_pylist()
    account = {key: value for key, value in report.to_json().items() if key not in {"seconds", "output_sha256"}}
    return rows, pq.read_table(aside).to_pylist(), account


def sort(rows):
    return sorted(rows, key=lambda row: row["source_row"])


def set_borders(patch, size):
    """Let blocks, pieces read and row groups be of this many bytes and rows, and begin fields anew after as many texts."""
    patch.setattr("intake.decode.CHUNK_BYTES", size)
    patch.setattr("intake.formats.csv.BLOCK_BYTES", size)
    patch.setattr("intake.formats.distinct.LIMIT_TEXTS", max(size // 16, 1))
    patch.setattr("intake.parquet.ROW_GROUP_ROWS", max(size // 8, 1))


@QUICK
@given(
    rows=st.lists(ROWS | ROWS | ROWS | MESS, min_size=1, max_size=14),
    tail=TAIL,
    size=st.integers(1, 200),
    line_end=st.sampled_from(["\r\n", "\n"]),
    way=st.sampled_from([("cp932", ","), ("cp932", "\t"), ("cp932", "|"), ("utf-8", ","), ("euc_jp", ","), ("utf-16", ",")]),
    quoted=st.booleans(),
    closed=st.booleans(),
)
def test_blocks_of_any_size_give_what_reading_cell_by_cell_gives(tmp_path, layouts, rows, tail, size, line_end, way, quoted, closed):
    encoding, delimiter = way
    layout = layouts(encoding, delimiter)
    text = line_end.join(write([*rows, *tail], delimiter, quoted)) + (line_end if closed else "")
    path = tmp_path / "file.csv"
    path.write_bytes(text.encode(encoding))
    assume(path.stat().st_size > 0)
    try:
        out, aside = convert_slowly(text, layout)
    except EOFError:
        out, aside = [], []
    with pytest.MonkeyPatch.context() as patch:
        set_borders(patch, size)
        if not out:
            # a quote without end, no rows, or none that comes out
            with pytest.raises(FileRejected):
                convert_quickly(path, tmp_path, layout)
            return
        try:
            rows_out, put_aside, account = convert_quickly(path, tmp_path, layout)
        except FileRejected as refused:
            # other encodings may be read from a few characters; whatever the borders, the answer is one
            assert find_other(path, layout), refused
            return
    # rows without the empty fields at their end come behind those of their block
    assert sorted(rows_out, key=lambda row: row["source_row"]) == out
    assert sorted(row["source_row"] for row in put_aside) == aside
    whole = convert_quickly(path, tmp_path, layout)
    assert (sort(rows_out), sort(put_aside), account) == (sort(whole[0]), sort(whole[1]), whole[2])
    assert account["rows_in"] == len(out) + len(aside)


def find_other(path, layout):
    """Return whether a text is refused as one of another encoding, read at once."""
    try:
        find_encoding(path, layout.encoding)
    except FileRejected:
        return True
    return False


@QUICK
@given(cells=st.lists(st.sampled_from([b"a", "表".encode("cp932"), "ｱ".encode("cp932"), b"\x81", b"\xff", b"\xa0", b"\n"]), max_size=12))
def test_bytes_are_cp932_when_python_says_so_wherever_a_piece_ends(tmp_path, cells):
    path = tmp_path / "file.txt"
    path.write_bytes(content := b"".join(cells))
    try:
        content.decode("cp932")
    except UnicodeDecodeError:
        is_text = False
    else:
        is_text = True
    for size in (1, 2, 3, 1 << 20):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("intake.decode.CHUNK_BYTES", size)
            if is_text:
                assert b"".join(read_bytes(path, "cp932")) == content
            else:
                with pytest.raises(FileRejected) as refused:
                    list(read_bytes(path, "cp932"))
                assert refused.value.findings[0].rows


def test_the_ladder_reads_each_encoding_it_names(tmp_path):
    for encoding in LADDER:
        (tmp_path / "file.txt").write_bytes("東京都の表,ソ\n".encode(encoding))
        assert find_encoding(tmp_path / "file.txt", None).name == encoding
