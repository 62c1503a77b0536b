"""Expressions over branches, such as ``"log(Jet_pt) - 0.5 * abs(Jet_eta)"``, read without running code from a file.

The text is parsed into Python's syntax tree, of which only arithmetic, comparisons, logic, a few functions and branch names
are accepted; everything else is refused. ``and``, ``or`` and ``not`` act event by event, like ``&``, ``|`` and ``~``.
"""

from __future__ import annotations

import ast
import functools
import operator
from collections.abc import Callable, Mapping
from typing import Any

import awkward as ak
import numpy as np

from keras_hep.errors import FeatureError, nearest

__all__ = ["FUNCTIONS", "branches_of", "evaluate"]


def _per_event(function: Callable[..., Any]) -> Callable[[Any], Any]:
    """Let `function` act inside each event alone: on a flat branch it would mix the events of a chunk."""

    def reduce(values: Any) -> Any:
        if getattr(values, "ndim", 0) < 2:
            raise ValueError("num and sum need a jagged branch, a list of values an event")
        return function(values, axis=-1)

    return reduce


def _power(base: Any, exponent: Any) -> Any:
    # Whole numbers of any size would let a few characters such as 9**9**9 fill the memory.
    return float(base) ** exponent if isinstance(base, int) and isinstance(exponent, int) else base**exponent


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "arcsinh": np.arcsinh,
    "arctan2": np.arctan2,
    "cos": np.cos,
    "cosh": np.cosh,
    "exp": np.exp,
    "hypot": np.hypot,
    "isfinite": np.isfinite,
    "log": np.log,
    "log1p": np.log1p,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "num": _per_event(ak.num),
    "sin": np.sin,
    "sinh": np.sinh,
    "sqrt": np.sqrt,
    "sum": _per_event(ak.sum),
    "tanh": np.tanh,
    "where": ak.where,
}

# Checked before the call: a numpy function would take one argument too many as the array to write its result to.
_ARGUMENTS = {name: f.nin if isinstance(f, np.ufunc) else 1 for name, f in FUNCTIONS.items()} | {"where": 3}
_CONSTANTS = {"pi": np.pi}
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
    ast.Not: np.logical_not,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_NARROW = {"int8", "int16", "int32", "uint8", "uint16", "uint32"}
_MAX_LENGTH = 2_000
_HELP = f"an expression holds branch names, numbers, + - * / ** % comparisons, and/or/not, and {', '.join(FUNCTIONS)}"


# Python's parser is not safe in several threads at once (CPython gh-106905): readers find what was parsed before them.
@functools.lru_cache(maxsize=4096)
def _parse(expression: str) -> ast.expr:
    if len(expression) > _MAX_LENGTH:
        raise FeatureError(
            f"the expression {expression[:40]!r}... has {len(expression)} characters; {_MAX_LENGTH} are allowed"
        )
    try:
        return ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError) as error:
        raise FeatureError(f"the expression {expression!r} cannot be read ({error}); {_HELP}") from error


def _dotted(node: ast.expr) -> str | None:
    """Return a name such as ``Jet.PT``, or None for what is none; nothing is ever looked up inside of an object."""
    if isinstance(node, ast.Attribute) and not node.attr.startswith("__"):
        outer = _dotted(node.value)
        return None if outer is None else f"{outer}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else None


