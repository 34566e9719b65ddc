"""What a refinement and its trust page take, known before they start."""

from __future__ import annotations

from cryoloom.engine.refinement import RefinementSettings, predicted_memory, predicted_seconds
from cryoloom.protocols.machine_speed import machine_speed
from cryoloom.protocols.particle_images import CommonGrid, mapped_memory
from cryoloom.protocols.trust import trust_seconds


def refinement_seconds(
    count: int,
    settings: RefinementSettings,
    grid: CommonGrid,
    *,
    diameter: float,
    full_trust: bool,
    local: bool = False,
    threads: int = 1,
) -> float:
    """Time on this machine.

    Parameters
    ----------
    count : number of images
    settings : of the refinement
    grid : sampling of the images
    diameter : of the particle, in Å
    full_trust : it refines again, for the trust page
    local : it goes on from known poses, and looks nowhere else
    threads : threads used
    """
    box_size, pixel_size = grid.box_size, grid.pixel_size
    refined = predicted_seconds(
        count, settings, box_size=box_size, pixel_size=pixel_size, diameter=diameter, local=local, threads=threads
    )
    believed = trust_seconds(
        count,
        settings,
        box_size=box_size,
        pixel_size=pixel_size,
        diameter=diameter,
        full=full_trust,
        local=local,
        threads=threads,
    )
    return (refined + believed) / machine_speed()


def saved_by_quick(seconds: float, quick: float, option: str) -> list[str]:
    """How much of the time the cross-checks of a full trust page take, in one sentence; nothing if there are none.

    Parameters
    ----------
    seconds, quick : of the refinement with its trust page as it was asked for, and without these checks
    option : that leaves them out
    """
    if seconds <= quick:
        return []
    share = (seconds - quick) / seconds
    return [f"A second refinement and images of noise take {share:.0%} of this time; {option} leaves them out."]


def refinement_memory(
    count: int, settings: RefinementSettings, box_size: int, *, extent: float, diameter: float, local: bool = False
) -> int:
    """Peak memory in bytes, the program and all images that are held in it included.

    Parameters
    ----------
    count : number of images
    settings : of the refinement
    box_size, extent : of the images, in pixels and Å
    diameter : of the particle, in Å
    local : it goes on from known poses, and looks nowhere else
    """
    everything = predicted_memory(
        count, settings, box_size=box_size, pixel_size=extent / box_size, diameter=diameter, local=local
    )
    return everything - mapped_memory(count, box_size)
