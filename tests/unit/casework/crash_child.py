"""Runs one command of the office again and again, killed by SIGKILL at every step it takes on disk: not a test, a child of one.

For k = 1, 2, 3 … (or in longer strides) it copies the workspace, forks, and lets the fork kill itself just before or just after its
k-th step (fsync, rename, unlink, rmdir, commit); it ends with the first fork that ran through. Prints one line per fork: folder and
whether it was killed.
"""

import os
import shutil
import signal
import sys
from pathlib import Path

import alembic.command
import alembic.config
from sqlalchemy import event

from casework.console import Session
from casework.office import init_office, open_office
from casework.settings import Settings

STEPS = ("fsync", "replace", "unlink", "rmdir")


def erase(home: Path) -> None:
    with open_office(Session(home=home, actor="deputy")) as office:
        event.listen(office.store.engine, "commit", lambda _connection: point())
        office.vault.erase("F-0001")


def seal(home: Path) -> None:
    with open_office(Session(home=home, actor="processor")) as office:
        event.listen(office.store.engine, "commit", lambda _connection: point())
        office.vault.seal("F-0001", "received", home.parents[2] / "second.csv")


def paper(home: Path) -> None:
    with open_office(Session(home=home, actor="approver")) as office:
        event.listen(office.store.engine, "commit", lambda _connection: point())
        office.store.add_paper("notice", b"text", ".txt", actor="approver", case_id="C-0001")


def init(home: Path) -> None:
    init_office(home, Settings(office_name="見本", regime="tokumei-2023", synthetic=True), actor="chief")


# Imported before the forks, so that each of them is quick.
assert alembic.command
assert alembic.config
SCENARIOS = {"erase": erase, "seal": seal, "paper": paper, "init": init}
taken = 0
last = 0


def point() -> None:
    """Count a step; at the last one die as if the power went."""
    global taken  # noqa: PLW0603 - counted across patched functions
    taken += 1
    if taken == last:
        os.kill(os.getpid(), signal.SIGKILL)


def patch(name: str) -> None:
    """Die before or after the real function."""
    real = getattr(os, name)

    def counted(*args, **kwargs):
        point()
        result = real(*args, **kwargs)
        point()
        return result

    setattr(os, name, counted)


def main(scenario: str, template: Path, runs: Path, stride: int) -> None:
    global last  # noqa: PLW0603 - set before each fork
    while True:
        last += stride
        home = runs / f"{last:03d}" / "office"
        shutil.copytree(template, home) if template.exists() else home.parent.mkdir(parents=True)
        pid = os.fork()
        if pid == 0:
            for name in STEPS:
                patch(name)
            SCENARIOS[scenario](home)
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        sys.stdout.write(f"{home}\t{int(killed)}\n")
        sys.stdout.flush()
        if not killed:
            sys.exit(os.WEXITSTATUS(status))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
