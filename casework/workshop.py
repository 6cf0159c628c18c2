"""The workspace's `work/`: where plain bytes lie while a step runs, and how what a dead step left is found and removed."""

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from casework.keys import make_private

GATE = ".gate"
ALIVE = ".alive"
PAUSE_SECONDS = 0.02


@contextmanager
def hold_lock(path: Path, *, exclusive: bool = True, wait: bool = True, seconds: float | None = None) -> Iterator[bool]:
    """Hold a lock between processes while inside; the system lets go of it when the process ends, however it ends.

    Parameters
    ----------
    exclusive : bool
        Alone, or together with others who are not exclusive.
    wait : bool
        Wait for it, or yield False when another holds it.
    seconds : float or None
        Wait this long at most; None: for ever.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    mode = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
    try:
        if wait and seconds is None:
            fcntl.flock(handle, mode)
            yield True
        else:
            yield _try_lock(handle, mode, seconds if wait and seconds else 0.0)
    finally:
        os.close(handle)


def _try_lock(handle: int, mode: int, seconds: float) -> bool:
    """Return whether the lock was had within this time."""
    until = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(handle, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(PAUSE_SECONDS)
        else:
            return True


@contextmanager
def open_work_folder(work: Path) -> Iterator[Path]:
    """Yield a fresh folder `PID-TOKEN` (0700) under `work`, and remove it at the end.

    The folder holds a locked file `.alive` while its process lives, so that others never take it for a leftover, and a process that
    died leaves it unlocked, even if another process has its number now.
    """
    make_private(work)
    with hold_lock(work / GATE):
        folder = work / f"{os.getpid()}-{secrets.token_hex(6)}"
        folder.mkdir(mode=0o700)
        handle = os.open(folder / ALIVE, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def sweep_work(work: Path) -> int:
    """Remove what dead processes left and return how many folders there were; folders of living ones stay."""
    if not work.is_dir():
        return 0
    with hold_lock(work / GATE):
        dead = [folder for folder in work.iterdir() if folder.is_dir() and not _is_alive(folder)]
        for folder in dead:
            shutil.rmtree(folder)
        for stray in work.iterdir():
            if stray.name != GATE and not stray.is_dir():
                stray.unlink()
    return len(dead)


def _is_alive(folder: Path) -> bool:
    """Return whether the process that made the folder still runs."""
    with hold_lock(folder / ALIVE, wait=False) as free:
        return not free
