"""Which public key checks a package: the one given, else that of the workspace it is named in or lies in."""

from pathlib import Path

from casework.keys import PUBLIC_PEM
from schemas.errors import SettingsError
from schemas.messages import N_

WORKSPACE_MARK = "office.yaml"


def find_public_key(package: Path, key: Path | None, home: Path | None) -> bytes:
    """Return the office's public key in PEM.

    A key that came with the package proves nothing, so it is never taken from there: either it is given, or the package lies in
    the workspace of the office itself.

    Raises
    ------
    SettingsError
        No key was given and there is no workspace.
    """
    if key is not None:
        return key.read_bytes()
    homes = [home] if home else [folder for folder in package.resolve().parents if (folder / WORKSPACE_MARK).is_file()]
    found = next((folder / PUBLIC_PEM for folder in homes if (folder / PUBLIC_PEM).is_file()), None)
    if found is None:
        raise SettingsError(N_("there is no public key to verify with"), N_("give the key you got from the office: --key office.pub.pem"))
    return found.read_bytes()
