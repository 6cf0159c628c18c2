"""Hierarchies with numbers: groups, leaves, labels, bounds and loss of small hand-computed columns, kind by kind."""

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

from schemas.errors import PlanError
from schemas.hierarchies import hierarchy_names, load_hierarchy
from schemas.municipalities import list_municipalities

ADULT = Path(__file__).parents[4] / "shared" / "data" / "adult"


def resolve(spec, values, **options):
    return load_hierarchy(spec, **options).resolve(values, column="c")


def days(*texts):
    return pa.array([None if text is None else dt.date.fromisoformat(text) for text in texts], pa.date32())


def level(table, name):
    """Return {label: (values in it, leaves, lower, upper)} of a level."""
    index = table.level_names.index(name)
    bounds = table.bounds[index]
    return {
        label: (
            np.flatnonzero(table.codes[:, index] == group).tolist(),
            int(table.leaves[index][group]),
            *((bounds.lower[group].as_py(), bounds.upper[group].as_py()) if bounds else ()),
        )
        for group, label in enumerate(table.labels[index])
    }


class TestIntervals:
    def test_bands_with_a_top_band_and_a_missing_value(self):
        table = resolve({"intervals": [5, 10, 20], "top": 90, "unit": "歳"}, pa.array([3, 33, 34, None, 91, 120]))
        assert table.level_names == ("value", "width_5", "width_10", "width_20", "all")
        # Whole numbers 3 … 120 are 118 leaves, the missing value is one more.
        assert table.total_leaves == 119
        assert level(table, "width_5") == {
            "0〜4歳": ([0], 2, 0, 4),  # 3 and 4: 0 … 2 lie below the smallest observed value
            "30〜34歳": ([1, 2], 5, 30, 34),
            "90歳以上": ([4, 5], 31, 90, None),  # 90 … 120
            "記録なし": ([3], 1, None, None),
        }
        assert level(table, "width_20")["20〜39歳"] == ([1, 2], 20, 20, 39)
        assert level(table, "all") == {"すべて": ([0, 1, 2, 3, 4, 5], 119, None, None)}
        assert level(table, "value")["33歳"] == ([1], 1, 33, 33)
        # (5 - 1) / (119 - 1) for 33 at width 5; the missing value loses nothing below the top.
        assert table.loss_of()[1, 1] == pytest.approx(4 / 118)
        assert table.loss_of()[3].tolist() == [0, 0, 0, 0, 1]

    def test_start_and_bottom(self):
        # Limits at 3, 13, 23 …; everything below 5 is one group.
        table = resolve({"intervals": [10], "start": 3, "bottom": 5}, pa.array([-7, 4, 5, 12, 13]))
        assert level(table, "width_10") == {"5未満": ([0, 1], 12, None, 4), "5〜12": ([2, 3], 8, 5, 12), "13〜22": ([4], 1, 13, 22)}

    def test_negative_numbers_go_down(self):
        assert list(level(resolve({"intervals": [10]}, pa.array([-1, 0, -10, -11])), "width_10")) == ["-20〜-11", "-10〜-1", "0〜9"]

    def test_fractions_have_half_open_bands_and_observed_leaves(self):
        table = resolve({"intervals": [0.5, 1]}, pa.array([0.1, 0.5, 0.7, 3.0]))
        below = np.nextafter(0.5, 0)
        assert level(table, "width_0.5")["0以上0.5未満"] == ([0], 1, 0.0, below)
        assert level(table, "width_1")["0以上1未満"][:2] == ([0, 1, 2], 3)
        assert table.total_leaves == 4

    def test_fractions_at_limits_that_binary_numbers_miss(self):
        values = np.round(np.arange(0, 3, 0.1), 1)
        table = resolve({"intervals": [0.1, 0.2]}, pa.array(values))
        lower = table.bounds[1].lower.to_numpy()[table.codes[:, 1]]
        upper = table.bounds[1].upper.to_numpy()[table.codes[:, 1]]
        assert ((lower <= values) & (values <= upper)).all()

    def test_texts_that_are_numbers(self):
        assert list(level(resolve({"intervals": [10]}, pa.array(["7", "12"])), "width_10")) == ["0〜9", "10〜19"]

    @pytest.mark.parametrize("widths", [[5, 7], [10, 5], [5, 5], [0, 5], [5, 12.5]])
    def test_widths_that_do_not_nest(self, widths):
        with pytest.raises(PlanError, match=r"widths .* do not nest"):
            load_hierarchy({"intervals": widths})

    @pytest.mark.parametrize("values", [pa.array(["a"]), pa.array([float("nan")]), pa.array([float("inf")]), days("2024-04-01")])
    def test_values_that_are_not_numbers(self, values):
        with pytest.raises(PlanError, match="needs values of type number, the column c has others"):
            resolve({"intervals": [10]}, values)


