"""Population uniques, estimated from the class sizes of a sample: Zayatz, SNB, Pitman, and the rule of Dankar that chooses among them.

Decided here: the estimators, their intervals, and when an estimate is none. Not decided here: how large the population is,
what is too much.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares, minimize
from scipy.special import expit, gammaln, logit
from scipy.stats import hypergeom

SMALL_FRACTION = 0.1  # Dankar et al. (2012): Pitman up to a tenth of the population
DRAWS = 100
CONFIDENCE = (2.5, 97.5)
SOLVED = 1e-4  # greatest relative error of an equation that counts as solved
Sizes = Mapping[int, int]
Estimator = Callable[["Sample"], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The class sizes of a sample, and the population it was drawn from.

    Parameters
    ----------
    sizes : NDArray[np.int64]
        Distinct class sizes in persons, ascending.
    classes : NDArray[np.int64]
        Classes of each size.
    population : int
        Persons of the population, at least those of the sample.
    """

    sizes: NDArray[np.int64]
    classes: NDArray[np.int64]
    population: int

    @property
    def persons(self) -> int:
        """Persons of the sample."""
        return int(self.sizes @ self.classes)

    @property
    def fraction(self) -> float:
        """Sampling fraction, 0–1."""
        return self.persons / self.population

    def count(self, size: int) -> int:
        """Return the classes of one size."""
        return int(self.classes[self.sizes == size].sum())


def make_sample(class_sizes: Sizes, population: int) -> Sample:
    """Return the sample of a histogram (size in persons → number of classes)."""
    known = sorted((size, number) for size, number in class_sizes.items() if number and size)
    sizes, classes = (np.array(part, dtype=np.int64) for part in (zip(*known, strict=True) if known else ((), ())))
    persons = int(sizes @ classes)
    return Sample(sizes=sizes, classes=classes, population=max(population, persons))


def estimate_zayatz(sample: Sample) -> float | None:
    """Return the population uniques if the population's classes are as large as the sample's.

    s1·P(F = 1 | f = 1)/π with P by Bayes' rule from hypergeometric draws; the classes of the sample stand for those of the population.

    References
    ----------
    L. V. Zayatz (1991), Estimation of the number of unique population elements using a sample, Proc. ASA Survey Research Methods.
    """
    alone = hypergeom.pmf(1, sample.population, sample.sizes, sample.persons)
    chance = float(sample.classes @ alone)
    if not chance:
        return None
    ones = sample.count(1)
    return ones * (ones * sample.fraction / chance) / sample.fraction


def estimate_snb(sample: Sample) -> float | None:
    """Return the population uniques of a shifted negative binomial model; None where its equations have no solution.

    A class of the population has 1 + NB(α, β) persons, each sampled with probability π; α, β from the expected numbers of classes with one
    and with two sampled persons, the number of classes K by the modified estimator of Shlosser. Uniques: K·β^α.

    References
    ----------
    G. Chen, S. Keller-McNulty (1998), Estimation of identification disclosure risk in microdata, Journal of Official Statistics 14(1).
    P. J. Haas, L. Stokes (1998), Estimating the number of classes in a finite population, doi:10.1080/01621459.1998.10473807.
    """
    wanted, fraction = np.array([sample.count(1), sample.count(2)], dtype=np.float64), sample.fraction
    if not wanted.all() or fraction >= 1:
        return None
    classes = _count_population_classes(sample)

    def expect(unknown: NDArray[np.float64]) -> NDArray[np.float64]:
        alpha, beta = np.exp(unknown[0]), expit(unknown[1])
        rest = (1 - fraction) * (1 - beta)
        ones = classes * fraction * (beta / (1 - rest)) ** alpha * (1 + alpha * rest / (1 - rest))
        scale = classes * alpha * beta**alpha * fraction**2 * (1 - beta) / (2 * (1 - rest) ** (alpha + 2))
        return np.array([ones, scale * (2 - (1 - alpha) * rest)]) / wanted - 1

    starts = [(np.log(alpha), logit(0.2)) for alpha in (0.1, 1.0, 5.0)]
    with np.errstate(over="ignore", under="ignore"):  # at the edges of the search a power leaves the floating numbers
        best = min((least_squares(expect, start, bounds=(-12, 12)) for start in starts), key=lambda found: found.cost)
    if np.abs(best.fun).max() > SOLVED:
        return None
    return float(classes * expit(best.x[1]) ** np.exp(best.x[0]))


def _count_population_classes(sample: Sample) -> float:
    """Return the classes of the population by the modified estimator of Shlosser (Haas and Stokes 1998)."""
    i, f, q = sample.sizes.astype(np.float64), sample.classes, sample.fraction
    first = (i * q**2 * (1 - q**2) ** (i - 1)) @ f / (((1 - q) ** i * ((1 + q) ** i - 1)) @ f)
    second = ((1 - q) ** i @ f) / ((i * q * (1 - q) ** (i - 1)) @ f)
    return float(f.sum() + sample.count(1) * first * second**2)


