"""Maps: their surface, central slices, and how far their halves agree."""

from __future__ import annotations

import io
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.data import FSC, Volume
from cryoloom.protocols.charts import Line, lines
from cryoloom.protocols.pictures import as_data_address
from cryoloom.protocols.report._class_section import average_picture
from cryoloom.protocols.report._reconstruction import Reconstruction
from cryoloom.protocols.report._surface import GRID, View, shaded_surface, surface_level
from cryoloom.protocols.resolutions import told_absence, told_resolution
from cryoloom.workflow.workspace import resolve_in_project

if TYPE_CHECKING:
    from numpy.typing import NDArray

THRESHOLD = 0.143
_SHOWN = 4
_MARGIN = 3  # voxels beyond the mask
_VIEWS: tuple[View, ...] = ("z", "y")


def map_section(reconstruction: Reconstruction, project: Path) -> str:
    """The maps, the best resolved first.

    Parameters
    ----------
    reconstruction : maps and their curves
    project : folder below which the maps are found
    """
    ordered = sorted(reconstruction.volumes, key=lambda one: one.resolution or np.inf)
    cards = "".join(_card(volume, reconstruction, project) for volume in ordered[:_SHOWN])
    left = len(ordered) - _SHOWN
    more = f'<p class="when">{left} more maps are in the project.</p>' if left > 0 else ""
    heading = "Map" if len(ordered) == 1 else "Maps"
    return f"<section><h2>{heading}</h2>{cards}{more}</section>" if cards else ""


def middle_of(volume: NDArray[np.float32], mask: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
    """The cube about the centre of a map, and of its mask, that holds what the mask surrounds."""
    from cryoloom.engine.maps import crop_or_pad

    reach = np.abs(np.argwhere(mask > 0.5) - len(mask) // 2).max(initial=0)
    box = min(len(volume), 2 * (int(reach) + _MARGIN)) if reach else len(volume)
    return crop_or_pad(volume, box), crop_or_pad(mask, box)


def surface_pictures(volume: NDArray[np.float32], mask: NDArray[np.float32] | None = None) -> list[NDArray[np.uint8]]:
    """The surface of a map, seen along Z and along Y, each (n, n, 4).

    Parameters
    ----------
    volume : (n, n, n)
    mask : of the same shape
    """
    from cryoloom.engine.maps import resample

    level = surface_level(volume, mask)
    if len(volume) != GRID:
        volume = resample(volume, pixel_size=1.0, new_pixel_size=len(volume) / GRID, box_size=GRID)
    return [shaded_surface(volume, level, view) for view in _VIEWS]


def central_slices(volume: NDArray[np.float32]) -> list[NDArray[np.uint8]]:
    """Slices through the centre of a map, normal to Z, Y and X, in grey; y or z points up."""
    middle = len(volume) // 2
    return [average_picture(one[::-1]) for one in (volume[middle], volume[:, middle], volume[:, :, middle])]


def correlation_chart(curves: Sequence[FSC]) -> str:
    """The correlation of the halves of a map, the corrected curve first."""
    ordered = sorted(curves, key=lambda one: (one.curve != "corrected", one.curve))
    drawn = [Line(one.curve, one.frequency, one.correlation) for one in ordered]
    lowest = min(min(one.correlation) for one in ordered)
    return lines(drawn, "spatial frequency (1/Å)", "correlation", y_range=(min(-0.05, lowest), 1.0), level=THRESHOLD)


def _card(volume: Volume, reconstruction: Reconstruction, project: Path) -> str:
    from cryoloom.formats import read_volume

    path = resolve_in_project(project, volume.file)
    name = escape(Path(volume.file).name)
    curves = reconstruction.curves_of(volume)
    chart = f"<figure>{correlation_chart(curves)}</figure>" if curves else ""
    if path.exists():
        density = read_volume(path)
        mask = resolve_in_project(project, volume.mask_file) if volume.mask_file else None
        covered = read_volume(mask) if mask is not None and mask.exists() else None
        if covered is not None:
            density, covered = middle_of(density, covered)
        surfaces = "".join(
            f'<figure class="surface">{_image(picture, f"Surface of {name} along {view}")}'
            f"<figcaption>along {view}</figcaption></figure>"
            for view, picture in zip(_VIEWS, surface_pictures(density, covered), strict=True)
        )
        slices = "".join(
            f"<figure>{_image(picture, f'Slice of {name} normal to {axis}')}"
            f"<figcaption>slice normal to {axis}</figcaption></figure>"
            for axis, picture in zip("zyx", central_slices(density), strict=True)
        )
        pictures = f'<div class="maps">{surfaces}{slices}</div>'
    else:
        pictures = f'<p class="missing">{name}: the map has been cleaned away.</p>'
    return f'<article><h3>{name}</h3>{pictures}{chart}<dl class="values">{_values(volume)}</dl></article>'


def _values(volume: Volume) -> str:
    if volume.resolution is None:
        resolution = f"none: {told_absence(volume)}"
    else:
        resolution = told_resolution(volume.resolution, volume.pixel_size)
    entries = [
        ("resolution", resolution),
        ("symmetry", volume.symmetry),
        ("hand", volume.hand),
        ("box", f"{volume.box_size} px of {volume.pixel_size:.4g} Å"),
    ]
    if not volume.half1_file:
        entries[0] = ("resolution", "unknown: there are no half maps")
    if volume.b_factor is not None:
        entries.append(("B-factor applied", f"{volume.b_factor:.0f} Å²"))
    return "".join(f"<div><dt>{label}</dt><dd>{escape(value)}</dd></div>" for label, value in entries)


def _image(picture: NDArray[np.uint8], description: str) -> str:
    from PIL import Image

    target = io.BytesIO()
    Image.fromarray(picture).save(target, "PNG", optimize=True)
    return f'<img src="{as_data_address(target.getvalue())}" alt="{description}">'
