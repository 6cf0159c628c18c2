"""What must still be counted in a box: the lines that are not doomed at its coarsest corner, rolled up to its finest.

Lines in classes that are doomed at the coarsest corner fail at every node of the box: their rows are added and not counted again. The
others are counted as classes of the finest corner. Both make every further cut of a box cheaper than the one before.

Decided here: which lines of which box are kept, within a fixed memory. Not decided here: which box is cut next (`boxes`).
"""

import threading
from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

from anonymize.search.lines import Lines, take_lines
from anonymize.search.nodes import Gauge
from anonymize.search.problem import Levels

# Lines that are kept, of 20 bytes each without sensitive values: 160 MB.
CACHED_LINES = 2**23
Corners = tuple[Levels, Levels]


class Survivors:
    """Lines by box, the most recently used; what was given up is counted again from all lines. Several threads may ask at once.

    Parameters
    ----------
    gauge : Gauge
        Measures nodes.
    """

    def __init__(self, gauge: Gauge) -> None:
        self.gauge = gauge
        self._kept: OrderedDict[Corners, Lines] = OrderedDict()
        self._held = 0
        self._lock = threading.Lock()

    def find(self, corners: Corners, wider: Corners) -> Lines:
        """Return the lines of a box (finest and coarsest corner); if need be made from those of a box that holds it."""
        found = self._get(corners)
        if found is None:
            found = self.gauge.roll_up(self._find_wider(corners[1], wider), corners[0])
            self._keep(corners, found)
        return found

    def narrow(self, corners: Corners, lines: Lines, alive: NDArray[np.bool_] | None) -> None:
        """Keep the lines of a box that are alive at its coarsest corner, of lines at its finest."""
        self._keep(corners, lines if alive is None or alive.all() else take_lines(lines, np.flatnonzero(alive)))

    def _find_wider(self, coarsest: Levels, wider: Corners) -> Lines:
        """Return lines of a wider box with the same coarsest corner: those that are kept, or all that are not doomed there."""
        found = self._get(wider) if wider[1] == coarsest else None
        if found is not None:
            return found
        lines = self.gauge.lines
        alive = self.gauge.find_alive(coarsest)
        return lines if alive is None else take_lines(lines, np.flatnonzero(alive))

    def _get(self, corners: Corners) -> Lines | None:
        """Return lines that are kept, as the most recently used."""
        with self._lock:
            found = self._kept.get(corners)
            if found is not None:
                self._kept.move_to_end(corners)
            return found

    def _keep(self, corners: Corners, lines: Lines) -> None:
        """Keep lines, and give up those that were not used for longest beyond the memory."""
        with self._lock:
            if corners not in self._kept:
                self._kept[corners] = lines
                self._held += len(lines.firsts)
            while len(self._kept) > 1 and self._held > CACHED_LINES:
                self._held -= len(self._kept.popitem(last=False)[1].firsts)
