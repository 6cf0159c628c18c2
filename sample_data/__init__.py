"""Synthetic municipalities, people and files with named defects, and the demonstration of all eight steps."""
