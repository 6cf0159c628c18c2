"""The gate: reasons not to release. An empty list means go.

Pure: an assessment in, reasons out. Decided here: which figure is held against which threshold. The numbers come from the regime's policy
and the plan; whether people overrule is not decided here.
"""

from collections.abc import Callable, Iterator

from anonymize.risk.assessment import Assessment
from anonymize.risk.figures import Figure
from anonymize.risk.thresholds import Thresholds
from anonymize.risk.together import Code, Told
from schemas.counts import MINIMUM, is_small
from schemas.findings import Reason
from schemas.messages import N_, Message, Name, Param

TOLERANCE = 1e-9
SHARES = {
    "prosecutor_highest": ("highest", N_("the highest risk of one person is above {per_cent} %")),
    "prosecutor_average": ("average", N_("the average risk is above {per_cent} %")),
    "sample_uniques": ("uniques", N_("more persons than the share {per_cent} % are alone in their class")),
    "population_uniques": ("uniques", N_("more of the population than the share {per_cent} % are estimated to be unique")),
    "membership": ("insider", N_("more of the population than the share {per_cent} % can be proved to be in the file")),
    "skewness": ("skewness", N_("classes raise the share of a value of {column} by more than {limit} above that of the file")),
    "outliers": ("outliers", N_("more persons than the share {per_cent} % have an outlying value of {column} that few others have")),
    "similar_share": (
        "similar",
        N_("for more persons than the share {per_cent} % the class tells the kind of {column}, although not its value"),
    ),
    "subgroup_average": ("subgroup", N_("persons who share a released value of {column} bear an average risk above {per_cent} %")),
}

ATTACKS = {
    "linkage": N_("linking the release with a register of everybody finds more than {per_cent} %"),
    "neighbours": N_("linking the release with a list of voters by similarity finds more than {per_cent} %"),
    "singling_out": N_("singling out succeeds beyond {per_cent} %"),
    "linkability": N_("joining two lists through the release succeeds beyond {per_cent} %"),
    "sparse": N_("picking a person's linked rows by a few dated facts finds more than {per_cent} %"),
    "sparse_named": N_("naming a person's linked rows by a few dated facts succeeds beyond {per_cent} %"),
    "pseudonyms": N_("released ids can be computed from keys beyond {per_cent} %"),
    "membership": N_("telling who is in the file succeeds beyond {per_cent} %"),
    "storage": N_("the file tells more than its cells: statistics, filters, metadata or values that no row has"),
    "inference": N_("guessing {column} from the release succeeds beyond {per_cent} %"),
    "classification": N_("guessing {column} by a classifier trained on the release succeeds beyond {per_cent} %"),
    "singling_out_all": N_("singling out by all released columns succeeds beyond {per_cent} %"),
}

# Kind of comparison → code, words for many parts, words for so few that their number is withheld.
TOGETHER: dict[Code, tuple[str, str, str]] = {
    "joint": (
        "joint-below-k",
        N_("together with {releases} there are {parts} joint classes of fewer than {k} persons"),
        N_("together with {releases} there are joint classes (fewer than {minimum}) of fewer than {k} persons"),
    ),
    "joint_linked": (
        "joint-below-k",
        N_("together with {releases}, {parts} sets of joint classes are shared by fewer than {k} persons for all rows"),
        N_("together with {releases}, sets of joint classes (fewer than {minimum}) are shared by fewer than {k} persons for all rows"),
    ),
    "difference": (
        "difference-small",
        N_("{parts} classes, or unions of classes, differ from {releases} by fewer than {k} persons: subtraction tells who left or came"),
        N_(
            "classes, or unions of classes (fewer than {minimum}), differ from {releases} by fewer than {k} persons: subtraction tells"
            " who left or came"
        ),
    ),
    "change": (
        "difference-values",
        N_("in {parts} classes, or unions of classes, values of {column} went away or came since {releases} for fewer than {k} persons"),
        N_(
            "in classes, or unions of classes (fewer than {minimum}), values of {column} went away or came since {releases} for fewer than"
            " {k} persons"
        ),
    ),
}

