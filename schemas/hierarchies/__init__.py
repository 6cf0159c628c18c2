"""Hierarchies: how values become coarser. Data in YAML beside the code; rooms by kind (trees, intervals, dates, prefixes, codes)."""

from schemas.hierarchies.hierarchy import Hierarchy
from schemas.hierarchies.level_table import Bounds, LevelTable
from schemas.hierarchies.load import hierarchy_names, load_hierarchy

__all__ = ["Bounds", "Hierarchy", "LevelTable", "hierarchy_names", "load_hierarchy"]
