"""Persons mentioned in free text: what counts as a mention of each kind, and what only looks like one."""

import pyarrow as pa
import pytest

from intake.mentions import KINDS, find_mentions, names_place, names_someone


def kinds(text):
    return set(find_mentions(pa.array([text])))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("架空様より電話", {"name"}),
        ("架空 花子さんが来所", {"name"}),
        ("鈴木氏来庁", {"name"}),
        ("ｶｸｳ様", {"name"}),
        ("長男：架空一郎", {"name"}),
        ("架空花子（カクウ ハナコ）", {"name"}),
        ("連絡は03-1234-5678へ", {"phone"}),
        ("０９０－１２３４－５６７８", {"phone"}),
        ("09012345678", {"phone"}),
        ("TEL 1234", {"phone"}),
        ("横浜市中区本町1-2", {"address"}),
        ("本町三丁目", {"address"}),
        ("２番３号", {"address"}),
        ("a.b@example.jp", {"email"}),
        ("ａ＠ｅｘａｍｐｌｅ．ｊｐ", {"email"}),
        ("在留カードAB12345678CDを確認", {"code"}),
        ("基礎年金番号：1234-567890", {"code"}),
        ("架空様 03-1234-5678 a@example.jp", {"name", "phone", "email"}),
    ],
)
def test_mentions_are_found(text, found):
    assert kinds(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "お子様と同居", "看護師さんに確認", "担当ケアマネさん", "娘さんが介護", "ご家族様の希望", "同氏", "患者様へ", "世帯主：本人",
        "高血圧症", "血圧160/90", "2024-04-01 面談", "令和6年4月1日 転入", "訪問3回", "週2-3回", "東京都内",
        "10:30-11:00", "1-2-3", "", "被保険者番号を確認", "AB1234型",
    ],
)  # fmt: skip
def test_what_names_nobody_is_no_mention(text):
    assert kinds(text) == set()


def test_each_text_is_judged_by_itself_and_a_missing_one_mentions_nobody():
    found = find_mentions(pa.array(["架空様", None, "特記なし", "03-1234-5678"]))
    assert {kind: mask.tolist() for kind, mask in found.items()} == {
        "name": [True, False, False, False],
        "phone": [False, False, False, True],
    }
    assert set(found) <= set(KINDS)


def test_places_are_those_that_exist():
    assert names_place("札幌市中央区北1条西2-1")
    assert not names_place("希望区分1-2")
    assert names_someone("民生委員の架空さん")