class TestBreaks:
    def test_amounts(self):
        table = resolve("amount_yen", pa.array([0, 1, 4_999, 5_000, 99_999_999]))
        assert level(table, "bands_13") == {
            "0円": ([0], 1, 0, 0),
            "1〜4,999円": ([1, 2], 4_999, 1, 4_999),
            "5,000〜9,999円": ([3], 5_000, 5_000, 9_999),
            "5,000,000円以上": ([4], 95_000_000, 5_000_000, None),
        }
        assert level(table, "bands_5")["1〜99,999円"][0] == [1, 2, 3]

    def test_below_the_first_limit(self):
        assert level(resolve({"breaks": [[0, 10]]}, pa.array([-5, 3])), "bands_3") == {"0未満": ([0], 5, None, -1), "0〜9": ([1], 4, 0, 9)}

    @pytest.mark.parametrize("breaks", [[[3, 2]], [[1, 1]], [[1, 2], [1, 3]], [[1, 2], [1, 2]]])
    def test_limits_that_do_not_nest(self, breaks):
        with pytest.raises(PlanError, match=r"limits .* do not nest"):
            load_hierarchy({"breaks": breaks})


class TestDates:
    def test_month_quarter_fiscal_year(self):
        table = resolve("date", days("2024-04-01", "2025-03-31", "2024-01-31", None))
        # 2024-01-31 … 2025-03-31: 426 days (2024 is a leap year), and the missing value.
        assert table.total_leaves == 427
        assert level(table, "value")["2024年4月1日"] == ([0], 1, dt.date(2024, 4, 1), dt.date(2024, 4, 1))
        assert level(table, "month")["2024年4月"] == ([0], 30, dt.date(2024, 4, 1), dt.date(2024, 4, 30))
        assert level(table, "month")["2024年1月"] == ([2], 1, dt.date(2024, 1, 1), dt.date(2024, 1, 31))
        assert level(table, "quarter")["2024年1〜3月"] == ([2], 61, dt.date(2024, 1, 1), dt.date(2024, 3, 31))
        assert level(table, "fiscal_year") == {
            "2023年度": ([2], 61, dt.date(2023, 4, 1), dt.date(2024, 3, 31)),
            "2024年度": ([0, 1], 365, dt.date(2024, 4, 1), dt.date(2025, 3, 31)),
            "記録なし": ([3], 1, None, None),
        }

    def test_half_years_years_and_decades(self):
        table = resolve({"dates": ["half_year", "year", "decade"]}, days("1969-12-31", "1970-07-01"))
        assert list(level(table, "half_year")) == ["1969年7〜12月", "1970年7〜12月"]
        assert list(level(table, "decade")) == ["1960年代", "1970年代"]
        assert level(table, "decade")["1960年代"][2:] == (dt.date(1960, 1, 1), dt.date(1969, 12, 31))

    def test_fiscal_halves(self):
        table = resolve({"dates": ["fiscal_half", "fiscal_year"]}, days("2024-04-01", "2024-10-01", "2025-03-31"))
        assert level(table, "fiscal_half")["2024年度下半期"] == ([1, 2], 182, dt.date(2024, 10, 1), dt.date(2025, 3, 31))

    def test_decades_of_dates_before_1970(self):
        assert list(level(resolve("calendar_date", days("1899-12-31", "1900-01-01")), "decade")) == ["1890年代", "1900年代"]

    def test_months_are_leaves_of_a_column_of_months(self):
        table = resolve("month", days("2024-04-01", "2025-03-01", "2024-01-01"))
        assert table.total_leaves == 15
        assert level(table, "value")["2024年4月"] == ([0], 1, dt.date(2024, 4, 1), dt.date(2024, 4, 30))
        assert level(table, "value")["2025年3月"][3] == dt.date(2025, 3, 31)
        assert level(table, "quarter")["2024年4〜6月"][1] == 3
        assert level(table, "fiscal_year")["2024年度"][1] == 12

    def test_a_day_within_a_month_is_not_a_month(self):
        with pytest.raises(PlanError, match="does not know 1 distinct values of the column c"):
            resolve("month", days("2024-04-02", "2024-04-01"))

    def test_times_and_iso_texts(self):
        times = pa.array([dt.datetime(2024, 4, 1, 23, 59, tzinfo=None)], pa.timestamp("us"))  # noqa: DTZ001 - a time without a zone, as files have
        assert list(level(resolve("date", times), "month")) == ["2024年4月"]
        assert list(level(resolve("date", pa.array(["2024-04-01"])), "month")) == ["2024年4月"]

    @pytest.mark.parametrize("values", [pa.array(["令和6年"]), pa.array([20240401]), pa.array([1.5])])
    def test_values_that_are_not_dates(self, values):
        with pytest.raises(PlanError, match="needs values of type date"):
            resolve("date", values)

    def test_units_that_do_not_nest(self):
        with pytest.raises(PlanError, match="fiscal_year does not hold whole units of year"):
            load_hierarchy({"dates": ["year", "fiscal_year"]})


