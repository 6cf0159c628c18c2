# ruff: noqa: S608 - every name that enters a query goes through `quote`
"""What the written file shows of persons with several rows, by SQL of its own.

Decided here: how persons are counted who share the classes of all their rows, among whom sensitive values are counted, and when a person
has more rows than a reduction leaves. Classes are those a reader sees: equal in all released columns of quasi-identifiers.
"""

from collections.abc import Iterator
from dataclasses import replace

from anonymize.verify.sql import WrittenFile, count_most_rows, quote
from schemas.findings import Reason
from schemas.messages import N_, Message
from schemas.plan import KEEP, Plan, PlannedColumn
from schemas.plan_aggregate import VALUE

HISTORY = "__history"
# Periods a released range of days covers, by the period rows were reduced to.
PERIODS = {
    "month": "date_diff('month', {low}, {high})",
    "quarter": "date_diff('quarter', {low}, {high})",
    "year": "date_diff('year', {low}, {high})",
    "fiscal_year": "date_diff('year', {low} - INTERVAL 3 MONTH, {high} - INTERVAL 3 MONTH)",
}


def count_sharing(file: WrittenFile, *, rows: bool = False) -> int | None:
    """Return the fewest persons who share the classes of all their rows; None where no id links rows, or nothing is released.

    Parameters
    ----------
    file : WrittenFile
        The release.
    rows : bool
        Whether the number of rows in each class is shared too.
    """
    if file.person is None:
        return None
    found = file.ask(f"SELECT min(n) FROM (SELECT count(*) AS n FROM ({_list_histories(file, rows=rows)}) GROUP BY history)")[0]
    return None if found is None else int(found)


def _list_histories(file: WrittenFile, *, rows: bool) -> str:
    """Return the SQL of every person's history."""
    event = "row(class, n)" if rows else "class"
    return f"""
        WITH cells AS (SELECT {quote(file.person or "")} AS person, {file.groups}, count(*) AS n FROM release GROUP BY ALL),
        numbered AS (SELECT person, n, dense_rank() OVER (ORDER BY {file.groups}) AS class FROM cells)
        SELECT person, list_sort(list({event})) AS history FROM numbered GROUP BY person
    """


def split_by_history(file: WrittenFile, plan: Plan) -> WrittenFile:
    """Return the release with a class for every history, as whoever knows all rows of a person sees it; close its connection when done.

    The release itself where the plan asks for nothing of histories.
    """
    if plan.linked is None or file.person is None:
        return file
    split = replace(file, connection=file.connection.cursor(), quasi=(*file.quasi, HISTORY))
    split.ask_all("CREATE SCHEMA linked")
    histories = _list_histories(file, rows=plan.linked == "rows")
    split.ask_all(f"CREATE TABLE linked.persons AS SELECT person, dense_rank() OVER (ORDER BY history) AS {HISTORY} FROM ({histories})")
    joined = f"main.release r JOIN linked.persons p ON r.{quote(file.person)} = p.person"
    split.ask_all(f"CREATE VIEW linked.release AS SELECT r.*, p.{HISTORY} FROM {joined}")
    split.ask_all("SET schema = 'linked'")
    return split


def check_persons(file: WrittenFile, plan: Plan, sharing: int | None) -> Iterator[Reason]:
    """Return what stands against the rows of persons: too rare a history, too many rows, or two rows where one was promised.

    Parameters
    ----------
    file : WrittenFile
        The release.
    plan : Plan
        What was promised.
    sharing : int or None
        Fewest persons who share a history, as `plan.linked` counts it.
    """
    if plan.linked is not None and sharing is not None and sharing < plan.privacy.k:
        message = N_("linked rows tell persons apart: fewer than {k} share the classes of all their rows")
        yield Reason(code="verify-linked-rows", message=Message(message, {"k": plan.privacy.k}))
    most = 1 if plan.aggregate and set(plan.aggregate.by) == {plan.unit} else plan.rows_per_person
    if most is not None and file.person and count_most_rows(file) > most:
        message = N_("a person has more than {most} rows")
        yield Reason(code="verify-rows-per-person", message=Message(message, {"most": most}))
    if count_repeats(file, plan):
        yield Reason(code="verify-period", message=Message(N_("a person has several rows where the plan leaves one per period"), {}))


def count_repeats(file: WrittenFile, plan: Plan) -> int:
    """Return the groups of rows of one person that are more than the periods they are released as; 0 where the release cannot tell.

    A period that is released at a coarser level may hold as many rows of a person as it covers periods.
    """
    if plan.aggregate is None or file.person is None:
        return 0
    groups, capacity = [quote(file.person)], "1"
    for name, period in plan.aggregate.by.items():
        if name == plan.unit:
            continue
        column = plan.get_column(name)
        if _is_told(column):
            groups.append(quote(name))
        elif column.is_recoded and period != VALUE and {f"{name}_from", f"{name}_to"} <= set(file.quasi):
            low, high = quote(f"{name}_from"), quote(f"{name}_to")
            groups += [low, high]
            capacity += f" * (1 + {PERIODS[period].format(low=low, high=high)})"
        else:
            return 0
    inner = f"SELECT count(*) AS n, {capacity} AS most FROM release GROUP BY {', '.join(groups)}"
    return int(file.ask_number(f"SELECT count(*) FROM ({inner}) WHERE n > most"))


def _is_told(column: PlannedColumn) -> bool:
    """Return whether a column is released as it is."""
    return not column.is_recoded and column.treatment == KEEP
