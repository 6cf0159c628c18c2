"""What must still be counted in a box: the lines that are not doomed at its coarsest corner, rolled up to its finest.

Lines in classes that are doomed at the coarsest corner fail at every node of the box: their rows are added and not counted again. The
others are counted as classes of the finest corner. Both make every further cut of a box cheaper than the one before.

Decided here: which lines of which box are kept, within a fixed memory. Not decided here: which box is cut next (`boxes`).
"""

import threading
from collections import OrderedDict
from typing import NamedTuple

import numpy as np

from anonymize.search.lines import Lines, take_lines
from anonymize.search.nodes import Count, Gauge, Node
from anonymize.search.problem import Levels

# Bytes of lines that are kept.
CACHED_BYTES = 2**28
# Lines with sensitive values are copied without the doomed ones where at most this share of their rows is left.
WORTH_TAKING = 0.75


class Kept(NamedTuple):
    """Lines of a box, and the node whose doomed lines are not among them (None: all are)."""

    lines: Lines
    left_out: Node | None


class Survivors:
    """Lines by finest corner and node left out, the most recently used; what was given up is counted again from more lines.

    Several threads may ask at once.

    Parameters
    ----------
    gauge : Gauge
        Measures nodes.
    """

    def __init__(self, gauge: Gauge) -> None:
        self.gauge = gauge
        self._kept: OrderedDict[tuple[Levels, Levels | None], Kept] = OrderedDict()
        self._held = 0
        self._lock = threading.Lock()

    def find(self, finest: Levels, wider: Levels, left_out: Node | None) -> Kept:
        """Return the lines of a box by its finest corner; if need be made from those of a box that holds it, or from all."""
        found = self._get(finest, left_out)
        if found is None:
            more = self._get(wider, left_out)
            lines = self._take_alive(left_out) if more is None else more.lines
            found = self._keep(finest, Kept(self.gauge.roll_up(lines, finest), left_out))
        return found

    def narrow(self, finest: Levels, kept: Kept, count: Count) -> Node | None:
        """Keep the lines that are alive at a node, which was counted from lines at a finest corner; return the node left out by then."""
        total = self.gauge.problem.total
        before = total if kept.left_out is None else total - kept.left_out.doomed_rows
        after = total - count.node.doomed_rows
        if count.alive is None or after == before or (kept.lines.sensitive and after > WORTH_TAKING * before):
            return kept.left_out
        return self._keep(finest, Kept(take_lines(kept.lines, np.flatnonzero(count.alive)), count.node)).left_out

    def _take_alive(self, left_out: Node | None) -> Lines:
        """Return all lines but those that are doomed at a node.

        What is left out never depends on what is still kept: sums of losses would differ in their last digit, and boxes be cut in another
        order.
        """
        lines = self.gauge.lines
        return lines if left_out is None else take_lines(lines, np.flatnonzero(self.gauge.find_alive(left_out.levels)))

    def _get(self, finest: Levels, left_out: Node | None) -> Kept | None:
        """Return lines that are kept, as the most recently used."""
        key = _name(finest, left_out)
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def _keep(self, finest: Levels, kept: Kept) -> Kept:
        """Keep lines, and give up those that were not used for longest beyond the memory; what several boxes share counts for each."""
        key = _name(finest, kept.left_out)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = kept
                self._held += self._size(kept)
            while len(self._kept) > 1 and self._held > CACHED_BYTES:
                self._held -= self._size(self._kept.popitem(last=False)[1])
        return kept

    def _size(self, kept: Kept) -> int:
        return 0 if kept.lines is self.gauge.lines else kept.lines.nbytes


def _name(finest: Levels, left_out: Node | None) -> tuple[Levels, Levels | None]:
    return finest, None if left_out is None else left_out.levels