class TestAges:
    def test_birthday_and_the_day_after(self):
        # On 2026-04-01 who was born on 1990-04-01 is 36, on 1990-04-02 still 35; 1991-04-02 is 34.
        table = resolve("birth_to_age_band", days("1990-04-01", "1990-04-02", "1991-04-02", "1930-01-01", None), as_of="2026-04-01")
        assert table.level_names == ("value", "age_5", "age_10", "age_20", "all")
        assert level(table, "value")["1990年4月1日"] == ([0], 1, 36, 36)
        assert level(table, "value")["1990年4月2日"] == ([1], 1, 35, 35)
        assert {label: entry[0] for label, entry in level(table, "age_5").items()} == {
            "30〜34歳": [2],
            "35〜39歳": [0, 1],
            "90歳以上": [3],
            "記録なし": [4],
        }
        # Born 1986-04-02 … 1991-04-01: five years with one leap day (1988) are 1,826 days.
        assert level(table, "age_5")["35〜39歳"] == ([0, 1], 1826, 35, 39)
        assert level(table, "age_5")["90歳以上"][2:] == (90, None)
        # 1991-04-02 is the last observed day: one leaf.
        assert level(table, "age_5")["30〜34歳"][1] == 1
        assert table.total_leaves == (dt.date(1991, 4, 2) - dt.date(1930, 1, 1)).days + 2

    def test_leap_day(self):
        ages = load_hierarchy({"ages": [5], "as_of": "2025-02-28"}).ages_of(np.asarray(["2000-02-29"], dtype="datetime64[D]"))
        assert ages.tolist() == [24]
        ages = load_hierarchy({"ages": [5], "as_of": "2025-03-01"}).ages_of(np.asarray(["2000-02-29"], dtype="datetime64[D]"))
        assert ages.tolist() == [25]

    def test_reference_date_of_the_specification_wins(self):
        spec = {"name": "birth_to_age_band", "as_of": "2020-01-01"}
        assert load_hierarchy(spec, as_of="2026-04-01").as_of == dt.date(2020, 1, 1)
        assert load_hierarchy({"ages": [5], "as_of": dt.date(2020, 1, 1)}).as_of == dt.date(2020, 1, 1)

    def test_without_a_reference_date(self):
        with pytest.raises(PlanError, match="needs the day on which people are that old") as caught:
            load_hierarchy("birth_to_age_band")
        assert "{name: birth_to_age_band, as_of: 2026-04-01}" in caught.value.hint.render()

    def test_born_after_the_reference_date(self):
        with pytest.raises(PlanError, match="does not know 1 distinct values of the column c"):
            resolve("birth_to_age_band", days("2026-04-02", "2026-04-01"), as_of="2026-04-01")

    def test_age_in_years_has_the_same_bands(self):
        assert list(level(resolve("age", pa.array([0, 4, 5, 89, 90, 101])), "width_5")) == ["0〜4歳", "5〜9歳", "85〜89歳", "90歳以上"]


