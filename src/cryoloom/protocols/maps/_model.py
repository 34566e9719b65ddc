"""The correlation of a map with a model, the same for protocol and tool."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryoloom.engine.fsc import ShellCorrelation
    from cryoloom.protocols.map_files import MapFile


def with_model(maps: Sequence[MapFile], model: Path, *, threads: int = 1) -> ShellCorrelation:
    """Correlate a map with the potential of a model.

    Parameters
    ----------
    maps : the map and, if there is one, the mask; without, one is drawn around the atoms
    model : PDB or mmCIF file, in the coordinates of the map
    threads : threads to use; the result does not depend on it
    """
    from cryoloom.engine.validation import correlate_with_model
    from cryoloom.formats.models import read_model

    atoms = read_model(model)
    return correlate_with_model(
        maps[0].volume,
        atoms.positions,
        atoms.elements,
        atoms.b_factors,
        atoms.occupancies,
        pixel_size=maps[0].pixel_size,
        origin=maps[0].origin,
        mask=maps[1].volume if len(maps) > 1 else None,
        threads=threads,
    )
