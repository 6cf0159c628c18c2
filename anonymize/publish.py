"""How finished files get their names: all at once, after all are safely on disk, and only where they may go."""

import secrets
import shutil
from pathlib import Path

from schemas.errors import SettingsError
from schemas.files import sync
from schemas.messages import N_, Name


def check_places(source: Path, targets: list[Path]) -> None:
    """Refuse targets whose folder is missing, or that are the input.

    Raises
    ------
    SettingsError
        A file could not be written where it was asked for.
    """
    for target in targets:
        if not target.resolve().parent.is_dir():
            raise SettingsError(N_("the folder of {file} does not exist"), N_("make the folder first"), file=Name(target.name))
        if target.resolve() == source.resolve() or target.is_dir():
            raise SettingsError(N_("{file} is the input, or a folder"), N_("name another output file"), file=Name(target.name))


def publish(made: list[tuple[Path, Path]]) -> None:
    """Give finished files their names: all are on disk before the first is renamed, and the release comes last.

    Parameters
    ----------
    made : list[tuple[Path, Path]]
        Finished file and final name, in the order they appear.

    Raises
    ------
    OSError
        A file cannot be copied or renamed; no copy stays behind.
    """
    for path, _ in made:
        path.chmod(0o640)
        sync(path)
    staged: list[tuple[Path, Path]] = []
    try:
        for path, target in made:
            staged.append((_stage(path, target), target))
        for path, target in staged:
            path.replace(target)
            sync(target.resolve().parent)
    finally:
        for path, _ in staged:
            path.unlink(missing_ok=True)


def _stage(path: Path, target: Path) -> Path:
    """Return a file that can be renamed to `target`: itself, or a copy where the target lies on another disk."""
    if path.stat().st_dev == target.resolve().parent.stat().st_dev:
        return path
    copy = target.with_name(f".{target.name}.{secrets.token_hex(6)}.part")
    try:
        # With the rights it will have before it holds anything: method information is not for others.
        copy.touch(mode=0o600, exist_ok=False)
        shutil.copyfile(path, copy)
        shutil.copymode(path, copy)
        sync(copy)
    except OSError:
        copy.unlink(missing_ok=True)
        raise
    return copy
