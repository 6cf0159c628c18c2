"""Benchmarks: ratios against a peer or the physical floor, measured in the same run."""
