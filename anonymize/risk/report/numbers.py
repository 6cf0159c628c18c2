"""How figures are written for people, and when they are withheld.

Decided here: a count below the minimum, and a share or probability from which one could be read off, is never written; shares are rounded
so that nothing can be subtracted. The minimum for class sizes is what the release itself shows anyway (the required k, when it is met).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from anonymize.risk.assessment import Assessment, Extent
from anonymize.risk.figures import Figure
from anonymize.risk.report.texts import TEXTS
from schemas.counts import MINIMUM as SMALL
from schemas.counts import is_small

NICE = (0.0001, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Writes numbers for one report.

    Parameters
    ----------
    translate : Callable[[str], str]
        Into the language of the report.
    class_minimum : int
        Smallest class size that may be written.
    titles : Mapping[str, str]
        Column → what people call it; the name itself where there is no entry.
    """

    translate: Callable[[str], str]
    class_minimum: int
    titles: Mapping[str, str]

    def say(self, key: str, **gaps: object) -> str:
        """Return a text of the report with its gaps filled."""
        return self.translate(TEXTS[key]).format(**gaps)

    def title(self, column: str) -> str:
        """Return what people call a column."""
        return self.titles.get(column, column)

    def share_of_rows(self, share: float, rows: int) -> str:
        """Return an average share of rows, withheld where it stands for fewer rows than may be written."""
        least = self.class_minimum / max(rows, 1)
        return self.share(share) if share >= least else self.say("below_share", share=self.share(least))

    def persons(self, count: int, minimum: int = SMALL) -> str:
        """Return a count of persons or rows, or that it is small."""
        return f"{count:,}" if is_shown(count, minimum) else self.say("fewer", minimum=minimum)

    def class_size(self, size: int) -> str:
        """Return the size of a class, or that it is small."""
        return self.persons(size, self.class_minimum)

    def figure(self, figure: Figure) -> str:
        """Return the value of a figure, withheld when a small count could be read off."""
        if figure.value is None:
            return self.say("not_measured")
        if figure.unit == "persons":
            return self.class_size(int(figure.value))
        if figure.unit in {"classes", "values"}:
            return f"{int(figure.value):,}"
        return f"{figure.value:.2f}" if figure.unit == "distance" else self._part_or_share(figure, figure.value)

    def _part_or_share(self, figure: Figure, value: float) -> str:
        hidden = figure.persons is not None and not is_shown(figure.persons, self.class_minimum if figure.unit == "probability" else SMALL)
        if hidden and figure.unit == "probability":
            return self.say("more_than", share=self.share(1 / self.class_minimum))
        if hidden:
            return self.say("fewer", minimum=SMALL)
        return self.share(value) if figure.total is None else self.part(figure.persons or 0, figure.total)

    def part(self, persons: int, total: int, *, finest: float = NICE[0]) -> str:
        """Return which share of all some persons are, in steps of at least ten persons: two of them tell no smaller count apart.

        Some and all are never written as none and everybody, nor the other way round.
        """
        step = find_step(total, finest=finest)
        share = round_to_step(persons / total, step) if total else 0.0
        digits = 0 if step >= 0.01 else 1 if step >= 0.001 else 2
        if persons and not share:
            return self.say("below_share", share=self._per_cent(step, digits))
        known = share < 1 or persons == total
        return self._per_cent(share, digits) if known else self.say("more_than", share=self._per_cent(1 - step, digits))

    def _per_cent(self, share: float, digits: int) -> str:
        return self.say("per_cent", number=f"{share * 100:.{digits}f}")

    def interval(self, figure: Figure) -> str:
        """Return the interval of a figure, or what stands in its place."""
        if figure.interval is None or figure.value is None:
            return self.translate(figure.basis)
        if figure.persons is not None and not is_shown(figure.persons, SMALL):
            return self.say("withheld")
        low, high = (self.share(bound) for bound in figure.interval)
        return self.say("interval", low=low, high=high)

    def share(self, share: float) -> str:
        """Return a share in per cent: one decimal, or two below 1 %."""
        if 0 < share < 0.0001:
            return self.say("below_share", share=self.say("per_cent", number="0.01"))
        return self.say("per_cent", number=f"{share * 100:.2f}" if 0 < share < 0.01 else f"{share * 100:.1f}")

    def whole_share(self, share: float) -> str:
        """Return a share in whole per cent, from which no small count can be subtracted."""
        one = self.say("per_cent", number="1")
        return self.say("below_share", share=one) if 0 < share < 0.01 else self.say("per_cent", number=f"{share * 100:.0f}")

    def extent(self, extent: Extent) -> dict[str, dict[str, str]]:
        """Return rows and persons of original, release and difference; the original is withheld where the difference is small."""
        table = {}
        for unit, before, after in (
            ("rows", extent.rows_in, extent.rows_out),
            ("persons", extent.persons_in, extent.persons_out),
        ):
            missing = before - after
            small = not is_shown(missing, SMALL)
            table[unit] = {
                "original": self.say("withheld") if small else self.persons(before),
                "released": self.persons(after),
                "suppressed": self.persons(missing),
            }
        return table


def find_step(total: int, *, finest: float = NICE[0]) -> float:
    """Return the finest of some round shares that are at least ten persons of so many."""
    return next((step for step in NICE if step >= finest and step * total >= SMALL), 1.0)


def round_to_step(share: float, step: float) -> float:
    """Return the nearest multiple of a step, 0–1."""
    return min(1.0, round(round(share / step) * step, 6))


def is_shown(count: int, minimum: int) -> bool:
    """Return whether a count may be written: 0, or at least the minimum."""
    return not is_small(count, minimum)


def writer_for(assessment: Assessment, translate: Callable[[str], str], titles: Mapping[str, str] | None = None) -> Writer:
    """Return a writer that may write class sizes from the required k on where the release meets it, and from ten on where it does not."""
    asked, measured = assessment.thresholds.k, min(assessment.class_sizes, default=0)
    minimum = min(SMALL, asked) if measured >= asked else SMALL
    return Writer(translate=translate, class_minimum=minimum, titles=titles or {})
