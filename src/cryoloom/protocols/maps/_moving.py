"""Maps that are moved, with all that belongs to them: halves, masks, and the poses of their particles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cryoloom.protocols.volumes import FILES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from cryoloom.data import Item, Mask, Snapshot, Table, Volume
    from cryoloom.engine.alignment import RigidMotion, SymmetryFit
    from cryoloom.protocols.map_files import MapFile
    from cryoloom.protocols.operator_table import OperatorTable
    from cryoloom.workflow.workspace import RoundWorkspace

_ANGLES, _SHIFTS = ("rot", "tilt", "psi"), ("shift_x", "shift_y")


@dataclass(frozen=True)
class FoundAxes:
    """The axes of a map's symmetry.

    Parameters
    ----------
    group : that was asked for, or the largest that the map supports
    motion : that brings its axes to where the group has them
    correlations : (n,) of the moved map under each operator; None for C1 that was proposed
    tried : every group that was looked at closely
    """

    group: str
    motion: RigidMotion
    correlations: NDArray[np.float64] | None
    tried: tuple[SymmetryFit, ...]

    @property
    def least(self) -> float:
        """The correlation under the operator that fits worst."""
        return 1.0 if self.correlations is None else float(self.correlations.min())

    @property
    def table(self) -> OperatorTable | None:
        """The correlation under each operator; None for C1 that was proposed."""
        from cryoloom.engine.symmetry import point_group
        from cryoloom.protocols.operator_table import OperatorTable

        return None if self.correlations is None else OperatorTable(point_group(self.group), self.correlations)

    @property
    def has_symmetry(self) -> bool:
        """Whether the map looks alike under every operator."""
        from cryoloom.engine.alignment import LEAST_CORRELATION

        return self.least >= LEAST_CORRELATION

    @property
    def doubt(self) -> str:
        """What is to be said if the map does not have the symmetry, in one sentence; empty if it has."""
        from cryoloom.engine.alignment import LEAST_CORRELATION

        if self.table is None or self.has_symmetry:
            return ""
        return (
            f"The map does not look alike under {self.group}: even about the axes that fit best it correlates with "
            f"itself by {self.table.worst} at worst, where {LEAST_CORRELATION:g} are needed; choose another symmetry, "
            "or none."
        )

    @property
    def shown_below(self) -> str:
        """Lines that go below that sentence: the correlation under every operator."""
        return self.table.listing if self.table is not None and self.doubt else ""


def find_axes(
    given: MapFile, group: str | None, *, resolution: float, diameter: float | None, threads: int = 1
) -> FoundAxes:
    """Look for the axes of a group, or for the largest group that a map supports.

    Parameters
    ----------
    given : the map
    group : point group; None to let one be proposed
    resolution : finest detail compared, in Å
    diameter : of the sphere that is compared, in Å; None for the whole box
    threads : threads to use; the result does not depend on it
    """
    from cryoloom.engine.alignment import align_to_symmetry, propose_symmetry

    compared: dict[str, Any] = {"pixel_size": given.pixel_size, "resolution": resolution, "diameter": diameter}
    if group is not None:
        fit = align_to_symmetry(given.volume, group, **compared, threads=threads)
        return FoundAxes(fit.group, fit.motion, fit.correlations, (fit,))
    proposal = propose_symmetry(given.volume, **compared, threads=threads)
    correlations = next((one.correlations for one in proposal.tried if one.group == proposal.group), None)
    return FoundAxes(proposal.group, proposal.motion, correlations, proposal.tried)


def with_moved_poses(table: Table, motion: RigidMotion) -> Table:
    """The particles, with the poses that they have in the moved map; those without a pose stay without.

    Parameters
    ----------
    table : particles
    motion : of the map
    """
    import polars as pl

    from cryoloom.engine.alignment import move_poses

    frame = table.frame
    if not set(_ANGLES) <= set(frame.columns):
        return table
    posed = frame.select(pl.all_horizontal(pl.col(name).is_not_null() for name in _ANGLES)).to_series()
    if not posed.any():
        return table
    frame = frame.with_columns(
        (pl.col(name) if name in frame.columns else pl.lit(None, pl.Float64)).fill_null(0.0).alias(name)
        for name in _SHIFTS
    )
    mine = frame.filter(posed)
    angles, shifts = move_poses(mine.select(_ANGLES).to_numpy(), mine.select(_SHIFTS).to_numpy(), motion)
    found = dict(zip((*_ANGLES, *_SHIFTS), np.column_stack([angles, shifts]).T, strict=True))
    places = posed.arg_true()
    return table.with_frame(frame.with_columns(frame[name].scatter(places, found[name]) for name in found))


def moved_volume(
    volume: Volume, motion: RigidMotion, workspace: RoundWorkspace, *, told: Mapping[str, Any] | None = None
) -> Volume:
    """A map, its halves and its mask, written anew where a motion brings them.

    Parameters
    ----------
    volume : with its files
    motion : of all of them
    workspace : with the file category ``maps``
    told : extra columns
    """
    names: dict[str, Any] = {}
    for column, suffix in FILES.items():
        if name := getattr(volume, column):
            names[column] = _moved_file(name, volume.pixel_size, motion, workspace, suffix, mask=column == "mask_file")
    return replace(volume, extra={**volume.extra, **(told or {})}, **names)


def with_what_follows(
    volume: Volume, inputs: Mapping[str, Snapshot[Any]], motion: RigidMotion, workspace: RoundWorkspace
) -> dict[str, Table | list[Item]]:
    """Outputs of a protocol that moves a map: the map, and particles and masks if there are any."""
    from cryoloom.data import Mask, Particle, Table

    particles = Table.of([], Particle.kind)
    if "particles" in inputs:
        particles = with_moved_poses(inputs["particles"].table(), motion)
    masks: list[Item] = []
    if "masks" in inputs:
        masks = [_moved_mask(one, motion, workspace) for one in inputs["masks"].items()]
    return {"volumes": [volume], "particles": particles, "masks": masks or Table.of([], Mask.kind)}


def _moved_mask(mask: Mask, motion: RigidMotion, workspace: RoundWorkspace) -> Mask:
    ending = f"_masks_{mask.id:016x}"
    return replace(mask, file=_moved_file(mask.file, mask.pixel_size, motion, workspace, ending, mask=True))


def _moved_file(
    name: str, pixel_size: float, motion: RigidMotion, workspace: RoundWorkspace, ending: str, *, mask: bool
) -> str:
    """The name of a file with the map, or mask, of another one where a motion brings it."""
    from cryoloom.engine.alignment import move_map
    from cryoloom.protocols.map_files import read_map, write_map

    given = read_map(workspace.resolve(name), pixel_size=pixel_size)
    moved = move_map(given.volume, motion, pixel_size=pixel_size, threads=workspace.threads)
    if mask:
        np.clip(moved, 0.0, 1.0, out=moved)  # splines overshoot at its edge
    file = workspace.file("maps", f"{ending}.mrc")
    write_map(file.path, moved, like=given)
    return file.name
