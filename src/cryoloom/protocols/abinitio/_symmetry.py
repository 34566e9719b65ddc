"""Which symmetry first maps seem to have, and what brings them to its axes."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cryoloom.engine.abinitio import AbInitioState, RunsState
    from cryoloom.engine.alignment import SymmetryProposal


def symmetries_of(
    state: AbInitioState | RunsState, *, pixel_size: float, diameter: float, threads: int = 1
) -> tuple[SymmetryProposal, ...]:
    """A proposal for each map, compared to where the runs agree; none for maps that are not reliable.

    Parameters
    ----------
    state : the last one
    pixel_size : of the maps, in Å
    diameter : of the particle, in Å
    threads : threads to use; the result does not depend on it
    """
    from cryoloom.engine.alignment import propose_symmetry
    from cryoloom.protocols.abinitio._runs import confidence_of

    confidence = confidence_of(state)
    if confidence is None or not confidence.is_reliable:
        return ()
    compared: dict[str, Any] = {"pixel_size": pixel_size, "resolution": confidence.resolution, "diameter": diameter}
    return tuple(propose_symmetry(volume, **compared, threads=threads) for volume in state.maps)


def proposal_seconds(classes: int, *, width: float, final_resolution: float) -> float:
    """Time of one thread to propose a symmetry for each map, in a box of a width in Å."""
    from cryoloom.engine.abinitio import compared_to
    from cryoloom.engine.alignment import axes_seconds

    return classes * axes_seconds(width, compared_to(final_resolution), proposed=True)


def columns_of(proposal: SymmetryProposal) -> dict[str, Any]:
    """What rows of a map say of its symmetry."""
    return {"proposed_symmetry": proposal.group, "symmetry_correlation": proposal.least}


def upright_command(volume: Path, group: str, particles: Path | None, *, resolution: float, diameter: float) -> str:
    """The command that brings a map and the poses of its particles to the axes of a group.

    Parameters
    ----------
    volume : the map, PREFIX_class1.mrc
    group : that is proposed
    particles : with poses in this map; None if they have them in several
    resolution, diameter : compared, and of the particle, in Å
    """
    words = ["cryoloom", "tool", "symmetry", volume, "--group", group, "--diameter", f"{diameter:g}"]
    words += ["--resolution", f"{resolution:g}", "--output", _upright(volume)]
    if particles is not None:
        words += ["--particles", particles, "--output-particles", _upright(particles)]
    return shlex.join(map(str, words))


def documents_of(
    proposals: Sequence[SymmetryProposal],
    maps: Sequence[Path],
    particles: Path,
    *,
    resolution: float,
    diameter: float,
) -> list[dict[str, Any]]:
    """Proposals for a document, each with its map; see `upright_command`."""
    posed = particles if len(maps) == 1 else None
    documents: list[dict[str, Any]] = []
    for proposal, volume in zip(proposals, maps, strict=False):  # of maps that are not reliable, there is none
        group, command = proposal.group, None
        if group != "C1":
            command = upright_command(volume, group, posed, resolution=resolution, diameter=diameter)
        documents.append(
            {
                "map": volume,
                "group": group,
                "correlations": proposal.correlations,
                "least_correlation": proposal.least,
                "command": command,
            }
        )
    return documents


def symmetries_in_words(documents: Sequence[Mapping[str, Any]]) -> list[str]:
    """What a person is told of them, line by line."""
    lines = []
    for one in documents:
        if one["command"] is None:
            lines.append(f"{one['map']}: no symmetry is proposed.")
        else:
            least = f"correlation at least {one['least_correlation']:.2f} under every operator"
            lines += [f"{one['map']}: {one['group']} is proposed, {least}; to bring it to the axes:", one["command"]]
    return lines


def _upright(path: Path) -> Path:
    return path.with_name(f"{path.stem}_upright{path.suffix}")
