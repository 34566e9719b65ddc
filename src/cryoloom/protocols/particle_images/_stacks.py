"""Images out of the stacks that a table names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.engine.fourier import resample_images
from cryoloom.errors import InputError
from cryoloom.protocols.particle_images._grid import CommonGrid
from cryoloom.protocols.particle_images._memory import room_for_images

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

BATCH = 64  # images brought to another grid at once
NOT_FINITE = "its image holds pixels that are not finite numbers"
EMPTY = "its image is empty: all pixels are equal"
GLARING = 15.0  # times the median deviation of the pixels of all images of an optics group, that is no signal
TOO_BRIGHT = (
    f"its pixels deviate more than {GLARING:g} times as far from their mean as is usual in its optics group, as a "
    "damaged pixel makes them"
)
_SHOWN = 3  # names in a message


@dataclass(frozen=True)
class Gathered:
    """Images that were read.

    Parameters
    ----------
    images : (n, box, box) of the sound rows, in their order
    sound : (m,) which rows of the table
    damaged : reason → rows
    """

    images: NDArray[np.float32]
    sound: NDArray[np.bool_]
    damaged: Mapping[str, NDArray[np.int64]]


def gather_images(
    frame: pl.DataFrame, resolve: Callable[[str], Path], grid: CommonGrid, *, memory: int, scratch: Path | None
) -> Gathered:
    """Read the images of particles, protein white, on one grid.

    Parameters
    ----------
    frame : m particles
    resolve : gives the place of a stack
    grid : that all images are brought to
    memory : that they may take, in bytes; more go to a file in ``scratch``
    scratch : folder for it

    Raises
    ------
    InputError
        If a stack is missing or does not hold what is said of it, or memory and scratch do not suffice.
    """
    import polars as pl

    from cryoloom.formats import read_stack

    paths = {name: resolve(name) for name in frame["file"].unique(maintain_order=True)}
    _check_stacks(frame, paths)
    images = room_for_images(frame.height, grid, memory, scratch)
    fault, deviation = np.zeros(frame.height, np.int8), np.zeros(frame.height)
    indices = frame["index"].to_numpy()
    signs = frame["contrast_sign"].fill_null(1).to_numpy() if "contrast_sign" in frame.columns else None
    pixel_sizes = frame["pixel_size"].to_numpy()
    of_stack = frame.select("file", "index", row=pl.int_range(pl.len())).sort("index")
    for name, listed in of_stack.group_by("file", maintain_order=True).agg("row").iter_rows():
        rows = np.array(listed)
        with read_stack(paths[name]) as stack:
            for start in range(0, len(rows), BATCH):
                part = rows[start : start + BATCH]
                raw = np.stack([stack.section(int(index)) for index in indices[part]]).astype(np.float32)
                if signs is not None:
                    raw *= signs[part].astype(np.float32)[:, None, None]
                damaged = np.flatnonzero(~np.isfinite(raw).all(axis=(1, 2)))
                raw[damaged] = 0
                fault[part[np.ptp(raw, axis=(1, 2)) == 0]] = 2
                fault[part[damaged]] = 1
                deviation[part] = [image.std(dtype=np.float64) for image in raw]
                images[part] = _on_grid(raw, pixel_sizes[part], grid)
    groups = frame["optics_group"].to_numpy() if "optics_group" in frame.columns else np.zeros(frame.height)
    fault[_glaring(deviation, fault == 0, groups)] = 3
    sound = fault == 0
    reasons = {reason: np.flatnonzero(fault == kind) for kind, reason in enumerate((NOT_FINITE, EMPTY, TOO_BRIGHT), 1)}
    return Gathered(
        kept_images(images, np.flatnonzero(sound)),
        sound,
        {reason: rows for reason, rows in reasons.items() if len(rows)},
    )


def kept_images(images: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Some of the images (n, box, box), moved to the front in place.

    Parameters
    ----------
    images : of which the others are lost
    rows : (k,) in ascending order
    """
    if len(rows) == len(images):
        return images
    for target, source in enumerate(rows):
        images[target] = images[source]
    return images[: len(rows)]


def _glaring(
    deviation: NDArray[np.float64], sound: NDArray[np.bool_], groups: NDArray[np.generic]
) -> NDArray[np.int64]:
    """Rows of images whose pixels deviate so much further than those of others that they would outweigh these.

    One such image raises the noise that its whole half set is compared under. Gold beads, ice, carbon and the hot
    pixels that detectors leave make images deviate a few times as far as others at most.

    Parameters
    ----------
    deviation : (n,) of the pixels of each image from their mean
    sound : (n,) which of them are compared
    groups : (n,) their optics groups, whose grey scales may differ
    """
    found = [np.empty(0, np.int64)]
    for group in np.unique(groups[sound]):
        rows = np.flatnonzero(sound & (groups == group))
        found.append(rows[deviation[rows] > GLARING * np.median(deviation[rows])])
    return np.concatenate(found)


def _on_grid(images: NDArray[np.float32], pixel_sizes: NDArray[np.float64], grid: CommonGrid) -> NDArray[np.float32]:
    if all(grid.is_that_of(images.shape[-1], size) for size in np.unique(pixel_sizes)):
        return images
    made = np.empty((len(images), grid.box_size, grid.box_size), np.float32)
    for size in np.unique(pixel_sizes):
        chosen = pixel_sizes == size
        made[chosen] = resample_images(images[chosen], float(size), grid.box_size, grid.pixel_size)
    return made


def _check_stacks(frame: pl.DataFrame, paths: Mapping[str, Path]) -> None:
    """Refuse stacks that are missing, or do not hold images as many and as large as the table says."""
    import polars as pl

    from cryoloom.formats import read_header

    missing = [path for path in paths.values() if not path.is_file()]
    if missing:
        named = ", ".join(str(path) for path in missing[:_SHOWN]) + (" …" if len(missing) > _SHOWN else "")
        raise InputError(
            f"{len(missing)} of {len(paths)} stacks of particles are missing: {named}. Put them back where they were, "
            "or leave their particles out.",
            path=missing[0],
        )
    expected = frame.group_by("file", maintain_order=True).agg(
        pl.col("box_size").min().alias("least"), pl.col("box_size").max().alias("most"), pl.col("index").max()
    )
    for name, least, most, last in expected.iter_rows():
        path = paths[name]
        count, height, width = read_header(path).shape
        if height != width:
            raise InputError(
                f"The images in {path} are {width} × {height} pixels; particles must be square.", path=path
            )
        if not least == most == width:
            raise InputError(
                f"The images in {path} have {width} pixels along an edge, but are said to have {most}; correct the "
                "image size of their optics group.",
                path=path,
            )
        if last >= count:
            raise InputError(f"{path} holds {count} images, but image {last + 1} is asked for.", path=path)
