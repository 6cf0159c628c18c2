"""Verification: the written file measured again, by SQL that shares no code with the solver."""
