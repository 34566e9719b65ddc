"""Expressions on columns, as a person types them: ``defocus_u < 25000 and score > 0.1``.

The text is parsed by Python's own grammar, walked node by node, and turned into a Polars expression. Nothing in it is
ever evaluated as Python; what is not listed here is refused.
"""

from __future__ import annotations

import ast
import difflib
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import polars as pl

from cryoloom.data._columns import Schema
from cryoloom.data._vocabulary import ARITHMETIC, COMPARISONS, FUNCTIONS, LOGIC, WORDS, ValueType
from cryoloom.errors import ParameterError

MAXIMUM_LENGTH = 4000
"""Longest text that is parsed, in characters."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression.

    Parameters
    ----------
    text : as it was typed
    polars : what it means
    type : what it yields
    columns : names that it uses, sorted
    """

    text: str
    polars: pl.Expr
    type: ValueType
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Term:
    polars: pl.Expr
    type: ValueType


def parse_expression(text: str, schema: Schema) -> Expression:
    """Parse an expression on the columns of a set.

    Parameters
    ----------
    text : columns, numbers, quoted text, ``+ - * / // % **``, ``< <= > >= == !=``, ``in (…)``, ``and or not``,
        ``is None``, ``… if … else …``, and functions; see `expression_help`
    schema : of the set; names what is not a Python name by ``column("…")``

    Raises
    ------
    ParameterError
        If it cannot be understood, or names a column that is not there.
    """
    if len(text) > MAXIMUM_LENGTH:
        raise ParameterError(f"The expression is {len(text)} characters long; {MAXIMUM_LENGTH} are allowed.")
    try:
        parser = _Parser(text, schema)
        term = parser.term(ast.parse(text.strip(), mode="eval").body)
    except SyntaxError as error:
        raise ParameterError(f"The expression {text!r} cannot be read: {error.msg}.") from error
    except (RecursionError, MemoryError, ValueError) as error:
        if isinstance(error, ParameterError):
            raise
        raise ParameterError(f"The expression {text[:60]!r}… cannot be read: {error}.") from error
    return Expression(text, term.polars, term.type, tuple(sorted(parser.used)))


def parse_condition(text: str, schema: Schema) -> Expression:
    """Parse an expression that must yield true or false; a row for which it is unknown does not satisfy it.

    Raises
    ------
    ParameterError
        As `parse_expression`, and if it yields something else.
    """
    expression = parse_expression(text, schema)
    if expression.type != "truth":
        raise ParameterError(f"{text!r} is {WORDS[expression.type]}, not a condition; compare it with something.")
    return expression


def expression_help(schema: Schema) -> str:
    """What may be written in an expression on a set: its columns with their units, and the functions."""
    columns = "\n".join(f"  {column.label}: {column.meaning or column.dtype}" for column in schema)
    functions = "\n".join(
        f"  {name}({', '.join([*(WORDS[a] for a in function.arguments), *(['…'] if function.repeats else [])])}): "
        f"{function.meaning}"
        for name, function in FUNCTIONS.items()
    )
    return f"Columns:\n{columns}\nFunctions:\n{functions}\nExample: defocus_u < 25000 and not score < 0.1\n"


