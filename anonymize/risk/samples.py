"""Risk models of the released file alone: prosecutor, marketer, sample uniques; all from one histogram of class sizes.

Decided here: the formulas. Not decided here: where class sizes come from (`released`), what is too much (`gate`).
"""

from collections.abc import Mapping

from anonymize.risk.figures import Definition, Figure
from schemas.messages import N_, Message

SWEENEY_2002 = "L. Sweeney (2002), k-anonymity, doi:10.1142/S0218488502001648"
EL_EMAM_2008 = "K. El Emam, F. K. Dankar (2008), Protecting privacy using k-anonymity, doi:10.1197/jamia.M2716"
EL_EMAM_2011 = "K. El Emam et al. (2011), De-identifying a public use microdata file, doi:10.1186/1472-6947-11-53"
DANKAR_2010 = "F. K. Dankar, K. El Emam (2010), A method for evaluating marketer re-identification risk, doi:10.1145/1754239.1754271"
SKINNER_2002 = "C. J. Skinner, M. J. Elliot (2002), A measure of disclosure risk for microdata, doi:10.1111/1467-9868.00365"

PROSECUTOR = N_("knows that a person is in the file, and all quasi-identifiers of that person")
MARKETER = N_("matches everybody in the file with a register of the same persons, to find as many as possible")

SMALLEST = Definition(code="smallest_class", title=N_("smallest class (k)"), attacker=PROSECUTOR, source=SWEENEY_2002, unit="persons")
CLASSES = Definition(code="classes", title=N_("number of classes"), attacker=PROSECUTOR, source=SWEENEY_2002, unit="classes")
HIGHEST = Definition(
    code="prosecutor_highest", title=N_("prosecutor: highest risk of one person"), attacker=PROSECUTOR, source=EL_EMAM_2011
)
AVERAGE = Definition(code="prosecutor_average", title=N_("prosecutor: average risk"), attacker=PROSECUTOR, source=EL_EMAM_2011)
ABOVE = Definition(
    code="prosecutor_share_above",
    title=N_("prosecutor: share of persons above the threshold"),
    attacker=PROSECUTOR,
    source=EL_EMAM_2008,
    unit="share",
)
FOUND = Definition(
    code="marketer",
    title=N_("marketer: expected share of persons found"),
    attacker=MARKETER,
    source=DANKAR_2010,
    unit="share",
)
UNIQUES = Definition(
    code="sample_uniques",
    title=N_("share of persons alone in their class"),
    attacker=PROSECUTOR,
    source=SKINNER_2002,
    unit="share",
)
TOLERANCE = 1e-9


def measure_samples(class_sizes: Mapping[int, int], threshold: float, counted: str = "persons") -> tuple[Figure, ...]:
    """Return the figures that the class sizes alone give.

    Parameters
    ----------
    class_sizes : Mapping[int, int]
        Size in persons → number of classes of that size. A person in several classes is counted in each of them.
    threshold : float
        Highest acceptable probability, 0–1; persons in classes with 1/size above it are counted.
    counted : {"persons", "rows"}
        What the sizes count.

    Returns
    -------
    tuple[Figure, ...]
        smallest_class, classes, prosecutor_highest (max 1/f), prosecutor_average (J/n), prosecutor_share_above, marketer (J/n when the
        register holds the same persons), sample_uniques. Probabilities of an empty file are None.

    References
    ----------
    K. El Emam et al. (2011), doi:10.1186/1472-6947-11-53: pRa = Σ f·[1/f > τ]/n, pRb = max 1/f, pRc = J/n.
    F. K. Dankar, K. El Emam (2010), doi:10.1145/1754239.1754271.
    """
    sizes = {size: number for size, number in class_sizes.items() if number}
    classes = sum(sizes.values())
    persons = sum(size * number for size, number in sizes.items())
    smallest = min(sizes, default=0)
    above = sum(size * number for size, number in sizes.items() if 1 / size > threshold + TOLERANCE)
    uniques = sizes.get(1, 0)
    over = population_of(persons, counted)
    return (
        SMALLEST.measure(smallest, over, persons=smallest),
        CLASSES.measure(classes, over),
        HIGHEST.measure(_ratio(1, smallest), over, persons=smallest),
        AVERAGE.measure(_ratio(classes, persons), over),
        ABOVE.measure(_ratio(above, persons), over, persons=above, total=persons, details={"threshold": threshold}),
        FOUND.measure(_ratio(classes, persons), over),
        UNIQUES.measure(_ratio(uniques, persons), over, persons=uniques, total=persons),
    )


def population_of(persons: int, counted: str) -> Message:
    """Return the words for "everybody in the written file"."""
    if counted == "persons":
        return Message(N_("all {persons:,} persons of the written file (no sampling error)"), {"persons": persons})
    return Message(N_("all {persons:,} rows of the written file, each taken for one person (no sampling error)"), {"persons": persons})


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
