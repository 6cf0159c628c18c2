"""Attacks on the written release, each with a positive control that must fire on an unprotected copy."""
