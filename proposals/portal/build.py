"""Builds the public site: from the books of an office, or from register entries alone; whole or not at all."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

from casework.audit import verify_books
from casework.inventory import find_losses
from casework.keys import PUBLIC_PEM, load_public_key
from casework.office import Office, read_head
from casework.witness import sign_head
from proposals.portal.figures import count_years, list_uses
from proposals.portal.pages import Books, Site, render_site
from schemas.documents import load_document
from schemas.errors import SettingsError
from schemas.files import sync, sync_folder
from schemas.messages import N_, Name
from schemas.municipalities import is_synthetic_code
from schemas.regimes import load_regime, regime_names

# A folder without this file is not ours to replace.
MARKER = "register.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """What was built: the folder, the number of HTML pages, and of register entries."""

    folder: Path
    pages: int
    entries: int

    def to_json(self) -> dict[str, Any]:
        """Return it for machines."""
        return {"folder": str(self.folder), "pages": self.pages, "entries": self.entries}


def build_portal(sources: Sequence[Path], output: Path) -> Portal:
    """Build the pages of register entries in files, without an office: numbered in the order given.

    Raises
    ------
    FormRejected
        An entry does not meet its schema.
    SettingsError
        The folder holds something else.
    """
    documents = [load_document("register_entry", source) for source in sources]
    entries = tuple((f"R-{number:04d}", document) for number, document in enumerate(documents, start=1))
    synthetic = any(is_synthetic_code(document["municipality_code"]) for document in documents)
    site = Site(office="個人情報ファイル簿", regime=load_regime(regime_names()[0]), synthetic=synthetic, entries=entries)
    return write_site(site, output)


def build_portal_of_office(office: Office, output: Path) -> Portal:
    """Build the pages of an office: its register, uses, yearly figures, and the state of its books.

    The books are verified first; what does not hold is shown as such, for the public has a right to see it.
    """
    entries = tuple((entry.id, entry.document) for entry in office.store.list_register())
    site = Site(
        office=office.settings.office_name,
        regime=load_regime(office.settings.regime),
        synthetic=office.settings.synthetic,
        entries=entries,
        years=count_years(office),
        uses=list_uses(office),
        books=_read_books(office),
    )
    return write_site(site, output)


def _read_books(office: Office) -> Books:
    head = office.store.chain_head()
    witnessed = read_head(office.home, load_public_key(office.home / PUBLIC_PEM))
    audit = verify_books(office.store, witnessed=witnessed, astray=office.vault.find_astray(), losses=find_losses(office))
    last = office.store.find_event(head.hash)
    return Books(
        sequence=head.sequence,
        head=head.hash,
        at=last.at if last else "",
        holds=not audit.findings,
        signature=sign_head(head, office.keys)["signature"],
        public_key_pem=office.keys.public_key_pem(),
    )


def write_site(site: Site, output: Path) -> Portal:
    """Write a site to a folder: beside it first, then in its place, so that visitors never see half of it.

    Raises
    ------
    SettingsError
        The folder is not empty and was not written by this command, or cannot be written.
    """
    if output.exists() and any(output.iterdir()) and not (output / MARKER).is_file():
        raise SettingsError(N_("{folder} holds other things"), N_("name a new folder, or one this command wrote"), folder=Name(output.name))
    files = render_site(site)
    fresh = output.with_name(f".{output.name}.{token_hex(6)}.part")
    try:
        _write_files(fresh, files)
        _replace_folder(fresh, output)
    except OSError as error:
        raise SettingsError(N_("{folder} cannot be written"), N_("check the path and the permission"), folder=Name(output.name)) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    pages = sum(path.endswith(".html") for path in files)
    return Portal(folder=output, pages=pages, entries=len(site.entries))


def _write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    sync_folder(folder)


def _replace_folder(fresh: Path, output: Path) -> None:
    """Put the fresh folder where the old one was, and remove the old one."""
    old = output.with_name(f".{output.name}.{token_hex(6)}.old")
    if output.exists():
        output.rename(old)
    try:
        fresh.rename(output)
    except OSError:
        if old.exists():
            old.rename(output)
        raise
    sync(output.absolute().parent)
    shutil.rmtree(old, ignore_errors=True)
