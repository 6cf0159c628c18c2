"""Sealing, opening and erasing; what damage, strangers and sudden death do to them."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from casework.audit import verify_books
from casework.console import Session
from casework.keys import PUBLIC_PEM, load_public_key
from casework.office import open_office, read_head
from casework.states import CaseState, FileState
from casework.vault import KINDS, destroy
from casework.workshop import open_work_folder, sweep_work
from schemas.errors import InternalError, TransitionRefused, VerificationFailed
from schemas.files import canonical_json

# Bytes that are found nowhere by chance.
CANARY = b"\x00canary-7f3a9c\xff"
PLAIN = CANARY * 20_000


@pytest.fixture
def filled(home, tmp_path):
    """A workspace with one sealed file, F-0001, and that file's plain bytes outside."""
    (tmp_path / "first.csv").write_bytes(PLAIN)
    (tmp_path / "second.csv").write_bytes(b"other " + CANARY)
    with open_office(Session(home=home, actor="processor")) as office:
        store = office.store
        register_id = store.add_register_entry({}, actor="screener")
        case_id = store.add_case({"regime": "tokumei-2023"}, actor="screener")
        store.move_case(case_id, CaseState.UNDER_REVIEW, actor="screener")
        store.move_case(case_id, CaseState.ACCEPTED, actor="approver")
        store.add_file(case_id, register_id=register_id, table="t", actor="screener")
        office.vault.seal("F-0001", "received", tmp_path / "first.csv")
    return home


def session(home, actor="processor"):
    return Session(home=home, actor=actor)


def envelopes(home):
    return sorted(path.name.split(".")[0] for path in (home / "vault" / "F-0001").glob("*.age"))


def holds_canary(folder):
    return [path for path in folder.rglob("*") if path.is_file() and CANARY in path.read_bytes()]


def books_hold(home):
    with open_office(session(home)) as office:
        witnessed = read_head(home, load_public_key(home / PUBLIC_PEM))
        return verify_books(office.store, witnessed=witnessed).findings == ()


def test_a_sealed_file_opens_to_the_same_bytes_and_leaves_nothing(filled):
    with open_office(session(filled)) as office:
        with office.vault.open("F-0001", "received") as path:
            assert path.read_bytes() == PLAIN
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
            assert path.parent.parent == filled / "work"
            assert path.parent.name.startswith(f"{os.getpid()}-")
        assert not path.parent.exists()
    assert holds_canary(filled) == []


