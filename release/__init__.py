"""Step ⑧: package, describe, sign, verify, recall, trace, erase."""
