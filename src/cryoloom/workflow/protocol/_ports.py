"""What a protocol reads and what it makes: typed, named sets."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints

from cryoloom.data import Item

ItemType = TypeVar("ItemType", bound=Item)


class Input(Generic[ItemType]):
    """Annotation of an attribute of a protocol's ``Inputs``: a set of such items is read."""


class Output(Generic[ItemType]):
    """Annotation of an attribute of a protocol's ``Outputs``: a set of such items is made."""


@dataclass(frozen=True, slots=True)
class InputPort:
    """One input of a protocol.

    Parameters
    ----------
    name : of the attribute
    item : the kind of item the set must hold
    help : what it is for
    optional : the protocol also runs without it
    grouped_by : in a Map protocol, the column that holds the id of the leading item; all matching items are passed as
        a list. Empty: the item whose own id equals the leading item's is passed.
    shared : in a Map protocol, all items are passed as a list with every leading item, once the set is closed
    """

    name: str
    item: type[Item]
    help: str = ""
    optional: bool = False
    grouped_by: str = ""
    shared: bool = False

    @property
    def kind(self) -> str:
        """Kind of the items, or ``any``."""
        return "any" if self.item is Item else self.item.kind

    def accepts(self, kind: str) -> bool:
        """Whether a set of that kind may be connected."""
        return self.item is Item or self.item.kind == kind


@dataclass(frozen=True, slots=True)
class OutputPort:
    """One output of a protocol.

    Parameters
    ----------
    name : of the attribute
    item : the kind of item the set holds; `Item` itself if it is that of an input
    help : what it is
    same_as : name of the input whose kind it has
    """

    name: str
    item: type[Item]
    help: str = ""
    same_as: str = ""

    @property
    def kind(self) -> str:
        """Kind of the items, or ``same as …``."""
        return f"same as {self.same_as}" if self.item is Item else self.item.kind


@dataclass(frozen=True, slots=True)
class _Declaration:
    help: str = ""
    optional: bool = False
    grouped_by: str = ""
    shared: bool = False
    same_as: str = ""


def input_set(
    help: str = "",  # noqa: A002
    *,
    optional: bool = False,
    grouped_by: str = "",
    shared: bool = False,
) -> Any:
    """Describe an input, see `InputPort`."""
    return _Declaration(help, optional, grouped_by, shared)


def output_set(help: str = "", *, same_as: str = "") -> Any:  # noqa: A002
    """Describe an output, see `OutputPort`."""
    return _Declaration(help, same_as=same_as)


def input_ports(declaration: type) -> tuple[InputPort, ...]:
    """The inputs that a protocol's ``Inputs`` declares, the leading one first."""
    return tuple(
        InputPort(name, item, note.help, note.optional, note.grouped_by, note.shared)
        for name, item, note in _declared(declaration, Input)
    )


def output_ports(declaration: type) -> tuple[OutputPort, ...]:
    """The outputs that a protocol's ``Outputs`` declares."""
    return tuple(OutputPort(name, item, note.help, note.same_as) for name, item, note in _declared(declaration, Output))


def _declared(declaration: type, marker: type) -> list[tuple[str, type[Item], _Declaration]]:
    module = sys.modules[declaration.__module__]
    found = []
    for name, hint in get_type_hints(declaration, globalns=vars(module)).items():
        if get_origin(hint) is not marker:
            raise TypeError(f"{declaration.__qualname__}.{name} must be annotated {marker.__name__}[<kind of item>]")
        note = getattr(declaration, name, None)
        found.append((name, get_args(hint)[0], note if isinstance(note, _Declaration) else _Declaration()))
    return found
