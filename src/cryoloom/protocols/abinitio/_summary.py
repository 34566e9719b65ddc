"""What is said of first maps in a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryoloom.data import Class3D


def in_short(classes: Sequence[Class3D]) -> str:
    """How many maps there are, of what they were made, how far they can be believed, and which symmetry is proposed.

    Parameters
    ----------
    classes : rows of the maps; what they do not say, as those of older versions, is left out
    """
    made = "a map of undetermined hand"
    if len(classes) > 1:
        shares = sorted((one.share for one in classes), reverse=True)
        made = f"classes of {', '.join(f'{share:.0%}' for share in shares)} of the particles"
    told = classes[0].extra
    if "compared_to" in told:
        made += f", details compared down to {told['compared_to']:.1f} Å"
    return "; ".join([made, *_confirmed(classes), *_proposed(classes)])


def _confirmed(classes: Sequence[Class3D]) -> list[str]:
    told = classes[0].extra
    if "compared_to" not in told:
        return []
    if "confidence" not in told:
        return ["a single run says nothing of its reliability"]
    reliable = "reliable" if told["reliable"] else "not reliable"
    found = ", ".join(f"{one.extra['confidence']:.2f}" for one in classes)
    return [f"{reliable}: to {told['confidence_to']:.0f} Å the runs agree by {found}"]


def _proposed(classes: Sequence[Class3D]) -> list[str]:
    groups = [one.extra["proposed_symmetry"] for one in classes if "proposed_symmetry" in one.extra]
    if not groups:
        return []
    if set(groups) == {"C1"}:
        return ["no symmetry is proposed"]
    least = min(one.extra["symmetry_correlation"] for one in classes)
    found = f"{', '.join(groups)} proposed, correlation at least {least:.2f} under every operator"
    return [f"{found}: align-to-symmetry brings a map and the poses of its particles to the axes"]