class TestPrefixAndWhole:
    def test_leading_characters(self):
        table = resolve({"prefix": [5, 3]}, pa.array(["12345678", "12345999", "12399", None, "12"]))
        assert {label: entry[0] for label, entry in level(table, "prefix_5").items()} == {
            "12*": [4],
            "12345*": [0, 1],
            "12399*": [2],
            "記録なし": [3],
        }
        assert level(table, "prefix_3")["123*"] == ([0, 1, 2], 3)
        assert table.total_leaves == 5
        assert not table.ordered

    def test_lengths_must_fall(self):
        with pytest.raises(PlanError, match="do not fall"):
            load_hierarchy({"prefix": [3, 5]})

    def test_whole(self):
        table = resolve({"levels": 1}, pa.array([True, False, None]))
        assert table.labels == (("該当", "非該当", "記録なし"), ("すべて",))
        assert table.loss_of().tolist() == [[0, 1], [0, 1], [0, 1]]

    def test_dictionary_column(self):
        table = resolve("sex", pa.array(["1", "2", None]).dictionary_encode())
        assert table.labels[0] == ("男", "女", "記録なし")


class TestCodes:
    def test_every_listed_code_is_a_leaf(self):
        table = resolve("care_level", pa.array(["21", "25", "01"]))
        assert table.total_leaves == 9
        assert level(table, "stage") == {
            "非該当・事業対象者": ([2], 2, "01", "06"),
            "要介護1・2": ([0], 2, "21", "22"),
            "要介護3・4・5": ([1], 3, "23", "25"),
        }
        assert table.loss_of()[1].tolist() == pytest.approx([0, 2 / 8, 2 / 8, 1])
        assert table.ordered

    def test_code_list_without_a_hierarchy_of_its_own(self):
        table = resolve("sex", pa.array(["1"]))
        assert (table.level_names, table.total_leaves, table.labels) == (("value", "all"), 3, (("男",), ("すべて",)))

    def test_unknown_code_is_counted_and_not_told(self):
        with pytest.raises(PlanError, match="care_level does not know 2 distinct values of the column c") as caught:
            resolve("care_level", pa.array(["21", "77", "88"]))
        assert "77" not in str(caught.value)

    def test_groups_name_every_code_once(self):
        groups = [{"level": "pair", "groups": {"男女": ["1", "2"]}}]
        with pytest.raises(PlanError, match="pair does not name every code of the code list sex exactly once"):
            load_hierarchy({"codes": "sex", "groups": groups})