# What joint classes miss → code, words for many, words for so few that their number is withheld.
TOLD: dict[str, tuple[str, str, str]] = {
    "homogeneous": (
        "joint-homogeneous",
        N_("together with {releases} there are {parts} joint classes with fewer than {least} values of {column}"),
        N_("together with {releases} there are joint classes (fewer than {minimum}) with fewer than {least} values of {column}"),
    ),
    "below_l": (
        "joint-below-l",
        N_("together with {releases}, {parts} joint classes miss the l-diversity of {column} that a plan promised"),
        N_("together with {releases}, joint classes (fewer than {minimum}) miss the l-diversity of {column} that a plan promised"),
    ),
    "above_t": (
        "joint-above-t",
        N_("together with {releases}, {parts} joint classes miss the t-closeness of {column} that a plan promised"),
        N_("together with {releases}, joint classes (fewer than {minimum}) miss the t-closeness of {column} that a plan promised"),
    ),
}


def reasons_not_to_release(assessment: Assessment, thresholds: Thresholds) -> list[Reason]:
    """Return everything that stands against a release, all at once.

    Parameters
    ----------
    assessment : Assessment
        What was measured on the written file.
    thresholds : Thresholds
        Limits of the context.

    Returns
    -------
    list[Reason]
        Empty: nothing stands against it. Texts name columns, models and limits, never a small count.
    """
    return [reason for rule in RULES for reason in rule(assessment, thresholds)]


def _reason(thresholds: Thresholds, code: str, template: str, **params: Param) -> Reason:
    return Reason(code=code, message=Message(template, params), article=Name(thresholds.article))


def _check_extent(assessment: Assessment, thresholds: Thresholds) -> Iterator[Reason]:
    if not assessment.extent.rows_out:
        yield _reason(thresholds, "empty", N_("nothing is released"))
    extent = assessment.extent
    if assessment.plan.unit and extent.counted != "persons" and extent.rows_in != extent.persons_in:
        yield _reason(
            thresholds,
            "persons-not-countable",
            N_("persons cannot be counted in the written file: release fresh ids for {column}"),
            column=Name(assessment.plan.unit),
        )


def _check_k(assessment: Assessment, thresholds: Thresholds) -> Iterator[Reason]:
    if 0 < min(assessment.class_sizes, default=0) < thresholds.k:
        yield _reason(thresholds, "below-k", N_("there are classes of fewer than {k} persons"), k=thresholds.k)


def _check_histories(assessment: Assessment, thresholds: Thresholds) -> Iterator[Reason]:
    if assessment.extent.rows_out == assessment.extent.persons_out:
        return  # nobody has rows to link: the sets are the classes, and those are counted
    for figure in assessment.figures:
        if figure.code == "linked_smallest" and figure.value is not None and figure.value < thresholds.linked:
            template = N_(
                "linked rows tell persons apart: fewer than {k} share the classes of all their rows; release fewer rows per person"
            )
            yield _reason(thresholds, "linked-rows", template, k=thresholds.linked)
        if figure.code == "linked_rows_smallest" and figure.value is not None and figure.value < thresholds.counted:
            template = N_(
                "the number of linked rows tells persons apart: fewer than {k} share it with the classes of their rows; "
                "state `linked: rows`, fewer rows per person, or one row per period"
            )
            yield _reason(thresholds, "linked-counts", template, k=thresholds.counted)


def _check_shares(assessment: Assessment, thresholds: Thresholds) -> Iterator[Reason]:
    everybody = any(f.code == "prosecutor_highest" and _exceeds(f, thresholds.highest) for f in assessment.figures)
    for figure in assessment.figures:
        if figure.code == "subgroup_average" and everybody:  # no group bears more than the highest, which stands above
            continue
        name, template = SHARES.get(figure.code, ("", ""))
        limit = getattr(thresholds, name) if name else None
        if limit is not None and _exceeds(figure, limit):
            column = {"column": Name(figure.column)} if figure.column else {}
            yield _reason(thresholds, figure.code.replace("_", "-"), template, **_write(limit), **column)


