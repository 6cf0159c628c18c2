"""Utility beside risk: what an analyst still gets from the written release, against the original.

Rooms: `grids` (both files cut into the same groups), `measures` (formulas), `analyses` (counts, shares and means of groups), `prediction`
(a classifier trained on either), `survey` (all of it), `result` (the record).
"""

from anonymize.risk.utility.result import Utility
from anonymize.risk.utility.survey import measure_utility

__all__ = ["Utility", "measure_utility"]
