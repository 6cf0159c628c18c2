"""A part of the original processed once more, as the release was made: for controls and for what is learned from a part.

Decided here: what of the plan does not hold for a part. The list of persons to remove and the population need not lie here, and rows were
reduced before.
"""

import dataclasses
from pathlib import Path

from anonymize.risk.attacks.halves import Process
from anonymize.risk.released import Released
from schemas.plan import Plan


def process_again(plan: Plan, released: Released, seed: int) -> Process:
    """Return what processes a part of the original by the plan and method of the release."""

    def process_part(source: Path, output: Path) -> None:
        from anonymize.pipeline import Job, process

        part = dataclasses.replace(plan, remove=None, aggregate=None, privacy=dataclasses.replace(plan.privacy, population=None))
        process(Job(source=source, plan=part, output=output, method=released.facts.get("method"), seed=seed))

    return process_part