class _Parser:
    """Walks one expression."""

    def __init__(self, text: str, schema: Schema) -> None:
        self.text = text
        self.schema = schema
        self.used: set[str] = set()

    def term(self, node: ast.expr) -> _Term:
        readers: Mapping[type[ast.expr], Callable[[Any], _Term]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.UnaryOp: self._unary,
            ast.BinOp: self._binary,
            ast.BoolOp: self._logic,
            ast.Compare: self._comparison,
            ast.IfExp: self._choice,
            ast.Call: self._call,
        }
        if type(node) not in readers:
            raise self._refused(node, "is not allowed in an expression")
        return readers[type(node)](node)

    def _constant(self, node: ast.Constant) -> _Term:
        match node.value:
            case bool():
                return _Term(pl.lit(node.value), "truth")
            case int() if node.value.bit_length() > 64:
                raise self._refused(node, "is too large a number")
            case int():
                return _Term(pl.lit(node.value, pl.UInt64 if node.value.bit_length() == 64 else None), "number")
            case float():
                return _Term(pl.lit(node.value), "number")
            case str():
                return _Term(pl.lit(node.value), "text")
            case None:
                return _Term(pl.lit(None), "nothing")
        raise self._refused(node, "is not a number, text, True, False or None")

    def _name(self, node: ast.Name) -> _Term:
        return self._column(node.id)

    def _column(self, name: str) -> _Term:
        column = self.schema.get(name)
        if column is None:
            near = difflib.get_close_matches(name, self.schema.names, n=3)
            if name.lower() in {"true", "false", "null", "none"}:
                near = [name.lower().replace("null", "none").capitalize()]
            hint = f"Did you mean {' or '.join(near)}?" if near else f"There are {', '.join(self.schema.names)}."
            raise ParameterError(f"There is no column {name!r}, which {self.text!r} names. {hint}")
        self.used.add(name)
        types: dict[str, ValueType] = {"bool": "truth", "string": "text"}
        return _Term(pl.col(name), "list" if column.dtype.startswith("list[") else types.get(column.dtype, "number"))

    def _unary(self, node: ast.UnaryOp) -> _Term:
        operand = self.term(node.operand)
        if isinstance(node.op, ast.Not | ast.Invert):
            return _Term(~self._needs("truth", operand, node.operand), "truth")
        number = self._needs("number", operand, node.operand)
        return _Term(-number if isinstance(node.op, ast.USub) else number, "number")

    def _binary(self, node: ast.BinOp) -> _Term:
        kind: ValueType = "truth" if type(node.op) in LOGIC else "number"
        combine = LOGIC.get(type(node.op)) or ARITHMETIC.get(type(node.op))
        if combine is None:
            raise self._refused(node, "is not allowed in an expression")
        return _Term(combine(*(self._needs(kind, self.term(side), side) for side in (node.left, node.right))), kind)

    def _logic(self, node: ast.BoolOp) -> _Term:
        terms = [self._needs("truth", self.term(value), value) for value in node.values]
        return _Term(reduce(LOGIC[type(node.op)], terms), "truth")

    def _comparison(self, node: ast.Compare) -> _Term:
        operands = [node.left, *node.comparators]
        links = [
            self._compared(left, op, right)
            for left, op, right in zip(operands[:-1], node.ops, operands[1:], strict=True)
        ]
        return _Term(reduce(operator.and_, links), "truth")

    def _compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr) -> pl.Expr:
        first = self.term(left)
        if isinstance(op, ast.In | ast.NotIn):
            if not isinstance(right, ast.Tuple | ast.List | ast.Set) or not right.elts:
                raise self._refused(right, "is not a list of values, such as (1, 2)")
            members = [self._equal(first, self.term(element), left, element) for element in right.elts]
            found = reduce(operator.or_, members)
            return ~found if isinstance(op, ast.NotIn) else found
        second = self.term(right)
        if second.type == "nothing" and isinstance(op, ast.Is | ast.Eq):
            return first.polars.is_null()
        if second.type == "nothing" and isinstance(op, ast.IsNot | ast.NotEq):
            return first.polars.is_not_null()
        if type(op) not in COMPARISONS:
            raise self._refused(right, "may only follow 'is' if it is None")
        if isinstance(op, ast.Eq):
            return self._equal(first, second, left, right)
        if isinstance(op, ast.NotEq):
            return ~self._equal(first, second, left, right)
        self._same_type(first, second, left, right)
        return COMPARISONS[type(op)](first.polars, second.polars)

    def _equal(self, first: _Term, second: _Term, left: ast.expr, right: ast.expr) -> pl.Expr:
        self._same_type(first, second, left, right)
        return first.polars == second.polars

    def _choice(self, node: ast.IfExp) -> _Term:
        condition = self._needs("truth", self.term(node.test), node.test)
        first, second = self.term(node.body), self.term(node.orelse)
        if "nothing" not in (first.type, second.type):
            self._same_type(first, second, node.body, node.orelse)
        chosen = pl.when(condition).then(first.polars).otherwise(second.polars)
        return _Term(chosen, second.type if first.type == "nothing" else first.type)

    def _call(self, node: ast.Call) -> _Term:
        name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
        if node.keywords:
            raise self._refused(node, "has an argument with a name; give the values alone")
        if name == "column":
            return self._named_column(node)
        if name == "is_null" and len(node.args) == 1:
            return _Term(self.term(node.args[0]).polars.is_null(), "truth")
        if name not in FUNCTIONS:
            known = ["is_null", "column", *FUNCTIONS]
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}."
            raise ParameterError(f"There is no function {name!r}, which {self.text!r} calls. {hint}")
        function = FUNCTIONS[name]
        types = function.arguments * (len(node.args) if function.repeats else 1)
        if len(types) != len(node.args) or not types:
            raise self._refused(node, f"needs {len(function.arguments)} value(s) between its brackets")
        values = [self._needs(type_, self.term(a), a) for type_, a in zip(types, node.args, strict=True)]
        return _Term(function.build(*values), function.result)

    def _named_column(self, node: ast.Call) -> _Term:
        match node.args:
            case [ast.Constant(value=str(name))]:
                return self._column(name)
        raise self._refused(node, "must name one column in quotes")

    def _needs(self, type_: ValueType, term: _Term, node: ast.expr) -> pl.Expr:
        if term.type != type_:
            raise self._refused(node, f"is {WORDS[term.type]}, where {WORDS[type_]} is needed")
        return term.polars

    def _same_type(self, first: _Term, second: _Term, left: ast.expr, right: ast.expr) -> None:
        if first.type != second.type or first.type in ("list", "nothing"):
            what = f"is {WORDS[first.type]} and cannot be compared with {ast.unparse(right)}, {WORDS[second.type]}"
            raise self._refused(left, what)

    def _refused(self, node: ast.AST, what: str) -> ParameterError:
        return ParameterError(f"In {self.text!r}: {ast.unparse(node)} {what}.")
