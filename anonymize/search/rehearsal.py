"""Compiled loops are loaded before they are needed: a thread solves a tiny task while the file is still being read.

Loading a loop from the cache on disk costs a new process about half a second, nearly all of it spent on the compiler's own tables. None of
it depends on the file, so it need not wait for the file. A command that ends meanwhile waits for one loop at most: the very first time on a
machine, when loops are compiled and not loaded, all of them take ten seconds.

Decided here: what is rehearsed, and that it happens once per process. Not decided here: where the cache is.
"""

import importlib
import threading
from functools import cache
from typing import Literal

import numpy as np
from numba.core import event

from anonymize.classes import ClassTable, SearchTask
from schemas.hierarchies import LevelTable

METHODS: tuple[Literal["global", "local"], ...] = ("global", "local")
NAME = "rehearsal"
COMPILING = "numba:compile"


class Ending(event.Listener):  # type: ignore[misc]  # the package has no types
    """Ends the thread before its next loop once the process wants to end."""

    def on_start(self, event: event.Event) -> None:
        """Leave when the main thread has (`SystemExit` ends a thread silently)."""
        if threading.current_thread().name == NAME and not threading.main_thread().is_alive():
            raise SystemExit

    def on_end(self, event: event.Event) -> None:
        """Do nothing."""


@cache
def start_rehearsal() -> threading.Thread:
    """Return the thread that loads the loops of both methods; it is started at the first call.

    The process ends only after the thread has, and the thread after the loop it is loading or compiling.
    """
    # The import is made here and not in the thread: two threads that import the same packages could see half of them.
    importlib.import_module("anonymize.search.local")
    event.register(COMPILING, Ending())
    thread = threading.Thread(target=rehearse, name=NAME)
    thread.start()
    return thread


def rehearse() -> None:
    """Solve a task of two lines by every method."""
    from anonymize.search import find_recoding

    for method in METHODS:
        find_recoding(make_tiny_task(method))


def make_tiny_task(method: Literal["global", "local"]) -> SearchTask:
    """Return two lines of one column, that must become one class."""
    levels = LevelTable(
        level_names=("0", "1"),
        codes=np.array([[0, 0], [1, 0]], dtype=np.int32),
        leaves=(np.array([1, 1]), np.array([2])),
        total_leaves=2,
        labels=(("0", "1"), ("",)),
        bounds=(None, None),
        ordered=False,
    )
    ones = np.ones(2, dtype=np.int64)
    table = ClassTable(
        columns=("0",),
        levels=(levels,),
        codes=np.array([[0], [1]], dtype=np.int32),
        rows=ones,
        persons=ones,
        memberships=None,
        sensitive={},
        total_rows=2,
        total_persons=2,
    )
    low, high = np.zeros(1, dtype=np.int8), np.ones(1, dtype=np.int8)
    return SearchTask(table=table, k=2, suppression_limit=0.0, weights=np.ones(1), min_levels=low, max_levels=high, method=method)