class TestPlaces:
    def test_prefecture_and_region(self):
        table = resolve("municipality", pa.array(["902012", "902021", "131016", "141011"]))
        assert table.labels[0] == ("見本県見本市", "見本県雛形市", "東京都千代田区", "神奈川県横浜市鶴見区")
        assert level(table, "prefecture") == {"東京都": ([2], 1), "神奈川県": ([3], 1), "見本県": ([0, 1], 2)}
        assert level(table, "region") == {"見本地方": ([0, 1], 2), "関東地方": ([2, 3], 2)}
        assert level(table, "all") == {"全国": ([0, 1, 2, 3], 4)}

    def test_wards_of_designated_cities(self):
        table = resolve("municipality_with_wards", pa.array(["141011", "141020", "131016", "221309"]))
        assert level(table, "city")["神奈川県横浜市"] == ([0, 1], 2)
        assert "東京都千代田区" in level(table, "city")

    def test_labels_of_all_municipalities_differ(self):
        codes = [place.code for synthetic in (True, False) for place in list_municipalities(synthetic=synthetic)]
        table = resolve("municipality", pa.array(codes))
        assert len(set(table.labels[0])) == len(codes)
        assert len(table.labels[1]) == 49

    def test_unknown_code(self):
        with pytest.raises(PlanError, match="does not know 1 distinct values"):
            resolve("municipality", pa.array(["131016", "000000"]))


class TestDiseases:
    def test_category_block_chapter(self):
        table = resolve("icd10", pa.array(["E119", "E11.8", "E10", "I10", "C509", None]))
        assert level(table, "category")["E11.-"] == ([0, 1], 2)
        assert level(table, "block") == {
            "乳房の悪性新生物（C50）": ([4], 1),
            "糖尿病（E10〜E14）": ([0, 1, 2], 3),
            "高血圧性疾患（I10〜I15）": ([3], 1),
            "記録なし": ([5], 1),
        }
        assert list(level(table, "chapter")) == [
            "新生物（C00〜D48）",
            "内分泌，栄養及び代謝疾患（E00〜E90）",
            "循環器系の疾患（I00〜I99）",
            "記録なし",
        ]

    @pytest.mark.parametrize("code", ["E08", "K94", "E1", "e11", "11E", "E119999", "", "E11\n"])
    def test_codes_that_are_none(self, code):
        with pytest.raises(PlanError, match="does not know 1 distinct values"):
            resolve("icd10", pa.array([code]))

    def test_first_and_last_codes_of_chapters(self):
        table = resolve("icd10_chapter", pa.array(["A00", "B99", "C00", "D48", "D50", "S00", "T98", "V01", "Y98", "U07", "Z99"]))
        assert [table.labels[1][group].split("（")[1] for group in table.codes[:, 1]] == [
            *["A00〜B99）"] * 2,
            *["C00〜D48）"] * 2,
            "D50〜D89）",
            *["S00〜T98）"] * 2,
            *["V01〜Y98）"] * 2,
            "U00〜U99）",
            "Z00〜Z99）",
        ]


