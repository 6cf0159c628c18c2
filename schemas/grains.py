"""Grains (粒度): how fine a column is asked for, approved and delivered, in proposals and in packages alike.

A grain is the name of a level of the column's hierarchy, or one of the words here.
"""

from collections.abc import Mapping

DROP = "drop"
VALUE = "value"
FRESH_ID = "fresh_id"
GRAINS_JA = {DROP: "提供しない", FRESH_ID: "提供の都度新たに付す番号", VALUE: "値のまま", "all": "区別しない"}


def name_grain(grain: str, titles: Mapping[str, str]) -> str:
    """Return the Japanese name of a grain.

    Parameters
    ----------
    grain : str
        One of the words here, or the name of a level.
    titles : Mapping[str, str]
        Name → Japanese title of the levels of the column; empty where it has no hierarchy.

    Returns
    -------
    str
        The name; the grain itself where nobody knows one.
    """
    return GRAINS_JA.get(grain) or titles.get(grain, grain)
