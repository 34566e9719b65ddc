"""Particles cut out of their micrographs anew, where they were refined to be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.data import Table
from cryoloom.engine.extraction import ExtractionSettings, extract_particles
from cryoloom.errors import InputError
from cryoloom.protocols.micrograph_places import pixels_for_each
from cryoloom.protocols.particle_images import (
    LeftOut,
    left_out,
    samplings_of,
    stated_micrograph_pixel_size,
    with_micrograph_pixel_sizes,
)
from cryoloom.protocols.resampled_maps import MapSampling

if TYPE_CHECKING:
    import polars as pl

    from cryoloom.data import Snapshot
    from cryoloom.protocols.change_box._sampling import Sampling, Wanted

_BACKGROUND_OVER_BOX = 0.75
_SECONDS_A_MEGAPIXEL = 0.02  # of a micrograph that is read
_PIXEL = 2e-8  # seconds a pixel of a window
_PROGRAM = 250 * 2**20
_NAMES = ("x", "y", "micrograph_id")
_CUT_FROM = ("micrograph_id", "micrograph_file", "optics_group")
_RATIOS = ("pixels_for_each_x", "pixels_for_each_y")
_SHAPE = "location/micrograph_shape"  # cryoSPARC's, by which it tells positions as shares of the micrograph


@dataclass(frozen=True, slots=True)
class Source:
    """A micrograph.

    Parameters
    ----------
    path : of its file
    name : by which tables call it
    pixel_size : in Å
    contrast_sign : -1 if protein is dark
    also : names of other images with the same pixels, as the sum that is not weighted by dose
    """

    path: Path
    name: str
    pixel_size: float
    contrast_sign: int
    also: tuple[str, ...] = ()


@dataclass
class ReExtracted:
    """What has been cut out so far.

    Parameters
    ----------
    frames : of particles, micrograph by micrograph
    left_out : particles without a new image
    samplings : box and pixel size of the new images
    pixel_sizes : optics group → those of the micrographs, in Å
    """

    frames: list[pl.DataFrame] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    samplings: set[tuple[int, float]] = field(default_factory=set)
    pixel_sizes: dict[int, set[float]] = field(default_factory=dict)

    @property
    def sampling(self) -> MapSampling:
        """For maps that go with the images: exactly as these are made, not as they were asked for."""
        return MapSampling(*min(self.samplings))

    @property
    def doubts(self) -> tuple[str, ...]:
        """That images differ in pixel size, as a sentence, if they do."""
        if len(self.samplings) == 1:
            return ()
        pixel_size = min(self.samplings)[1]
        return (
            f"The micrographs differ in pixel size, and so do the new images; maps are sampled at {pixel_size:.4f} Å.",
        )

    def table(self, former: Table) -> Table:
        """All of them.

        Raises
        ------
        InputError
            If there is none.
        """
        import polars as pl

        if not self.frames:
            raise InputError(f"No particle could be cut out again: {self.left_out[-1].reason}.")
        return with_micrograph_pixel_sizes(former.with_frame(pl.concat(self.frames)), self.pixel_sizes)


def re_extract(
    table: Table,
    micrographs: Mapping[int, Source],
    wanted: Wanted,
    stack_for: Callable[[int], tuple[Path, str]],
    *,
    resolve: Callable[[str], Path],
    diameter: float | None = None,
    threads: int = 1,
    report: Callable[[float], None] | None = None,
) -> ReExtracted:
    """Cut particles out anew, at their coordinates corrected by the shifts that were refined.

    Identity, pose, half set, CTF and optics stay. Windows lie on whole pixels; what is left of a position is the new
    shift. Positions are pixels of the micrograph that a particle was cut from; where that is another image, as a sum
    that was binned otherwise, they are brought to the pixels of the one given.

    Parameters
    ----------
    table : particles with positions in micrographs
    micrographs : by identity
    wanted : box and pixel size
    stack_for : gives the place of a micrograph's stack, and how the table calls it
    resolve : gives the place of the micrograph that a table names
    diameter : of the particle, in Å; what lies beyond it, and beyond three quarters of the box, is background
    threads : threads to use; the result does not depend on it
    report : told the share that is done

    Raises
    ------
    InputError
        If positions are not known, also not in the pixels of these micrographs, or the sampling cannot be made of
        them.
    """
    from cryoloom.formats import read_image, write_stack

    frame = table.frame
    if not set(_NAMES) <= set(frame.columns):
        raise InputError(
            "The particles do not say where in which micrograph they are, so they cannot be cut out again; give those "
            "that were extracted from micrographs."
        )
    made = ReExtracted()
    frame = _in_their_pixels(table, micrographs, resolve)
    groups = frame.sort("micrograph_id", maintain_order=True).partition_by("micrograph_id", maintain_order=True)
    for number, group in enumerate(groups):
        identity = group["micrograph_id"][0]
        source = None if identity is None else micrographs.get(identity)
        placed = group.filter(group["x"].is_finite().fill_null(False) & group["y"].is_finite().fill_null(False))
        if source is None or not source.path.is_file():
            made.left_out += left_out(group, "its micrograph is not there")
        else:
            made.left_out += left_out(
                group.filter(~group["id"].is_in(placed["id"].implode())), "its position is not known"
            )
            sampling = wanted.cut(group["box_size"][0], group["pixel_size"][0], source.pixel_size)
            image = read_image(source.path)
            particles, lost, images = _cut(placed, source, image, sampling, diameter, threads)
            made.left_out += lost
            if len(images):
                path, name = stack_for(identity)
                write_stack(path, images, pixel_size=sampling.pixel_size)
                made.frames.append(_renamed(particles, name, source.name))
                made.samplings.add((sampling.box_size, sampling.pixel_size))
                for optics_group in particles["optics_group"].unique() if "optics_group" in particles.columns else ():
                    made.pixel_sizes.setdefault(optics_group, set()).add(source.pixel_size)
        if report is not None:
            report((number + 1) / len(groups))
    return made


def predicted(
    particles: Table | Snapshot[Any],
    micrographs: Sequence[tuple[int, int]],
    micrograph_pixel_size: float,
    wanted: Wanted,
    *,
    threads: int = 1,
) -> tuple[float, int]:
    """Seconds, and peak memory in bytes.

    Parameters
    ----------
    particles : to be cut out
    micrographs : their widths and heights in pixels
    micrograph_pixel_size : in Å
    wanted : box and pixel size
    threads : threads used

    Returns
    -------
    Memory is that of the largest micrograph, and of the images of one with three times as many as the mean.
    """
    count = len(particles) if isinstance(particles, Table) else particles.count
    box, pixel = wanted.of(*samplings_of(particles)[0])
    window = box * pixel / micrograph_pixel_size
    pixels = [width * height for width, height in micrographs]
    seconds = _SECONDS_A_MEGAPIXEL * sum(pixels) / 1e6 + _PIXEL * count * window**2 / threads
    of_one = min(count, 3 * count // max(len(micrographs), 1))
    return seconds, _PROGRAM + 8 * max(pixels, default=0) + 2 * 4 * of_one * box**2 + 500 * count


def _in_their_pixels(table: Table, micrographs: Mapping[int, Source], resolve: Callable[[str], Path]) -> pl.DataFrame:
    """The particles, with positions in pixels of the micrographs that are given; where there is none, as they were."""
    import polars as pl

    frame = table.frame
    keys = [name for name in _CUT_FROM if name in frame.columns]
    kinds = frame.select(keys).unique(maintain_order=True)
    ratios = [_pixels_for_each(kind, table, micrographs, resolve) for kind in kinds.iter_rows(named=True)]
    kinds = kinds.with_columns(
        pl.Series(name, [ratio[axis] for ratio in ratios], pl.Float64) for axis, name in enumerate(_RATIOS)
    )
    joined = frame.join(kinds, on=keys, how="left", nulls_equal=True, maintain_order="left")
    return joined.with_columns(pl.col(axis) * pl.col(name) for axis, name in zip("xy", _RATIOS, strict=True)).drop(
        _RATIOS
    )


def _pixels_for_each(
    kind: Mapping[str, Any], table: Table, micrographs: Mapping[int, Source], resolve: Callable[[str], Path]
) -> tuple[float, float]:
    """Pixels of a particle's micrograph, as given, for each one of that which it was cut from."""
    source = None if kind["micrograph_id"] is None else micrographs.get(kind["micrograph_id"])
    if source is None:
        return 1.0, 1.0
    stated = stated_micrograph_pixel_size(table, kind["optics_group"]) if "optics_group" in kind else None
    told_in = kind.get("micrograph_file") or ""
    return pixels_for_each(told_in, (source.name, *source.also), source.pixel_size, resolve, stated=stated)


