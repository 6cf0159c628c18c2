"""Private folders for plain data while a step runs: mode 0700, removed at the end, and swept at the next start after a crash."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = ".sakusei-work-"
LOCK = "lock"


@contextmanager
def open_work_folder(parent: Path) -> Iterator[Path]:
    """Yield a fresh private folder and remove it, with all it holds, however the block ends.

    Parameters
    ----------
    parent : Path
        Existing folder to work in: beside the output, so that the last step is a rename.

    Notes
    -----
    A process that is killed cannot tidy up. Each folder therefore holds a locked file; whoever works in the same place next removes the
    folders whose lock nobody holds.
    """
    sweep_work_folders(parent)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def sweep_work_folders(parent: Path) -> int:
    """Remove the work folders in `parent` that no living process holds; return how many."""
    stale = [folder for folder in parent.glob(f"{PREFIX}*") if folder.is_dir() and _is_abandoned(folder)]
    for folder in stale:
        shutil.rmtree(folder, ignore_errors=True)
    return len(stale)


def _is_abandoned(folder: Path) -> bool:
    """Return whether the lock of a folder can be had; a folder without one is just being made."""
    try:
        lock = os.open(folder / LOCK, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(lock)
    return True
