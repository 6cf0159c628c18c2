"""The case store: what the office keeps, every change with its event in the same transaction.

The rooms build on each other: `transactions` (lock, ids) → `chain` (events) → `people` (roles, two-person rule) → `documents` →
`register`, `cases` → `files` → `sealed` (what the vault holds) → `overrides` → `papers`.
"""

from casework.store.papers import Papers as Store
from casework.store.transactions import Head, Witness

__all__ = ["Head", "Store", "Witness"]
