"""Searches over the class table: which recoding loses least and still meets every requirement."""
