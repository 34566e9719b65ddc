"""Parameters of protocols: declared once, with label, help, unit, range, section, condition and expert level.

A protocol's ``Parameters`` is a pydantic model whose fields are made by `parameter`. The shell, the web form, the
Python API, workflow files and the reference pages are all derived from it by `describe_parameters`.
"""

from __future__ import annotations

import json
import types
from dataclasses import dataclass
from enum import Enum, StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cryoloom.errors import ParameterError


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of a number, as people write it."""

    symbol: str


Angstrom = Annotated[float, Unit("Å")]
AngstromPerPixel = Annotated[float, Unit("Å/px")]
Micrometre = Annotated[float, Unit("µm")]
Kilovolt = Annotated[float, Unit("kV")]
Millimetre = Annotated[float, Unit("mm")]
Degree = Annotated[float, Unit("°")]
ElectronPerSquareAngstrom = Annotated[float, Unit("e/Å²")]
Pixel = Annotated[int, Unit("px")]
PixelDistance = Annotated[float, Unit("px")]
Second = Annotated[float, Unit("s")]


class Level(StrEnum):
    """Who needs to see a parameter."""

    NORMAL = "normal"
    ADVANCED = "advanced"
    EXPERT = "expert"


class ProtocolParameters(BaseModel):
    """Base of every protocol's ``Parameters``: frozen, and unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, use_attribute_docstrings=False)


P = TypeVar("P", bound=ProtocolParameters)


def parameter(
    default: Any = ...,
    *,
    label: str,
    help: str = "",  # noqa: A002  # the field's word for it
    section: str = "",
    condition: str = "",
    level: Level = Level.NORMAL,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
) -> Any:
    """Declare one parameter.

    Parameters
    ----------
    default : its value when none is given; without it the parameter is required
    label : what a form calls it
    help : when to change it, in the language of a microscopist
    section : the group of parameters it is shown in
    condition : name of a boolean or optional parameter, or ``name=value``, for which it matters at all
    level : who needs to see it
    ge, gt, le, lt : allowed range
    """
    return Field(
        default,
        title=label,
        description=help,
        ge=ge,
        gt=gt,
        le=le,
        lt=lt,
        json_schema_extra={"section": section, "condition": condition, "level": level.value},
    )


@dataclass(frozen=True, slots=True)
class ParameterDescription:
    """What people and programs need to know about a parameter.

    Parameters
    ----------
    name, label, help, section, condition, level : as declared
    kind : ``number``, ``integer``, ``boolean``, ``text``, ``path``, ``choice`` or ``list``
    unit : symbol, or empty
    default : value as JSON, or None for a required one
    required : no default
    choices : of a ``choice``
    minimum, maximum : of the allowed range, None where it is open
    """

    name: str
    label: str
    help: str
    section: str
    condition: str
    level: str
    kind: str
    unit: str
    default: Any
    required: bool
    choices: tuple[str, ...]
    minimum: float | None
    maximum: float | None


def describe_parameters(parameters: type[ProtocolParameters]) -> list[ParameterDescription]:
    """List a protocol's parameters in the order of their declaration."""
    descriptions = []
    for name, field in parameters.model_fields.items():
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        default = None if field.is_required() else json.loads(_as_json(field.get_default(call_default_factory=True)))
        bounds = {type(item).__name__.lower(): item for item in field.metadata}
        minimum = getattr(bounds.get("ge"), "ge", getattr(bounds.get("gt"), "gt", None))
        maximum = getattr(bounds.get("le"), "le", getattr(bounds.get("lt"), "lt", None))
        descriptions.append(
            ParameterDescription(
                name=name,
                label=field.title or name,
                help=field.description or "",
                section=str(extra.get("section", "")),
                condition=str(extra.get("condition", "")),
                level=str(extra.get("level", Level.NORMAL)),
                kind=_kind(field.annotation),
                unit=_unit(field.annotation, field.metadata),
                default=default,
                required=field.is_required(),
                choices=_choices(field.annotation),
                minimum=minimum,
                maximum=maximum,
            )
        )
    return descriptions


