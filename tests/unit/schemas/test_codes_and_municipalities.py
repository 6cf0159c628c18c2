"""Code lists and municipalities: what ships is whole and consistent."""

import csv
from pathlib import Path

import pytest

from schemas.check_digits import is_valid
from schemas.codes import code_list_names, load_code_list
from schemas.errors import FileRejected, SettingsError
from schemas.municipalities import (
    check_same_world,
    find_municipality,
    get_municipality,
    is_synthetic_code,
    list_municipalities,
)

SHARED = Path(__file__).parents[4] / "shared" / "data"


@pytest.mark.parametrize("name", code_list_names())
def test_code_list_is_consistent(name):
    codes = load_code_list(name)
    assert codes.name == name
    assert codes.title_ja
    assert all(isinstance(code, str) and code and isinstance(label, str) and label for code, label in codes.entries.items())
    assert len(set(codes.entries.values())) == len(codes.entries)
    for written in codes.vendor.values():
        assert set(written.values()) <= set(codes.entries)
        assert all(isinstance(text, str) for text in written)


def test_label_and_unknown_code_and_unknown_list():
    assert load_code_list("care_level").get_label("21") == "要介護1"
    with pytest.raises(SettingsError, match="care_level does not have a code"):
        load_code_list("care_level").get_label("99")
    with pytest.raises(SettingsError, match="there is no code list nothing"):
        load_code_list("nothing")


def test_code_lists_cannot_be_changed():
    with pytest.raises(TypeError):
        load_code_list("sex").entries["3"] = "x"


def test_real_municipalities():
    assert len([m for m in list_municipalities(synthetic=False) if m.is_prefecture]) == 47
    ward = get_municipality("141011")
    assert (ward.prefecture, ward.name, ward.region) == ("神奈川県", "横浜市鶴見区", "関東地方")
    assert get_municipality("130001").name == "東京都"
    assert get_municipality("221392").name == "浜松市浜名区"


def test_fictional_municipalities_are_whole_and_of_several_sizes():
    ours = list_municipalities(synthetic=True)
    towns = [m for m in ours if not m.is_prefecture]
    assert len(towns) >= 8
    assert min(m.population for m in towns) < 500 < 100_000 < max(m.population for m in towns)
    assert {m.region for m in ours} == {"見本地方"}
    for prefecture in (m for m in ours if m.is_prefecture):
        assert sum(m.population for m in towns if m.prefecture == prefecture.prefecture) == prefecture.population


def test_every_code_has_its_check_digit_and_every_place_a_region():
    for synthetic in (True, False):
        for place in list_municipalities(synthetic=synthetic):
            assert is_valid("municipality", place.code)
            assert place.region.endswith("地方")
            assert place.is_synthetic == synthetic == is_synthetic_code(place.code)


def test_code_in_no_list():
    assert find_municipality("999999") is None
    with pytest.raises(SettingsError, match="in no list") as caught:
        get_municipality("999999")
    assert "999999" not in str(caught.value) + caught.value.hint.render()


def test_worlds_do_not_mix():
    check_same_world(["902012", "914011"], synthetic=True)
    check_same_world(["141003"], synthetic=False)
    check_same_world([], synthetic=True)
    with pytest.raises(FileRejected, match="2 municipality codes are real"):
        check_same_world(["902012", "141003", "131016"], synthetic=True)
    with pytest.raises(FileRejected, match="1 municipality codes are fictional"):
        check_same_world(["902012", "141003"], synthetic=False)


@pytest.mark.shared_data
def test_register_of_2024_is_known_except_for_the_northern_islands():
    path = SHARED / "municipalities-2024.csv"
    if not path.exists():
        pytest.skip("needs ../shared/data/municipalities-2024.csv")
    with path.open(encoding="utf-8") as source:
        unknown = [row["lg_code"] for row in csv.DictReader(source) if find_municipality(row["lg_code"]) is None]
    # Six villages on the northern islands have codes and no inhabitants.
    assert unknown == ["016951", "016969", "016977", "016985", "016993", "017001"]