def estimate_pitman(sample: Sample) -> float | None:
    """Return the population uniques of Pitman's sampling formula; None where the likelihood has no maximum inside 0 < α < 1.

    θ and α by maximum likelihood; uniques: Γ(θ + 1)/Γ(θ + α)·N^α.

    References
    ----------
    N. Hoshino (2001), Applying Pitman's sampling formula to microdata disclosure risk assessment, Journal of Official Statistics 17(4).
    """
    if sample.persons < 2 or sample.classes.sum() < 2 or sample.count(1) == sample.classes.sum():
        return None
    found = minimize(
        lambda unknown: -_likelihood(sample, *unknown), (0.0, 0.0), method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-9}
    )
    alpha, theta = _to_parameters(*found.x)
    if not found.success or not 1e-6 < alpha < 1 - 1e-6:
        return None
    uniques = float(np.exp(gammaln(theta + 1) - gammaln(theta + alpha) + alpha * np.log(sample.population)))
    return uniques if uniques <= sample.population else None


def _to_parameters(shape: float, mass: float) -> tuple[float, float]:
    """Return α in 0–1 and θ above −α from two free numbers."""
    alpha = float(expit(shape))
    return alpha, float(np.exp(min(mass, 100.0)) - alpha)


def _likelihood(sample: Sample, shape: float, mass: float) -> float:
    """Return the logarithm of Pitman's likelihood, without what does not depend on the parameters."""
    alpha, theta = _to_parameters(shape, mass)
    groups = sample.classes.sum()
    new = (groups - 1) * np.log(alpha) + gammaln(theta / alpha + groups) - gammaln(theta / alpha + 1)
    all_draws = gammaln(theta + sample.persons) - gammaln(theta + 1)
    again = sample.classes @ (gammaln(sample.sizes - alpha) - gammaln(1 - alpha))
    return float(new - all_draws + again)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uniqueness:
    """Estimated population uniques.

    Parameters
    ----------
    model : str
        "none" (no sample uniques, so none are estimated), "pitman", "snb" or "zayatz".
    share : float
        Of the population, 0–1.
    interval : tuple[float, float]
        95 %, from redrawn numbers of classes of each size; sampling error only, not the error of the model. 0 to 1 where the model has no
        solution for most of them.
    every : Mapping[str, float | None]
        Share by every model; None where a model has no solution.
    """

    model: str
    share: float
    interval: tuple[float, float]
    every: Mapping[str, float | None]


ESTIMATORS: Mapping[str, Estimator] = {"zayatz": estimate_zayatz, "snb": estimate_snb, "pitman": estimate_pitman}


def choose_model(estimates: Mapping[str, float | None], fraction: float) -> str:
    """Return the model of Dankar's rule: Pitman up to a tenth, else the smaller of SNB and Zayatz; Zayatz where the other has no solution.

    References
    ----------
    F. K. Dankar, K. El Emam, A. Neisa, T. Roffey (2012), Estimating the re-identification risk of clinical data sets,
    doi:10.1186/1472-6947-12-66.
    """
    if fraction <= SMALL_FRACTION:
        return "zayatz" if estimates["pitman"] is None else "pitman"
    snb, zayatz = estimates["snb"], estimates["zayatz"]
    return "snb" if snb is not None and zayatz is not None and snb <= zayatz else "zayatz"


def estimate_uniqueness(class_sizes: Sizes, population: int, rng: np.random.Generator) -> Uniqueness:
    """Return the share of the population that is unique, with its interval.

    Parameters
    ----------
    class_sizes : Mapping[int, int]
        Size in persons → number of classes of the sample.
    population : int
        Persons of the population; the sample is taken for a simple random one.
    rng : np.random.Generator
        Of the interval.
    """
    sample = make_sample(class_sizes, population)
    if not sample.count(1):
        return Uniqueness(model="none", share=0.0, interval=(0.0, 0.0), every=dict.fromkeys(ESTIMATORS, 0.0))
    counts = {name: estimate(sample) for name, estimate in ESTIMATORS.items()}
    every = {name: None if count is None else min(count / sample.population, 1.0) for name, count in counts.items()}
    model = choose_model(counts, sample.fraction)
    interval = _find_interval(sample, ESTIMATORS[model], rng)
    return Uniqueness(model=model, share=every[model] or 0.0, interval=interval, every=every)


def _find_interval(sample: Sample, estimate: Estimator, rng: np.random.Generator) -> tuple[float, float]:
    """Return the middle 95 % of what the estimator says of redrawn numbers of classes (each Poisson around what was seen)."""
    shares = []
    for classes in rng.poisson(sample.classes, size=(DRAWS, len(sample.classes))):
        kept = classes > 0
        redrawn = Sample(sizes=sample.sizes[kept], classes=classes[kept], population=sample.population)
        if kept.any() and redrawn.persons <= sample.population:
            count = estimate(redrawn)
            shares += [] if count is None else [min(count / sample.population, 1.0)]
    if len(shares) < DRAWS / 2:  # a model that mostly fails beside what was seen tells nothing about its error
        return 0.0, 1.0
    low, high = np.percentile(shares, CONFIDENCE)
    return float(low), float(high)