def test_nothing_plain_is_at_rest_and_nobody_else_may_look(filled):
    assert holds_canary(filled) == []
    for path in [*(filled / "vault").rglob("*"), *(filled / "keys").rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    for name in ("vault", "keys", "work", "papers"):
        assert stat.S_IMODE((filled / name).stat().st_mode) == 0o700


def test_the_plain_copy_goes_even_when_the_step_fails(filled):
    with open_office(session(filled)) as office:
        with pytest.raises(RuntimeError), office.vault.open("F-0001", "received"):
            raise RuntimeError
        assert [path for path in (filled / "work").iterdir() if path.is_dir()] == []


def test_sealing_again_replaces_what_was_there(filled, tmp_path):
    with open_office(session(filled)) as office:
        item = office.vault.seal("F-0001", "received", tmp_path / "second.csv")
        assert (item.size_bytes, [sealed.kind for sealed in office.vault.list()]) == (len(CANARY) + 6, ["received"])
        with office.vault.open("F-0001", "received") as path:
            assert path.read_bytes() == b"other " + CANARY
    assert envelopes(filled) == ["key", "received"]


def test_sealing_taken_back_keeps_what_was_there(filled, tmp_path):
    with open_office(session(filled)) as office:
        with pytest.raises(RuntimeError), office.store.transaction():
            office.vault.seal("F-0001", "received", tmp_path / "second.csv")
            raise RuntimeError
        with office.vault.open("F-0001", "received") as path:
            assert path.read_bytes() == PLAIN
    assert envelopes(filled) == ["key", "received", "received"]
    with open_office(session(filled)) as office:
        assert envelopes(filled) == ["key", "received"]
        with office.vault.open("F-0001", "received") as path:
            assert path.read_bytes() == PLAIN


def test_an_envelope_not_yet_committed_is_not_swept_by_a_colleague(filled, tmp_path):
    code = (
        "import sys; from pathlib import Path; from casework.office import open_office; from casework.console import Session\n"
        "with open_office(Session(home=Path(sys.argv[1]), actor='auditor')): pass"
    )
    with open_office(session(filled)) as office:
        with office.store.transaction():
            office.vault.seal("F-0001", "received", tmp_path / "second.csv")
            colleague = subprocess.Popen([sys.executable, "-c", code, str(filled)])
            with pytest.raises(subprocess.TimeoutExpired):
                # It has seen an envelope that the store does not know, and waits to see what becomes of it.
                colleague.wait(timeout=2)
        assert colleague.wait(timeout=30) == 0
        with office.vault.open("F-0001", "received") as path:
            assert path.read_bytes() == b"other " + CANARY
    assert envelopes(filled) == ["key", "received"]


def test_an_envelope_is_not_for_the_office_key_alone(filled):
    """The data key is the file's own: erasing it erases the file, whoever holds the office's key."""
    (envelope,) = (filled / "vault" / "F-0001").glob("received.*.age")
    with open_office(session(filled)) as office, pytest.raises(VerificationFailed):
        office.keys.decrypt_file(envelope, filled.parent / "out")
    assert not (filled.parent / "out").exists()


@pytest.mark.parametrize("cut", [1, 100, 65_536, 150_000])
def test_a_truncated_envelope_leaves_no_plain_bytes(filled, cut):
    (envelope,) = (filled / "vault" / "F-0001").glob("received.*.age")
    content = envelope.read_bytes()
    envelope.write_bytes(content[:-cut])
    # The trap: the library itself leaves what it had decrypted before it met the end.
    key = filled.parent / "leak"
    with open_office(session(filled)) as office:
        identity = office.vault._file_key("F-0001")
        with pytest.raises((OSError, pyrage.DecryptError)):
            pyrage.decrypt_file(str(envelope), str(key), [identity])
        assert cut > 100_000 or key.stat().st_size > 0
        with pytest.raises(VerificationFailed, match="damaged, cut short"), office.vault.open("F-0001", "received"):
            pytest.fail("a truncated envelope was opened")
    assert holds_canary(filled) == []
    assert [path for path in (filled / "work").rglob("*") if path.name != ".gate"] == []


@pytest.mark.parametrize("position", [0, 30, 250, -1])
def test_a_flipped_bit_is_found(filled, position):
    (envelope,) = (filled / "vault" / "F-0001").glob("received.*.age")
    content = bytearray(envelope.read_bytes())
    content[position] ^= 1
    envelope.write_bytes(bytes(content))
    with (
        open_office(session(filled)) as office,
        pytest.raises(VerificationFailed),
        office.vault.open("F-0001", "received"),
    ):
        pytest.fail("a changed envelope was opened")


def test_another_envelope_of_the_same_file_in_its_place_is_found(filled, tmp_path):
    """Authentic, but not what the store knows: an older version, or another kind."""
    with open_office(session(filled)) as office:
        office.vault.seal("F-0001", "processed", tmp_path / "second.csv")
        folder = filled / "vault" / "F-0001"
        (received,), (processed,) = folder.glob("received.*.age"), folder.glob("processed.*.age")
        received.write_bytes(processed.read_bytes())
        with pytest.raises(VerificationFailed, match="is not what was sealed"), office.vault.open("F-0001", "received"):
            pytest.fail("a swapped envelope was opened")


@pytest.mark.parametrize("gone", ["key.age", "received.*.age"])
def test_a_missing_part_is_named(filled, gone):
    next((filled / "vault" / "F-0001").glob(gone)).unlink()
    with open_office(session(filled)) as office:
        with pytest.raises(VerificationFailed), office.vault.open("F-0001", "received"):
            pytest.fail("opened without its key or envelope")
        if gone == "key.age":
            with pytest.raises(VerificationFailed, match="the key of F-0001 is missing"):
                office.vault.seal("F-0001", "normalised", filled.parent / "second.csv")


@pytest.mark.parametrize(("actor", "may"), [("processor", True), ("reviewer", True), ("release_officer", True), ("screener", False)])
def test_who_may_open_and_that_it_is_written_down(filled, actor, may):
    with open_office(session(filled, actor)) as office:
        before = office.store.chain_head().sequence
        if may:
            with office.vault.open("F-0001", "received"):
                pass
            assert office.store.actors_of(event="vault.opened", file_id="F-0001") == {actor}
        else:
            with pytest.raises(TransitionRefused), office.vault.open("F-0001", "received"):
                pytest.fail("opened without the role")
        assert office.store.chain_head().sequence == before + may


def test_only_a_processor_seals_and_a_refused_envelope_is_swept(filled, tmp_path):
    with open_office(session(filled, "screener")) as office, pytest.raises(TransitionRefused):
        office.vault.seal("F-0001", "received", tmp_path / "second.csv")
    with open_office(session(filled)):
        assert envelopes(filled) == ["key", "received"]


def test_a_kind_that_is_not_known_is_a_defect(filled, tmp_path):
    assert len(KINDS) == 7
    with open_office(session(filled)) as office, pytest.raises(InternalError):
        office.vault.seal("F-0001", "../x", tmp_path / "second.csv")


def erase(home, *, order="chief", carry_out="deputy"):
    with open_office(session(home, carry_out)) as office:
        office.store.order_erasure("F-0001", actor=order)
        office.vault.erase("F-0001")
        return office.store.get_record("certificate", file_id="F-0001")


def test_an_erased_file_is_gone_and_its_certificate_is_signed(filled):
    certificate = erase(filled)
    assert not (filled / "vault" / "F-0001").exists()
    assert (certificate["ordered_by"], certificate["carried_out_by"]) == (["chief"], "deputy")
    assert [(item["kind"], item["size_bytes"]) for item in certificate["items"]] == [("received", len(PLAIN))]
    body = {key: value for key, value in certificate.items() if key not in {"sha256", "signature"}}
    key = load_public_key(filled / PUBLIC_PEM)
    assert isinstance(key, Ed25519PublicKey)
    key.verify(bytes.fromhex(certificate["signature"]), canonical_json(body))
    with open_office(session(filled)) as office:
        assert office.store.get_file("F-0001").state is FileState.ERASED
        assert office.vault.list()[0].erased_at is not None
        with pytest.raises(TransitionRefused, match="is erased"):
            office.vault.seal("F-0001", "received", filled.parent / "second.csv")
        with pytest.raises(TransitionRefused, match="is erased"), office.vault.open("F-0001", "received"):
            pytest.fail("opened an erased file")
        # The head in the certificate is a link of the chain.
        assert office.store.find_event(certificate["head"]) is not None
    assert books_hold(filled)


def test_erasing_again_changes_nothing(filled):
    erase(filled)
    with open_office(session(filled, "deputy")) as office:
        head = office.store.head()
        office.vault.erase("F-0001")
        assert office.store.head() == head


def test_nobody_erases_alone(filled):
    with open_office(session(filled, "chief")) as office:
        with pytest.raises(TransitionRefused, match="needs another before it: order the erasure"):
            office.vault.erase("F-0001")
        office.store.order_erasure("F-0001", actor="chief")
        with pytest.raises(TransitionRefused, match="nobody approves their own work"):
            office.vault.erase("F-0001")
        assert office.store.get_file("F-0001").state is FileState.REQUESTED
    assert envelopes(filled) == ["key", "received"]


def test_a_file_in_use_is_not_erased(filled):
    with open_office(session(filled, "deputy")) as office:
        office.store.order_erasure("F-0001", actor="chief")
        with office.vault.open("F-0001", "received"), pytest.raises(TransitionRefused, match="in use by another step"):
            office.vault.erase("F-0001")
        office.vault.erase("F-0001")


def test_a_step_may_seal_while_it_reads(filled, tmp_path):
    with open_office(session(filled)) as office:
        with office.vault.open("F-0001", "received") as path, office.vault.work_folder() as folder:
            (folder / "out").write_bytes(path.read_bytes()[:10])
            office.vault.seal("F-0001", "normalised", folder / "out")
        assert [item.kind for item in office.vault.list("F-0001")] == ["normalised", "received"]


def test_destroy_overwrites_before_it_unlinks(tmp_path):
    path, other = tmp_path / "key", tmp_path / "link"
    path.write_bytes(CANARY)
    other.hardlink_to(path)
    destroy(path)
    assert not path.exists()
    assert (len(other.read_bytes()), CANARY in other.read_bytes()) == (len(CANARY), False)
    destroy(path)


def test_leftovers_of_the_dead_go_and_folders_of_the_living_stay(home):
    work = home / "work"
    with open_work_folder(work) as mine:
        (mine / "plain").write_bytes(CANARY)
        dead = work / f"{os.getpid()}-dead"
        dead.mkdir()
        (dead / "plain").write_bytes(CANARY)
        (work / "stray").write_bytes(CANARY)
        assert sweep_work(work) == 1
        assert [path.name for path in work.iterdir() if path.name != ".gate"] == [mine.name]
        assert (mine / "plain").read_bytes() == CANARY
    assert sweep_work(work) == 0


def test_a_colleague_killed_in_the_middle_leaves_a_folder_until_the_next_command(filled):
    code = (
        "import os, signal, sys; from pathlib import Path; from casework.office import open_office; from casework.console import Session\n"
        "with open_office(Session(home=Path(sys.argv[1]), actor='processor')) as o, o.vault.open('F-0001', 'received') as p:\n"
        "    print(p, flush=True); sys.stdin.readline(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(filled)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        plain = Path(child.stdout.readline().strip())
        with open_office(session(filled)):
            assert plain.read_bytes() == PLAIN, "a running colleague keeps their file"
        child.communicate("die\n", timeout=30)
    assert plain.exists()
    with open_office(session(filled)):
        assert not plain.exists()
    assert holds_canary(filled) == []


def run_killed(scenario, template, runs):
    """The workspaces left by forks killed at every step, and the last one, which ran through."""
    command = [sys.executable, str(Path(__file__).with_name("crash_child.py")), scenario, str(template), str(runs), "1"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    return [Path(home) for home, killed in lines if killed == "1"], [Path(home) for home, killed in lines if killed == "0"]


def test_an_erasure_killed_at_any_step_is_finished_by_the_next_command(filled, tmp_path):
    with open_office(session(filled, "chief")) as office:
        office.store.order_erasure("F-0001", actor="chief")
    killed, through = run_killed("erase", filled, tmp_path / "runs")
    assert len(killed) >= 15
    begun = 0
    for home in killed + through:
        # Any command will do: the office finishes on opening what was begun.
        with open_office(session(home, "auditor")) as office:
            state = office.store.get_file("F-0001").state
            left = (home / "vault" / "F-0001").exists()
            assert (state, left) in {(FileState.ERASED, False), (FileState.REQUESTED, True)}
            begun += state is FileState.ERASED
        if state is FileState.REQUESTED:
            # It died before the beginning was written: nothing had been touched.
            with open_office(session(home)) as office, office.vault.open("F-0001", "received") as path:
                assert path.read_bytes() == PLAIN
            with open_office(session(home, "deputy")) as office:
                office.vault.erase("F-0001")
        with open_office(session(home)) as office:
            assert len(office.store.list_records("certificate")) == 1
            assert office.store.actors_of(event="file.erased", file_id="F-0001") == {"deputy"}
        assert books_hold(home)
    assert begun > len(killed) / 2


@pytest.mark.parametrize("scenario", ["seal", "paper"])
def test_a_write_killed_at_any_step_is_there_or_not(filled, tmp_path, scenario):
    killed, through = run_killed(scenario, filled, tmp_path / "runs")
    assert len(killed) >= 8
    assert len(through) == 1
    seen = set()
    for home in killed + through:
        with open_office(session(home)) as office:
            with office.vault.open("F-0001", "received") as path:
                sealed = path.read_bytes()
            papers = [office.store.paper_path(paper).read_bytes() for paper in office.store.list_papers()]
        seen.add(sealed != PLAIN or papers == [b"text"])
        assert sealed in {PLAIN, b"other " + CANARY}
        assert papers in ([], [b"text"])
        assert len(list((home / "papers").iterdir())) == len(papers)
        assert envelopes(home) == ["key", "received"]
        assert holds_canary(home) == []
        assert books_hold(home)
    assert seen == {True, False}