class TestFiles:
    def write(self, folder, text, name="h.csv"):
        (folder / name).write_text(text, encoding="utf-8")
        return name

    def test_arx_form(self, tmp_path):
        name = self.write(tmp_path, "a;x;*\nb;x;*\nc;y;*\n")
        table = resolve(name, pa.array(["a", "c"]), folder=tmp_path)
        assert table.level_names == ("value", "level_1", "all")
        assert level(table, "level_1") == {"x": ([0], 2), "y": ([1], 1)}
        assert table.total_leaves == 3
        assert table.loss_of().tolist() == [[0, 0.5, 1], [0, 0, 1]]

    def test_comma_byte_order_mark_quotes_and_no_top_column(self, tmp_path):
        name = self.write(tmp_path, '\ufeff"a, b",x\nc,y\n')
        table = resolve(name, pa.array(["a, b", "c"]), folder=tmp_path)
        assert table.level_names == ("value", "level_1", "all")
        assert table.labels[1:] == (("x", "y"), ("すべて",))

    def test_leaves_alone(self, tmp_path):
        assert resolve(self.write(tmp_path, "a\nb\n"), pa.array(["b"]), folder=tmp_path).level_names == ("value", "all")

    def test_numbers_in_unbroken_groups_are_ordered_for_integer_columns(self, tmp_path):
        name = self.write(tmp_path, "10;8-10\n8;8-10\n9;8-10\n11;11\n")
        ints = resolve(name, pa.array([11, 9]), folder=tmp_path)
        assert level(ints, "level_1") == {"8-10": ([1], 3, 8, 10), "11": ([0], 1, 11, 11)}
        assert not resolve(name, pa.array(["11", "9"]), folder=tmp_path).ordered

    def test_numbers_in_broken_groups_have_no_order(self, tmp_path):
        name = self.write(tmp_path, "1;odd\n2;even\n3;odd\n")
        assert not resolve(name, pa.array([1, 3]), folder=tmp_path).ordered

    def test_one_text_never_names_two_groups(self, tmp_path):
        name = self.write(tmp_path, "Other;Other;*\nx;Other;*\ny;y;*\n")
        table = resolve(name, pa.array(["Other", "x", "y"]), folder=tmp_path)
        # "y" holds the same at both levels and keeps its text.
        assert table.labels == (("Other", "x", "y"), ("Other（第1階層）", "y"), ("すべて",))

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "is empty"),
            ("a;x;*\nb;*\n", r"line 2 of the hierarchy file h.csv has 2 columns, the first line has 3"),
            ("a;x;*\na;y;*\n", "lists 1 leaves twice"),
            ("a;x;p;*\nb;x;q;*\n", r"2 values together at level 1 \(level_1\) are apart at level_2"),
            ("a;x;p;*\nb;x;p;*\nc;y;p;*\nd;y;q;*\n", r"h does not nest: 2 values together at level 1"),
        ],
        ids=["empty", "ragged", "twice", "not nested", "one group not nested"],
    )
    def test_damaged_files(self, tmp_path, text, message):
        with pytest.raises(PlanError, match=message):
            load_hierarchy(self.write(tmp_path, text), folder=tmp_path)

    def test_missing_file_and_wrong_encoding(self, tmp_path):
        with pytest.raises(PlanError, match=r"nothing\.csv cannot be read"):
            load_hierarchy("nothing.csv", folder=tmp_path)
        (tmp_path / "sjis.csv").write_bytes("東京;関東;*\n".encode("cp932"))
        with pytest.raises(PlanError, match=r"sjis\.csv is not UTF-8"):
            load_hierarchy("sjis.csv", folder=tmp_path)

    def test_tree_in_a_file_and_inline(self, tmp_path):
        self.write(tmp_path, "東部:\n  沿岸: [A, B]\n  山間: [C]\n西部:\n  平野: [D, 5]\n", "areas.yaml")
        for spec in (
            {"tree": "areas.yaml"},
            "areas.yaml",
            {"tree": {"東部": {"沿岸": ["A", "B"], "山間": ["C"]}, "西部": {"平野": ["D", 5]}}},
        ):
            table = resolve(spec, pa.array(["A", "C", "5"]), folder=tmp_path)
            assert table.level_names == ("value", "level_1", "level_2", "all")
            assert level(table, "level_2") == {"東部": ([0, 1], 3), "西部": ([2], 2)}
            assert table.total_leaves == 5

    @pytest.mark.parametrize(
        ("tree", "message"),
        [({"a": ["x"], "b": {"c": ["y"]}}, "different depths"), ({"a": [["x"]]}, "neither"), ({"a": None}, "neither")],
    )
    def test_trees_that_are_none(self, tree, message):
        with pytest.raises(PlanError, match=message):
            load_hierarchy({"tree": tree}).resolve(pa.array(["x"]))

    @pytest.mark.shared_data
    def test_adult_files_load_unchanged(self):
        if not ADULT.exists():
            pytest.skip("needs ../shared/data/adult")
        data = pa.csv.read_csv(ADULT / "adult.csv", parse_options=pa.csv.ParseOptions(delimiter=";"))
        leaves = {
            "sex": 2,
            "age": 100,
            "race": 5,
            "marital-status": 7,
            "education": 16,
            "workclass": 8,
            "occupation": 14,
            "salary-class": 2,
        }
        for column in data.column_names:
            table = resolve(f"adult_hierarchy_{column}.csv", data[column].combine_chunks().unique(), folder=ADULT)
            assert table.total_leaves == leaves.get(column, 41)
        age = resolve("adult_hierarchy_age.csv", pa.array([17, 23]), folder=ADULT)
        # The labels of this file are one year off (20 stands in "15-19"): bounds tell what a group holds.
        assert level(age, "level_1") == {"15-19": ([0], 5, 16, 20), "20-24": ([1], 5, 21, 25)}


