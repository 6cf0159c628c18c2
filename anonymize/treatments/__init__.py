"""Treatments of columns that the search does not recode, one per file; each serves a clause of the processing standard (加工基準).

Decided here: from the words of a plan to treatments, and the order of several steps on one column: what is drawn at random comes first,
what merges values after it, so that no later step undoes the promise of an earlier one. Not decided here: which columns get which.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from anonymize.treatments.date_shift import DateShift
from anonymize.treatments.drop import Drop
from anonymize.treatments.fresh_id import FreshId
from anonymize.treatments.keep import Keep
from anonymize.treatments.merge_rare import MergeRare
from anonymize.treatments.microaggregate import Microaggregate
from anonymize.treatments.noise import Noise
from anonymize.treatments.recode import Recode
from anonymize.treatments.round_to import RoundTo
from anonymize.treatments.suppress import Suppress
from anonymize.treatments.swap import Swap
from anonymize.treatments.tail_code import TailCode
from anonymize.treatments.treatment import Surroundings, Treatment

__all__ = ["Surroundings", "Treatment", "make_treatments", "name_treatment"]

WHOLE: Mapping[str, Treatment] = MappingProxyType({"drop": Drop(), "fresh_id": FreshId(), "keep": Keep()})
# The steps a column may have, in the order they act, each with what makes it from its settings.
STEPS: Mapping[str, Callable[..., Treatment]] = MappingProxyType(
    {
        "swap": Swap,
        "date_shift": DateShift,
        "noise": Noise,
        "recode": Recode,
        "merge_rare": MergeRare,
        "suppress": Suppress,
        "microaggregate": Microaggregate,
        "bottom_code": partial(TailCode, side="bottom"),
        "top_code": partial(TailCode, side="top"),
        "round_to": RoundTo,
    }
)


def make_treatments(spec: str | Mapping[str, Any] | None) -> tuple[Treatment, ...]:
    """Return the treatments a checked plan names for a column, in the order they act; none for a recoded quasi-identifier."""
    if spec is None:
        return ()
    if isinstance(spec, str):
        return (WHOLE[spec],)
    return tuple(_make_step(make, spec[step]) for step, make in STEPS.items() if step in spec)


def name_treatment(spec: str | Mapping[str, Any] | None) -> str:
    """Return the words of a plan for what happens to a column, without settings that could hold a value."""
    if spec is None:
        return "generalise"
    return spec if isinstance(spec, str) else "+".join(step for step in STEPS if step in spec)


def _make_step(make: Callable[..., Treatment], settings: Any) -> Treatment:
    return make(**settings) if isinstance(settings, Mapping) else make(settings)
