"""Reasons not to release: what must hold of a case and its files before a package is made. An empty list means go.

Pure: everything comes in as values. Decided here: what is looked at. Thresholds come from the regime and the plan.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

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
    live_releases : tuple[str, ...]
        Releases of the same register entry that were not recalled.
    """

    table: PackageTable
    processing: Mapping[str, Any] | None
    gate: Mapping[str, Any] | None
    levels: Mapping[str, tuple[str, ...]]
    live_releases: tuple[str, ...]


def reasons_not_to_release(candidates: Iterable[Candidate], regime: Regime) -> list[Reason]:
    """Return everything that stands against a release, all at once."""
    candidates = tuple(candidates)
    reasons = [reason for candidate in candidates for reason in reasons_against(candidate)]
    persons = sum(candidate.table.persons for candidate in candidates)
    if candidates and persons < regime.minimum_persons:
        message = Message(N_("the product has fewer than {minimum} persons"), {"minimum": regime.minimum_persons})
        reasons.append(Reason(code="too-few-persons", message=message, article=Name(regime.articles["minimum_persons"])))
    return reasons


def reasons_against(candidate: Candidate) -> list[Reason]:
    """Return what stands against one file: unverified, unassessed, changed since, below k, finer than approved, or released before."""
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
        (bool((candidate.gate or {}).get("reasons")), "gate-refused", N_("the assessment of {file} gave reasons not to release")),
        (_differs(candidate.gate, "released_sha256", digest), "changed-after-assessment", N_("{file} is not the file that was assessed")),
        (table.released.rows == 0, "empty", N_("{file} has no rows left")),
        (0 < measure_smallest_class(table.released) < table.k, "below-k", N_("{file} has classes of fewer persons than its plan promises")),
    )
    reasons = [Reason(code=code, message=Message(template, file)) for failed, code, template in checks if failed]
    for release in candidate.live_releases:
        template = N_("{file} comes from a register entry of which {release} is still out; together they may tell more than each alone")
        reasons.append(Reason(code="other-release-live", message=Message(template, {**file, "release": Name(release)})))
    return reasons + reasons_finer_than_approved(table.promises, candidate.levels)


def _differs(record: Mapping[str, Any] | None, key: str, digest: str) -> bool:
    return record is not None and record.get(key) != digest
