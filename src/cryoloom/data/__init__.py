"""What the data are: items with typed, united, explained columns; sets with generations; identity; transforms.

Importing this imports neither Polars nor NumPy; writing, set operations and reading rows import them when used.
Orientations are in `cryoloom.data.transforms`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, TypeAlias

from cryoloom.data._columns import Column, Schema, column
from cryoloom.data._exposures import CTF, CTFChange, Micrograph, Movie
from cryoloom.data._identity import child_id, content_of, digest, half_set_of, movie_id, movie_id_of, quantised_position
from cryoloom.data._item import (
    Item,
    ItemWithOptics,
    columns_read_first,
    item_class,
    item_kind,
    item_kinds,
    register_kind,
)
from cryoloom.data._maps import FSC, Class2D, Class3D, LocalResolution, Mask, Volume
from cryoloom.data._optics import USUAL_ABERRATION, USUAL_AMPLITUDE_CONTRAST, OpticsGroup
from cryoloom.data._picks import Coordinate, Particle
from cryoloom.data._provenance import Ancestor, trace
from cryoloom.data._stored import Changes, Snapshot, StoredSet
from cryoloom.data._sweep import superseded_files, sweep_set
from cryoloom.data._validation import DirectionalResolution, HalfMapDifference, ModelCorrelation, ViewDistribution
from cryoloom.data._values import column_documents, row_values
from cryoloom.data._words import counted, counted_were

if TYPE_CHECKING:
    from cryoloom.data._expression import Expression, expression_help, parse_condition, parse_expression
    from cryoloom.data._frames import polars_schema
    from cryoloom.data._operations import (
        EqualIds,
        difference,
        edit,
        filter_by,
        intersect,
        join,
        join_by_position,
        split,
        subset,
        union,
    )
    from cryoloom.data._table import Table
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
    "USUAL_ABERRATION",
    "USUAL_AMPLITUDE_CONTRAST",
    "Ancestor",
    "CTFChange",
    "CTFs",
    "Changes",
    "Class2D",
    "Class3D",
    "Classes2D",
    "Classes3D",
    "Column",
    "Coordinate",
    "Coordinates",
    "DirectionalResolution",
    "EqualIds",
    "Expression",
    "FSCs",
    "HalfMapDifference",
    "Item",
    "ItemWithOptics",
    "LocalResolution",
    "Mask",
    "Masks",
    "Micrograph",
    "Micrographs",
    "ModelCorrelation",
    "Movie",
    "Movies",
    "OpticsGroup",
    "Particle",
    "Particles",
    "Schema",
    "SetWriter",
    "Snapshot",
    "StoredSet",
    "Table",
    "ViewDistribution",
    "Volume",
    "Volumes",
    "child_id",
    "column",
    "column_documents",
    "columns_read_first",
    "content_of",
    "counted",
    "counted_were",
    "difference",
    "digest",
    "edit",
    "expression_help",
    "filter_by",
    "half_set_of",
    "intersect",
    "item_class",
    "item_kind",
    "item_kinds",
    "join",
    "join_by_position",
    "movie_id",
    "movie_id_of",
    "parse_condition",
    "parse_expression",
    "polars_schema",
    "quantised_position",
    "register_kind",
    "row_values",
    "split",
    "subset",
    "superseded_files",
    "sweep_set",
    "trace",
    "union",
]


_IMPORTED_WHEN_USED = {
    "Expression": "_expression",
    "expression_help": "_expression",
    "parse_condition": "_expression",
    "parse_expression": "_expression",
    "polars_schema": "_frames",
    "EqualIds": "_operations",
    "difference": "_operations",
    "edit": "_operations",
    "filter_by": "_operations",
    "intersect": "_operations",
    "join": "_operations",
    "join_by_position": "_operations",
    "split": "_operations",
    "subset": "_operations",
    "union": "_operations",
    "Table": "_table",
    "SetWriter": "_writer",
}


def __getattr__(name: str) -> object:
    if name not in _IMPORTED_WHEN_USED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"cryoloom.data.{_IMPORTED_WHEN_USED[name]}"), name)
