"""What the data are: items with typed, united, explained columns; sets with generations; identity; transforms.

Importing this imports neither Polars nor NumPy; `SetWriter`, and the methods of `Snapshot` that return frames, do.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, TypeAlias

from cryoloom.data._columns import Column, Schema, column
from cryoloom.data._exposures import CTF, Micrograph, Movie
from cryoloom.data._identity import child_id, digest, half_set_of, movie_id, movie_id_of, quantised_position
from cryoloom.data._item import Item, ItemWithOptics, item_class, item_kind, item_kinds, register_kind
from cryoloom.data._maps import FSC, Class2D, Class3D, Mask, Volume
from cryoloom.data._optics import OpticsGroup
from cryoloom.data._picks import Coordinate, Particle
from cryoloom.data._stored import Changes, Snapshot, StoredSet

if TYPE_CHECKING:
    from cryoloom.data._frames import frame_of
    from cryoloom.data._writer import SetWriter

Movies: TypeAlias = Snapshot[Movie]
Micrographs: TypeAlias = Snapshot[Micrograph]
CTFs: TypeAlias = Snapshot[CTF]
Coordinates: TypeAlias = Snapshot[Coordinate]
Particles: TypeAlias = Snapshot[Particle]
Classes2D: TypeAlias = Snapshot[Class2D]
Classes3D: TypeAlias = Snapshot[Class3D]
Volumes: TypeAlias = Snapshot[Volume]
Masks: TypeAlias = Snapshot[Mask]
FSCs: TypeAlias = Snapshot[FSC]

__all__ = [
    "CTF",
    "FSC",
    "CTFs",
    "Changes",
    "Class2D",
    "Class3D",
    "Classes2D",
    "Classes3D",
    "Column",
    "Coordinate",
    "Coordinates",
    "FSCs",
    "Item",
    "ItemWithOptics",
    "Mask",
    "Masks",
    "Micrograph",
    "Micrographs",
    "Movie",
    "Movies",
    "OpticsGroup",
    "Particle",
    "Particles",
    "Schema",
    "SetWriter",
    "Snapshot",
    "StoredSet",
    "Volume",
    "Volumes",
    "child_id",
    "column",
    "digest",
    "frame_of",
    "half_set_of",
    "item_class",
    "item_kind",
    "item_kinds",
    "movie_id",
    "movie_id_of",
    "quantised_position",
    "register_kind",
]


_ON_DEMAND = {"SetWriter": "cryoloom.data._writer", "frame_of": "cryoloom.data._frames"}


def __getattr__(name: str) -> object:
    if name in _ON_DEMAND:
        return getattr(importlib.import_module(_ON_DEMAND[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
