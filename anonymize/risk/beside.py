"""What an assessment says of the other releases of the same register: figures with their attackers, and the nearest release that passes.

Decided here: which figures there are. Not decided here: how releases are compared (`together`), what is too much (`gate`).
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from anonymize.risk.figures import Definition, Figure
from anonymize.risk.nearest import Suggestion, find_nearest
from anonymize.risk.released import Released
from anonymize.risk.releases import count_classes
from anonymize.risk.sealed import Sealed, read_sealed
from anonymize.risk.thresholds import Thresholds
from anonymize.risk.together import Code, Together, Told, take_together
from schemas.errors import FileRejected, PlanError, VerificationFailed
from schemas.messages import N_, Message, Name
from schemas.plan import Plan

GANTA_2008 = (
    "S. R. Ganta, S. P. Kasiviswanathan, A. Smith (2008), Composition attacks and auxiliary information in data privacy, "
    "doi:10.1145/1401890.1401926"
)
BYUN_2006 = "J.-W. Byun et al. (2006), Secure anonymization for incremental datasets, doi:10.1007/11844662_4"
XIAO_2007 = "X. Xiao, Y. Tao (2007), m-invariance, doi:10.1145/1247480.1247556"

COLLECTOR = N_("holds every release of the register that is out, and knows that a person is in the file and all its quasi-identifiers")
SUBTRACTOR = N_("holds the releases of two extracts of the register, knows who left or came in between, and subtracts one from the other")

JOINT = Definition(
    code="joint_smallest",
    title=N_("fewest persons who share their classes in all releases that are out"),
    attacker=COLLECTOR,
    source=GANTA_2008,
    unit="persons",
)
JOINT_BELOW = Definition(
    code="joint_below_k",
    title=N_("share of persons whom fewer than k share their classes with in all releases that are out"),
    attacker=COLLECTOR,
    source=GANTA_2008,
    unit="share",
)
JOINT_LINKED = Definition(
    code="joint_linked_smallest",
    title=N_("fewest persons who share the classes of all their rows in all releases that are out"),
    attacker=COLLECTOR,
    source=GANTA_2008,
    unit="persons",
)
DIFFERENCE = Definition(
    code="difference_smallest",
    title=N_("fewest persons by whom a part of the population differs between two extracts"),
    attacker=SUBTRACTOR,
    source=BYUN_2006,
    unit="persons",
)
DIFFERENCE_BELOW = Definition(
    code="difference_below_k",
    title=N_("share of the parts of the population that differ by fewer than k persons, but by some"),
    attacker=SUBTRACTOR,
    source=BYUN_2006,
    unit="share",
)
CHANGE = Definition(
    code="change_smallest",
    title=N_("fewest persons whose values went away or came in a part of the population between two extracts"),
    attacker=SUBTRACTOR,
    source=XIAO_2007,
    unit="persons",
)
JOINT_DIVERSITY = Definition(
    code="joint_diversity",
    title=N_("fewest distinct values in a joint class of all releases that are out"),
    attacker=COLLECTOR,
    source=GANTA_2008,
    unit="values",
)
SMALLEST: dict[Code, Definition] = {"joint": JOINT, "joint_linked": JOINT_LINKED, "difference": DIFFERENCE, "change": CHANGE}
BELOW: dict[Code, Definition] = {"joint": JOINT_BELOW, "difference": DIFFERENCE_BELOW}


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """A release that is out.

    Parameters
    ----------
    name : Name
        What it is called.
    method : Path or None
        Its method information; None where it is no longer kept.
    released, original : Path or None
        The written file and its input, where they are at hand.
    """

    name: Name
    method: Path | None
    released: Path | None = None
    original: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """The other releases that an assessment takes into account, and the method information of the file that is assessed."""

    method: Path
    others: tuple[Other, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """What was found beside the other releases.

    Parameters
    ----------
    together : Together
        Comparisons.
    suggestions : tuple[Suggestion, ...]
        Releases that would pass, where this one does not and some were found.
    figures : tuple[Figure, ...]
        Of the comparisons.
    """

    together: Together
    suggestions: tuple[Suggestion, ...]
    figures: tuple[Figure, ...]

    def tell(self) -> tuple[Message, ...]:
        """Return the notes for the report."""
        names = Name(", ".join(self.together.others))
        held = Message(
            N_("held against {count} other releases of the register: {releases}"), {"count": len(self.together.others), "releases": names}
        )
        return held, *self.suggest()

    def suggest(self) -> tuple[Message, ...]:
        """Return what would pass, for people."""
        return tuple(message for suggestion in self.suggestions for message in suggestion.tell())

    def to_json(self) -> dict[str, object]:
        """Return what was found for machines."""
        return {**self.together.to_json(), "suggestions": [suggestion.to_json() for suggestion in self.suggestions]}


def measure_beside(beside: Beside, plan: Plan, thresholds: Thresholds, released: Released, *, original: Path, work: Path) -> Composition:
    """Measure a release beside the others.

    Parameters
    ----------
    beside : Beside
        The others.
    plan : Plan
        Of the release; for the suggestion.
    thresholds : Thresholds
        k, and what persons with linked rows must share.
    released : Released
        The written file.
    original : Path
        Its input.
    work : Path
        Private folder.

    Raises
    ------
    FileRejected
        The method information of the release itself cannot be read.
    VerificationFailed
        It is that of another release.
    """
    candidate = read_sealed(beside.method, Name(beside.method.name), original=original, released=released.path)
    _check_same(candidate, plan, released)
    others, lost = [], []
    for other in beside.others:
        found = _read(other)
        if found is None:
            lost.append(other.name)
        else:
            others.append(found)

    def compare(tried: Sealed) -> Together:
        return take_together(tried, others, work)

    found_now = compare(candidate)
    together = replace(found_now, others=tuple(o.name for o in beside.others), failed=(*lost, *found_now.failed))
    suggestions: tuple[Suggestion, ...] = ()
    asked = thresholds.k, thresholds.linked, thresholds.diversity
    if not together.holds(*asked) and not together.failed:
        # A hierarchy of the plan may be a file that is not at hand here: then nothing can be suggested.
        with suppress(PlanError):
            suggestions = find_nearest(candidate, others, plan, thresholds.k, lambda tried: compare(tried).holds(*asked))
    return Composition(together=together, suggestions=suggestions, figures=tuple(_measure(together, thresholds)))


def _check_same(candidate: Sealed, plan: Plan, released: Released) -> None:
    """Refuse method information of another plan, or whose classes are not those of the written file."""
    if not set(plan.privacy.asked) <= set(candidate.counts):
        raise FileRejected(
            N_("the method information {file} holds no counts of sensitive values"),
            N_("process the file again; method information of earlier versions cannot be compared with other releases"),
            file=candidate.name,
        )
    counted = released.counted != "persons" or count_classes(candidate.extract).sizes == released.count_classes()
    if candidate.facts["plan_sha256"] != plan.sha256 or not counted:
        raise VerificationFailed(
            N_("the method information {file} is that of another release"),
            N_("give the file that was written together with the release: sakusei anonymize run --method-info"),
            file=candidate.name,
        )


def _read(other: Other) -> Sealed | None:
    if other.method is None:
        return None
    try:
        return read_sealed(other.method, other.name, released=other.released, original=other.original)
    except FileRejected:
        return None


def _measure(together: Together, thresholds: Thresholds) -> Iterator[Figure]:
    """Yield, per kind of comparison, the figures of the comparison in which the fewest persons are told apart."""
    over = Message(N_("everybody in the releases that were compared: {releases}"), {"releases": Name(", ".join(together.others))})
    kinds: dict[tuple[Code, Name | None], list[Told]] = {}
    for told in together.told:
        kinds.setdefault((told.code, told.column), []).append(told)
    for (code, column), all_told in kinds.items():
        smallest = min((told.smallest for told in all_told if told.smallest is not None), default=None)
        if smallest is not None:
            yield SMALLEST[code].measure(smallest, over, persons=smallest, column=column)
        if code in BELOW:
            worst = max(all_told, key=lambda told: _share_below(told, thresholds.k))
            counted = worst.count_below(thresholds.k)[1 if code == "joint" else 0]
            yield BELOW[code].measure(_share_below(worst, thresholds.k), over, persons=counted)
    spreads: dict[Name, list[int]] = {}
    for spread in (spread for told in together.told for spread in told.spreads):
        fewest = spread.find_fewest(max(thresholds.k, together.promised))
        spreads.setdefault(spread.column, []).extend([] if fewest is None else [fewest])
    for column_name, values in spreads.items():
        if values:
            yield JOINT_DIVERSITY.measure(min(values), over, column=column_name)


def _share_below(told: Told, k: int) -> float:
    """Return the share of persons in small joint classes, or of parts with small differences."""
    parts, persons = told.count_below(k)
    if told.code == "joint":
        return persons / max(sum(size * number for size, number in told.sizes.items()), 1)
    return parts / max(sum(told.sizes.values()), 1)