class TestSpecifications:
    @pytest.mark.parametrize("name", hierarchy_names())
    def test_everything_shipped_loads(self, name):
        hierarchy = load_hierarchy(name, as_of="2026-04-01")
        assert hierarchy.name == name
        assert hierarchy.level_names[0] == "value"
        assert hierarchy.level_names[-1] == "all"

    @pytest.mark.parametrize(
        ("spec", "message"),
        [
            ("nothing", "there is no hierarchy nothing"),
            ("../secret", "there is no hierarchy"),
            ({}, "names 0 kinds"),
            ({"levels": 1, "prefix": [1]}, "names 2 kinds"),
            ({"levels": 1, "top": 3}, "parameters that levels does not know: top"),
            ({"intervals": "x"}, "not understood in 1 places"),
            ({"intervals": [5], "nonsense": 1}, "not understood in 1 places"),
            ({"dates": ["week"]}, "not understood"),
            ({"codes": "nothing"}, "not understood"),
            ({"levels": 2}, "not understood"),
        ],
    )
    def test_specifications_that_are_none(self, spec, message):
        with pytest.raises(PlanError, match=message):
            load_hierarchy(spec)

    @pytest.mark.parametrize("missing", [0, 1])
    @pytest.mark.parametrize(
        ("spec", "kind"),
        [
            ("sex", pa.string()),
            ("date", pa.date32()),
            ("birth_to_age_band", pa.date32()),
            ("age", pa.int64()),
            ("amount_yen", pa.float64()),
            ("icd10", pa.string()),
            ("municipality", pa.string()),
            ("postal_code", pa.string()),
            ("whole_code", pa.string()),
        ],
    )
    def test_no_values_or_only_a_missing_one(self, spec, kind, missing):
        table = resolve(spec, pa.nulls(missing, kind), as_of="2026-04-01")
        assert table.codes.shape == (missing, len(table.level_names))
        assert table.labels[0] == ("記録なし",) * missing

    @pytest.mark.parametrize("name", hierarchy_names())
    def test_every_level_has_a_title_in_japanese(self, name):
        hierarchy = load_hierarchy(name, as_of="2026-04-01")
        assert len(hierarchy.level_titles) == len(hierarchy.level_names)
        assert len(set(hierarchy.level_titles)) == len(hierarchy.level_titles)

    def test_titles_of_levels(self):
        assert load_hierarchy("date").level_titles == ("値のまま", "月", "四半期", "年度", "すべて")
        assert load_hierarchy("age").level_titles == ("値のまま", "5歳階級", "10歳階級", "20歳階級", "すべて")

    def test_missing_value_within_a_dictionary(self):
        values = pa.DictionaryArray.from_arrays(pa.array([0, 1]), pa.array(["21", None]))
        assert resolve("care_level", values).labels[0] == ("要介護1", "記録なし")

    def test_repr_tells_counts_and_no_values(self):
        assert repr(resolve("whole_code", pa.array(["secret"]))) == "LevelTable(1 values, 2 levels, 1 leaves)"

    def test_a_value_that_looks_like_the_label_for_missing(self):
        table = resolve("whole_code", pa.array(["記録なし", None]))
        assert table.labels[0] == ("記録なし", "記録なし（欠損）")


@pytest.mark.parametrize("number", [2**61, -(2**61), 2**63 - 1, -(2**63)])
def test_numbers_too_large_for_bands_are_refused(number):
    hierarchy = load_hierarchy({"intervals": [5, 10]}, folder=None)
    with pytest.raises(PlanError):
        hierarchy.resolve(pa.array([number, 5]), column="n")
    assert hierarchy.resolve(pa.array([2**61 - 1, 5]), column="n").total_leaves == 2**61 - 5
