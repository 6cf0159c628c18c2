"""The page shows no count of one to nine, and nothing a small count follows from."""

import pytest

from intake.quality.page import Writer, render_quality

WRITER = Writer(str)
COLUMN = {
    "column": "sex", "title_ja": "性別", "heading": "性別", "role": "quasi_identifier", "rows": 100, "filled": 100, "filled_share": 1.0,
    "distinct": 12, "distinct_exact": True, "out_of_list": 0, "required_empty": 0, "invalid": {}, "repairs": {}, "characters": {},
    "characters_lost": 0, "mentions": {}, "code": None, "forced_role": None,
}  # fmt: skip


def make_report(column=None, findings=(), **changes):
    quality = {"columns": [{**COLUMN, **(column or {})}], "checks": [], "repeats": {"count": 0, "key": [], "rows": []}, "forced_roles": []}
    report = {
        "table": "kokuho_benefit", "layout": "plain", "encoding": "utf-8", "source_sha256": "a" * 64, "output_sha256": "", "rows_in": 100,
        "rows_out": 100, "rows_quarantined": 0, "persons_out": 50, "findings": list(findings), "quality": quality,
    }  # fmt: skip
    return {**report, **changes}


def finding(code, count):
    return {"code": code, "severity": "row", "file": None, "column": "性別", "rows": [], "count": count, "params": {}}


@pytest.mark.parametrize(("count", "text"), [(0, "0"), (1, "fewer than 10"), (9, "fewer than 10"), (10, "10"), (12345, "12,345")])
def test_counts_of_one_to_nine_are_not_shown(count, text):
    assert WRITER.count(count) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 100, "0 %"), (100, 100, "100 %"), (9, 100, "fewer than 10"), (91, 100, "all but fewer than 10"), (90, 100, "90 %"),
        (10, 100, "10 %"), (0, 0, "0 %"), (99_989, 100_000, "99.9 %"), (99_995, 100_000, "all but fewer than 10"), (5000, 9999, "50 %"),
    ],
)  # fmt: skip
def test_shares_are_too_coarse_for_a_small_rest(part, whole, text):
    assert WRITER.share(part, whole) == text


@pytest.mark.parametrize(
    ("parts", "text"), [([], "0"), ([12], "12"), ([5], "fewer than 10"), ([10, 11], "21"), ([10, 2], "withheld"), ([0, 12], "12")]
)
def test_a_sum_is_withheld_where_a_small_part_follows_from_it(parts, text):
    assert WRITER.total(parts) == text


def test_rows_put_aside_are_told_by_tens_where_a_cause_is_small():
    page = render_quality(
        make_report(rows_out=88, rows_quarantined=12, findings=[finding("unknown-code", 10), finding("not-a-date", 2)]), str, language="en"
    )
    assert ">10 to 19<" in page
    assert ">80 to 89<" in page
    assert ">12<" in page  # the distinct values, which are no rows
    assert ">88<" not in page
    page = render_quality(make_report(rows_out=88, rows_quarantined=12, findings=[finding("unknown-code", 12)]), str, language="en")
    assert ">88<" in page


def test_small_counts_do_not_follow_from_anything_beside_them():
    """Of 329 rows three were put aside: no figure of the page may be 326 or 329, whatever it counts."""
    column = {"column": "treatment", "rows": 326, "filled": 326, "distinct": 326, "repairs": {"trim": 326}}
    report = make_report(column, [finding("not-a-date", 3)], rows_in=329, rows_out=326, rows_quarantined=3, persons_out=326)
    page = render_quality(report, str, language="en")
    assert "320 to 329" in page
    assert "326" not in page
    assert "329" not in page.replace("320 to 329", "")


def test_the_bar_says_no_more_than_the_figure():
    assert 'width="84"' in render_quality(make_report({"filled": 95, "filled_share": 0.95}), str)
    assert 'width="0"' in render_quality(make_report({"filled": 5, "filled_share": 0.05}), str)
    assert 'width="42"' in render_quality(make_report({"filled": 50, "filled_share": 0.5}), str)


def test_rows_as_before_are_withheld_where_a_change_is_small():
    changes = {"rows_old": 100, "rows_new": 101, "unchanged": 88, "changed": 12, "added": 1, "gone": 0, "columns_changed": {"sex": 12}}
    page = render_quality(make_report(changes=changes), str, language="en")
    assert ">88<" not in page
    assert "withheld" in page
    page = render_quality(make_report(changes={**changes, "added": 0, "rows_new": 100}), str, language="en")
    assert ">88<" in page


def test_a_heading_from_outside_is_escaped():
    page = render_quality(make_report({"heading": "<script>x</script>"}), str)
    assert "<script" not in page


@pytest.mark.parametrize(
    ("column", "shown"),
    [
        ({"distinct": 2}, "2"),  # the sexes have a code list: two codes are no two persons
        ({"distinct": 2, "filled": 10}, "2"),
        ({"distinct": 9, "filled": 9}, "fewer than 10"),  # nine codes in fewer than ten rows would be nine rows
        ({"distinct": 0, "filled": 0}, "0"),
        ({"distinct": 2, "column": "birth_date"}, "fewer than 10"),  # no code list: may be two persons
        ({"distinct": 2, "column": "name"}, "fewer than 10"),
    ],
)
def test_how_many_codes_of_a_list_occur_is_no_count_of_persons(column, shown):
    page = render_quality(make_report(column=column), str, language="en")
    cells = page[page.index("<svg") :].split("</td>")
    assert cells[1].strip() == f'<td class="num">{shown}'
