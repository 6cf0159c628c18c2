"""Width and kana: what folds, and what must never."""

import pyarrow as pa
import pytest

from intake.defects import CELL_TOO_LONG, CONTROL_CHARACTER, FORMULA_LIKE, GAIJI, INNER_BOM, SOUND
from intake.values import texts
from intake.values.width import HYPHENS, fold_address, fold_code, fold_kana


@pytest.mark.parametrize("hyphen", list(HYPHENS))
def test_every_dash_between_digits_is_a_hyphen_and_never_the_long_vowel(hyphen):
    assert fold_address(f"１{hyphen}２{hyphen}３") == "1-2-3"
    assert fold_code(f"１{hyphen}２") == "1-2"


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("センター１", "センター1"),
        ("１ー２ー３", "1-2-3"),
        ("コーポ－Ａ", "コーポ－A"),
        ("㈱見本①", "㈱見本①"),
        ("髙﨑邉", "髙﨑邉"),
        ("ﾊｲﾂ１０１", "ﾊｲﾂ101"),
        ("葛󠄀城", "葛󠄀城"),
    ],
)
def test_addresses_change_in_digits_letters_and_hyphens_alone(text, folded):
    assert fold_address(text) == folded


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ﾔﾏﾀﾞ", "ヤマダ"),
        ("ﾊﾟﾋﾟﾌﾟ", "パピプ"),
        ("ｳﾞ", "ヴ"),
        ("ｱﾞ", "ア゛"),
        ("ｾﾝﾀｰ", "センター"),
        ("ヤマダ", "ヤマダ"),
        ("ﾞ", "゛"),
        ("﨑ﾞ", "﨑゛"),
        ("神ﾀ", "神タ"),
    ],
)
def test_kana(text, folded):
    assert fold_kana(text) == folded


def test_every_half_width_kana_folds_to_one_full_width_kana():
    table = {chr(code): fold_kana(chr(code)) for code in range(0xFF61, 0xFFA0)}
    assert len(set(table.values())) == 63
    assert all(not 0xFF61 <= ord(folded) <= 0xFF9F and len(folded) == 1 for folded in table.values())


def convert(function, cells):
    result = function(pa.array(cells, pa.string()))
    return result.values.to_pylist(), result.defects.tolist(), {kind: mask.tolist() for kind, mask in result.notes.items()}


def test_readings_have_one_wide_space_between_their_parts():
    values, defects, _ = convert(texts.convert_kana, ["ﾔﾏﾀﾞ ﾀﾛｳ", "ヤマダ　タロウ", "ﾔﾏﾀﾞ  ﾀﾛｳ", None])
    assert values == ["ヤマダ　タロウ"] * 3 + [None]
    assert defects == [SOUND] * 4


def test_texts_are_kept_as_they_came():
    cells = ["髙﨑", "①㈱", "ﾊﾝｶｸ", "1－2", "a\nb", "-", "−5", "- ", "~"]
    assert convert(texts.convert_texts, cells)[0] == cells


@pytest.mark.parametrize("text", ["=1+1", "＝1+1", "+81", "@SUM(A1)", "＠x", "-cmd|' /C calc'!A0"])
def test_formulas_are_noted_and_kept(text):
    values, defects, notes = convert(texts.convert_texts, [text, "ok"])
    assert (values, defects) == ([text, "ok"], [SOUND, SOUND])
    assert notes == {FORMULA_LIKE: [True, False]}


@pytest.mark.parametrize(("text", "note"), [("\ue000田", GAIJI), ("〓田", GAIJI), ("山\ufffd", GAIJI), ("山\U000f0000", GAIJI)])
def test_gaiji_are_noted_and_kept(text, note):
    values, _, notes = convert(texts.convert_texts, [text])
    assert values == [text]
    assert note in notes


def test_an_inner_byte_order_mark_is_removed_and_told():
    values, _, notes = convert(texts.convert_texts, ["山\ufeff田", "\ufeff"])
    assert values == ["山田", None]
    assert notes == {INNER_BOM: [True, True]}


@pytest.mark.parametrize("text", ["a\x00b", "a\x07", "\x1b[31m", "a\x7f", "a\x9b"])
def test_control_characters_put_the_row_aside(text):
    assert convert(texts.convert_texts, [text])[:2] == ([None], [CONTROL_CHARACTER])
    assert convert(texts.convert_addresses, [text])[:2] == ([None], [CONTROL_CHARACTER])


def test_a_cell_may_be_as_long_as_a_spreadsheet_allows():
    limit = texts.CELL_LIMIT_CHARACTERS
    assert convert(texts.convert_texts, ["あ" * limit, "あ" * (limit + 1)])[1] == [SOUND, CELL_TOO_LONG]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("０３－１２３４－５６７８", "03-1234-5678"),
        ("03(1234)5678", "03-1234-5678"),
        ("０９０ー１２３４ー５６７８", "090-1234-5678"),
        ("なし", "なし"),
    ],
)
def test_telephones(text, folded):
    assert convert(texts.convert_phones, [text])[0] == [folded]
