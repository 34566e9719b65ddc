"""What is said of images that show particles dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryoloom.engine.refinement import contrast_without_reference

if TYPE_CHECKING:
    from cryoloom.protocols.particle_images import LoadedParticles

_EXPECTED = (
    "Particles are darker than the ice, and cryoloom expects them brighter: say so where they are read (protein=dark "
    "of import-particles, --protein-dark of a tool)"
)


def look_inverted(seen: str) -> str:
    """Why images are refused.

    Parameters
    ----------
    seen : what they have to do with the reference
    """
    return (
        f"The images look inverted: {seen}. {_EXPECTED}; or, if it is the reference that is dark, give it with the "
        "opposite sign."
    )


def inverted_remarks(particles: LoadedParticles, *, shift_radius: float, threads: int = 1) -> tuple[str, ...]:
    """What is said, where there is no reference, of images that a dark ball explains clearly better than a bright one.

    Parameters
    ----------
    particles : whose images are asked
    shift_radius : how far from the centre of its image a particle may lie, in Å
    threads : threads to use; the result does not depend on it
    """
    found = contrast_without_reference(particles.images, shift_radius=shift_radius, threads=threads)
    if not found.is_inverted:
        return ()
    seen = f"{found.darker} of {found.images} resemble a dark ball more than a bright one"
    remark = f"The images look inverted: {seen}. {_EXPECTED}. What is made of them as they are is dark."
    return (remark,)
