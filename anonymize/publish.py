"""How finished files get their names: all at once, after all are safely on disk, and only where they may go."""

import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from schemas.errors import SettingsError
from schemas.files import sync, sync_folder
from schemas.messages import N_, Name


def check_places(source: Path, targets: list[Path], *, others: Sequence[Path] = ()) -> None:
    """Refuse targets whose folder is missing, or that are an input or one another.

    Parameters
    ----------
    source : Path
        The input.
    targets : list[Path]
        Files to be written.
    others : Sequence[Path]
        Other files that are read: the plan, an earlier recoding.

    Raises
    ------
    SettingsError
        A file could not be written where it was asked for, or would take the place of another file of the same command.
    """
    inputs = [source, *others]
    for target in targets:
        if not target.resolve().parent.is_dir():
            raise SettingsError(N_("the folder of {file} does not exist"), N_("make the folder first"), file=Name(target.name))
        if target.is_dir() or any(_is_same(target, other) for other in inputs):
            raise SettingsError(N_("{file} is an input, or a folder"), N_("name another output file"), file=Name(target.name))
    asked = [*inputs, *targets]
    for place, path in enumerate(asked):
        if any(_is_same(path, other) for other in asked[:place]):
            raise SettingsError(N_("{file} is given for two purposes"), N_("give every option a file of its own"), file=Name(path.name))


def _is_same(path: Path, other: Path) -> bool:
    """Return whether two paths lead to one file, through links of either kind or another spelling."""
    return path.resolve() == other.resolve() or (path.exists() and other.exists() and path.samefile(other))


def publish(made: list[tuple[Path, Path]]) -> None:
    """Give finished files their names: all are on disk before the first is renamed, and the release comes last.

    Parameters
    ----------
    made : list[tuple[Path, Path]]
        Finished file, or folder of part files, and final name, in the order they appear.

    Raises
    ------
    OSError
        A file cannot be copied or renamed; no copy stays behind.
    """
    for path, _ in made:
        _finish(path)
    staged: list[tuple[Path, Path]] = []
    try:
        for path, target in made:
            staged.append((_stage(path, target), target))
        for path, target in staged:
            path.replace(target)
            sync(target.resolve().parent)
    finally:
        for path, _ in staged:
            if not path.is_dir():
                path.unlink(missing_ok=True)


def check_fresh(folder: Path) -> None:
    """Refuse a folder for part files that exists: parts of two releases must never lie side by side.

    Raises
    ------
    SettingsError
        There is something of that name.
    """
    if folder.exists():
        raise SettingsError(N_("{file} exists already"), N_("name a folder that does not exist; it is made"), file=Name(folder.name))


def _finish(path: Path) -> None:
    """Give a file, or a folder and its files, the rights it keeps, and flush it to disk."""
    if path.is_dir():
        for part in path.iterdir():
            part.chmod(0o640)
        path.chmod(0o750)
        sync_folder(path)
    else:
        path.chmod(0o640)
        sync(path)


def _stage(path: Path, target: Path) -> Path:
    """Return a file or folder that can be renamed to `target`: itself, or a copy of the file where the target lies on another disk."""
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
