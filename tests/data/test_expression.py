"""Expressions: what may be written, what it means, and what is refused."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryoloom.data import Column, Schema, expression_help, parse_condition, parse_expression
from cryoloom.errors import ParameterError

SCHEMA = Schema(
    "particles",
    1,
    (
        Column("id", "uint64"),
        Column("defocus_u", "float64", "Å", "larger defocus"),
        Column("score", "float64"),
        Column("class_number", "int64"),
        Column("file", "string"),
        Column("local", "bool"),
        Column("alignments3D/shift", "float64"),
        Column("curve", "list[float64]"),
    ),
)
ROWS = [
    {"id": 1, "defocus_u": 10_000.0, "score": 0.5, "class_number": 1, "file": "a.mrc", "local": True},
    {"id": 2**64 - 1, "defocus_u": 20_000.0, "score": None, "class_number": 2, "file": "b(1).mrc", "local": False},
    {"id": 3, "defocus_u": 30_000.0, "score": -0.25, "class_number": 3, "file": None, "local": None},
]
FRAME = pl.DataFrame(
    [{**row, "alignments3D/shift": float(k), "curve": [1.0]} for k, row in enumerate(ROWS)],
    schema_overrides={"id": pl.UInt64, "class_number": pl.Int64},
)


def value(text: str) -> list[object]:
    return FRAME.select(parse_expression(text, SCHEMA).polars.alias("x"))["x"].to_list()


def chosen(text: str) -> list[int]:
    return [ROWS.index(row) for row in ROWS if row["id"] in FRAME.filter(parse_condition(text, SCHEMA).polars)["id"]]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("defocus_u < 25000", [0, 1]),
        ("10000 < defocus_u <= 30000", [1, 2]),
        ("defocus_u < 25000 and score > 0.1", [0]),
        ("score > 0.1 or class_number == 3", [0, 2]),
        ("(score > 0.1) | (class_number == 3)", [0, 2]),
        ("~(class_number == 3) & (defocus_u > 1e4)", [1]),
        ("not score > 0.1", [2]),
        ("score is None", [1]),
        ("is_null(score)", [1]),
        ("score is not None", [0, 2]),
        ("score != None", [0, 2]),
        ("class_number in (1, 3)", [0, 2]),
        ("class_number not in [1, 3]", [1]),
        ("file in ('a.mrc', 'c.mrc')", [0]),
        ("between(defocus_u, 10000, 20000)", [0, 1]),
        ("abs(score) >= 0.25", [0, 2]),
        ("max(class_number, 2) == 2", [0, 1]),
        ("contains(file, 'b(1)')", [1]),
        ("starts_with(file, 'a') or ends_with(file, '(1).mrc')", [0, 1]),
        ("local", [0]),
        ("not local", [1]),
        ("local == True", [0]),
        ("id == 18446744073709551615", [1]),
        ("class_number % 2 == 1", [0, 2]),
        ("column('alignments3D/shift') > 0.5", [1, 2]),
        ("(1 if local else -1) > 0", [0]),
        ("  defocus_u > 25000\n", [2]),
    ],
)
def test_conditions(text: str, rows: list[int]) -> None:
    assert chosen(text) == rows


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("defocus_u * 1.02 + 100", [10_300.0, 20_500.0, 30_700.0]),
        ("(defocus_u - 5000) / 2 ** 2", [1250.0, 3750.0, 6250.0]),
        ("-class_number // 2", [-1, -1, -2]),
        ("sqrt(defocus_u)", [100.0, math.sqrt(20_000.0), math.sqrt(30_000.0)]),
        ("round(log10(defocus_u))", [4.0, 4.0, 4.0]),
        ("score if local else None", [0.5, None, None]),
        ("min(score, class_number, 0.75)", [0.5, 0.75, -0.25]),
        ("floor(score) + ceil(score)", [1.0, None, -1.0]),
        ("+exp(0 * class_number)", [1.0, 1.0, 1.0]),
    ],
)
def test_values(text: str, values: list[float | None]) -> None:
    computed = value(text)
    assert [number is None for number in computed] == [number is None for number in values]
    for number, expected in zip(computed, values, strict=True):
        assert number == (expected and pytest.approx(expected, rel=1e-14))  # one or two roundings


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("defocus < 3", "no column 'defocus', .* Did you mean defocus_u"),
        ("nothing_like_it < 3", "no column 'nothing_like_it', .* There are id, defocus_u"),
        ("true", "Did you mean True"),
        ("defocus_u", "a number, not a condition; compare it with something"),
        ("file > 3", "file is text and cannot be compared with 3, a number"),
        ("score = 3", "cannot be read"),
        ("score >", "cannot be read"),
        ("", "cannot be read"),
        ("score > 1; import os", "cannot be read"),
        ("score + file > 1", "file is text, where a number is needed"),
        ("score and local", "score is a number, where true or false is needed"),
        ("squareroot(score) > 1", "no function 'squareroot'"),
        ("sqr(score) > 1", "Did you mean sqrt"),
        ("sqrt(score, 2) > 1", "needs 1 value"),
        ("max() > 1", r"needs 1 value"),
        ("abs(x=score) > 1", "argument with a name"),
        ("score in 3", "is not a list of values"),
        ("score in ()", "is not a list of values"),
        ("score is 3", "may only follow 'is' if it is None"),
        ("score < None", "cannot be compared with None"),
        ("curve > 3", "curve is a list and cannot be compared"),
        ("score > 1j", "1j is not a number"),
        ("score > b'a'", "is not a number"),
        ("score > 99999999999999999999999", "too large a number"),
        ("score << 2 > 1", "is not allowed"),
        ("column(file) > 1", "must name one column in quotes"),
        # What Python could do with such a text, and this must not.
        ("__import__('os').system('true')", "There is no function .__import__"),
        ("score.__class__", "is not allowed"),
        ("(lambda: 1)()", "no function"),
        ("[x for x in (1, 2)]", "is not allowed"),
        ("score[0] > 1", "is not allowed"),
        ("f'{score}' == 'a'", "is not allowed"),
        ("(score := 3) > 1", "is not allowed"),
        ("print(1) > 1", "no function 'print'"),
        ("eval('1') > 1", "no function 'eval'"),
        ("score > 1\0", "cannot be read"),
        ("(" * 1000 + "score" + ")" * 1000 + " > 1", "cannot be read"),
        ("-" * 3900 + "score > 1", "cannot be read"),
        ("score" + " + 1" * 2000 + " > 1", "characters long"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ParameterError, match=sentence):
        parse_condition(text, SCHEMA)


@given(st.text(max_size=40) | st.text(alphabet="scoreid ()<>=+-*/.,'\"[]{}0123456789andotr_", max_size=40))
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        expression = parse_expression(text, SCHEMA)
    except ParameterError:
        return
    assert set(expression.columns) <= set(SCHEMA.names)


def test_an_expression_tells_what_it_uses() -> None:
    assert parse_condition("score > 1 and abs(defocus_u) < 2 * score", SCHEMA).columns == ("defocus_u", "score")


def test_the_help_names_units_and_functions() -> None:
    text = expression_help(SCHEMA)
    assert "defocus_u (Å): larger defocus" in text
    assert "between(a number, a number, a number)" in text
    assert "max(a number, …)" in text
