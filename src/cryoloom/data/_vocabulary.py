"""The words of expressions: operators and functions, what they take and what they yield."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import polars as pl

ValueType: TypeAlias = Literal["number", "text", "truth", "list", "nothing"]
"""What an expression yields: ``truth`` is true or false, ``nothing`` is an unknown value (None)."""

WORDS: Mapping[ValueType, str] = {
    "number": "a number",
    "text": "text",
    "truth": "true or false",
    "list": "a list",
    "nothing": "None",
}


@dataclass(frozen=True, slots=True)
class Function:
    """A function that an expression may call.

    Parameters
    ----------
    arguments : what it takes
    result : what it yields
    build : Polars expressions of the arguments → that of the result
    meaning : half a sentence for `expression_help`
    repeats : it takes its one argument once or more
    """

    arguments: tuple[ValueType, ...]
    result: ValueType
    build: Callable[..., pl.Expr]
    meaning: str
    repeats: bool = False


FUNCTIONS: Mapping[str, Function] = {
    "abs": Function(("number",), "number", lambda x: x.abs(), "absolute value"),
    "sqrt": Function(("number",), "number", lambda x: x.sqrt(), "square root"),
    "exp": Function(("number",), "number", lambda x: x.exp(), "exponential"),
    "log": Function(("number",), "number", lambda x: x.log(), "natural logarithm"),
    "log10": Function(("number",), "number", lambda x: x.log10(), "decimal logarithm"),
    "floor": Function(("number",), "number", lambda x: x.floor(), "next integer below"),
    "ceil": Function(("number",), "number", lambda x: x.ceil(), "next integer above"),
    "round": Function(("number",), "number", lambda x: x.round(), "nearest integer"),
    "min": Function(("number",), "number", pl.min_horizontal, "smallest of several", repeats=True),
    "max": Function(("number",), "number", pl.max_horizontal, "largest of several", repeats=True),
    "between": Function(
        ("number", "number", "number"),
        "truth",
        lambda x, low, high: x.is_between(low, high),
        "whether the first lies between the others, limits included",
    ),
    "contains": Function(
        ("text", "text"), "truth", lambda x, part: x.str.contains(part, literal=True), "whether a text contains another"
    ),
    "starts_with": Function(("text", "text"), "truth", lambda x, part: x.str.starts_with(part), "how a text begins"),
    "ends_with": Function(("text", "text"), "truth", lambda x, part: x.str.ends_with(part), "how a text ends"),
}

ARITHMETIC: Mapping[type[ast.operator], Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
LOGIC: Mapping[type[ast.AST], Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    ast.And: operator.and_,
    ast.BitAnd: operator.and_,
    ast.Or: operator.or_,
    ast.BitOr: operator.or_,
}
COMPARISONS: Mapping[type[ast.cmpop], Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
