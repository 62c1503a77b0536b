"""The processor's instruction to fetch memory ahead of its use, inside of compiled loops."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

__all__ = ["LINE", "prefetch"]

LINE = 64
"""Bytes that are fetched at once, on nearly every machine."""

_READ, _KEEP, _DATA = 0, 3, 1


@intrinsic
def prefetch(typing: Any, array: Any, place: Any) -> Any:
    """Fetch the line that ``array[place]`` of a contiguous array lies in; any place is allowed, none is read."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        byte = ir.IntType(8).as_pointer()
        address = builder.bitcast(builder.gep(data, [arguments[1]]), byte)
        kind = ir.FunctionType(ir.VoidType(), [byte] + [ir.IntType(32)] * 3)
        function = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        builder.call(function, [address, *(ir.IntType(32)(flag) for flag in (_READ, _KEEP, _DATA))])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate
