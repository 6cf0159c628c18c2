"""The files a plan names (hierarchies, population table, opt-outs), kept with the file that was processed by it.

Decided here: which files go along: those that lie in the plan's folder or below it. A review, or another run, months later reads the
plan with them as they were. Opt-outs are keys of persons: the archive is sealed like the file itself. Not decided here: what a plan is.
"""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from casework.office import Office
from schemas.plan import Plan

KIND, FIXED_DATE = "plan", (1980, 1, 1, 0, 0, 0)


@contextmanager
def open_plan_files(office: Office, file_id: str) -> Iterator[Path | None]:
    """Yield a private folder with the files of the plan a file was processed by; None where it names none."""
    if office.store.find_sealed(file_id, KIND) is None:
        yield None
        return
    with office.vault.work_folder() as folder:
        with office.vault.open(file_id, KIND) as archive:
            unpack_plan_files(archive, folder)
        yield folder


def list_plan_files(plan: Plan) -> tuple[str, ...]:
    """Return the paths, relative to the plan's folder, of the files it names; none without a folder."""
    folder = plan.folder
    if folder is None:
        return ()
    return tuple(sorted({text for text in _list_texts(plan.to_document()) if _lies_below(text) and (folder / text).is_file()}))


def _list_texts(content: Any) -> Iterator[str]:
    """Yield every text of a document."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for value in content.values():
            yield from _list_texts(value)
    elif isinstance(content, (list, tuple)):
        for value in content:
            yield from _list_texts(value)


def _lies_below(text: str) -> bool:
    """Return whether a text is a plain relative path; a folder up, a drive or a root is none."""
    path = PurePosixPath(text)
    return (
        bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\\" not in text and "\0" not in text and len(text) < 200
    )


def pack_plan_files(plan: Plan, target: Path) -> bool:
    """Write the files a plan names into an archive, and return whether there are any; the same files give the same bytes."""
    names = list_plan_files(plan)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name, FIXED_DATE), ((plan.folder or Path()) / name).read_bytes())
    return bool(names)


def unpack_plan_files(archive: Path, folder: Path) -> None:
    """Put the files of an archive into a private folder, where a plan finds them."""
    with zipfile.ZipFile(archive) as opened:
        for name in opened.namelist():
            if _lies_below(name):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(opened.read(name))
