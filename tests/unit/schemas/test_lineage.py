"""Codes of former municipalities: every entry is sound, and is followed by the day the contents are of."""

import csv
from datetime import date

import pyarrow as pa
import pytest

from intake.defects import FORMER_DIVIDED, UNKNOWN_MUNICIPALITY
from intake.values.codes import convert_municipality_codes
from schemas.check_digits import append, is_valid
from schemas.lineage import find_successors, load_lineage
from schemas.municipalities import find_municipality


@pytest.mark.parametrize("former", load_lineage().values(), ids=lambda former: former.name)
def test_entries_have_right_check_digits_and_successors_in_the_same_prefecture(former):
    assert is_valid("municipality", former.code)
    assert all(find_municipality(code) and code[:2] == former.code[:2] for code in former.successors)
    assert former.code not in former.successors
    assert find_successors(former.code) == former.successors
    city = former.name.split("市")[0].rstrip("町村区")
    joined = {"鳩ヶ谷市": "川口市", "岩舟町": "栃木市"}
    assert any(joined.get(former.name, city) in find_municipality(code).name for code in former.successors)


@pytest.mark.shared_data
def test_successors_are_in_the_national_register_and_former_codes_are_not(shared_data):
    register = shared_data / "municipalities-2024.csv"
    rows = list(csv.DictReader(register.read_text(encoding="utf-8-sig").splitlines()))
    now = {row["lg_code"] for row in rows if not row["ablt_date"]}
    since = {row["lg_code"]: row["efct_date"] for row in rows}
    for former in load_lineage().values():
        assert former.code not in now
        assert set(former.successors) <= now
        assert all(since[code] <= former.since.isoformat() for code in former.successors)


@pytest.mark.parametrize(
    ("code", "as_of", "successors"),
    [
        ("221317", date(2023, 12, 31), ()),  # in force on that day
        ("221317", date(2024, 1, 1), ("221384",)),
        ("221317", None, ("221384",)),
        ("221350", date(2024, 1, 1), ("221384", "221392")),
        ("403059", date(2018, 9, 30), ("402311",)),  # in force, but no list knows it any more
        ("403059", date(2018, 10, 1), ("402311",)),
        ("402311", None, ()),
        ("131016", None, ()),
    ],
)
def test_codes_are_followed_by_day(code, as_of, successors):
    assert find_successors(code, as_of) == successors


def test_intake_mends_former_codes_and_tells_what_it_cannot_mend():
    unknown = append("municipality", "13999")
    codes = convert_municipality_codes(pa.array(["403059", "40305", "221350", unknown, "131016"]), date(2024, 4, 1))
    assert codes.values.to_pylist() == ["402311", "402311", "221350", unknown, "131016"]
    assert codes.repairs["code_lineage"].tolist() == [True, True, False, False, False]
    assert codes.notes[FORMER_DIVIDED].tolist() == [False, False, True, False, False]
    assert codes.notes[UNKNOWN_MUNICIPALITY].tolist() == [False, False, False, True, False]
    assert not codes.defects.any()