def _write(limit: float) -> dict[str, Param]:
    """Return a limit as templates ask for it: as it is, or in per cent."""
    return {"limit": limit, "per_cent": float(f"{limit * 100:.6g}")}


def _exceeds(figure: Figure, limit: float) -> bool:
    return figure.value is not None and figure.value > limit + TOLERANCE


def _check_diversity(assessment: Assessment, thresholds: Thresholds) -> Iterator[Reason]:
    for figure in assessment.figures:
        if figure.code == "diversity" and figure.value is not None and figure.value < thresholds.diversity:
            yield _reason(
                thresholds,
                "homogeneous",
                N_("classes with fewer than {least} values of {column} tell it of everybody in them"),
                least=thresholds.diversity,
                column=Name(figure.column or "?"),
            )


def _check_promises(assessment: Assessment, thresholds: Thresholds) -> Iterator[Reason]:
    measured = {(figure.code, figure.column): figure for figure in assessment.figures}
    for diversity in assessment.plan.privacy.diversity:
        figure = measured.get(("diversity", diversity.column))
        if diversity.kind == "distinct" and figure and figure.value is not None and figure.value < diversity.l:
            yield _reason(
                thresholds,
                "below-l",
                N_("{column} has classes with fewer than the planned {l} values"),
                column=Name(diversity.column),
                l=diversity.l,
            )
    for closeness in assessment.plan.privacy.closeness:
        figure = measured.get(("closeness", closeness.column))
        if figure and _exceeds(figure, closeness.t):
            yield _reason(
                thresholds,
                "above-t",
                N_("{column} has classes farther from the whole file than the planned {t}"),
                column=Name(closeness.column),
                t=closeness.t,
            )


def _check_attacks(assessment: Assessment, thresholds: Thresholds) -> Iterator[Reason]:
    for attack in assessment.attacks:
        if attack.limit is not None and attack.fails:
            code, column = f"attack-{attack.code.replace('_', '-')}", Name(attack.column or "?")
            yield _reason(thresholds, code, ATTACKS[attack.code], **_write(attack.limit), column=column)


def _check_columns(assessment: Assessment, thresholds: Thresholds) -> Iterator[Reason]:
    for column in assessment.columns:
        if not column.holds:
            yield _reason(
                thresholds, "no-evidence", N_("the written file does not show the treatment of {column}"), column=Name(column.column)
            )


def _check_together(assessment: Assessment, thresholds: Thresholds) -> Iterator[Reason]:
    if assessment.composition is None:
        return
    together = assessment.composition.together
    if together.failed:
        template = N_(
            "what this release tells together with {releases} cannot be computed: what that takes was erased, or columns, treatments or"
            " rows per person are others"
        )
        yield _reason(thresholds, "other-not-comparable", template, releases=Name(", ".join(together.failed)))
    for told in together.told:
        limit = together.find_limit(told, thresholds.k, thresholds.linked)
        parts, _ = told.count_below(limit)
        if parts:
            named: dict[str, Param] = {"k": limit, "column": told.column or Name("?")}
            yield _count_parts(thresholds, TOGETHER[told.code], told, parts, **named)
    for (kind, column), (told, parts) in together.find_broken(thresholds.k, thresholds.diversity).items():
        yield _count_parts(thresholds, TOLD[kind], told, parts, column=column, least=thresholds.diversity)


def _count_parts(thresholds: Thresholds, words: tuple[str, str, str], told: Told, parts: int, **named: Param) -> Reason:
    """Return a reason with the number of parts, withheld where it is small."""
    code, several, few = words
    number: dict[str, Param] = {"minimum": MINIMUM} if is_small(parts) else {"parts": parts}
    return _reason(thresholds, code, few if is_small(parts) else several, releases=Name(", ".join(told.releases)), **named, **number)


Rule = Callable[[Assessment, Thresholds], Iterator[Reason]]
RULES: tuple[Rule, ...] = (
    _check_extent,
    _check_k,
    _check_histories,
    _check_shares,
    _check_diversity,
    _check_promises,
    _check_attacks,
    _check_columns,
    _check_together,
)
