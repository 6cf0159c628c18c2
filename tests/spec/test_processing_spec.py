"""What processing means, on every engine."""

import datetime

PEOPLE = """
    age:int | sex:text | cost:int
    31      | m        | 100
    33      | m        | 250
    34      | m        | 900
    71      | f        | 400
    72      | f        | 449
    95      | f        | 10
"""


def test_recode_suppress_and_sort(anonymize, entries):
    quasi, attribute = entries
    columns = {
        "age": quasi({"intervals": [5, 10]}, max_level=2),
        "sex": quasi({"levels": 1}, max_level=0),
        "cost": attribute({"round_to": 100}),
    }
    table, report = anonymize(PEOPLE, columns=columns)
    # 95 stands alone at every level up to 10 years and is suppressed; 30-34 and 70-74 hold three and two persons.
    assert table.column_names == ["age", "age_from", "age_to", "sex", "cost"]
    assert table["age_from"].to_pylist() == [30, 30, 30, 70, 70]
    assert table["age_to"].to_pylist() == [34, 34, 34, 74, 74]
    assert table["sex"].to_pylist() == ["m", "m", "m", "f", "f"]
    assert table["cost"].to_pylist() == [100, 300, 900, 400, 400]
    assert (report.rows_in, report.rows_out, report.suppressed_rows) == (6, 5, 1)
    assert (report.classes, report.smallest_class, report.levels) == (2, 2, {"age": 1, "sex": 0})


def test_a_missing_value_is_a_value_of_its_own(anonymize, entries):
    quasi, attribute = entries
    text = """
        area:text | n:int
        13101     | 1
        13101     | -
        -         | 2
        -         | 3
        27100     | 4
    """
    columns = {"area": quasi({"levels": 1}, max_level=0), "n": attribute("keep")}
    table, report = anonymize(text, columns=columns)
    assert sorted(table["n"].to_pylist(), key=lambda n: (n is None, n)) == [1, 2, 3, None]
    assert len(set(table["area"].to_pylist())) == report.classes == 2
    assert report.suppressed_rows == 1


CLAIMS = """
    person:text | area:text | drug:text
    a           | north     | x
    a           | north     | y
    a           | north     | z
    b           | south     | x
    c           | south     | x
    c           | south     | y
"""


def test_k_counts_persons_not_rows(anonymize, entries):
    quasi, attribute = entries
    columns = {
        "person": {"role": "linking_code", "treatment": "fresh_id", "clause": 3},
        "area": quasi({"levels": 1}, max_level=0),
        "drug": attribute("keep"),
    }
    table, report = anonymize(CLAIMS, columns=columns, unit="person")
    # north has three rows of one person: not two persons.
    assert set(table["area"].to_pylist()) == {"south"}
    assert (report.rows_in, report.rows_out, report.persons_in, report.persons_out) == (6, 3, 3, 2)
    ids = table["person"].to_pylist()
    assert len(set(ids)) == 2
    assert set(ids) <= {1, 2, 3}


def test_a_person_in_several_combinations_is_counted_once(anonymize, entries):
    quasi, attribute = entries
    text = """
        person:text | month:date | cost:int
        a           | 2024-04-01 | 1
        a           | 2024-05-01 | 2
        b           | 2024-07-01 | 3
        b           | 2024-08-01 | 4
        c           | 2024-07-01 | 5
    """
    columns = {
        "person": {"role": "linking_code", "treatment": "fresh_id", "clause": 3},
        "month": quasi({"dates": ["quarter"]}, max_level=1),
        "cost": attribute("keep"),
    }
    table, report = anonymize(text, columns=columns, unit="person")
    # April to June holds two rows of one person only; July to September holds b twice and c.
    assert sorted(table["cost"].to_pylist()) == [3, 4, 5]
    assert set(table["month_from"].to_pylist()) == {datetime.date(2024, 7, 1)}
    assert report.persons_out == report.smallest_class == 2


def test_diversity_is_held_and_measured(anonymize, entries):
    quasi, attribute = entries
    text = """
        area:text | disease:text
        n         | a
        n         | a
        s         | a
        s         | b
    """
    columns = {"area": quasi({"levels": 1}, max_level=0), "disease": attribute("keep", role="sensitive")}
    table, report = anonymize(text, columns=columns, l_diversity={"disease": {"kind": "distinct", "l": 2}})
    assert table["area"].to_pylist() == ["s", "s"]
    assert report.verified["l_diversity"] == {"disease": 2.0}


def test_tails_rare_codes_and_recoding(anonymize, entries):
    quasi, attribute = entries
    text = """
        sex:text | cost:int | low:float | code:text | kind:text
        m        | 10       | 1.5       | a         | 1
        m        | 20       | 2.5       | a         | 2
        m        | 30       | 3.5       | b         | 3
        m        | 90       | 9.5       | -         | -
    """
    columns = {
        "sex": quasi({"levels": 1}),
        "cost": attribute({"top_code": {"persons": 2}}),
        "low": attribute({"bottom_code": {"share": 0.25}}),
        "code": attribute({"suppress": {"persons": 2}}),
        "kind": attribute({"recode": {"values": {"1": "one"}, "other": "many"}}),
    }
    table, _ = anonymize(text, columns=columns)
    rows = sorted(
        zip(*(table[name].to_pylist() for name in ["cost", "low", "code", "kind"]), strict=True), key=lambda row: (row[1], row[0])
    )
    # Two persons reach 30, so 90 becomes 30; a quarter of the rows lies below 2.5; b has one person, who is not alone without a code.
    assert [row[0] for row in rows] == [10, 20, 30, 30]
    assert [row[1] for row in rows] == [2.5, 2.5, 3.5, 9.5]
    assert [row[2] for row in rows] == ["a", "a", None, None]
    assert [row[3] for row in rows] == ["one", "many", "many", None]


def test_local_recoding_lets_rows_differ(anonymize, entries):
    quasi, attribute = entries
    columns = {"age": quasi({"intervals": [5, 10, 100]}), "sex": quasi({"levels": 1}), "cost": attribute("keep")}
    table, report = anonymize(PEOPLE, columns=columns, method="local", limit=0.0)
    assert (report.rows_out, report.suppressed_rows, report.levels) == (6, 0, {})
    assert report.smallest_class >= 2
    assert all(low <= high for low, high in zip(table["age_from"].to_pylist(), table["age_to"].to_pylist(), strict=True) if low is not None)
