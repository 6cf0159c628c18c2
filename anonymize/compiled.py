"""The one way loops are compiled here: once, into the cache on disk, and without holding the interpreter lock."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from numba import njit

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function compiled at its first call; a second process finds it in the cache beside the source."""
    result: Callable[P, R] = njit(cache=True, nogil=True)(function)
    return result
