"""Machine code of the loops, kept on disk and loaded without the compiler.

Decided here: how a loop is called, where its machine code lies, and when it is made anew: when the source of any loop, the processor or
the version of the code generator is another, or when the file is not whole. The compiler (Numba) takes longer to import than a file of
a hundred thousand rows takes to convert; it is imported for making alone. Not decided here: how it is made (`intake.loops.compiling`).
"""

import ctypes
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import llvmlite  # type: ignore[import-untyped]
import numpy as np
from llvmlite import binding
from numpy.typing import NDArray

from schemas.files import write_bytes

FOLDER = Path(__file__).parent
PREFIX, NUMBER = "sakusei_", "number"
_DIGEST_BYTES = hashlib.sha256().digest_size
_PLACES, _SIZES = ctypes.POINTER(ctypes.c_void_p), ctypes.POINTER(ctypes.c_int64)
# a call through this form lets other threads run
FUNCTION = ctypes.CFUNCTYPE(ctypes.c_int64, _PLACES, _SIZES)
_LOADING = Lock()


@dataclass(frozen=True, slots=True)
class Given:
    """What a loop is given in one place.

    Parameters
    ----------
    type : str
        NumPy type of the numbers of an array; empty for one whole number.
    dimensions : int
        1 or 2.
    is_out : bool
        Whether the loop writes to the array.
    """

    type: str
    dimensions: int
    is_out: bool

    @staticmethod
    def parse(text: str) -> "Given":
        """Return what `number`, `u1`, `i4 out` or `i8 out 2` says."""
        kind, *rest = text.split()
        return Given("" if kind == NUMBER else kind, 2 if "2" in rest else 1, "out" in rest)

    def fits(self, argument: object) -> bool:
        """Return whether an argument is of this kind: a wrong one would be read and written as if it were."""
        if not self.type:
            return isinstance(argument, int)
        return (
            isinstance(argument, np.ndarray)
            and argument.dtype == self.type
            and argument.ndim == self.dimensions
            and argument.flags.c_contiguous
            and (argument.flags.writeable or not self.is_out)
        )


class Loop:
    """A compiled loop; its machine code is loaded at the first call of any.

    Parameters
    ----------
    room, name : str
        Module in `intake.loops` and function in it.
    given : str
        What it is given (`Given.parse`), in order.
    """

    def __init__(self, room: str, name: str, *given: str) -> None:
        self.room, self.name = room, name
        self.given = tuple(Given.parse(text) for text in given)

    def __call__(self, *arguments: NDArray[Any] | int) -> int:
        """Return what the loop returns.

        Raises
        ------
        TypeError
            An argument is not of the kind the loop is compiled for.
        """
        places, sizes = (ctypes.c_void_p * len(self.given))(), (ctypes.c_int64 * (2 * len(self.given)))()
        for index, (given, argument) in enumerate(zip(self.given, arguments, strict=True)):
            if not given.fits(argument):
                raise TypeError(f"{self.name} is not compiled for what it was given in place {index}")
            if isinstance(argument, int):
                sizes[2 * index] = argument
            else:
                places[index] = argument.ctypes.data
                sizes[2 * index : 2 * index + argument.ndim] = list(argument.shape)
        return _get_functions()[self.name](places, sizes)


def _get_functions() -> dict[str, Callable[..., int]]:
    """Return the loops by name; one thread alone loads them."""
    with _LOADING:
        return _load_all()[1]


@cache
def _load_all() -> tuple[binding.ExecutionEngine, dict[str, Callable[..., int]]]:
    from intake.loops import LOOPS

    return load_code(find_code(LOOPS, list_folders()), LOOPS)


def list_folders() -> list[Path]:
    """Return where machine code may lie: beside the source as other compiled code, or among the files of the user, who may have none."""
    beside = [FOLDER / "__pycache__"]
    try:
        return [*beside, Path.home() / ".cache" / "sakusei"]
    except RuntimeError:
        return beside


def load_code(code: bytes, loops: Sequence[Loop]) -> tuple[binding.ExecutionEngine, dict[str, Callable[..., int]]]:
    """Return loops by name, and what owns the memory they lie in."""
    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), make_target())
    engine.add_object_file(binding.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine, {loop.name: FUNCTION(engine.get_function_address(PREFIX + loop.name)) for loop in loops}


def make_target() -> binding.TargetMachine:
    """Return the processor of this machine, as code is made for it."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    features = binding.get_host_cpu_features().flatten()
    target = binding.Target.from_default_triple()
    return target.create_target_machine(
        cpu=binding.get_host_cpu_name(), features=features, opt=3, reloc="pic", codemodel="jitdefault", jit=True
    )


def find_code(loops: Sequence[Loop], folders: Sequence[Path]) -> bytes:
    """Return the machine code of loops: from disk, or made now and kept.

    Parameters
    ----------
    loops : Sequence[Loop]
        The loops.
    folders : Sequence[Path]
        Where it may lie. It is kept in the first of them that can be written to; nowhere when none can.
    """
    key, name = _make_key(loops), f"loops-{binding.get_host_cpu_name()}-{llvmlite.__version__}.o"
    for folder in folders:
        if code := _read_code(folder / name, key):
            return code
    from intake.loops.compiling import compile_loops

    code = compile_loops(loops)
    any(_keep_code(folder / name, key, code) for folder in folders)
    return code


def _make_key(loops: Sequence[Loop]) -> bytes:
    """Return a digest of all that machine code depends on."""
    sources = [path.read_bytes() for path in sorted(FOLDER.glob("*.py"))]
    features = binding.get_host_cpu_features().flatten()
    told = [*(loop.name for loop in loops), binding.get_default_triple(), binding.get_host_cpu_name(), features, llvmlite.__version__]
    return hashlib.sha256(b"\0".join([*sources, *(text.encode() for text in told)])).digest()


def _read_code(path: Path, key: bytes) -> bytes:
    """Return machine code that is whole and of these sources; else nothing."""
    try:
        content = path.read_bytes()
    except OSError:
        return b""
    code = content[2 * _DIGEST_BYTES :]
    return code if content[: 2 * _DIGEST_BYTES] == key + hashlib.sha256(key + code).digest() else b""


def _keep_code(path: Path, key: bytes, code: bytes) -> bool:
    """Write machine code, and return whether that could be done."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_bytes(path, key + hashlib.sha256(key + code).digest() + code)
    except OSError:
        return False
    return True
