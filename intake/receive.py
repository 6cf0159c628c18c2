"""Receiving at the office: a bundle is checked against its manifest, its register entry and the workspace, opened, counted, sealed.

Decided here: the order, such that nothing of a file that must not be received is kept: manifest, world, register entry, hashes, then the
contents (個人番号, rows, persons). The plain file exists only in the work folder of the vault.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casework.office import Office
from casework.records import FileRecord
from casework.states import FileState
from intake.bundles import extract_payload, read_manifest
from intake.choice import choose_layout
from intake.layout import Layout, load_layout
from intake.quality.compare import Reading, compare_files
from intake.reading import open_source
from intake.receipts import sign_receipt
from intake.survey import survey
from schemas.errors import FileRejected
from schemas.files import canonical_json, sha256_file
from schemas.messages import N_, Name
from schemas.municipalities import check_same_world

WAITING = (FileState.REQUESTED, FileState.RECEIVED, FileState.NORMALISED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What was received: the file of the office, the manifest it came with, and the signed receipt."""

    file_id: str
    manifest: Mapping[str, Any]
    receipt: Mapping[str, Any]


def receive_bundle(office: Office, bundle: Path, file_id: str | None, advance: Callable[[int], None] | None = None) -> Received:
    """Take in a bundle and return the signed receipt.

    Parameters
    ----------
    office : Office
        Who receives.
    bundle : Path
        The bundle of the municipality.
    file_id : str or None
        The file that was asked for; None to find it by municipality and table.
    advance : Callable or None
        Told the rows of each block.

    Raises
    ------
    FileRejected, FormRejected
        The bundle is none, was changed, does not fit its manifest, its register entry or the workspace, or holds individual numbers.
    TransitionRefused
        State, role or two-person rule forbid it.
    """
    manifest = read_manifest(bundle)
    check_world(office, manifest)
    file = find_file(office, manifest, file_id)
    office.store.check_file_step(file.id, FileState.RECEIVED, actor=office.actor)
    with office.vault.work_folder() as folder:
        plain = open_payload(office, bundle, manifest, folder)
        check_contents(plain, manifest, folder, synthetic=office.settings.synthetic, advance=advance)
        changes = find_changes(office, file.id, plain, load_sent_layout(plain, manifest, folder))
        office.vault.seal(file.id, "received", plain)
    return Received(file_id=file.id, manifest=manifest, receipt=_note(office, file, manifest, sha256_file(bundle), changes))


def find_changes(office: Office, file_id: str, plain: Path, layout: Layout) -> dict[str, Any] | None:
    """Return what changed since the file that was received before, with its hash; None for the first one.

    Parameters
    ----------
    office : Office
        Who receives.
    file_id : str
        The file of the office.
    plain : Path
        The file that is being received.
    layout : Layout
        How it is written.
    """
    last = office.store.get_record("transfer", file_id=file_id)
    if last is None or office.store.find_sealed(file_id, "received") is None:
        return None
    with office.vault.open(file_id, "received") as before, office.vault.work_folder() as folder:
        old = Reading(source=before, layout=load_sent_layout(before, last, folder))
        changes = compare_files(old, Reading(source=plain, layout=layout))
    return {"source_sha256": last["source"]["sha256"], **changes.to_json()}


def check_world(office: Office, manifest: Mapping[str, Any]) -> None:
    """Raise when a synthetic bundle meets a real office or the other way round.

    Raises
    ------
    FileRejected
        They do not belong together.
    """
    check_same_world([manifest["municipality_code"]], synthetic=office.settings.synthetic)
    if manifest["synthetic"] != office.settings.synthetic:
        raise FileRejected(
            N_("the bundle and the workspace are not of the same kind: one is synthetic, the other real"),
            N_("use the workspace the bundle was made for"),
        )
    if manifest["recipient"] != office.keys.recipient:
        raise FileRejected(
            N_("the bundle is sealed to another office"), N_("send the municipality office.age.pub of this office and ask for a new bundle")
        )


