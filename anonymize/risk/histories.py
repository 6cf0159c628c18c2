"""Linked rows: a fresh id tells which rows are one person's, so that the *set* of classes they fall into may tell persons apart.

Decided here: how persons are counted who share a set of classes. k holds for linked rows when every set is shared by k persons, as it is
when the quasi-identifiers of a person never change, or when a person has one row. Without a released id nothing is linked. Who also knows
how many rows of a person there are sees more; that is told, and held against a release only where its plan promises it (ADR 0017).
"""

from dataclasses import replace

from anonymize.risk.figures import Definition, Figure
from anonymize.risk.released import QUASI_IDENTIFIER, Released
from anonymize.risk.samples import population_of
from schemas.embedded_sql import quote
from schemas.messages import N_

NARAYANAN_2008 = "A. Narayanan, V. Shmatikov (2008), Robust de-anonymization of large sparse datasets, doi:10.1109/SP.2008.33"
HISTORY = "__history"
HISTORIAN = N_("knows that a person is in the file, and the quasi-identifiers of all rows of that person")

SMALLEST_SET = Definition(
    code="linked_smallest",
    title=N_("fewest persons who share the classes of all their linked rows"),
    attacker=HISTORIAN,
    source=NARAYANAN_2008,
    unit="persons",
)
COUNTED = N_(
    "knows that a person is in the file, the quasi-identifiers of all rows of that person, and how many rows there are of each kind"
)
SMALLEST_COUNTED = Definition(
    code="linked_rows_smallest",
    title=N_("fewest persons who share the classes of all their linked rows and the number of rows in each"),
    attacker=COUNTED,
    source=NARAYANAN_2008,
    unit="persons",
)
ALONE = Definition(
    code="linked_uniques",
    title=N_("share of persons alone in the classes of all their linked rows"),
    attacker=HISTORIAN,
    source=NARAYANAN_2008,
    unit="share",
)


def count_histories(released: Released, *, rows: bool = False) -> dict[int, int]:
    """Return number of persons sharing a set of classes → number of such sets; empty where no id links rows.

    Two persons share a set when their rows fall into the same classes, however many rows fall into each; with `rows`, as many in each.
    """
    if released.person_id is None:
        return {}
    shared = f"SELECT count(*) AS persons FROM ({_list_histories(released, rows=rows)}) GROUP BY history"  # noqa: S608 - names are quoted
    sql = f"SELECT persons, count(*) FROM ({shared}) GROUP BY persons ORDER BY persons"  # noqa: S608
    return {int(persons): int(sets) for persons, sets in released.connection.execute(sql).fetchall()}


def _list_histories(released: Released, *, rows: bool = False) -> str:
    """Return the SQL of every person's history."""
    person = quote(released.person_id or "")
    return f"""
        WITH numbered AS (SELECT {person} AS person, dense_rank() OVER (ORDER BY {released.class_sql}) AS class FROM released)
        SELECT person, list_sort(list({"" if rows else "DISTINCT"} class)) AS history FROM numbered GROUP BY person
    """  # noqa: S608 - names are quoted


def split_by_history(released: Released) -> Released:
    """Return the release with the history of each row's person as one more quasi-identifier; itself where no person has several rows.

    Whoever knows the history of a person sees, of each of its classes, only the rows of those who share it (ADR 0017).
    """
    if released.person_id is None or released.rows == released.persons:
        return released
    connection = released.connection.cursor()
    connection.execute("CREATE SCHEMA linked")
    numbered = f"SELECT person, dense_rank() OVER (ORDER BY history) AS {HISTORY} FROM ({_list_histories(released)})"  # noqa: S608
    connection.execute(f"CREATE TABLE linked.persons AS {numbered}")
    joined = f"main.released r JOIN linked.persons p ON r.{quote(released.person_id)} = p.person"
    connection.execute(f"CREATE VIEW linked.released AS SELECT r.*, p.{HISTORY} FROM {joined}")  # noqa: S608
    connection.execute("SET schema = 'linked'")
    (example, *_) = [field for field in released.fields if field.name == released.person_id]
    history = replace(example, name=HISTORY, column=HISTORY, role=QUASI_IDENTIFIER, part="value")
    return replace(released, connection=connection, fields=(*released.fields, history))


def measure_histories(released: Released) -> tuple[Figure, ...]:
    """Return the figures of linked rows; none where no id links rows.

    References
    ----------
    A. Narayanan, V. Shmatikov (2008), doi:10.1109/SP.2008.33: few known events pick one history out of many.
    """
    sizes = count_histories(released)
    persons = sum(size * number for size, number in sizes.items())
    if not persons:
        return ()
    smallest, alone = min(sizes), sizes.get(1, 0)
    over = population_of(persons, "persons")
    figures = SMALLEST_SET.measure(smallest, over, persons=smallest), ALONE.measure(alone / persons, over, persons=alone, total=persons)
    if released.rows == persons:
        return figures
    counted = min(count_histories(released, rows=True))
    return *figures, SMALLEST_COUNTED.measure(counted, over, persons=counted)