def parse_settings(parameters: type[ProtocolParameters], settings: dict[str, str]) -> dict[str, Any]:
    """Turn texts from a command line into values that the model validates.

    ``0.4,3`` becomes a list where the parameter is a list or a pair, ``none`` the absence of an optional value.

    Raises
    ------
    ParameterError
        If a name is unknown; the message lists the nearest.
    """
    values: dict[str, Any] = {}
    for name, text in settings.items():
        field = parameters.model_fields.get(name)
        if field is None:
            raise ParameterError(_unknown(name, parameters))
        if text.lower() == "none" and type(None) in get_args(field.annotation):
            values[name] = None
        elif _kind(field.annotation) == "list":
            values[name] = json.loads(text) if text.startswith("[") else [part.strip() for part in text.split(",")]
        else:
            values[name] = text
    return values


def with_absolute_paths(parameters: P) -> P:
    """The same, with files and folders as they are seen from the present one: drivers work in another."""
    values = {name: getattr(parameters, name) for name in type(parameters).model_fields}
    paths = {name: value.absolute() for name, value in values.items() if isinstance(value, Path)}
    return parameters.model_copy(update=paths) if paths else parameters


def validated(parameters: type[P], values: dict[str, Any]) -> P:
    """Check values against the declaration.

    Raises
    ------
    ParameterError
        One sentence that names the parameter, the value and what is allowed.
    """
    for name in values:
        if name not in parameters.model_fields:
            raise ParameterError(_unknown(name, parameters))
    try:
        return parameters.model_validate(values)
    except ValidationError as error:
        sentences = []
        for problem in error.errors():
            name = str(problem["loc"][0]) if problem["loc"] else "parameters"
            field = parameters.model_fields.get(name)
            label = f"{name} ({field.title})" if field is not None and field.title else name
            if problem["type"] == "missing":
                sentences.append(f"{label} has no value; set it.")
            else:
                sentences.append(f"{label} cannot be {problem['input']!r}: {problem['msg'].lower()}.")
        raise ParameterError(" ".join(sentences)) from error


def _unknown(name: str, parameters: type[ProtocolParameters]) -> str:
    import difflib

    if not parameters.model_fields:
        return f"There is no parameter {name!r}; it takes none."
    near = difflib.get_close_matches(name, parameters.model_fields, n=3)
    near += [field for field in parameters.model_fields if name in field.split("_") and field not in near]
    if near:
        return f"There is no parameter {name!r}; did you mean {' or '.join(near)}?"
    return f"There is no parameter {name!r}; `cryoloom protocols` with the protocol's name lists what there is."


def _as_json(value: Any) -> str:
    return json.dumps(value, default=lambda item: item.value if isinstance(item, Enum) else str(item))


def _alternatives(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) in {Union, types.UnionType}:
        return tuple(item for item in get_args(annotation) if item is not type(None))
    return (annotation,)


def _bare(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _kind(annotation: Any) -> str:
    bare = _bare(_alternatives(_bare(annotation))[0])
    origin = get_origin(bare) or bare
    if origin in {list, tuple, set, frozenset}:
        return "list"
    if origin is Literal or (isinstance(origin, type) and issubclass(origin, Enum)):
        return "choice"
    names = {bool: "boolean", int: "integer", float: "number"}
    if origin in names:
        return names[origin]
    return "path" if isinstance(origin, type) and origin.__name__.endswith("Path") else "text"


def _choices(annotation: Any) -> tuple[str, ...]:
    bare = _bare(_alternatives(_bare(annotation))[0])
    if get_origin(bare) is Literal:
        return tuple(str(item) for item in get_args(bare))
    if isinstance(bare, type) and issubclass(bare, Enum):
        return tuple(str(member.value) for member in bare)
    return ()


def _unit(annotation: Any, metadata: list[Any]) -> str:
    for item in metadata:
        if isinstance(item, Unit):
            return item.symbol
    for part in _alternatives(annotation):
        for item in (part, *get_args(_bare(part))):
            if get_origin(item) is Annotated:
                for note in get_args(item)[1:]:
                    if isinstance(note, Unit):
                        return note.symbol
    return ""
