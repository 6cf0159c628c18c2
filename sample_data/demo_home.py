"""The folder of the demonstration: every run gets a numbered folder of its own, and no other folder is ever touched."""

from pathlib import Path

from schemas.errors import SettingsError
from schemas.files import canonical_json, write_bytes
from schemas.messages import N_, Name

MARKER = "sakusei-demo.json"
README = "README.md"
TEXT = """# 見本データ（架空） / synthetic data

`sakusei demo` がこのフォルダを作りました。中身はすべて架空のもので、番号の付いたフォルダが1回の実行です。不要になったら消して構いません。
Made by `sakusei demo`. Everything here is synthetic; each numbered folder is one run. Delete it when you are done.
"""


def open_run(home: Path) -> Path:
    """Return a new numbered folder for one run.

    Raises
    ------
    SettingsError
        The folder holds something that is not the demonstration's own.
    """
    if home.exists() and any(home.iterdir()) and not (home / MARKER).is_file():
        raise SettingsError(
            N_("{folder} is not empty and not a folder of the demonstration"),
            N_("name a new folder: sakusei demo --home DIR"),
            folder=Name(home.name),
        )
    home.mkdir(parents=True, exist_ok=True)
    write_bytes(home / MARKER, canonical_json({"sakusei_demo": 1, "synthetic": True}))
    write_bytes(home / README, TEXT.encode())
    return _make_next(home)


def _make_next(home: Path) -> Path:
    """Make the folder with the next number; two demonstrations at once get two folders."""
    while True:
        numbers = [int(path.name) for path in home.iterdir() if path.is_dir() and path.name.isdigit()]
        folder = home / f"{max(numbers, default=0) + 1:04d}"
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
