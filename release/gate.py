"""Reasons not to release: what must hold of a case and its files before a package is made. An empty list means go.

Pure: everything comes in as values. Decided here: what is looked at. Thresholds come from the regime and the plan.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from casework.ledger import LiveFile
from release.override import find_uncovered
from release.package import PackageTable
from release.promise import reasons_finer_than_approved
from release.released import measure_smallest_class
from schemas.files import sha256_file
from schemas.findings import Reason
from schemas.messages import N_, Message, Name
from schemas.regimes import Regime


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A file that is to be released, with what the office noted about it.

    Parameters
    ----------
    table : PackageTable
        The written file and its promises.
    processing, gate : Mapping or None
        The latest records of processing and of the gate.
    levels : Mapping[str, tuple[str, ...]]
        Column → names of its hierarchy's levels, finest first.
    live : tuple[LiveFile, ...]
        Files of releases of the same register entry that are out.
    register_id : str
        The register entry.
    """

    table: PackageTable
    processing: Mapping[str, Any] | None
    gate: Mapping[str, Any] | None
    levels: Mapping[str, tuple[str, ...]]
    live: tuple[LiveFile, ...]
    register_id: str


def reasons_not_to_release(candidates: Iterable[Candidate], regime: Regime) -> list[Reason]:
    """Return everything that stands against a release, all at once."""
    candidates = tuple(candidates)
    reasons = [reason for candidate in candidates for reason in reasons_against(candidate, regime)]
    reasons += [reason for candidate in candidates for reason in _find_unknown(candidate, candidates)]
    persons = sum(candidate.table.persons for candidate in candidates)
    if candidates and persons < regime.minimum_persons:
        message = Message(N_("the product has fewer than {minimum} persons"), {"minimum": regime.minimum_persons})
        reasons.append(Reason(code="too-few-persons", message=message, article=Name(regime.articles["minimum_persons"])))
    return reasons


def reasons_against(candidate: Candidate, regime: Regime) -> list[Reason]:
    """Return what stands against one file: unverified, unassessed, changed since, below k, or finer than approved."""
    table = candidate.table
    file = {"file": Name(table.file_id)}
    digest = sha256_file(table.released.path)
    checks = (
        (candidate.processing is None, "not-processed", N_("{file} has no record of processing")),
        (
            _differs(candidate.processing, "output_sha256", digest),
            "changed-after-processing",
            N_("{file} is not the file that was verified"),
        ),
        (candidate.gate is None, "not-assessed", N_("{file} was not assessed")),
        (bool(find_uncovered(candidate.gate, regime)), "gate-refused", N_("the assessment of {file} gave reasons not to release")),
        (_differs(candidate.gate, "released_sha256", digest), "changed-after-assessment", N_("{file} is not the file that was assessed")),
        (table.released.rows == 0, "empty", N_("{file} has no rows left")),
        (0 < measure_smallest_class(table.released) < table.k, "below-k", N_("{file} has classes of fewer persons than its plan promises")),
    )
    reasons = [Reason(code=code, message=Message(template, file)) for failed, code, template in checks if failed]
    return reasons + reasons_finer_than_approved(table.promises, candidate.levels)


def reasons_assessed_before(file_id: str, gate: Mapping[str, Any] | None, live: Iterable[LiveFile]) -> list[Reason]:
    """Return a reason for each release of the register entry that is out and that the assessment did not take into account."""
    known = {(entry["release"], entry["file"], entry["ledger_sha256"]) for entry in (gate or {}).get("beside", [])}
    template = N_("{file} was assessed before {release} of the same register entry went out; together they may tell more than each alone")
    return [
        Reason(code="assessed-before-release", message=Message(template, {"file": Name(file_id), "release": Name(file.release_id)}))
        for file in live
        if (file.release_id, file.file_id, file.ledger_sha256) not in known
    ]


def _find_unknown(candidate: Candidate, candidates: tuple[Candidate, ...]) -> Iterator[Reason]:
    """Yield what the assessment of a file did not take into account: releases, and files that are to go out with it."""
    file_id = candidate.table.file_id
    yield from reasons_assessed_before(file_id, candidate.gate, candidate.live)
    known = {entry["file"] for entry in (candidate.gate or {}).get("beside", [])}
    for other in candidates:
        later = other.table.file_id > file_id
        theirs = {entry["file"] for entry in (other.gate or {}).get("beside", [])}
        if later and other.register_id == candidate.register_id and other.table.file_id not in known and file_id not in theirs:
            template = N_("{file} and {other} come from the same register entry, and neither was assessed beside the other")
            names = {"file": Name(file_id), "other": Name(other.table.file_id)}
            yield Reason(code="assessed-before-release", message=Message(template, names))


def _differs(record: Mapping[str, Any] | None, key: str, digest: str) -> bool:
    return record is not None and record.get(key) != digest
