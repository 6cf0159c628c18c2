"""The books told from events alone: small histories, by hand."""

import pytest

from casework.records import Event
from casework.replay import replay


def event(number, name, **fields):
    base = {"subject": None, "case_id": None, "file_id": None, "state": None, "content_sha256": None, "facts": {}}
    fields = base | fields
    return Event(sequence=number, at=f"2026-04-01T00:00:{number:02d}Z", actor="a", event=name, previous="", hash="", **fields)


SUBMITTED = event(1, "case.submitted", subject="C-0001", case_id="C-0001", state="submitted", content_sha256="s", facts={"regime": "r"})
ASKED = event(2, "file.requested", case_id="C-0001", file_id="F-0001", state="requested", facts={"register": "R-0001", "table": "t"})


def test_a_case_is_born_by_its_first_event():
    books = replay([SUBMITTED])
    assert books.cases == {
        "C-0001": {
            "state": "submitted",
            "regime": "r",
            "revision": 1,
            "created_at": "2026-04-01T00:00:01Z",
            "changed_at": "2026-04-01T00:00:01Z",
        }
    }
    assert books.documents[1]["id"] == "D-0001"
    assert (books.documents[1]["kind"], books.documents[1]["sha256"]) == ("proposal", "s")
    assert books.counters == {"C": {"value": 1}, "D": {"value": 1}}


def test_releases_count_apart_from_other_records():
    books = replay(
        [
            SUBMITTED,
            event(2, "record.release", subject="L-0001", case_id="C-0001", content_sha256="x"),
            event(3, "record.fee", subject="D-0002", case_id="C-0001", content_sha256="y"),
        ]
    )
    assert [books.documents[number]["id"] for number in (1, 2, 3)] == ["D-0001", "L-0001", "D-0002"]


def test_roles_are_those_last_given():
    books = replay(
        [event(1, "person.added", subject="b", facts={"screener": 1}), event(2, "person.changed", subject="b", facts={"roles": 0})]
    )
    assert books.people == {"b": {"roles": ""}}


def test_an_entry_is_revised_and_struck():
    books = replay(
        [
            event(1, "register.added", subject="R-0001", content_sha256="x"),
            event(2, "register.revised", subject="R-0001", content_sha256="y", facts={"revision": 2}),
            event(3, "register.struck", subject="R-0001"),
        ]
    )
    assert books.register_entries == {"R-0001": {"revision": 2, "struck": True, "created_at": "2026-04-01T00:00:01Z"}}
    assert sorted(books.documents) == [1, 2]


def test_what_is_sealed_again_counts_once_and_is_erased_with_its_file():
    sealed = {"subject": "received", "case_id": "C-0001", "file_id": "F-0001"}
    books = replay(
        [
            SUBMITTED,
            ASKED,
            event(3, "vault.sealed", content_sha256="x", facts={"size_bytes": 1, "envelope": "a"}, **sealed),
            event(4, "vault.sealed", content_sha256="y", facts={"size_bytes": 2, "envelope": "b"}, **sealed),
            event(5, "vault.opened", **sealed),
            event(6, "vault.erasing", case_id="C-0001", file_id="F-0001"),
            event(7, "file.erased", case_id="C-0001", file_id="F-0001", state="erased"),
        ]
    )
    (item,) = books.vault_items.values()
    assert (item["sha256"], item["size_bytes"], item["sequence"], item["erased_at"]) == ("y", 2, 4, "2026-04-01T00:00:07Z")
    assert (books.files["F-0001"]["state"], books.files["F-0001"]["erasing_by"]) == ("erased", "a")


@pytest.mark.parametrize(
    "lost",
    [
        event(1, "case.screened", case_id="C-0001", state="under_review"),
        event(1, "file.received", file_id="F-0001", state="received"),
        event(1, "register.struck", subject="R-0001"),
        event(1, "vault.erasing", file_id="F-0001"),
        event(1, "case.submitted", case_id="C-0001", state="submitted"),
    ],
)
def test_an_event_about_nothing_stops_the_replay(lost):
    with pytest.raises(KeyError):
        replay([lost])


def test_a_state_that_does_not_exist_stops_the_replay():
    with pytest.raises(ValueError, match="nowhere"):
        replay([SUBMITTED, event(2, "case.screened", case_id="C-0001", state="nowhere")])
