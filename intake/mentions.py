"""Persons mentioned in free text: names with an honorific or a label, telephone numbers, addresses, e-mail, codes, counted by kind.

Decided here: what counts as a mention. The patterns look for the way Japanese notes speak of a person, not for lists of surnames, so that
a name without honorific, label or kana in brackets is not seen: a column with free text is dropped whether or not something was found.
Words that take an honorific and name nobody (お子様, 看護師さん) are left out.
"""

import re
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from schemas.municipalities import list_municipalities

KINDS = ("name", "phone", "address", "email", "code")
_KANJI = r"\x{3400}-\x{9fff}々ヶ"
_DIGIT, _DASH = "[0-9０-９]", "[-－−ー‐‑–—―(（)） 　]"
_HONORIFIC = "(?:様|さま|さん|氏|殿|君|くん|ちゃん)"
_LABEL = "(?:氏名|名前|担当者?|連絡先|緊急連絡|世帯主|保護者|後見人|キーパーソン|主介護者|長男|長女|次男|次女|夫|妻|父|母)"
# who is spoken of with an honorific and without a name
_NOBODY = re.compile(
    "^(?:お?(?:子|孫|父|母|兄|姉|爺|婆|嫁|婿|客|医者|嬢|坊|巡り|隣|得意)|奥|娘|息子|妻|夫|両親?|同|両|各位|皆|"
    "ご?(?:家族|本人|主人|夫婦|親族|遺族|近所|利用者|利用)|患者|利用者|入居者|入所者|対象者|相談者|申込者|申請者|世帯主|"
    "被保険者|高齢者|障害者|保護者|代理人|後見人|"
    "(?:.*(?:看護|介護|保健|療法|薬剤|栄養|保育|理学|美容|調理|医)(?:師|士|員)|"
    ".*(?:職員|相談員|担当者?|事業所|病院|医院|施設|役所|役場|会社|センター|ケアマネ(?:ジャー)?|ヘルパー|デイ|ドクター|ナース|業者|"
    "課|係|支援員|民生委員|警察|消防|大家|管理人)))$"
)
_NAME = re.compile(f"([㐀-鿿々ヶァ-ヶーｦ-ﾟ]{{1,7}}(?:[ 　][㐀-鿿々ヶぁ-んァ-ヶーｦ-ﾟ]{{1,4}})?)(?:{_HONORIFIC})")
_NUMBER = rf"[0０]{_DIGIT}{{1,4}}{_DASH}{_DIGIT}{{1,4}}{_DASH}{_DIGIT}{{3,4}}|[0０][5-9５-９][0０]{_DIGIT}{{8}}"
_READING = r"[(（][ァ-ヶーｦ-ﾟ 　]{3,}[)）]"
# what RE2 finds over a whole column; names and addresses found so are looked at once more, one by one
_CANDIDATES = {
    "name": "|".join(
        (
            rf"[{_KANJI}ァ-ヶーｦ-ﾟ][ 　ぁ-ん]{{0,5}}{_HONORIFIC}",
            rf"{_LABEL}[:：][ 　]?[{_KANJI}ァ-ヶ]{{2}}",
            rf"[{_KANJI}]{{2,6}}{_READING}",
        )
    ),
    "phone": rf"{_NUMBER}|(?:TEL|ＴＥＬ|電話|☎|℡)[^0-9０-９]{{0,4}}{_DIGIT}{{2}}",
    "address": "|".join(
        (
            rf"(?:{_DIGIT}|[一二三四五六七八九十])丁目|{_DIGIT}番地|{_DIGIT}番{_DIGIT}+号",
            rf"[市区町村][^、。,\s0-9０-９]{{1,12}}{_DIGIT}+(?:{_DASH}{_DIGIT}|番)",
        )
    ),
    # of a residence card by its form, of others beside their name
    "code": "|".join(
        (
            rf"[A-ZＡ-Ｚ]{{2}}{_DIGIT}{{8}}[A-ZＡ-Ｚ]{{2}}",
            rf"(?:住民票コード|免許証?番号|旅券番号|基礎年金番号|被保険者番号|記号番号)[^0-9０-９]{{0,6}}(?:{_DIGIT}[-－]?){{6}}",
        )
    ),
    "email": r"[A-Za-z0-9Ａ-Ｚａ-ｚ０-９._%+-]+[@＠][A-Za-z0-9Ａ-Ｚａ-ｚ０-９-]+[.．][A-Za-zＡ-Ｚａ-ｚ]{2,}",
}
_NONAME = "(?!本人|同居|別居|不明|なし|有|無|同左|同上|死亡|他界)"
_LABELLED = re.compile(f"{_LABEL}[:：][ 　]?{_NONAME}[㐀-鿿々ヶァ-ヶ]{{2}}|[㐀-鿿々ヶ]{{2,6}}{_READING}")


@cache
def _places() -> frozenset[str]:
    """Return the names of municipalities and wards, each also without its city."""
    names = {re.sub("（.*", "", entry.name) for entry in list_municipalities(synthetic=False)}
    return frozenset(names | {name.split("市", 1)[1] for name in names if name.endswith("区") and "市" in name})


def find_mentions(texts: pa.StringArray) -> dict[str, NDArray[np.bool_]]:
    """Return which texts mention a person, by kind.

    Parameters
    ----------
    texts : pa.StringArray
        Distinct texts; null where empty.

    Returns
    -------
    dict[str, NDArray[bool]]
        Only kinds that occur.
    """
    masks = {kind: _match(texts, pattern) for kind, pattern in _CANDIDATES.items()}
    for kind, is_one in (("name", names_someone), ("address", names_place)):
        for place in np.flatnonzero(masks[kind]).tolist():
            masks[kind][place] = is_one(texts[place].as_py())
    return {kind: masks[kind] for kind in KINDS if masks[kind].any()}


def _match(texts: pa.StringArray, pattern: str) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = pc.fill_null(pc.match_substring_regex(texts, pattern), False).to_numpy(zero_copy_only=False)
    return found.copy()


def names_someone(text: str) -> bool:
    """Return whether a text names somebody: with an honorific (but not `お子様`), after a label, or with the reading in brackets."""
    return _LABELLED.search(text) is not None or any(_NOBODY.match(found[1].strip()) is None for found in _NAME.finditer(text))


_BLOCK = re.compile("(?:[0-9０-９]|[一二三四五六七八九十])丁目|[0-9０-９]番地|[0-9０-９]番[0-9０-９]+号")
_PLACE = re.compile("[㐀-鿿々ヶァ-ヶーぁ-ん]{1,7}?[市区町村](?=[^、。,\\s0-9０-９]{1,12}[0-9０-９])")


def names_place(text: str) -> bool:
    """Return whether a text holds an address: a block and a house, or a number after the name of a municipality."""
    if _BLOCK.search(text):
        return True
    places = _places()
    return any(found[0][first:] in places for found in _PLACE.finditer(text) for first in range(len(found[0]) - 1))
