"""States of iterative algorithms as bytes, and algorithms that go on from the last state that was kept."""

from __future__ import annotations

import importlib
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar
from zipfile import BadZipFile

import numpy as np

from cryoloom.errors import FormatError

KEPT = 2  # checkpoints of an algorithm that stay, should the last one be damaged
_OURS = "cryoloom.engine."


class Iterated(Protocol):
    """A state that counts its iterations."""

    @property
    def iteration(self) -> int:
        """Iterations done."""


class CheckpointStore(Protocol):
    """Where checkpoints are kept: the folder of a round, or one beside the results of a tool."""

    def checkpoints(self, name: str = ...) -> Sequence[Path]:
        """Complete ones of that name, the oldest first."""

    def save_checkpoint(self, number: int, content: bytes, name: str = ...) -> Path:
        """Keep the state after an iteration; it appears whole or not at all."""

    def warn(self, sentence: str) -> None:
        """Tell the user something."""


State = TypeVar("State", bound=Iterated)


def kept_states(
    store: CheckpointStore, algorithm: Callable[[State | None], Iterator[State]], *, name: str = "checkpoint"
) -> Iterator[State]:
    """Run an algorithm, keeping each of its states, from the last one that was kept before.

    Parameters
    ----------
    store : of the checkpoints
    algorithm : given a state to go on from, or None for the beginning, yields the following ones
    name : of its checkpoints, where several algorithms follow each other

    Yields
    ------
    The state that it went on from, if there is one, and those that follow
    """
    state: State | None = None
    kept = list(store.checkpoints(name))
    while kept and state is None:
        try:
            state = unpacked(kept.pop().read_bytes())
        except FormatError as error:
            store.warn(f"A checkpoint was left unused: {error}")
    if state is not None:
        yield state
    for following in algorithm(state):
        store.save_checkpoint(following.iteration, packed(following), name)
        for old in store.checkpoints(name)[:-KEPT]:
            old.unlink()
        yield following


def packed(state: object) -> bytes:
    """A state as bytes: nested dataclasses and other objects of the engine, tuples, numbers, texts and arrays.

    Raises
    ------
    TypeError
        If something else is in it.
    """
    arrays: dict[str, Any] = {}
    tree = _taken_apart(state, arrays)
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, tree=np.array(json.dumps(tree)), **arrays)
    return stream.getvalue()


def unpacked(content: bytes) -> Any:
    """The state that `packed` gave; only classes of the engine are made, and nothing is run.

    Raises
    ------
    FormatError
        If the content is damaged, or of a state that another version made.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return _put_together(json.loads(str(arrays["tree"])), arrays)
    except (OSError, ValueError, KeyError, AttributeError, ImportError, EOFError, BadZipFile) as error:
        raise FormatError(f"it cannot be read, or another version of cryoloom has made it ({error}).") from error


def _taken_apart(value: object, arrays: dict[str, Any]) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic | np.ndarray):
        name = f"array{len(arrays)}"
        arrays[name] = value
        return {"array": name}
    if isinstance(value, tuple):
        return {"tuple": [_taken_apart(each, arrays) for each in value]}
    kind = type(value)
    if not kind.__module__.startswith(_OURS):
        raise TypeError(f"A state holds a {kind.__qualname__}, which cannot be kept.")
    names = [field.name for field in fields(value)] if is_dataclass(value) else list(vars(value))
    held = {name: _taken_apart(getattr(value, name), arrays) for name in names}
    return {"object": f"{kind.__module__}:{kind.__qualname__}", "holds": held}


def _put_together(tree: Any, arrays: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    if "array" in tree:
        array = arrays[tree["array"]]
        return array if array.ndim else array[()]
    if "tuple" in tree:
        return tuple(_put_together(each, arrays) for each in tree["tuple"])
    module, _, name = tree["object"].partition(":")
    if not module.startswith(_OURS):
        raise ValueError(f"{tree['object']} is no part of a state")
    kind = getattr(importlib.import_module(module), name)
    expected = {field.name for field in fields(kind)} if is_dataclass(kind) else set(tree["holds"])
    if expected != set(tree["holds"]):
        raise ValueError(f"{name} holds other things today")
    made = object.__new__(kind)
    for field, value in tree["holds"].items():
        object.__setattr__(made, field, _put_together(value, arrays))
    return made
