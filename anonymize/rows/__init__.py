"""Rows: the source, its selection and aggregation, the class table made of it, and the recoding applied to it."""
