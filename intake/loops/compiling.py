"""How the loops become machine code: by Numba to the language of LLVM, each with one form of call, and all together to one object.

Decided here: what a loop sees of what it is given; and that an object refers to nothing that Numba alone could give it, so that it can be
loaded without. A loop that raises or makes arrays would refer to such things: what it needs room for is handed to it.
"""

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from llvmlite import binding  # type: ignore[import-untyped]
from numba import carray, cfunc, njit, types

from intake.loops.machine import PREFIX, Given, Loop, make_target

# places and sizes of what is given, two sizes each
_FORM = types.int64(types.CPointer(types.voidptr), types.CPointer(types.int64))
_KNOWN = ("llvm.", "memcpy", "memset", "memmove")


def compile_loops(loops: Sequence[Loop]) -> bytes:
    """Return the machine code of loops for the processor of this machine.

    Raises
    ------
    RuntimeError
        A loop refers to something that is not there without Numba.
    """
    machine = make_target()
    whole = binding.parse_assembly("")
    for loop in loops:
        whole.link_in(_to_module(loop))
    builder = binding.create_pass_builder(machine, binding.create_pipeline_tuning_options(speed_level=3))
    builder.getModulePassManager().run(whole, builder)
    if any(function.is_declaration and not function.name.startswith(_KNOWN) for function in whole.functions):
        raise RuntimeError("a loop refers to what is not there without the compiler")
    code: bytes = machine.emit_object(whole)
    return code


def _to_module(loop: Loop) -> binding.ModuleRef:
    """Return a loop and what it calls; what it calls is known to it alone, so that nothing is left of what it never does."""
    function = getattr(importlib.import_module(f"intake.loops.{loop.room}"), loop.name)
    compiled = cfunc(_FORM)(_adapt(function, loop.given))
    module = binding.parse_assembly(compiled.inspect_llvm())
    for each in module.functions:
        if each.name == compiled.native_name:
            each.name = PREFIX + loop.name
        elif not each.is_declaration:
            each.linkage = "internal"
    return module


def _adapt(function: Any, given: tuple[Given, ...]) -> Any:
    """Return a loop in the one form of call."""
    take = _take_all(tuple(_take_one(index, each) for index, each in enumerate(given)))

    def run(places, sizes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - compiled
        return function(*take(places, sizes))

    return run


def _take_one(index: int, given: Given) -> Any:
    """Return what takes one argument from places and sizes."""
    if not given.type:
        return njit(lambda places, sizes: sizes[2 * index])
    type_ = np.dtype(given.type).type
    if given.dimensions == 1:
        return njit(lambda places, sizes: carray(places[index], (sizes[2 * index],), type_))
    return njit(lambda places, sizes: carray(places[index], (sizes[2 * index], sizes[2 * index + 1]), type_))


def _take_all(takers: tuple[Any, ...]) -> Any:
    """Return what takes all arguments, as a tuple of many types."""
    if not takers:
        return njit(lambda _places, _sizes: ())
    first, rest = takers[0], _take_all(takers[1:])
    return njit(lambda places, sizes: (first(places, sizes), *rest(places, sizes)))
