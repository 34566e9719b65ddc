"""The mask that a person asks for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cryoloom.errors import ParameterError
from cryoloom.protocols.map_files import MapFile

MaskShape = Literal["auto", "threshold", "sphere", "cylinder", "model"]


@dataclass(frozen=True)
class MaskSettings:
    """How a mask is made.

    Parameters
    ----------
    shape : what it surrounds: the particle as it is found, density above a threshold, a solid about the centre, a model
    threshold : density of the filtered map
    resolution : to which the map is filtered before, in Å; None: not
    diameter : of the sphere or cylinder, in Å
    length : of the cylinder along Z, in Å; None: through the whole box
    inner_diameter : of a tube, in Å
    model : PDB or mmCIF file, which lies in the map
    extension : in voxels; None: 6 Å, at least 2 voxels
    edge : width of the soft edge in voxels; None: 12 Å, at least 6 voxels
    """

    shape: MaskShape = "auto"
    threshold: float | None = None
    resolution: float | None = 15.0
    diameter: float | None = None
    length: float | None = None
    inner_diameter: float = 0.0
    model: Path | None = None
    extension: float | None = None
    edge: float | None = None

    def __post_init__(self) -> None:
        needed = {"threshold": "threshold", "sphere": "diameter", "cylinder": "diameter", "model": "model"}
        name = needed.get(self.shape)
        if name is not None and getattr(self, name) is None:
            raise ParameterError(f"A mask of the kind {self.shape} needs its {name}.")


@dataclass(frozen=True)
class MadeMask:
    """A mask, and what is to be said of it.

    Parameters
    ----------
    mask : (n, n, n), from 0 to 1
    threshold : at which it was drawn; None if at none
    warnings : sentences
    """

    mask: NDArray[np.float32]
    threshold: float | None
    warnings: tuple[str, ...] = ()


def make_mask(given: MapFile, settings: MaskSettings, *, threads: int = 1) -> MadeMask:
    """Make a mask for a map."""
    from cryoloom.engine.maps import low_pass, model_mask, soft_cylinder, soft_sphere, threshold_mask
    from cryoloom.engine.validation import soft_auto_mask
    from cryoloom.formats.models import read_model

    box, pixel_size = len(given.volume), given.pixel_size
    extension = max(2.0, 6.0 / pixel_size) if settings.extension is None else settings.extension
    edge = max(6.0, 12.0 / pixel_size) if settings.edge is None else settings.edge
    if settings.shape == "auto":
        found = soft_auto_mask(given.volume, pixel_size=pixel_size, extension=extension, edge=edge, threads=threads)
        nothing = "Nothing stands out of the noise; the mask is a wide sphere."
        return MadeMask(found.mask, found.threshold, () if found.threshold is not None else (nothing,))
    if settings.shape == "model" and settings.model is not None:
        atoms = read_model(settings.model).positions
        mask = model_mask(atoms, box, pixel_size=pixel_size, origin=given.origin, extension=extension, edge=edge)
        return MadeMask(mask, None)
    if settings.shape == "threshold" and settings.threshold is not None:
        volume = given.volume
        if settings.resolution is not None:
            volume = low_pass(volume, settings.resolution, pixel_size=pixel_size, threads=threads)
        mask = threshold_mask(volume, settings.threshold, extension=extension, edge=edge)
        return MadeMask(mask, settings.threshold)
    radius = 0.5 * (settings.diameter or 0.0) / pixel_size
    warnings: tuple[str, ...] = ()
    if radius + edge > box // 2:
        warnings = (f"With its edge the mask is wider than the box of {box * pixel_size:.0f} Å, and cut off there.",)
    if settings.shape == "sphere":
        return MadeMask(soft_sphere(box, radius, edge), None, warnings)
    length = 2.0 * box if settings.length is None else settings.length / pixel_size
    inner = 0.5 * settings.inner_diameter / pixel_size
    return MadeMask(soft_cylinder(box, radius, edge, length=length, inner_radius=inner), None, warnings)