def find_file(office: Office, manifest: Mapping[str, Any], file_id: str | None) -> FileRecord:
    """Return the file of the office a bundle answers.

    Raises
    ------
    FileRejected
        It is not the municipality's or the table's, or it is not clear which file is meant.
    TransitionRefused
        There is no such file.
    """
    if file_id is not None:
        file = office.store.get_file(file_id)
        if not _answers(office, file, manifest):
            raise FileRejected(
                N_("the bundle is of another municipality or table than {file}"),
                N_("see what is waited for: sakusei status; or leave out --file"),
                file=Name(file_id),
            )
        return file
    waiting = [file for file in office.store.list_files() if file.state is FileState.REQUESTED and _answers(office, file, manifest)]
    if len(waiting) != 1:
        raise FileRejected(
            N_("{count} requested files are of the municipality and the table of the bundle"),
            N_("name the file: --file F-ID; see sakusei status"),
            count=len(waiting),
        )
    return waiting[0]


def _answers(office: Office, file: FileRecord, manifest: Mapping[str, Any]) -> bool:
    entry = office.store.get_register_entry(file.register_id).document
    return bool(entry["municipality_code"] == manifest["municipality_code"] and file.table == manifest["table"] and file.state in WAITING)


def open_payload(office: Office, bundle: Path, manifest: Mapping[str, Any], folder: Path) -> Path:
    """Return the plain file of a bundle, in a work folder.

    Raises
    ------
    FileRejected
        The envelope or the file in it is not the one the manifest names.
    VerificationFailed
        The envelope cannot be opened.
    """
    envelope = folder / "payload.age"
    extract_payload(bundle, manifest, envelope)
    plain = folder / f"source{manifest['source']['suffix']}"
    office.keys.decrypt_file(envelope, plain)
    envelope.unlink()
    if plain.stat().st_size != manifest["source"]["size_bytes"] or sha256_file(plain) != manifest["source"]["sha256"]:
        raise FileRejected(
            N_("the file in the envelope is not the one the manifest names"),
            N_("ask the municipality to make the bundle again: sakusei intake seal"),
        )
    return plain


def load_sent_layout(plain: Path, manifest: Mapping[str, Any], folder: Path) -> Layout:
    """Return the layout of a transfer: shipped, plain, or sent along.

    Raises
    ------
    FormRejected
        A layout that was sent along does not meet its form.
    """
    document = manifest.get("layout_document")
    if document is None:
        return choose_layout(plain, manifest["table"], manifest["layout"])
    path = folder / "layout.json"
    path.write_bytes(canonical_json(document))
    return load_layout(path)


def check_contents(
    plain: Path, manifest: Mapping[str, Any], folder: Path, *, synthetic: bool, advance: Callable[[int], None] | None = None
) -> None:
    """Raise when a file is not what its manifest says.

    Raises
    ------
    FileRejected
        Individual numbers, other counts, or municipalities of the other world.
    """
    layout = load_sent_layout(plain, manifest, folder)
    found = survey(open_source(plain, layout), advance)
    check_same_world(found.municipalities, synthetic=synthetic)
    if layout.table.name != manifest["table"] or (found.rows, found.persons) != (manifest["rows"], manifest["persons"]):
        raise FileRejected(
            N_("the file has {rows} rows of {persons} persons, its manifest says {said_rows} of {said_persons}"),
            N_("ask the municipality to make the bundle again: sakusei intake seal"),
            rows=found.rows,
            persons=found.persons,
            said_rows=manifest["rows"],
            said_persons=manifest["persons"],
        )


def _note(
    office: Office, file: FileRecord, manifest: Mapping[str, Any], bundle_sha256: str, changes: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Write transfer, state and receipt, and return the receipt."""
    with office.store.transaction():
        transfer = {**manifest, "bundle_sha256": bundle_sha256}
        office.store.add_record("transfer", transfer, actor=office.actor, file_id=file.id)
        facts = {"rows": manifest["rows"], "persons": manifest["persons"]}
        office.store.move_file(file.id, FileState.RECEIVED, actor=office.actor, facts=facts)
        head = office.store.chain_head()
        receipt = sign_receipt(
            {
                "office": office.settings.office_name,
                "file_id": file.id,
                "register_id": file.register_id,
                **{key: manifest[key] for key in ("municipality_code", "table", "layout", "as_of", "rows", "persons", "synthetic")},
                "bundle_sha256": bundle_sha256,
                "source_sha256": manifest["source"]["sha256"],
                **({"changes": changes} if changes else {}),
                "received_at": office.now().isoformat(timespec="seconds"),
                "audit": {"sequence": head.sequence, "head": head.hash},
            },
            office.keys.sign,
        )
        office.store.add_record("receipt", receipt, actor=office.actor, file_id=file.id)
    return receipt
