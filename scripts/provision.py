"""Find or install what some tests need beside Python: a Java runtime, PostgreSQL, Chromium.

Found: nothing happens. Missing, on Debian as root: installed from Debian's packages. Missing elsewhere: said plainly; the
tests then skip with that reason, except under CI=true, where a missing piece is a failure here.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A program that tests need, how to see it, and what installs it."""

    name: str
    is_there: Callable[[], bool]
    packages: tuple[str, ...]


def has_java() -> bool:
    """Return whether a Java runtime is in JAVA_HOME or on the PATH."""
    home = os.environ.get("JAVA_HOME")
    return bool(home and (Path(home) / "bin" / "java").exists()) or shutil.which("java") is not None


def has_postgres() -> bool:
    """Return whether the server programs of PostgreSQL are here."""
    return shutil.which("pg_ctl") is not None or any(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))


def has_chromium() -> bool:
    """Return whether a Chromium is on the PATH."""
    return any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))


PIECES = (
    Piece(name="Java runtime", is_there=has_java, packages=("openjdk-17-jre-headless",)),
    Piece(name="PostgreSQL", is_there=has_postgres, packages=("postgresql",)),
    Piece(name="Chromium", is_there=has_chromium, packages=("chromium", "fonts-noto-cjk")),
)


def install(packages: list[str]) -> None:
    """Install Debian packages; a failure shows in what is still missing afterwards."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]):
        subprocess.run(command, env=environment, check=False, stdout=subprocess.DEVNULL)


def main() -> int:
    """Return 0 when all is here, or when what is missing may be skipped."""
    missing = [piece for piece in PIECES if not piece.is_there()]
    if missing and shutil.which("apt-get") and os.geteuid() == 0:
        print(f"installing {', '.join(piece.name for piece in missing)}")
        install([package for piece in missing for package in piece.packages])
        missing = [piece for piece in missing if not piece.is_there()]
    for piece in missing:
        print(f"missing: {piece.name}; install {' '.join(piece.packages)} to run its tests", file=sys.stderr)
    return 1 if missing and os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main())
