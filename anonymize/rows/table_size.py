"""Whether a class table fits into memory, asked before it is fetched: a clear refusal, instead of a process that the system ends."""

from schemas.errors import PlanError
from schemas.messages import N_

# Values as text, codes, counts, and the copies that search, numbering and joining make of them at the same time; measured, rounded up.
CELL_BYTES, LINE_BYTES = 96, 128
MIB = 1 << 20


def needed_bytes(lines: int, columns: int) -> int:
    """Return about how much memory a class table and the search in it take at most.

    Parameters
    ----------
    lines : int
        Distinct combinations of quasi-identifier values.
    columns : int
        Quasi-identifiers.
    """
    return lines * (columns * CELL_BYTES + LINE_BYTES)


def check_size(lines: int, columns: int, free_bytes: int) -> None:
    """Refuse a class table that does not fit.

    Parameters
    ----------
    lines, columns : int
        As for `needed_bytes`.
    free_bytes : int
        Memory that is free for it.

    Raises
    ------
    PlanError
        It needs more.
    """
    needed = needed_bytes(lines, columns)
    if needed > free_bytes:
        raise PlanError(
            N_("{columns} quasi-identifiers have {lines} combinations of values, which need {needed} MiB of memory; {free} MiB are free"),
            N_("round or shorten the values of fine columns before processing, name fewer quasi-identifiers, or use more memory"),
            columns=columns,
            lines=lines,
            needed=-(-needed // MIB),
            free=free_bytes // MIB,
        )
