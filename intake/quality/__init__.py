"""The quality of a file in numbers: columns, findings, repairs, checks across columns, repeats, and what changed since the last one."""
