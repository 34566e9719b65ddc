"""Class averages, those that were kept first."""

from __future__ import annotations

import io
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cryoloom.data import Class2D
from cryoloom.protocols.pictures import as_data_address
from cryoloom.workflow.workspace import resolve_in_project

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHOWN = 60


def class_section(classes: Sequence[Class2D], kept: frozenset[int], project: Path) -> str:
    """The averages with their numbers of particles; the reason for keeping or rejecting is told at the pointer.

    Parameters
    ----------
    classes : averages
    kept : ids of those that were kept
    project : folder below which their stacks are found
    """
    if not classes:
        return ""
    ordered = sorted(classes, key=lambda one: (one.id not in kept, -one.particle_count))
    images = _averages(ordered[:_SHOWN], project)
    cards = "".join(_card(one, one.id in kept, images.get((one.file, one.index))) for one in ordered[:_SHOWN])
    left = len(ordered) - _SHOWN
    more = f'<p class="when">{left} more classes are in the project.</p>' if left > 0 else ""
    share = sum(one.share for one in classes if one.id in kept)
    said = f"{len(kept & {one.id for one in classes})} of {len(classes)} kept, with {share:.0%} of the particles."
    return f'<section><h2>2D classes</h2><p class="when">{said}</p><div class="classes">{cards}</div>{more}</section>'


def average_picture(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    """An average (y, x) in grey, all but its brightest and darkest thousandth of pixels between black and white."""
    low, high = np.quantile(image, [0.001, 0.999])
    return np.asarray(np.clip((image - low) / max(float(high - low), 1e-12) * 255.0, 0.0, 255.0), np.uint8)


def _averages(classes: Sequence[Class2D], project: Path) -> dict[tuple[str, int], NDArray[np.float32]]:
    """File and index → image, of the stacks that are still there."""
    from cryoloom.formats import read_stack

    found: dict[tuple[str, int], NDArray[np.float32]] = {}
    for file in dict.fromkeys(one.file for one in classes):
        path = resolve_in_project(project, file)
        if path.exists():
            wanted = [one.index for one in classes if one.file == file]
            with read_stack(path) as stack:
                found.update(zip([(file, index) for index in wanted], stack[wanted], strict=True))
    return found


def _card(one: Class2D, kept: bool, image: NDArray[np.float32] | None) -> str:
    from PIL import Image

    name = f"Class {one.label if one.label is not None else one.index + 1}"
    picture = '<p class="missing">cleaned away</p>'
    if image is not None:
        target = io.BytesIO()
        Image.fromarray(average_picture(image)).save(target, "PNG")
        picture = f'<img src="{as_data_address(target.getvalue())}" alt="{name}">'
    fineness = "" if one.resolution is None else f" · {one.resolution:.0f} Å"
    return (
        f'<figure class="{"kept" if kept else "rejected"}" title="{escape(one.reason)}">{picture}'
        f"<figcaption>{name}: {one.particle_count}{fineness}<br><small>{'kept' if kept else 'rejected'}</small>"
        "</figcaption></figure>"
    )
