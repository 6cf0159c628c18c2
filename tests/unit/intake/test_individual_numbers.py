"""個人番号: found in any spelling and any column, and not where luck alone explains the hits."""

import math

import numpy as np
import pyarrow as pa
import pytest

from intake.convert import convert_file
from intake.formats.digits import find_twelve_digits
from intake.identification import find_code_kind
from intake.identifiers import (
    ALMOST_IMPOSSIBLE,
    FORM_SHIFT,
    NumberCount,
    are_my_numbers,
    holds_my_numbers,
    is_my_number_heading,
    names_its_number,
    tail_of_luck,
)
from schemas.check_digits import append
from schemas.errors import FileRejected

VALID = 983205673214


def find(*cells, encoding="utf-8"):
    parts = [cell.encode(encoding) for cell in cells]
    data = np.frombuffer(b"".join(parts) or b"\x00", dtype=np.uint8)
    ends = np.cumsum([len(part) for part in parts])
    starts = ends - [len(part) for part in parts]
    found = find_twelve_digits(data, starts.reshape(1, -1), ends.reshape(1, -1), encoding=encoding)
    return list(zip(found.fields.tolist(), found.numbers.tolist(), strict=True))


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
@pytest.mark.parametrize(
    "text",
    [
        "983205673214",
        "9832-0567-3214",
        "9832 0567 3214",
        "９８３２０５６７３２１４",
        "９８３２－０５６７－３２１４",
        "番号は983205673214です",
        "9832　0567　3214",
        " 983205673214 ",
        "9832ー0567ー3214",
        "９８３２ー０５６７ー３２１４",
        "9832ｰ0567ｰ3214",
        "9832.0567.3214",
        "9832/0567/3214",
        "9832・0567・3214",
        "9832･0567･3214",
        "9832－0567−3214".replace("−", "－"),
        "9832―0567―3214",
        "9832,0567,3214",
        "983205-673214",
        "983-205-673-214",
        "9832-05673214",
        "98-3205-673214",
        "9 8 3 2 0 5 6 7 3 2 1 4",
        "九八三二〇五六七三二一四",
        "九八三二・〇五六七・三二一四",
        "⑨⑧③②０⑤⑥⑦③②①④",
        "見本 1 9832-0567-3214 2",
        "本人の番号は9832.0567.3214.",
        "2024/04/01 983205673214",
    ],
)
def test_every_spelling_is_found(text, encoding):
    assert find("x", text, encoding=encoding) == [(1, VALID)]


@pytest.mark.parametrize(
    "text",
    [
        "98320567321",
        "9832056732140",
        "9832-0567-321",
        "9832----0567-3214",
        "9832(((( 0567-3214",
        "2024-04-01",
        "2024-04-01 1030",
        "2024/4/01 10.30.5",
        "06.04.01-07.03.31",
        "1 98-3205-673214",
        "",
    ],
)
def test_other_lengths_and_groups_are_not(text):
    assert find(text) == []


@pytest.mark.parametrize(
    "gap", [chr(n) for n in (*range(0x2010, 0x2016), 0xA0, 0xB7, 0x2002, 0x2009, 0x200B, 0x2022, 0x2212, 0x22C5, 0xFE63)]
)
def test_any_dash_space_or_dot_of_unicode_may_stand_between_groups(gap):
    assert find(f"9832{gap}0567{gap}3214") == [(0, VALID)]


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
@pytest.mark.parametrize("gap", ["\n", "\r\n", "\t", ")(", "(", "（", "】【", " - ", "--", "\r\n ", ") ("])
def test_a_bracket_a_tab_and_a_line_end_may_stand_between_groups(gap, encoding):
    assert find(f"({gap.join(('9832', '0567', '3214'))})", encoding=encoding) == [(0, VALID)]
    assert find("x" + gap.join(("983205", "673214")), encoding=encoding) == [(0, VALID)]
    assert find(gap.join("983205673214"), encoding=encoding) == [(0, VALID)]


def test_a_wide_gap_hides_no_number_and_counts_none_twice():
    assert find("2\n9832-0567-3214\n1") == [(0, VALID)]
    assert find("9832-0567-3214\n983205673214") == [(0, VALID), (0, VALID)]
    # a run across wide gaps is the whole run, when one of its groups is short
    assert find("98\n3205-673214\n(9832)0567(3214)") == [(0, VALID)]
    assert find("983205673214(9832\n0567\n3214)x98320567\n3214") == [(0, VALID)] * 3
    assert find("x(1)983205673214(2)", "9832", "0567\n3214") == [(0, VALID)]


def test_a_number_beside_its_name_in_any_grouping_is_enough():
    for text in (
        "マイナンバー 98320567/3214",
        "マイナンバー 9832\n0567\n3214",
        "個 人 番 号：983205673214",
        "マイナンバー確認済。番号：983205673214",
    ):
        assert names_its_number(text), text
    assert not names_its_number("マイナンバーカードの番号 983205673214")
    assert not names_its_number("個人番号は確認していない。別に受け付けた書類の番号は 983205673214")


def test_both_numbers_of_a_run_are_found():
    assert find("9832-0567-3214-0000") == [(0, VALID), (0, 56732140000)]


def test_several_in_one_cell_and_no_reading_across_cells():
    assert find("983205673214,012345678901", "9832056", "73214") == [(0, VALID), (0, 12345678901)]


def test_check_digits():
    numbers = np.array([VALID, VALID - 4, 0, 111111111111, 333333333333], dtype=np.int64)
    assert are_my_numbers(numbers).tolist() == [True, False, False, False, False]


def counted(numbers, **more):
    return NumberCount(numbers=np.array(numbers, dtype=np.int64), filled=len(numbers), **more)


