"""Maps and masks in another box or with another pixel size: the same for protocols and tools."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryoloom.protocols.map_files import MapFile, read_map, resampled, write_map
from cryoloom.protocols.resolutions import held_resolution
from cryoloom.protocols.volumes import FILES

if TYPE_CHECKING:
    from cryoloom.data import Mask, Volume
    from cryoloom.workflow.workspace import Workspace


@dataclass(frozen=True, slots=True)
class MapSampling:
    """How maps are to be sampled.

    Parameters
    ----------
    box_size : edge in pixels; None: the even number nearest to the same extent or, if the pixel size stays, as it is
    pixel_size : in Å; None: it stays
    """

    box_size: int | None
    pixel_size: float | None


def write_resampled(given: MapFile, target: Path, sampling: MapSampling, *, mask: bool = False) -> tuple[int, float]:
    """Write a map that is sampled otherwise; its centre and grey values stay.

    Parameters
    ----------
    given : the map
    target : MRC file
    sampling : that is wanted
    mask : values are kept between 0 and 1, which sampling anew overshoots

    Returns
    -------
    Its edge in pixels, and its pixel size in Å
    """
    changed = resampled(given, pixel_size=sampling.pixel_size, box_size=sampling.box_size)
    if mask:
        changed = changed.clip(0.0, 1.0)
    pixel_size = sampling.pixel_size or given.pixel_size
    write_map(target, changed, like=given, pixel_size=pixel_size)
    return len(changed), pixel_size


def resampled_volume(volume: Volume, sampling: MapSampling, workspace: Workspace, *, beginning: str = "") -> Volume:
    """A map, its halves and its mask, written anew; the resolution is one that the new pixels hold.

    Parameters
    ----------
    volume : with its files
    sampling : that is wanted
    workspace : with the file category ``maps``
    beginning : of what the names of its files end in
    """
    names: dict[str, Any] = {}
    box_size, pixel_size = volume.box_size, volume.pixel_size
    for column, suffix in FILES.items():
        if name := getattr(volume, column):
            given = read_map(workspace.resolve(name), pixel_size=volume.pixel_size)
            stored = workspace.file("maps", f"{beginning}{suffix}.mrc")
            box_size, pixel_size = write_resampled(given, stored.path, sampling, mask=column == "mask_file")
            names[column] = stored.name
    resolution = held_resolution(volume.resolution, pixel_size)
    return replace(volume, box_size=box_size, pixel_size=pixel_size, resolution=resolution, **names)


def resampled_mask(mask: Mask, sampling: MapSampling, workspace: Workspace, *, beginning: str = "") -> Mask:
    """A mask, written anew; see `resampled_volume`."""
    given = read_map(workspace.resolve(mask.file), pixel_size=mask.pixel_size)
    stored = workspace.file("maps", f"{beginning}.mrc")
    box_size, pixel_size = write_resampled(given, stored.path, sampling, mask=True)
    return replace(mask, box_size=box_size, pixel_size=pixel_size, file=stored.name)
