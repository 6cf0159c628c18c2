"""Revisions of the tables of the store, run by `sakusei init` (Alembic)."""