def valid_numbers(count, seed=0):
    rng = np.random.default_rng(seed)
    return [int(append("my_number", f"{body:011d}")) for body in rng.integers(0, 10**11, count).tolist()]


@pytest.mark.parametrize("count", [1, 2, 3, 10, 500])
def test_a_column_of_individual_numbers(count):
    assert holds_my_numbers(counted(valid_numbers(count)), named=False)


@pytest.mark.parametrize("seed", range(20))
def test_twelve_digits_at_random_are_none(seed):
    numbers = np.unique(np.random.default_rng(seed).integers(10**11, 10**12, 3000))
    assert not holds_my_numbers(counted(numbers), named=False)


def test_running_numbers_of_twelve_digits_are_none():
    assert not holds_my_numbers(counted(range(10**11, 10**11 + 50_000)), named=False)


def test_numbers_that_all_end_in_zero_are_none():
    # two bodies in eleven have the check digit 0: 18 in 100 pass, and that is luck
    numbers = np.unique(np.random.default_rng(5).integers(10**10, 10**11, 5000)) * 10
    assert not holds_my_numbers(counted(numbers), named=False)


def test_a_fifth_of_individual_numbers_among_others_is_too_many():
    others = np.random.default_rng(1).integers(10**11, 10**12, 1600).tolist()
    assert holds_my_numbers(counted([*valid_numbers(400), *others]), named=False)


def test_half_is_the_limit_of_small_columns():
    bad = [number // 10 * 10 + (number + 1) % 10 for number in valid_numbers(4, seed=9)]
    assert not holds_my_numbers(counted([*valid_numbers(1), bad[0]]), named=False)
    assert not holds_my_numbers(counted([*valid_numbers(1), *bad[:2]]), named=False)
    assert holds_my_numbers(counted([*valid_numbers(2), *bad[:2]]), named=False)
    assert not holds_my_numbers(counted([*valid_numbers(2), *bad[:3]]), named=False)


def test_a_heading_and_any_content_is_enough():
    assert holds_my_numbers(NumberCount(filled=1), named=True)
    assert not holds_my_numbers(NumberCount(filled=0), named=True)


@pytest.mark.parametrize(
    ("heading", "named"),
    [
        ("個人番号", True),
        ("マイナンバー", True),
        ("ﾏｲﾅﾝﾊﾞｰ", True),
        ("My Number", True),
        ("my_number", True),
        ("個 人 番 号", True),
        ("世帯主個人番号（12桁）", True),
        ("宛名番号", False),
        ("個人識別", False),
        ("電話番号", False),
    ],
)
def test_headings(heading, named):
    assert is_my_number_heading(heading) is named


def test_the_tail_of_luck_is_that_of_the_binomial_distribution():
    assert tail_of_luck(3, 3, 1 / 11) == pytest.approx(11**-3)
    assert tail_of_luck(1, 11, 1 / 11) == 1.0
    exact = sum(math.comb(20, k) * (1 / 11) ** k * (10 / 11) ** (20 - k) for k in range(10, 21))
    assert tail_of_luck(10, 20, 1 / 11) == pytest.approx(exact)
    assert tail_of_luck(400, 2000, 1 / 11) < ALMOST_IMPOSSIBLE


FOURS, SIXES = (1 << 4 | 1 << 8) << FORM_SHIFT, 1 << 6 << FORM_SHIFT


def invalid_numbers(count, seed=0):
    return [number // 10 * 10 + (number + 1) % 10 for number in valid_numbers(count, seed)]


@pytest.mark.parametrize(("form", "fewest"), [(FOURS, 1), (FOURS | 1 << FORM_SHIFT, 1), (SIXES, 3)])
def test_true_numbers_that_stand_out_by_the_way_they_are_written(form, fewest):
    others = invalid_numbers(55, seed=4)
    # a check digit 0 is luck twice as often
    true = [number for number in valid_numbers(20, seed=2) if number % 10]
    assert holds_my_numbers(counted([*others, *(number | form for number in true[:fewest])]), named=False)
    assert not holds_my_numbers(counted([*others, *(number | form for number in true[: fewest - 1])]), named=False)
    assert not holds_my_numbers(counted([*others, *true[:fewest]]), named=False)


def test_more_true_numbers_than_luck_explains():
    # 60 numbers, 5.5 hits by luck: P(X >= 14) = 8.8e-4, P(X >= 17) = 1.6e-5
    assert not holds_my_numbers(counted([*valid_numbers(14, seed=2), *invalid_numbers(46, seed=4)]), named=False)
    assert holds_my_numbers(counted([*valid_numbers(18, seed=2), *invalid_numbers(42, seed=4)]), named=False)


def test_other_identification_codes():
    rng = np.random.default_rng(3)
    residents = [append("resident_code", f"{body:010d}") for body in rng.integers(0, 10**10, 30).tolist()]
    assert find_code_kind(pa.array(residents)) == "住民票コード"
    assert find_code_kind(pa.array([f"TK{n:07d}" for n in range(30)])) == "旅券番号"
    assert find_code_kind(pa.array([f"AB{n:08d}CD" for n in range(30)])) == "在留カード等の番号"
    assert find_code_kind(pa.array([f"090{n:08d}" for n in rng.integers(0, 10**8, 200).tolist()])) is None
    assert find_code_kind(pa.array(residents[:9])) is None


def test_an_individual_number_in_the_heading_line_refuses_the_file_by_position(tmp_path):
    (tmp_path / "f.csv").write_text("person_key,1234-5678-9018\n1,x\n", encoding="utf-8")
    with pytest.raises(FileRejected) as refused:
        convert_file(tmp_path / "f.csv", table="kokuho_benefit", layout="plain")
    assert [(finding.kind.code, finding.column) for finding in refused.value.findings] == [("my-number-as-heading", "#2")]
