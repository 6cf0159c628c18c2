"""What to tell about a failure nobody expected: its kind and its place, never its text, which may quote a cell."""

import os
import traceback
from pathlib import Path

from schemas.errors import InternalError, SakuseiError, SettingsError
from schemas.messages import N_, Name


def to_known(error: Exception) -> SakuseiError:
    """Return the error to show for an exception: itself when it is ours, the system's refusal of a file, else a defect of this software."""
    if isinstance(error, SakuseiError):
        return error
    if isinstance(error, OSError) and error.errno is not None:
        return _refused_by_system(error, error.errno)
    return _internal(error)


def _refused_by_system(error: OSError, number: int) -> SettingsError:
    """Return an error that names the file and the system's own word for the cause (no rights, no space, no such folder)."""
    name = error.filename if isinstance(error.filename, (str, os.PathLike)) else None
    return SettingsError(
        N_("the system refused the file {file}: {cause}"),
        N_("check the path, the rights to it and the free space of its disk, then run the command again; what was done: sakusei status"),
        file=Name(Path(name).name if name else "?"),
        cause=Name(os.strerror(number)),
    )


def _internal(error: Exception) -> InternalError:
    """Return an error that names the kind of a defect and where it is."""
    frames = traceback.extract_tb(error.__traceback__)
    place = Name(f"{Path(frames[-1].filename).name}:{frames[-1].lineno}") if frames else Name("?")
    return InternalError(
        N_("unexpected {kind} at {place}"),
        N_("see what was done with: sakusei status, sakusei audit log; then report this line to the maintainers"),
        kind=Name(type(error).__name__),
        place=place,
    )
