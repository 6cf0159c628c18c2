"""Engines: what reads, joins, sorts and writes rows; one file per engine, one interface."""
