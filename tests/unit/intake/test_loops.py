"""Loops are machine code: loaded without the compiler, only when whole and of these sources, and given only what they are made for."""

import subprocess
import sys

import numpy as np
import pytest

from intake.loops import LOOPS, machine, mark_hashes, mix_all
from intake.loops.machine import Given, Loop, find_code, load_code

MIXED = (mix_all,)


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    """Machine code of one loop, made here."""
    folder = tmp_path_factory.mktemp("code")
    return find_code(MIXED, [folder]), folder


def forget(monkeypatch):
    """Let nothing be compiled."""
    monkeypatch.setitem(sys.modules, "intake.loops.compiling", None)


def mix(value):
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014), in whole numbers of Python."""
    value = (value + 0x9E3779B97F4A7C15) % 2**64
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    value = (value ^ value >> 27) * 0x94D049BB133111EB % 2**64
    return value ^ value >> 31


def test_what_is_loaded_does_what_the_source_says():
    values, hashes = np.array([0, 1, 2**64 - 1], dtype=np.uint64), np.zeros(3, dtype=np.uint64)
    assert mix_all(values, hashes) == 0
    # the first is the first number that SplitMix64 gives for the seed 0
    assert hashes.tolist() == [0xE220A8397B1DCDAF, mix(1), mix(2**64 - 1)]


def test_numbers_come_back():
    # 8 bits: 5 and 13 share one, 7 stands alone
    again = np.zeros(3, dtype=np.uint64)
    assert mark_hashes(np.array([5, 7, 13], dtype=np.uint64), np.zeros(1, dtype=np.uint8), again) == 1
    assert again[0] == 13


U8, BITS = np.arange(4, dtype=np.uint64), np.zeros(8, dtype=np.uint8)
LOCKED = U8.copy()
LOCKED.setflags(write=False)


@pytest.mark.parametrize(
    "arguments",
    [
        (U8.astype(np.int64), BITS, U8.copy()),
        (U8[::2], BITS, U8.copy()),
        (U8.reshape(2, 2), BITS, U8.copy()),
        (U8, BITS, LOCKED),
        (U8, 8, U8.copy()),
        (U8, BITS.tobytes(), U8.copy()),
        (U8, BITS),
    ],
    ids=["type", "gaps", "shape", "locked", "number", "bytes", "too-few"],
)
def test_what_a_loop_is_not_made_for_does_not_reach_it(arguments):
    with pytest.raises((TypeError, ValueError)):
        mark_hashes(*arguments)
    assert not BITS.any()


def test_locked_arrays_may_be_read():
    again = np.zeros(4, dtype=np.uint64)
    assert mark_hashes(LOCKED, np.zeros(8, dtype=np.uint8), again) == 0


@pytest.mark.parametrize(
    ("text", "given"),
    [("number", Given("", 1, False)), ("u1", Given("u1", 1, False)), ("i4 out", Given("i4", 1, True)), ("i8 out 2", Given("i8", 2, True))],
)
def test_kinds_are_told_in_words(text, given):
    assert Given.parse(text) == given


def test_whole_code_is_found_again_and_works(code, monkeypatch):
    made, folder = code
    forget(monkeypatch)
    assert find_code(MIXED, [folder]) == made
    engine, functions = load_code(made, MIXED)
    assert set(functions) == {"mix_all"}
    assert engine


@pytest.mark.parametrize("place", [0, 40, 64, -1], ids=["key", "digest", "first", "last"])
def test_code_that_is_not_whole_or_of_other_sources_is_made_anew(code, tmp_path, monkeypatch, place):
    made, folder = code
    (path,) = folder.iterdir()
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    (tmp_path / path.name).write_bytes(content)
    forget(monkeypatch)
    with pytest.raises(ImportError):
        find_code(MIXED, [tmp_path])
    # another folder may have it whole
    assert find_code(MIXED, [tmp_path, folder]) == made


def test_code_of_other_loops_is_not_taken(code, monkeypatch):
    forget(monkeypatch)
    with pytest.raises(ImportError):
        find_code((mark_hashes,), [code[1]])


def test_where_nothing_can_be_written_the_next_folder_is_tried(code, tmp_path, monkeypatch):
    closed = tmp_path / "closed"
    closed.write_bytes(b"")
    made = find_code(MIXED, [closed, tmp_path / "new" / "one"])
    assert [path.name for path in (tmp_path / "new" / "one").iterdir()] == [path.name for path in code[1].iterdir()]
    assert set(load_code(find_code(MIXED, [closed]), MIXED)[1]) == {"mix_all"}
    forget(monkeypatch)
    assert find_code(MIXED, [closed, tmp_path / "new" / "one"]) == made


def test_who_has_no_folder_of_their_own_has_the_one_beside_the_source(monkeypatch):
    assert [folder.name for folder in machine.list_folders()] == ["__pycache__", "sakusei"]

    def refuse():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(machine.Path, "home", refuse)
    assert machine.list_folders() == [machine.FOLDER / "__pycache__"]


def test_a_loop_that_could_raise_is_not_made(monkeypatch):
    from numba import njit

    from intake.loops import repeats
    from intake.loops.compiling import compile_loops

    monkeypatch.setattr(repeats, "raises", njit(lambda numbers: 1 // numbers[0]), raising=False)
    with pytest.raises(RuntimeError, match="without the compiler"):
        compile_loops([Loop("repeats", "raises", "i8")])


def test_every_loop_is_in_the_table_and_known_by_its_own_name():
    assert len({loop.name for loop in LOOPS}) == len(LOOPS)
    assert {loop for loop in vars(sys.modules["intake.loops"]).values() if isinstance(loop, Loop)} == set(LOOPS)


def test_a_conversion_pays_for_no_compiler():
    assert machine._get_functions()
    code = (
        "import sys, numpy, intake.convert, intake.propose; from intake.loops import mix_all; "
        "mix_all(numpy.zeros(1, 'u8'), numpy.zeros(1, 'u8')); print([m for m in ('numba', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
