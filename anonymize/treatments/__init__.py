"""Treatments of columns that the search does not recode, one per file; each serves a clause of the processing standard (加工基準).

Decided here: from the words of a plan to treatments, and the order of several steps on one column: recode, suppress, bottom_code, top_code,
round_to. Not decided here: which columns get which (the plan).
"""

from collections.abc import Mapping
from typing import Any

from anonymize.treatments.drop import Drop
from anonymize.treatments.fresh_id import FreshId
from anonymize.treatments.keep import Keep
from anonymize.treatments.recode import Recode
from anonymize.treatments.round_to import RoundTo
from anonymize.treatments.suppress import Suppress
from anonymize.treatments.tail_code import TailCode
from anonymize.treatments.treatment import Surroundings, Treatment

__all__ = ["Surroundings", "Treatment", "make_treatments", "name_treatment"]

WHOLE = {"drop": Drop(), "fresh_id": FreshId(), "keep": Keep()}
STEP_ORDER = ("recode", "suppress", "bottom_code", "top_code", "round_to")


def make_treatments(spec: str | Mapping[str, Any] | None) -> tuple[Treatment, ...]:
    """Return the treatments a checked plan names for a column, in the order they act; none for a recoded quasi-identifier."""
    if spec is None:
        return ()
    if isinstance(spec, str):
        return (WHOLE[spec],)
    return tuple(_make_step(step, spec[step]) for step in STEP_ORDER if step in spec)


def name_treatment(spec: str | Mapping[str, Any] | None) -> str:
    """Return the words of a plan for what happens to a column, without settings that could hold a value."""
    if spec is None:
        return "generalise"
    return spec if isinstance(spec, str) else "+".join(step for step in STEP_ORDER if step in spec)


def _make_step(step: str, settings: Any) -> Treatment:
    if step == "round_to":
        return RoundTo(settings)
    if step == "suppress":
        return Suppress(**settings)
    if step == "recode":
        return Recode(**settings)
    return TailCode(side="top" if step == "top_code" else "bottom", **settings)
