"""Values of variables, and where they are put."""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from cryoloom.errors import ParameterError
from cryoloom.workflow.templates._document import Variable

_WHOLE = re.compile(r"\$\{([^{}$]*)\}")
_PIECE = re.compile(r"\$\$\{|\$\{([^{}$]*)\}")
_MOST_BYTES = 2**24
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


class Omitted:
    """The value of a variable that is not required, has no default and was not given."""


OMITTED = Omitted()


def resolve_values(variables: Mapping[str, Variable], given: Mapping[str, Any]) -> dict[str, Any]:
    """The value of every variable, of the type that it declares.

    Parameters
    ----------
    variables : as declared
    given : values; texts, as a command line gives them, are understood for every type

    Raises
    ------
    ParameterError
        If a name is unknown, a value does not fit, or one is missing.
    """
    for name in given:
        if name not in variables:
            near = difflib.get_close_matches(name, variables, n=3) or list(variables)
            raise ParameterError(f"The workflow has no variable {name!r}; it has {', '.join(near) or 'none'}.")
    missing = [
        name
        for name, variable in variables.items()
        if variable.required and name not in given and variable.default is None
    ]
    if missing:
        told = ", ".join(_told(name, variables[name]) for name in missing)
        raise ParameterError(f"The workflow needs a value for {told}.")
    resolved = {}
    for name, variable in variables.items():
        value = given.get(name, variable.default)
        resolved[name] = OMITTED if value is None else _typed(name, variable, value)
    return resolved


def _told(name: str, variable: Variable) -> str:
    """``folder (Folder, formerly /data/session)``."""
    example = variable.example if isinstance(variable.example, str | int | float) else None
    unit = f" {variable.unit}" if variable.unit else ""
    known = [variable.label, "" if example is None else f"formerly {example}{unit}"]
    words = ", ".join(filter(None, known))
    return f"{name} ({words})" if words else name


def _typed(name: str, variable: Variable, value: Any) -> Any:
    converted = _CONVERSIONS[variable.type](value)
    if converted is None:
        unit = f" in {variable.unit}" if variable.unit else ""
        raise ParameterError(f"Variable {name} takes {_ARTICLES[variable.type]}{unit}; {value!r} is none.")
    if variable.choices and converted not in variable.choices:
        choices = ", ".join(str(choice) for choice in variable.choices)
        raise ParameterError(f"Variable {name} cannot be {value!r}; choose one of {choices}.")
    return converted


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _input(value: Any) -> Any:
    return value if isinstance(value, str) or hasattr(value, "reference") else None


def _path(value: Any) -> str | None:
    return str(value) if hasattr(value, "__fspath__") else _text(value)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _integer(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    number = _number(value)
    return int(number) if number is not None and number == int(number) else None


def _boolean(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    word = value.lower() if isinstance(value, str) else ""
    return True if word in _TRUE else False if word in _FALSE else None


def _choice(value: Any) -> str | int | float | None:
    return value if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def _list(value: Any) -> list[Any] | None:
    if isinstance(value, str):
        if not value.lstrip().startswith("["):
            return [part.strip() for part in value.split(",")]
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return list(value) if isinstance(value, list | tuple) else None


_CONVERSIONS = {
    "text": _text,
    "path": _path,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "choice": _choice,
    "list": _list,
    "input": _input,
}
_ARTICLES = {
    "text": "a text",
    "path": "a path",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "choice": "one of its choices",
    "list": "a list",
    "input": "an output such as 3.micrographs",
}


class Substitution:
    """Puts variables where ``${name}`` stands.

    A text that is exactly ``${name}`` becomes the value with its type, or `OMITTED`; inside a longer text the value is
    written out. ``$${`` stands for ``${`` itself. What is put in is not looked at again, and all of it together has at
    most 16 MiB.

    Parameters
    ----------
    values : variable → value
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self._sizes = {name: len(json.dumps(value, default=str)) for name, value in values.items()}
        self._left = _MOST_BYTES

    def apply(self, value: Any) -> Any:
        """A value of JSON types with variables put in; parts that are omitted are left out.

        Raises
        ------
        ParameterError
            If there is no such variable, a list stands inside a text, or it becomes too much.
        """
        if isinstance(value, dict):
            inner = {name: self.apply(part) for name, part in value.items()}
            return {name: part for name, part in inner.items() if part is not OMITTED}
        if isinstance(value, list):
            return [part for part in map(self.apply, value) if part is not OMITTED]
        if not isinstance(value, str):
            return value
        name = variable_in(value)
        if name is not None:
            return self._value(name)
        return _PIECE.sub(lambda piece: "${" if piece[1] is None else self._written(piece[1]), value)

    def text(self, value: str) -> str:
        """The same for what must be a text; what is omitted is empty."""
        put_in = self.apply(value)
        if put_in is OMITTED:
            return ""
        return put_in if isinstance(put_in, str) else _as_text(put_in)

    def _value(self, name: str) -> Any:
        if name not in self._values:
            near = difflib.get_close_matches(name, self._values, n=3) or list(self._values)
            raise ParameterError(
                f"${{{name}}} stands in the workflow, but there is no variable {name!r}; "
                f"there are {', '.join(near) or 'none'}."
            )
        self._left -= self._sizes[name]
        if self._left < 0:
            raise ParameterError(f"With its variables put in, the workflow has more than {_MOST_BYTES} bytes.")
        return self._values[name]

    def _written(self, name: str) -> str:
        value = self._value(name)
        if value is OMITTED:
            return ""
        if isinstance(value, list):
            raise ParameterError(f"Variable {name} is a list, which cannot stand inside a text.")
        return _as_text(value)


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def escape(value: Any) -> Any:
    """Texts such that `Substitution` gives them back as they are."""
    if isinstance(value, dict):
        return {name: escape(part) for name, part in value.items()}
    if isinstance(value, list):
        return [escape(part) for part in value]
    return value.replace("${", "$${") if isinstance(value, str) else value


def variable_in(text: str) -> str | None:
    """The name in a text that is exactly ``${name}``; None if it is another text."""
    whole = _WHOLE.fullmatch(text)
    return None if whole is None else whole[1]