def branches_of(expression: str) -> list[str]:
    """Return the branch names that an expression needs, such as ``pt`` or ``Jet.PT``, in the order in which they appear.

    Raises:
        FeatureError: the expression is not of the accepted form.

    >>> branches_of("hypot(px, py) / jet_pt")
    ['px', 'py', 'jet_pt']
    """
    names: dict[str, None] = {}

    def walk(node: ast.expr) -> None:
        match node:
            case ast.Name(id=name) if name in _CONSTANTS:
                pass
            case ast.Name() | ast.Attribute() if (branch := _dotted(node)) is not None:
                names[branch] = None
            case ast.Constant(value=int() | float()):
                pass
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                walk(left)
                walk(right)
            case ast.UnaryOp(operand=operand):
                walk(operand)
            case ast.BoolOp(values=values):
                for value in values:
                    walk(value)
            case ast.Compare(left=left, ops=ops, comparators=right) if all(type(op) in _COMPARE for op in ops):
                for value in (left, *right):
                    walk(value)
            case ast.Call(func=ast.Name(id=function), args=args, keywords=[]):
                if function not in FUNCTIONS:
                    raise FeatureError(
                        f"unknown function '{function}' in {expression!r}: {nearest(function, FUNCTIONS)}"
                    )
                if len(args) != _ARGUMENTS[function]:
                    raise FeatureError(
                        f"'{function}' takes {_ARGUMENTS[function]} argument(s), not {len(args)}, in {expression!r}"
                    )
                for value in args:
                    walk(value)
            case _:
                raise FeatureError(f"{ast.unparse(node)!r} is not allowed in the expression {expression!r}; {_HELP}")

    try:
        walk(_parse(expression))
    except RecursionError:
        raise FeatureError(f"the expression {expression[:40]!r}... is nested too deeply; split it up") from None
    return list(names)


def _widened(values: Any) -> Any:
    """Return whole numbers of up to 32 bits as 64-bit ones, so that arithmetic on them does not wrap around."""
    if isinstance(values, np.ndarray):
        return values.astype(np.int64) if str(values.dtype) in _NARROW else values
    kind = str(ak.type(values)).split("*")[-1].strip().removeprefix("?")
    return ak.values_astype(values, np.int64) if kind in _NARROW else values


def _value(node: ast.expr, columns: Mapping[str, Any]) -> Any:
    # No function inside of `evaluate`: it would refer to itself, and hold the columns until garbage is collected.
    match node:
        case ast.Name() | ast.Attribute() if (name := _dotted(node)) is not None:
            return _CONSTANTS[name] if name in _CONSTANTS else _widened(columns[name])
        case ast.Constant(value=number):
            return number
        case ast.BinOp(left=left, op=op, right=right):
            return _BINARY[type(op)](_value(left, columns), _value(right, columns))
        case ast.UnaryOp(op=unary, operand=operand):
            return _UNARY[type(unary)](_value(operand, columns))
        case ast.BoolOp(op=logic, values=values):
            return functools.reduce(
                np.logical_and if isinstance(logic, ast.And) else np.logical_or,
                (_value(value, columns) for value in values),
            )
        case ast.Compare(left=left, ops=ops, comparators=right):
            terms = [_value(left, columns), *(_value(value, columns) for value in right)]
            steps = [_COMPARE[type(c)](a, b) for c, a, b in zip(ops, terms[:-1], terms[1:], strict=True)]
            return functools.reduce(np.logical_and, steps)
        case ast.Call(func=ast.Name(id=function), args=args):
            return FUNCTIONS[function](*(_value(value, columns) for value in args))
        case _:  # pragma: no cover - branches_of has refused everything else
            raise FeatureError(f"{ast.unparse(node)!r} is not allowed")


def evaluate(expression: str, columns: Mapping[str, Any]) -> Any:
    """Evaluate an expression over columns of numpy or awkward arrays.

    Args:
        expression: the text, e.g. ``"Jet_pt > 20 and abs(Jet_eta) < 2.5"``.
        columns: branch name -> array; flat and jagged arrays broadcast as awkward does.

    Raises:
        FeatureError: the expression is not of the accepted form, or its parts do not fit together.
    """
    for name in branches_of(expression):
        if name not in columns:
            raise FeatureError(f"the expression {expression!r} needs the branch '{name}': {nearest(name, columns)}")

    try:
        with np.errstate(all="ignore"):  # a logarithm of zero is a missing value, dealt with by the feature's default
            return _value(_parse(expression), columns)
    except (TypeError, ValueError, IndexError, ArithmeticError, RecursionError, np.exceptions.AxisError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise FeatureError(f"the expression {expression!r} cannot be evaluated on these branches: {reason}") from error