def _cut(
    frame: pl.DataFrame,
    source: Source,
    image: np.ndarray,
    sampling: Sampling,
    diameter: float | None,
    threads: int,
) -> tuple[pl.DataFrame, list[LeftOut], np.ndarray]:
    """Particles with new positions and shifts, those without an image, and the images."""
    import polars as pl

    background = _BACKGROUND_OVER_BOX * sampling.window
    if diameter is not None:
        background = max(background, diameter / source.pixel_size)
    settings = ExtractionSettings(
        box_size=sampling.window,
        background_diameter=min(background, 0.95 * sampling.window),
        output_size=None if sampling.box_size == sampling.window else sampling.box_size,
        contrast_sign=source.contrast_sign,
    )
    shifts = [
        frame[name].fill_null(0.0).to_numpy() if name in frame.columns else np.zeros(frame.height)
        for name in ("shift_x", "shift_y")
    ]
    places = frame.select("x", "y").to_numpy().astype(np.float64) - np.stack(shifts, axis=1) / source.pixel_size
    found = extract_particles(image, places, settings, threads=threads)
    lost = [
        each for dropped in found.dropped for each in left_out(frame[dropped.index : dropped.index + 1], dropped.reason)
    ]
    columns = {
        "x": found.centres[:, 0].astype(np.float64),
        "y": found.centres[:, 1].astype(np.float64),
        "shift_x": found.shifts[:, 0] * source.pixel_size,
        "shift_y": found.shifts[:, 1] * source.pixel_size,
    }
    kept = frame[found.indices].with_columns(
        *(pl.Series(name, values) for name, values in columns.items()),
        box_size=pl.lit(sampling.box_size, pl.Int64),
        pixel_size=pl.lit(sampling.pixel_size),
        contrast_sign=pl.lit(1, pl.Int64),
    )
    if _SHAPE in kept.columns:
        kept = kept.with_columns(pl.Series(_SHAPE, [image.shape] * kept.height, frame.schema[_SHAPE]))
    return kept, lost, found.images


def _renamed(particles: pl.DataFrame, stack: str, micrograph: str) -> pl.DataFrame:
    import polars as pl

    return particles.with_columns(
        file=pl.lit(stack), index=pl.int_range(pl.len(), dtype=pl.Int64), micrograph_file=pl.lit(micrograph)
    )
