"""Whoever knows how many rows somebody has: measured on every written file of linked rows, told, held against public releases."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from anonymize import replies
from anonymize.pipeline import Job, process
from anonymize.risk.thresholds import find_thresholds
from anonymize.verify.file import verify_file
from casework.i18n import use_language
from schemas.plan import parse_plan

COLUMNS = {
    "person": {"role": "linking_code", "treatment": "fresh_id", "clause": 3},
    "area": {"role": "quasi_identifier", "hierarchy": {"levels": 1}, "clause": 5},
}


def make_plan(linked):
    privacy = {"k": 2, "linked": linked}
    return parse_plan(
        {"plan": "p", "unit": "person", "privacy": privacy, "suppression_limit": 0.95, "method": "global", "columns": COLUMNS}
    )


def release(folder, visits, linked):
    """Write the release of persons with so many rows each, all of one area."""
    persons = [person for person, rows in enumerate(visits) for _ in range(rows)]
    pq.write_table(pa.table({"person": persons, "area": ["a"] * len(persons)}), folder / "in.parquet")
    plan = make_plan(linked)
    return process(Job(source=folder / "in.parquet", plan=plan, output=folder / "out.parquet", seed=1, compare=False)), plan


def say(reply):
    return "\n".join(line for line in reply.text if isinstance(line, str))


@pytest.mark.parametrize(
    ("visits", "linked", "sharing", "counted"),
    [
        ([1, 1, 1], True, None, None),  # nobody has rows to link
        ([2, 2, 3, 3], True, 4, 2),  # one set of classes, two numbers of rows
        ([2, 2, 3, 37], True, 4, 1),  # the neighbour
        ([2, 2, 3, 37], False, 4, 1),
        ([2, 2, 3, 37], "rows", 2, 2),  # 3 and 37 are suppressed
    ],
)
def test_the_verifier_counts_who_shares_numbers_of_rows(tmp_path, visits, linked, sharing, counted):
    report, plan = release(tmp_path, visits, linked)
    found = verify_file(tmp_path / "out.parquet", plan)
    assert (found.linked, found.counted) == (sharing, counted)
    assert (report.verified["linked"], report.verified["linked_rows"]) == (sharing, counted)


@pytest.mark.parametrize(("visits", "warned"), [([2, 2, 3, 3], False), ([2, 2, 3, 37], True)])
def test_run_and_verify_say_so(tmp_path, visits, warned):
    report, plan = release(tmp_path, visits, True)
    use_language("en")
    texts = [say(replies.show_report(report)), say(replies.show_verification(verify_file(tmp_path / "out.parquet", plan), plan))]
    assert ["but only 1 share how many rows" in text for text in texts] == [warned, warned]
    assert all("at least 4 share the classes of all their rows" in text for text in texts)


def test_only_public_releases_are_held_to_it():
    thresholds = {context: find_thresholds("tokumei-2023", context, make_plan(True)) for context in ("public", "contract", "enclave")}
    assert {context: found.counted for context, found in thresholds.items()} == {"public": 11, "contract": 0, "enclave": 0}
