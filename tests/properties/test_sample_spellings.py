"""For all values: what the encoder of samples writes, the converters of intake read back."""

from datetime import date

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from intake.values.rules import RuleUse, convert_distinct
from sample_data.spelling import MAINFRAME, PACKAGE, spell
from schemas.tables import load_table

DAYS = st.dates(date(1873, 1, 1), date(2100, 12, 31))
KANA = (
    "アイウエオカガキギクグケゲコゴサザシジスズセゼソゾタダチヂツヅテデトドハバパヒビピフブプ"
    "ヘベペホボポマミムメモヤユヨラリルレロワヲンヴッャュョー"
)
NAMES = st.builds(lambda first, second: f"{first}\u3000{second}", *[st.text(KANA, min_size=1, max_size=12)] * 2)
TOWNS = st.text("見本町架空台東西", min_size=1, max_size=6)
NUMBERS = st.lists(st.integers(1, 9999), min_size=1, max_size=3)
ADDRESSES = st.builds(lambda town, numbers: town + "-".join(map(str, numbers)), TOWNS, NUMBERS)
ANY_SPEED = settings(deadline=None)


def read_back(values, rule, column, style):
    cells = spell(values, rule, column, style, np.random.default_rng(1))
    converted = convert_distinct(cells, RuleUse(rule=rule, column=column))
    assert not converted.defects.any()
    return converted.values


@ANY_SPEED
@given(st.lists(DAYS, min_size=1, max_size=20))
def test_dates_packed_and_in_words(days):
    column = load_table("kokuho_benefit").get_column("qualified_on")
    values = pa.array([*days, None], pa.date32())
    for rule in ("wareki_gyymmdd", "wareki_text"):
        assert read_back(values, rule, column, PACKAGE).to_pylist() == values.to_pylist()


@ANY_SPEED
@given(st.lists(NAMES, min_size=1, max_size=20))
def test_readings_in_half_width_kana(names):
    column = load_table("kokuho_benefit").get_column("name_kana")
    assert read_back(pa.array(names), "kana_full", column, MAINFRAME).to_pylist() == names


@ANY_SPEED
@given(st.lists(ADDRESSES, min_size=1, max_size=20))
def test_addresses_in_full_width(addresses):
    column = load_table("kokuho_benefit").get_column("address")
    assert read_back(pa.array(addresses), "address", column, MAINFRAME).to_pylist() == addresses


@ANY_SPEED
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=20))
def test_numbers_plain_and_in_full_width(numbers):
    column = load_table("kokuho_benefit").get_column("points")
    for style in (MAINFRAME, PACKAGE):
        assert read_back(pa.array(numbers), "integer", column, style).to_pylist() == numbers
