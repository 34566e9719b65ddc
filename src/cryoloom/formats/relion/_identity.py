"""Identities of what comes from RELION's files: the same name gives the same identity, whoever reads it."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cryoloom.data import digest
from cryoloom.errors import FormatError

_IMAGE_NAME = r"^\s*(\d{1,18})@(.+)$"  # so many digits fit into 64 bits


def named_ids(names: pl.Series, purpose: str) -> pl.Series:
    """Identities of things known by name, 0 for an empty name.

    Parameters
    ----------
    names : repeated names are digested once
    purpose : up to 16 ASCII characters; see `cryoloom.data.digest`
    """
    distinct = names.unique().to_list()
    ids = pl.Series([digest(purpose, name.encode()) if name else 0 for name in distinct], dtype=pl.UInt64)
    return names.replace_strict(distinct, ids, return_dtype=pl.UInt64)


def image_ids(files: pl.Series, indices: pl.Series) -> pl.Series:
    """Identities of the images of stacks; those of one that is listed several times differ by their order.

    Parameters
    ----------
    files : name of the stack of each image
    indices : of the image in its stack, from 0
    """
    stacks = named_ids(files, "stack").to_numpy().astype(np.uint64)
    frame = pl.DataFrame({"stack": stacks, "index": indices})
    repeats = frame.select(pl.int_range(pl.len()).over("stack", "index").cast(pl.UInt64)).to_series().to_numpy()
    mixed = _mixed(_mixed(stacks ^ _mixed(indices.cast(pl.UInt64).to_numpy() + np.uint64(1))) + repeats)
    return pl.Series("id", np.maximum(mixed, 1), pl.UInt64)


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A one-to-one map of 64-bit numbers that leaves no pattern (the finaliser of SplitMix64, Steele et al. 2014)."""
    numbers = (numbers ^ numbers >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ numbers >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return numbers ^ numbers >> np.uint64(31)


def split_image_names(names: pl.Series, file: str) -> tuple[pl.Series, pl.Series]:
    """``000001@stack.mrcs`` → the stack and the index from 0; a name without number is the only image of its file.

    Parameters
    ----------
    names : as in ``rlnImageName``
    file : for the message

    Raises
    ------
    FormatError
        If images are counted from 0, which RELION does not.
    """
    parts = names.str.extract_groups(_IMAGE_NAME)
    numbers = parts.struct[0].cast(pl.Int64).fill_null(1)
    if not names.is_empty() and int(numbers.min()) < 1:  # type: ignore[arg-type]
        raise FormatError(f"{file}: images of a stack are counted from 1, but {names[int(numbers.arg_min() or 0)]!r}.")
    stacks = parts.struct[1].str.strip_chars().fill_null(names)
    return stacks.rename("file"), (numbers - 1).rename("index")


def joined_image_names(files: pl.Series, indices: pl.Series) -> pl.Series:
    """The stack and the index from 0 → ``000001@stack.mrcs``."""
    frame = pl.DataFrame({"file": files, "index": indices})
    number = (pl.col("index") + 1).cast(pl.String).str.zfill(6)
    return frame.select(pl.format("{}@{}", number, "file").alias("rlnImageName")).to_series()
