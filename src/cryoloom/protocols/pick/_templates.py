"""Images of what is to be found, from a file or from class averages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from cryoloom.data import Class2D
from cryoloom.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Templates:
    """A file with images of what is to be found.

    Attributes
    ----------
    file : stack of protein-white images
    pixel_size : in Å; None to believe the file
    """

    file: Path
    pixel_size: float | None = None


@dataclass(frozen=True, kw_only=True)
class TemplateImages:
    """Images of what is to be found.

    Attributes
    ----------
    pixels : (t, n, n), protein white
    pixel_size : in Å
    remarks : what the file says that was ignored, and why
    """

    pixels: NDArray[np.float32]
    pixel_size: float
    remarks: tuple[str, ...] = ()


def read_templates(templates: Templates) -> TemplateImages:
    """Read a stack of templates.

    Raises
    ------
    InputError
        If the file does not tell its pixel size and nobody else does.
    """
    from cryoloom.formats import read_stack

    with read_stack(templates.file) as stack:
        header = stack.header
        pixels = stack[:]
    pixel_size = templates.pixel_size or header.pixel_size
    if pixel_size is None:
        raise InputError(
            f"{templates.file.name}: the file does not say the pixel size of the templates; give it.",
            path=templates.file,
        )
    return TemplateImages(pixels=pixels, pixel_size=pixel_size, remarks=header.remarks)


def read_class_averages(averages: Sequence[Class2D], resolve: Callable[[str], Path]) -> TemplateImages:
    """Read class averages, in the order of their stacks and of their places there.

    Parameters
    ----------
    averages : at least one
    resolve : gives the place of a file that a set names

    Raises
    ------
    InputError
        If they differ in pixel size or box.
    """
    import numpy as np

    from cryoloom.formats import read_stack

    for name, unit in (("pixel_size", "Å/px"), ("box_size", "px")):
        found = sorted({getattr(average, name) for average in averages})
        if len(found) > 1:
            raise InputError(
                f"The templates differ in {name.replace('_', ' ')} ({found[0]:g} to {found[-1]:g} {unit}); "
                "give class averages of one classification."
            )
    pixels = []
    for file, of_file in groupby(sorted(averages, key=lambda each: (each.file, each.index)), lambda each: each.file):
        with read_stack(resolve(file)) as stack:
            pixels.append(stack[[average.index for average in of_file]])
    return TemplateImages(pixels=np.concatenate(pixels), pixel_size=averages[0].pixel_size)
