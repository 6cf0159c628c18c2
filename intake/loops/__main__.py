"""Make the machine code of the loops ahead, so that the first file does not wait for it: `python -m intake.loops`."""

from intake.loops import LOOPS
from intake.loops.machine import find_code, list_folders

if __name__ == "__main__":
    find_code(LOOPS, list_folders())
